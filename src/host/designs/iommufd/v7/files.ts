/** The texts of design `iommufd`: what it changes of the design it stands on, by kernel path. */

import amdIommu from './drivers__iommu__amd_iommu.c?raw';
import dmaIommu from './drivers__iommu__dma-iommu.c?raw';
import iommu from './drivers__iommu__iommu.c?raw';
import iommufdDevice from './drivers__iommu__iommufd__device.c?raw';
import iommufdDriver from './drivers__iommu__iommufd__driver.c?raw';
import iommufdHwPagetable from './drivers__iommu__iommufd__hw_pagetable.c?raw';
import iommufdPrivateHeader from './drivers__iommu__iommufd__iommufd_private.h?raw';
import iommufdMain from './drivers__iommu__iommufd__main.c?raw';
import riscvIommu from './drivers__iommu__riscv__iommu.c?raw';
import irqGicV2m from './drivers__irqchip__irq-gic-v2m.c?raw';
import irqGicV3Its from './drivers__irqchip__irq-gic-v3-its.c?raw';
import irqGicV3Mbi from './drivers__irqchip__irq-gic-v3-mbi.c?raw';
import irqRiscvImsic from './drivers__irqchip__irq-riscv-imsic-platform.c?raw';
import deviceCdev from './drivers__vfio__device_cdev.c?raw';
import vfioIommuType1 from './drivers__vfio__vfio_iommu_type1.c?raw';
import iommuHeader from './include__linux__iommu.h?raw';
import msiHeader from './include__linux__msi.h?raw';

export const iommufd: Readonly<Record<string, string>> = {
  'include/linux/iommu.h': iommuHeader,
  'include/linux/msi.h': msiHeader,
  'drivers/iommu/iommufd/iommufd_private.h': iommufdPrivateHeader,
  'drivers/iommu/dma-iommu.c': dmaIommu,
  'drivers/iommu/iommu.c': iommu,
  'drivers/iommu/iommufd/device.c': iommufdDevice,
  'drivers/iommu/iommufd/driver.c': iommufdDriver,
  'drivers/iommu/iommufd/hw_pagetable.c': iommufdHwPagetable,
  'drivers/iommu/iommufd/main.c': iommufdMain,
  'drivers/irqchip/irq-gic-v2m.c': irqGicV2m,
  'drivers/irqchip/irq-gic-v3-its.c': irqGicV3Its,
  'drivers/vfio/device_cdev.c': deviceCdev,
  'drivers/vfio/vfio_iommu_type1.c': vfioIommuType1,
  'drivers/iommu/amd_iommu.c': amdIommu,
  'drivers/iommu/riscv/iommu.c': riscvIommu,
  'drivers/irqchip/irq-gic-v3-mbi.c': irqGicV3Mbi,
  'drivers/irqchip/irq-riscv-imsic-platform.c': irqRiscvImsic,
};
