/* The file of one device. Nothing but binding is allowed before it is bound. */

struct vfio_device_file {
	struct vfio_pci_device *device;
	bool access_granted;
	struct iommufd_ctx *iommufd;
	u32 devid;
};

static long vfio_df_ioctl_bind_iommufd(struct vfio_device_file *df, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_bind_iommufd, out_devid);
	struct vfio_device_bind_iommufd bind;
	struct iommufd_ctx *ictx;
	int ret;

	if (copy_from_user(&bind, (void __user *)arg, minsz))
		return -EFAULT;

	ret = vfio_df_check_bind(&bind, minsz);
	if (ret)
		return ret;

	ret = vfio_device_block_group(df->device);
	if (ret)
		return ret;

	/* one binding for a file, one file for a device */
	if (df->access_granted) {
		ret = -EINVAL;
		goto out_unblock;
	}

	ictx = iommufd_ctx_from_fd(bind.iommufd);
	if (IS_ERR(ictx)) {
		ret = PTR_ERR(ictx);
		goto out_unblock;
	}

	ret = vfio_df_open(df, ictx, &bind.out_devid);
	if (ret)
		goto out_unblock;

	df->iommufd = ictx;
	df->devid = bind.out_devid;
	smp_store_release(&df->access_granted, true);

	return copy_to_user((void __user *)arg, &bind, minsz) ? -EFAULT : 0;

out_unblock:
	vfio_device_unblock_group(df->device);
	return ret;
}

static int vfio_df_check_bind(struct vfio_device_bind_iommufd *bind, unsigned long minsz)
{
	if (bind->argsz < minsz || bind->flags || bind->iommufd < 0)
		return -EINVAL;

	return 0;
}

int vfio_df_ioctl_attach_pt(struct vfio_device_file *df, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_attach_iommufd_pt, pt_id);
	struct vfio_device_attach_iommufd_pt attach;
	int ret;

	if (copy_from_user(&attach, (void __user *)arg, minsz))
		return -EFAULT;

	if (attach.argsz < minsz || attach.flags)
		return -EINVAL;

	ret = vfio_iommufd_physical_attach_ioas(df->device, &attach.pt_id);
	if (ret)
		return ret;

	return copy_to_user((void __user *)arg, &attach, minsz) ? -EFAULT : 0;
}

int vfio_df_ioctl_detach_pt(struct vfio_device_file *df, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_detach_iommufd_pt, flags);
	struct vfio_device_detach_iommufd_pt detach;

	if (copy_from_user(&detach, (void __user *)arg, minsz))
		return -EFAULT;

	if (detach.argsz < minsz || detach.flags)
		return -EINVAL;

	vfio_iommufd_physical_detach_ioas(df->device);

	return 0;
}

long vfio_device_fops_unl_ioctl(struct vfio_device_file *df, unsigned int cmd, unsigned long arg)
{
	if (cmd == VFIO_DEVICE_BIND_IOMMUFD)
		return vfio_df_ioctl_bind_iommufd(df, arg);

	if (!df->access_granted)
		return -EINVAL;

	switch (cmd) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return vfio_df_ioctl_attach_pt(df, arg);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		return vfio_df_ioctl_detach_pt(df, arg);
	default:
		return vfio_pci_core_ioctl(df->device, cmd, arg);
	}
}

ssize_t vfio_device_fops_read(struct vfio_device_file *df, u32 *val, unsigned int pos, size_t count)
{
	if (!df->access_granted)
		return -EINVAL;

	return vfio_pci_config_rw(df->device, val, pos, count, false);
}

int vfio_device_fops_mmap(struct vfio_device_file *df, unsigned int index)
{
	if (!df->access_granted)
		return -EINVAL;

	return vfio_pci_core_mmap(df->device, index);
}

struct vfio_device_file *vfio_device_fops_cdev_open(struct vfio_pci_device *device)
{
	struct vfio_device_file *df;

	df = kzalloc(sizeof(*df), GFP_KERNEL_ACCOUNT);
	if (!df)
		return ERR_PTR(-ENOMEM);

	df->device = device;

	return df;
}

/* Only files that come by way of the group may share a device. */
static int vfio_df_open(struct vfio_device_file *df, struct iommufd_ctx *ictx, u32 *devid)
{
	struct vfio_pci_device *device = df->device;
	int ret;

	if (device->open_count)
		return -EINVAL;

	ret = vfio_iommufd_physical_bind(device, ictx, devid);
	if (ret)
		return ret;

	device->open_count++;
	vfio_pci_core_open_device(device);

	return 0;
}

void vfio_device_fops_release(struct vfio_device_file *df)
{
	vfio_pci_release(df->device);
	if (df->access_granted) {
		vfio_iommufd_physical_unbind(df->device);
		df->device->open_count--;
		vfio_device_unblock_group(df->device);
	}
	df->access_granted = false;
}
