/* Objects of one /dev/iommu by number, and the calls that take them. A number stays until nothing uses what it stands for. */

struct iommufd_object *_iommufd_object_alloc(struct iommufd_ctx *ictx, struct iommufd_object *obj, enum iommufd_object_type type)
{
	obj->type = type;
	obj->id = ++ictx->next_id;
	refcount_set(&obj->users, 1);

	if (xa_insert(&ictx->objects, obj->id, obj, GFP_KERNEL_ACCOUNT))
		return ERR_PTR(-ENOMEM);

	return obj;
}

struct iommufd_object *iommufd_get_object(struct iommufd_ctx *ictx, u32 id, enum iommufd_object_type type)
{
	struct iommufd_object *obj;

	obj = xa_load(&ictx->objects, id);
	if (!obj || (type != IOMMUFD_OBJ_NONE && obj->type != type))
		return ERR_PTR(-ENOENT);

	refcount_inc(&obj->users);

	return obj;
}

void iommufd_put_object(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	refcount_dec(&obj->users);
}

static void iommufd_ioas_destroy(struct iommufd_ioas *ioas)
{
	iopt_destroy_table(&ioas->iopt);
	kfree(ioas);
}

static void iommufd_object_destroy(struct iommufd_object *obj)
{
	switch (obj->type) {
	case IOMMUFD_OBJ_IOAS:
		iommufd_ioas_destroy(container_of(obj, struct iommufd_ioas, obj));
		break;
	case IOMMUFD_OBJ_HWPT_PAGING:
		iommufd_hwpt_paging_destroy(container_of(obj, struct iommufd_hwpt_paging, obj));
		break;
	case IOMMUFD_OBJ_DEVICE:
		iommufd_device_destroy(container_of(obj, struct iommufd_device, obj));
		break;
	default:
		break;
	}
}

/* The reference of the number itself is the last one. */
int iommufd_object_remove(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = xa_load(&ictx->objects, id);
	if (!obj)
		return -ENOENT;

	if (refcount_read(&obj->users) > 1)
		return -EBUSY;

	xa_erase(&ictx->objects, id);
	iommufd_object_destroy(obj);

	return 0;
}

struct iommufd_ctx *iommufd_fops_open(void)
{
	struct iommufd_ctx *ictx;

	ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return NULL;

	iommufd_ctx_init(ictx);

	return ictx;
}

static void iommufd_ctx_init(struct iommufd_ctx *ictx)
{
	xa_init(&ictx->objects);
}

/* Every pass frees what nothing else uses any more. */
void iommufd_fops_release(struct iommufd_ctx *ictx)
{
	struct iommufd_object *obj;
	unsigned long index;
	bool again = true;

	while (again) {
		again = false;
		xa_for_each(&ictx->objects, index, obj) {
			if (!iommufd_object_remove(ictx, index))
				again = true;
		}
	}

	iommufd_ctx_fini(ictx);
	kfree(ictx);
}

static void iommufd_ctx_fini(struct iommufd_ctx *ictx)
{
	xa_destroy(&ictx->objects);
}

static int iommufd_destroy(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_destroy cmd;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	return iommufd_object_remove(ictx, cmd.id);
}

long iommufd_fops_ioctl(struct iommufd_ctx *ictx, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IOMMU_DESTROY:
		return iommufd_destroy(ictx, arg);
	case IOMMU_IOAS_ALLOC:
		return iommufd_ioas_alloc_ioctl(ictx, arg);
	case IOMMU_IOAS_ALLOW_IOVAS:
		return iommufd_ioas_allow_iovas(ictx, arg);
	case IOMMU_IOAS_IOVA_RANGES:
		return iommufd_ioas_iova_ranges(ictx, arg);
	case IOMMU_IOAS_MAP:
		return iommufd_ioas_map(ictx, arg);
	case IOMMU_IOAS_UNMAP:
		return iommufd_ioas_unmap(ictx, arg);
	case IOMMU_VFIO_IOAS:
		return iommufd_vfio_ioas(ictx, arg);
	case IOMMU_HWPT_ALLOC:
		return iommufd_hwpt_alloc(ictx, arg);
	default:
		return iommufd_vfio_ioctl(ictx, cmd, arg);
	}
}
