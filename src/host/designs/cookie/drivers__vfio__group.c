/* The file of a group: open once, put into a container once, and the way to the files of its devices. */

struct vfio_group {
	struct iommu_group *iommu_group;
	struct vfio_container *container;
	struct list_head container_next;
	struct list_head device_list;
	unsigned int container_users;
	bool opened_file;
	struct iommufd_ctx *iommufd;
	unsigned int cdev_device_open_cnt;
};

struct vfio_group_device {
	struct vfio_pci_device *device;
	struct list_head group_next;
};

int vfio_group_fops_open(struct vfio_group *group)
{
	if (group->opened_file)
		return -EBUSY;

	group->opened_file = true;

	return 0;
}

void vfio_group_fops_release(struct vfio_group *group)
{
	if (group->container)
		vfio_group_detach_container(group);
	group->opened_file = false;
}

static struct vfio_pci_device *vfio_device_get_from_name(struct vfio_group *group, char *buf)
{
	struct vfio_group_device *it;

	list_for_each_entry(it, &group->device_list, group_next)
		if (!strcmp(pci_name(it->device->pdev), buf))
			return it->device;

	return ERR_PTR(-ENODEV);
}

static int vfio_device_group_open(struct vfio_group *group, struct vfio_pci_device *device)
{
	if (!group->container || !group->container->iommu_driver || WARN_ON(!group->container_users))
		return -EINVAL;

	group->container_users++;
	device->open_count++;
	if (device->open_count == 1)
		vfio_pci_core_open_device(device);

	return 0;
}

static int vfio_group_get_device_fd(struct vfio_group *group, char *buf)
{
	struct vfio_pci_device *device;

	device = vfio_device_get_from_name(group, buf);
	if (IS_ERR(device))
		return PTR_ERR(device);

	return vfio_device_group_open(group, device);
}

static int vfio_group_ioctl_set_container(struct vfio_group *group, void *file)
{
	if (group->container || WARN_ON(group->container_users))
		return -EINVAL;

	return vfio_container_attach_group(file, group);
}

/* Devices that are open hold the container. */
static int vfio_group_ioctl_unset_container(struct vfio_group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group->container_users != 1)
		return -EBUSY;

	vfio_group_detach_container(group);

	return 0;
}

static int vfio_group_ioctl_get_status(struct vfio_group *group, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_group_status, flags);
	struct vfio_group_status status;

	if (copy_from_user(&status, (void __user *)arg, minsz))
		return -EFAULT;

	if (status.argsz < minsz)
		return -EINVAL;

	status.flags = 0;
	if (group->container)
		status.flags |= VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (!iommu_group_dma_owner_claimed(group->iommu_group))
		status.flags |= VFIO_GROUP_FLAGS_VIABLE;

	return copy_to_user((void __user *)arg, &status, minsz) ? -EFAULT : 0;
}

long vfio_group_fops_unl_ioctl(struct vfio_group *group, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_GROUP_GET_DEVICE_FD:
		return vfio_group_get_device_fd(group, arg);
	case VFIO_GROUP_GET_STATUS:
		return vfio_group_ioctl_get_status(group, arg);
	case VFIO_GROUP_SET_CONTAINER:
		return vfio_group_ioctl_set_container(group, arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return vfio_group_ioctl_unset_container(group);
	default:
		return -ENOTTY;
	}
}
