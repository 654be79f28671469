/** The texts of design `fixup`: what it changes of `v4.5`, by kernel path. */

import armSmmu from './drivers__iommu__arm-smmu.c?raw';
import armSmmuV3 from './drivers__iommu__arm-smmu-v3.c?raw';
import fslPamu from './drivers__iommu__fsl_pamu_domain.c?raw';
import irqGicV2m from './drivers__irqchip__irq-gic-v2m.c?raw';
import vfioPciIntrs from './drivers__vfio__pci__vfio_pci_intrs.c?raw';
import vfioPciPrivateHeader from './drivers__vfio__pci__vfio_pci_private.h?raw';
import vfio from './drivers__vfio__vfio.c?raw';
import vfioIommuSpaprTce from './drivers__vfio__vfio_iommu_spapr_tce.c?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import iommuHeader from './include__linux__iommu.h?raw';
import vfioHeader from './include__uapi__linux__vfio.h?raw';

export const fixup: Readonly<Record<string, string>> = {
  'include/linux/iommu.h': iommuHeader,
  'include/uapi/linux/vfio.h': vfioHeader,
  'drivers/vfio/pci/vfio_pci_private.h': vfioPciPrivateHeader,
  'drivers/iommu/arm-smmu.c': armSmmu,
  'drivers/iommu/arm-smmu-v3.c': armSmmuV3,
  'drivers/irqchip/irq-gic-v2m.c': irqGicV2m,
  'drivers/vfio/pci/vfio_pci_intrs.c': vfioPciIntrs,
  'drivers/vfio/vfio.c': vfio,
  'drivers/vfio/vfio_iommu_spapr_tce.c': vfioIommuSpaprTce,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'drivers/iommu/fsl_pamu_domain.c': fslPamu,
};
