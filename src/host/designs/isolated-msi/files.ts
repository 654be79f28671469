/** The texts of design `isolated-msi`: what it changes of the design it stands on, by kernel path. */

import apicMsi from './arch__x86__kernel__apic__msi.c?raw';
import amdIommu from './drivers__iommu__amd_iommu.c?raw';
import intelIrqRemapping from './drivers__iommu__intel_irq_remapping.c?raw';
import intelIommu from './drivers__iommu__intel-iommu.c?raw';
import iommu from './drivers__iommu__iommu.c?raw';
import irqGicV3Its from './drivers__irqchip__irq-gic-v3-its.c?raw';
import pciMsi from './drivers__pci__msi.c?raw';
import vfioPciCore from './drivers__vfio__pci__vfio_pci_core.c?raw';
import vfioPciIntrs from './drivers__vfio__pci__vfio_pci_intrs.c?raw';
import vfioPciPrivateHeader from './drivers__vfio__pci__vfio_pci_private.h?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import msiHeader from './include__linux__msi.h?raw';
import irqMsi from './kernel__irq__msi.c?raw';

export const isolatedMsi: Readonly<Record<string, string>> = {
  'include/linux/msi.h': msiHeader,
  'drivers/vfio/pci/vfio_pci_private.h': vfioPciPrivateHeader,
  'arch/x86/kernel/apic/msi.c': apicMsi,
  'drivers/iommu/intel-iommu.c': intelIommu,
  'drivers/iommu/intel_irq_remapping.c': intelIrqRemapping,
  'drivers/iommu/iommu.c': iommu,
  'drivers/irqchip/irq-gic-v3-its.c': irqGicV3Its,
  'drivers/pci/msi.c': pciMsi,
  'drivers/vfio/pci/vfio_pci_core.c': vfioPciCore,
  'drivers/vfio/pci/vfio_pci_intrs.c': vfioPciIntrs,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'kernel/irq/msi.c': irqMsi,
  'drivers/iommu/amd_iommu.c': amdIommu,
};
