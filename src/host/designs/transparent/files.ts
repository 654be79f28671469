/** The texts of design `transparent`: what it changes of `v4.5`, by kernel path. */

import armSmmu from './drivers__iommu__arm-smmu.c?raw';
import armSmmuV3 from './drivers__iommu__arm-smmu-v3.c?raw';
import dmaReservedIommu from './drivers__iommu__dma-reserved-iommu.c?raw';
import fslPamu from './drivers__iommu__fsl_pamu_domain.c?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import iommuHeader from './include__linux__iommu.h?raw';
import msiHeader from './include__linux__msi.h?raw';
import vfioHeader from './include__uapi__linux__vfio.h?raw';
import msi from './kernel__irq__msi.c?raw';

export const transparent: Readonly<Record<string, string>> = {
  'include/linux/iommu.h': iommuHeader,
  'include/linux/msi.h': msiHeader,
  'include/uapi/linux/vfio.h': vfioHeader,
  'drivers/iommu/arm-smmu.c': armSmmu,
  'drivers/iommu/arm-smmu-v3.c': armSmmuV3,
  'drivers/iommu/dma-reserved-iommu.c': dmaReservedIommu,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'kernel/irq/msi.c': msi,
  'drivers/iommu/fsl_pamu_domain.c': fslPamu,
};
