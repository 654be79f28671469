/** The texts of design `cookie`: what it changes of the design it stands on, by kernel path. */

import apicMsi from './arch__x86__kernel__apic__msi.c?raw';
import amdIommu from './drivers__iommu__amd_iommu.c?raw';
import armSmmu from './drivers__iommu__arm-smmu.c?raw';
import armSmmuV3 from './drivers__iommu__arm-smmu-v3.c?raw';
import dmaIommu from './drivers__iommu__dma-iommu.c?raw';
import intelIommu from './drivers__iommu__intel-iommu.c?raw';
import iommu from './drivers__iommu__iommu.c?raw';
import irqGicV2m from './drivers__irqchip__irq-gic-v2m.c?raw';
import irqGicV3Its from './drivers__irqchip__irq-gic-v3-its.c?raw';
import irqGicV3Mbi from './drivers__irqchip__irq-gic-v3-mbi.c?raw';
import pciMsi from './drivers__pci__msi.c?raw';
import vfioContainer from './drivers__vfio__container.c?raw';
import vfioGroup from './drivers__vfio__group.c?raw';
import vfioPci from './drivers__vfio__pci__vfio_pci.c?raw';
import vfioPciConfig from './drivers__vfio__pci__vfio_pci_config.c?raw';
import vfioPciIntrs from './drivers__vfio__pci__vfio_pci_intrs.c?raw';
import vfioPciPrivateHeader from './drivers__vfio__pci__vfio_pci_private.h?raw';
import vfioPciRdwr from './drivers__vfio__pci__vfio_pci_rdwr.c?raw';
import vfio from './drivers__vfio__vfio.c?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import iommuHeader from './include__linux__iommu.h?raw';
import msiHeader from './include__linux__msi.h?raw';
import vfioHeader from './include__uapi__linux__vfio.h?raw';
import irqdomain from './kernel__irq__irqdomain.c?raw';
import irqMsi from './kernel__irq__msi.c?raw';

export const cookie: Readonly<Record<string, string>> = {
  'include/linux/iommu.h': iommuHeader,
  'include/linux/msi.h': msiHeader,
  'include/uapi/linux/vfio.h': vfioHeader,
  'drivers/vfio/pci/vfio_pci_private.h': vfioPciPrivateHeader,
  'arch/x86/kernel/apic/msi.c': apicMsi,
  'drivers/iommu/arm-smmu.c': armSmmu,
  'drivers/iommu/arm-smmu-v3.c': armSmmuV3,
  'drivers/iommu/dma-iommu.c': dmaIommu,
  'drivers/iommu/intel-iommu.c': intelIommu,
  'drivers/iommu/iommu.c': iommu,
  'drivers/irqchip/irq-gic-v2m.c': irqGicV2m,
  'drivers/irqchip/irq-gic-v3-its.c': irqGicV3Its,
  'drivers/pci/msi.c': pciMsi,
  'drivers/vfio/pci/vfio_pci.c': vfioPci,
  'drivers/vfio/pci/vfio_pci_intrs.c': vfioPciIntrs,
  'drivers/vfio/vfio.c': vfio,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'kernel/irq/irqdomain.c': irqdomain,
  'kernel/irq/msi.c': irqMsi,
  'drivers/iommu/amd_iommu.c': amdIommu,
  'drivers/irqchip/irq-gic-v3-mbi.c': irqGicV3Mbi,
  'drivers/vfio/container.c': vfioContainer,
  'drivers/vfio/group.c': vfioGroup,
  'drivers/vfio/pci/vfio_pci_config.c': vfioPciConfig,
  'drivers/vfio/pci/vfio_pci_rdwr.c': vfioPciRdwr,
};
