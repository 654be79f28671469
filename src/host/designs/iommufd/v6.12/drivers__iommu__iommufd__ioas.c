/* The calls on a space of IOVA. */

static struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj = iommufd_get_object(ictx, id, IOMMUFD_OBJ_IOAS);

	if (IS_ERR(obj))
		return ERR_CAST(obj);

	return container_of(obj, struct iommufd_ioas, obj);
}

struct iommufd_ioas *iommufd_ioas_make(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas;

	ioas = kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);
	if (!ioas)
		return ERR_PTR(-ENOMEM);

	iopt_init_table(&ioas->iopt);
	INIT_LIST_HEAD(&ioas->hwpt_list);
	if (IS_ERR(_iommufd_object_alloc(ictx, &ioas->obj, IOMMUFD_OBJ_IOAS))) {
		kfree(ioas);
		return ERR_PTR(-ENOMEM);
	}

	return ioas;
}

static int iommufd_ioas_alloc_ioctl(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_ioas_alloc cmd;
	struct iommufd_ioas *ioas;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	if (cmd.flags)
		return -EOPNOTSUPP;

	ioas = iommufd_ioas_make(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	cmd.out_ioas_id = ioas->obj.id;

	return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
}

static int iommufd_ioas_iova_ranges(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_ioas_iova_ranges cmd;
	struct iommufd_ioas *ioas;
	struct iommu_iova_range range;
	unsigned int num;
	int rc = 0;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	ioas = iommufd_get_ioas(ictx, cmd.ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	num = iopt_free_range(&ioas->iopt, 0, &range);
	if (num > cmd.num_iovas)
		rc = -EMSGSIZE;
	cmd.num_iovas = num;
	cmd.out_iova_alignment = ioas->iopt.iova_alignment;
	iommufd_put_object(ictx, &ioas->obj);

	if (copy_to_user((void __user *)arg, &cmd, sizeof(cmd)))
		return -EFAULT;

	return rc;
}

static int iommufd_ioas_allow_iovas(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_ioas_allow_iovas cmd;
	struct iommufd_ioas *ioas;
	int rc;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	ioas = iommufd_get_ioas(ictx, cmd.ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	rc = iopt_set_allow_iova(&ioas->iopt, cmd.num_iovas, cmd.start, cmd.last);
	iommufd_put_object(ictx, &ioas->obj);

	return rc;
}

static int conv_iommu_prot(u32 map_flags)
{
	int iommu_prot = IOMMU_CACHE;

	if (map_flags & IOMMU_IOAS_MAP_WRITEABLE)
		iommu_prot |= IOMMU_WRITE;
	if (map_flags & IOMMU_IOAS_MAP_READABLE)
		iommu_prot |= IOMMU_READ;

	return iommu_prot;
}

static int iommufd_ioas_map(struct iommufd_ctx *ictx, unsigned long arg)
{
	u32 known = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE;
	struct iommu_ioas_map cmd;
	struct iommufd_ioas *ioas;
	unsigned long iova;
	int rc;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	if (cmd.flags & ~known)
		return -EOPNOTSUPP;
	if (!(cmd.flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;

	ioas = iommufd_get_ioas(ictx, cmd.ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	iova = cmd.iova;
	rc = iopt_map_user_pages(&ioas->iopt, &iova, cmd.user_va, cmd.length, conv_iommu_prot(cmd.flags), cmd.flags);
	iommufd_put_object(ictx, &ioas->obj);
	if (rc)
		return rc;

	cmd.iova = iova;

	return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
}

static int iommufd_ioas_unmap(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_ioas_unmap cmd;
	struct iommufd_ioas *ioas;
	unsigned long unmapped = 0;
	int rc;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	ioas = iommufd_get_ioas(ictx, cmd.ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	rc = iopt_unmap_iova(&ioas->iopt, cmd.iova, cmd.length, &unmapped);
	iommufd_put_object(ictx, &ioas->obj);
	if (rc)
		return rc;

	cmd.length = unmapped;

	return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
}
