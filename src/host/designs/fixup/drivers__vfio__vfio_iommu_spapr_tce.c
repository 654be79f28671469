/* The bridge of a POWER machine takes MSI addresses ahead of its tables: nothing is to be mapped. */

static int tce_iommu_map_doorbell(void *iommu_data, struct iommu_group *iommu_group, phys_addr_t addr, dma_addr_t *iova)
{
	*iova = addr;
	return 0;
}

static const struct vfio_iommu_driver_ops tce_iommu_driver_ops = {
	.name = "iommu-vfio-powerpc",
	.open = tce_iommu_open,
	.release = tce_iommu_release,
	.ioctl = tce_iommu_ioctl,
	.attach_group = tce_iommu_attach_group,
	.detach_group = tce_iommu_detach_group,
	.map_doorbell = tce_iommu_map_doorbell,
};
