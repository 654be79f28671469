/* The file of a group beside the files of its devices: one way or the other, never both. A /dev/iommu may stand for the container. */

int vfio_group_fops_open(struct vfio_group *group)
{
	if (group->cdev_device_open_cnt)
		return -EBUSY;
	if (group->opened_file)
		return -EBUSY;

	group->opened_file = true;

	return 0;
}

int vfio_device_block_group(struct vfio_pci_device *device)
{
	struct vfio_group *group = device->group;

	if (group->opened_file)
		return -EBUSY;

	group->cdev_device_open_cnt++;

	return 0;
}

void vfio_device_unblock_group(struct vfio_pci_device *device)
{
	device->group->cdev_device_open_cnt--;
}

static int vfio_df_group_open(struct vfio_group *group, struct vfio_pci_device *device)
{
	u32 devid;
	int ret;

	if (device->open_count)
		goto out_opened;

	ret = vfio_iommufd_physical_bind(device, group->iommufd, &devid);
	if (ret)
		return ret;

	ret = vfio_iommufd_compat_attach_ioas(device, group->iommufd);
	if (ret) {
		vfio_iommufd_physical_unbind(device);
		return ret;
	}

out_opened:
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

	if (group->iommufd)
		return vfio_df_group_open(group, device);

	return vfio_device_group_open(group, device);
}

static int vfio_group_ioctl_set_container(struct vfio_group *group, void *file)
{
	struct iommufd_ctx *iommufd;
	int ret;

	if (group->container || group->iommufd || WARN_ON(group->container_users))
		return -EINVAL;

	iommufd = iommufd_ctx_from_file(file);
	if (IS_ERR(iommufd))
		return vfio_container_attach_group(file, group);

	ret = iommufd_vfio_compat_ioas_create(iommufd);
	if (ret)
		return ret;

	group->iommufd = iommufd;

	return 0;
}
