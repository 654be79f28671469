/*
 * VFIO core: devices, groups and containers.
 */

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/vfio.h>

struct vfio_container {
	struct kref			kref;
	struct list_head		group_list;
	struct rw_semaphore		group_lock;
	struct vfio_iommu_driver	*iommu_driver;
	void				*iommu_data;
};

struct vfio_iommu_driver {
	const struct vfio_iommu_driver_ops	*ops;
	struct list_head			vfio_next;
};

struct vfio_device {
	struct kref			kref;
	struct device			*dev;
	const struct vfio_device_ops	*ops;
	struct vfio_group		*group;
	struct list_head		group_next;
	void				*device_data;
};

static void vfio_device_free(struct kref *kref)
{
	struct vfio_device *device = container_of(kref, struct vfio_device, kref);

	mutex_lock(&device->group->device_lock);
	list_del(&device->group_next);
	mutex_unlock(&device->group->device_lock);
	kfree(device);
}

void vfio_device_put(struct vfio_device *device)
{
	kref_put(&device->kref, vfio_device_free);
}
EXPORT_SYMBOL_GPL(vfio_device_put);

struct vfio_device *vfio_device_get_from_dev(struct device *dev)
{
	struct vfio_device *device = dev_get_drvdata(dev);

	if (!device || !kref_get_unless_zero(&device->kref))
		return NULL;

	return device;
}
EXPORT_SYMBOL_GPL(vfio_device_get_from_dev);

void *vfio_device_data(struct vfio_device *device)
{
	return device->device_data;
}
EXPORT_SYMBOL_GPL(vfio_device_data);

