/** The texts of design `iommufd-6.12`: what it changes of the design it stands on, by kernel path. */

import iommu from './drivers__iommu__iommu.c?raw';
import iommufdDevice from './drivers__iommu__iommufd__device.c?raw';
import iommufdHwPagetable from './drivers__iommu__iommufd__hw_pagetable.c?raw';
import iommufdIoPagetable from './drivers__iommu__iommufd__io_pagetable.c?raw';
import iommufdIoas from './drivers__iommu__iommufd__ioas.c?raw';
import iommufdPrivateHeader from './drivers__iommu__iommufd__iommufd_private.h?raw';
import iommufdMain from './drivers__iommu__iommufd__main.c?raw';
import iommufdVfioCompat from './drivers__iommu__iommufd__vfio_compat.c?raw';
import deviceCdev from './drivers__vfio__device_cdev.c?raw';
import vfioGroup from './drivers__vfio__group.c?raw';
import iommufd from './drivers__vfio__iommufd.c?raw';
import vfioPciPrivateHeader from './drivers__vfio__pci__vfio_pci_private.h?raw';
import iommufdHeader from './include__uapi__linux__iommufd.h?raw';

export const iommufd612: Readonly<Record<string, string>> = {
  'include/uapi/linux/iommufd.h': iommufdHeader,
  'drivers/iommu/iommufd/iommufd_private.h': iommufdPrivateHeader,
  'drivers/vfio/pci/vfio_pci_private.h': vfioPciPrivateHeader,
  'drivers/iommu/iommu.c': iommu,
  'drivers/iommu/iommufd/device.c': iommufdDevice,
  'drivers/iommu/iommufd/hw_pagetable.c': iommufdHwPagetable,
  'drivers/iommu/iommufd/io_pagetable.c': iommufdIoPagetable,
  'drivers/iommu/iommufd/ioas.c': iommufdIoas,
  'drivers/iommu/iommufd/main.c': iommufdMain,
  'drivers/vfio/device_cdev.c': deviceCdev,
  'drivers/vfio/iommufd.c': iommufd,
  'drivers/iommu/iommufd/vfio_compat.c': iommufdVfioCompat,
  'drivers/vfio/group.c': vfioGroup,
};
