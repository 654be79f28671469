/** The texts of design `iommufd-sw-msi`: what it changes of the design it stands on, by kernel path. */

import iommufdDevice from './drivers__iommu__iommufd__device.c?raw';
import ioPagetable from './drivers__iommu__iommufd__io_pagetable.c?raw';
import iommufdPrivateHeader from './drivers__iommu__iommufd__iommufd_private.h?raw';
import iommufdMain from './drivers__iommu__iommufd__main.c?raw';
import iommufdUapi from './include__uapi__linux__iommufd.h?raw';

export const iommufdSwMsi: Readonly<Record<string, string>> = {
  'include/uapi/linux/iommufd.h': iommufdUapi,
  'drivers/iommu/iommufd/iommufd_private.h': iommufdPrivateHeader,
  'drivers/iommu/iommufd/device.c': iommufdDevice,
  'drivers/iommu/iommufd/io_pagetable.c': ioPagetable,
  'drivers/iommu/iommufd/main.c': iommufdMain,
};
