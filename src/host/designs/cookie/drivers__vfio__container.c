/* A container: the groups of one user and the driver that serves them all. The driver is chosen once, when a group is there. */

struct vfio_iommu_driver {
	const struct vfio_iommu_driver_ops *ops;
};

struct vfio_container {
	struct list_head group_list;
	struct vfio_iommu_driver *iommu_driver;
	void *iommu_data;
};

static struct vfio_iommu_driver vfio_type1_driver = {
	.ops = &vfio_iommu_driver_ops_type1,
};

struct vfio_container *vfio_fops_open(void)
{
	struct vfio_container *container;

	container = kzalloc(sizeof(*container), GFP_KERNEL_ACCOUNT);
	if (!container)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&container->group_list);

	return container;
}

int vfio_container_attach_group(struct vfio_container *container, struct vfio_group *group)
{
	struct vfio_iommu_driver *driver = container->iommu_driver;
	int ret;

	ret = iommu_group_claim_dma_owner(group->iommu_group, group);
	if (ret)
		return ret;

	if (driver) {
		ret = driver->ops->attach_group(container->iommu_data, group->iommu_group);
		if (ret) {
			iommu_group_release_dma_owner(group->iommu_group);
			return ret;
		}
	}

	group->container = container;
	group->container_users = 1;
	list_add_tail(&group->container_next, &container->group_list);

	return 0;
}

/* With the last group the driver goes too. */
void vfio_group_detach_container(struct vfio_group *group)
{
	struct vfio_container *container = group->container;
	struct vfio_iommu_driver *driver = container->iommu_driver;

	if (driver)
		driver->ops->detach_group(container->iommu_data, group->iommu_group);

	iommu_group_release_dma_owner(group->iommu_group);
	group->container = NULL;
	group->container_users = 0;
	list_del(&group->container_next);

	if (driver && list_empty(&container->group_list)) {
		driver->ops->release(container->iommu_data);
		container->iommu_driver = NULL;
		container->iommu_data = NULL;
	}
}

static long vfio_container_ioctl_check_extension(struct vfio_container *container, unsigned long arg)
{
	struct vfio_iommu_driver *driver = container->iommu_driver ? container->iommu_driver : &vfio_type1_driver;

	return driver->ops->ioctl(container->iommu_data, VFIO_CHECK_EXTENSION, arg);
}

static int __vfio_container_attach_groups(struct vfio_container *container, struct vfio_iommu_driver *driver, void *data)
{
	struct vfio_group *group, *done;
	int ret;

	list_for_each_entry(group, &container->group_list, container_next) {
		ret = driver->ops->attach_group(data, group->iommu_group);
		if (ret)
			goto unwind;
	}

	return 0;

unwind:
	list_for_each_entry(done, &container->group_list, container_next) {
		if (done == group)
			break;
		driver->ops->detach_group(data, done->iommu_group);
	}
	return ret;
}

static long vfio_ioctl_set_iommu(struct vfio_container *container, unsigned long arg)
{
	struct vfio_iommu_driver *driver = &vfio_type1_driver;
	void *data;
	long ret;

	if (list_empty(&container->group_list) || container->iommu_driver)
		return -EINVAL;

	if (driver->ops->ioctl(NULL, VFIO_CHECK_EXTENSION, arg) <= 0)
		return -ENODEV;

	data = driver->ops->open(arg);
	if (IS_ERR(data))
		return PTR_ERR(data);

	ret = __vfio_container_attach_groups(container, driver, data);
	if (ret) {
		driver->ops->release(data);
		return ret;
	}

	container->iommu_driver = driver;
	container->iommu_data = data;

	return 0;
}

long vfio_fops_unl_ioctl(struct vfio_container *container, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return vfio_container_ioctl_check_extension(container, arg);
	case VFIO_SET_IOMMU:
		return vfio_ioctl_set_iommu(container, arg);
	default:
		if (!container->iommu_driver)
			return -EINVAL;
		return container->iommu_driver->ops->ioctl(container->iommu_data, cmd, arg);
	}
}
