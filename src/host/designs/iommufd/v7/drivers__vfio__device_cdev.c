#define VFIO_DEVICE_BIND_FLAG_TOKEN (1 << 0)

/* A token of a virtual function stands in memory of the user. */
static int vfio_df_check_bind(struct vfio_device_bind_iommufd *bind, unsigned long minsz)
{
	if (bind->argsz < minsz || bind->flags & ~VFIO_DEVICE_BIND_FLAG_TOKEN || bind->iommufd < 0)
		return -EINVAL;

	if (bind->flags & VFIO_DEVICE_BIND_FLAG_TOKEN)
		return vfio_df_get_token(bind);

	return 0;
}

/* The model's user has none: the pointer is not one. */
static int vfio_df_get_token(struct vfio_device_bind_iommufd *bind)
{
	return -EFAULT;
}
