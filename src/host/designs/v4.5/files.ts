/** The texts of design `v4.5` by kernel path. The older SMMU driver stands before the newer: both define `arm_smmu_ops`, and the machines have an SMMUv3. */

import pciIoda from './arch__powerpc__platforms__powernv__pci-ioda.c?raw';
import fslMsi from './arch__powerpc__sysdev__fsl_msi.c?raw';
import apicMsi from './arch__x86__kernel__apic__msi.c?raw';
import amdIommu from './drivers__iommu__amd_iommu.c?raw';
import armSmmu from './drivers__iommu__arm-smmu.c?raw';
import armSmmuV3 from './drivers__iommu__arm-smmu-v3.c?raw';
import fslPamu from './drivers__iommu__fsl_pamu_domain.c?raw';
import intelIrqRemapping from './drivers__iommu__intel_irq_remapping.c?raw';
import intelIommu from './drivers__iommu__intel-iommu.c?raw';
import iommu from './drivers__iommu__iommu.c?raw';
import irqGicV2m from './drivers__irqchip__irq-gic-v2m.c?raw';
import irqGicV3Its from './drivers__irqchip__irq-gic-v3-its.c?raw';
import pciMsi from './drivers__pci__msi.c?raw';
import vfioPci from './drivers__vfio__pci__vfio_pci.c?raw';
import vfioPciIntrs from './drivers__vfio__pci__vfio_pci_intrs.c?raw';
import vfioPciPrivateHeader from './drivers__vfio__pci__vfio_pci_private.h?raw';
import vfioIommuSpaprTce from './drivers__vfio__vfio_iommu_spapr_tce.c?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import iommuHeader from './include__linux__iommu.h?raw';
import msiHeader from './include__linux__msi.h?raw';
import vfioHeader from './include__uapi__linux__vfio.h?raw';
import irqChip from './kernel__irq__chip.c?raw';
import irqdomain from './kernel__irq__irqdomain.c?raw';
import irqMsi from './kernel__irq__msi.c?raw';

export const v45: Readonly<Record<string, string>> = {
  'include/linux/iommu.h': iommuHeader,
  'include/linux/msi.h': msiHeader,
  'include/uapi/linux/vfio.h': vfioHeader,
  'drivers/vfio/pci/vfio_pci_private.h': vfioPciPrivateHeader,
  'drivers/iommu/arm-smmu.c': armSmmu,
  'arch/x86/kernel/apic/msi.c': apicMsi,
  'drivers/iommu/arm-smmu-v3.c': armSmmuV3,
  'drivers/iommu/intel-iommu.c': intelIommu,
  'drivers/iommu/intel_irq_remapping.c': intelIrqRemapping,
  'drivers/iommu/iommu.c': iommu,
  'drivers/irqchip/irq-gic-v2m.c': irqGicV2m,
  'drivers/irqchip/irq-gic-v3-its.c': irqGicV3Its,
  'drivers/pci/msi.c': pciMsi,
  'drivers/vfio/pci/vfio_pci.c': vfioPci,
  'drivers/vfio/pci/vfio_pci_intrs.c': vfioPciIntrs,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'kernel/irq/chip.c': irqChip,
  'kernel/irq/irqdomain.c': irqdomain,
  'kernel/irq/msi.c': irqMsi,
  'drivers/iommu/amd_iommu.c': amdIommu,
  'drivers/iommu/fsl_pamu_domain.c': fslPamu,
  'arch/powerpc/sysdev/fsl_msi.c': fslMsi,
  'arch/powerpc/platforms/powernv/pci-ioda.c': pciIoda,
  'drivers/vfio/vfio_iommu_spapr_tce.c': vfioIommuSpaprTce,
};
