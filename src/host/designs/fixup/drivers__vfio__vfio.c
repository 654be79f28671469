/* From a device to the container that holds its window. */

int vfio_device_map_doorbell(struct device *dev, phys_addr_t addr, dma_addr_t *iova)
{
	struct vfio_device *device;
	struct vfio_container *container;
	struct vfio_iommu_driver *driver;
	int ret = -EINVAL;

	device = vfio_device_get_from_dev(dev);
	if (!device)
		return -ENODEV;

	container = device->group->container;
	driver = container->iommu_driver;
	if (driver->ops->map_doorbell)
		ret = driver->ops->map_doorbell(container->iommu_data, device->group->iommu_group, addr, iova);

	vfio_device_put(device);

	return ret;
}

void vfio_device_unmap_doorbell(struct device *dev, phys_addr_t addr)
{
	struct vfio_device *device;
	struct vfio_container *container;
	struct vfio_iommu_driver *driver;

	device = vfio_device_get_from_dev(dev);
	if (!device)
		return;

	container = device->group->container;
	driver = container->iommu_driver;
	if (driver->ops->unmap_doorbell)
		driver->ops->unmap_doorbell(container->iommu_data, addr);

	vfio_device_put(device);
}
