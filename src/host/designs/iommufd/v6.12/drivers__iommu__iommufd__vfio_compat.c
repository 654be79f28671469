/* The calls of a container on /dev/iommu: they go to one space of IOVA, which is made when the first group comes. */

static struct iommufd_ioas *get_compat_ioas(struct iommufd_ctx *ictx)
{
	if (!ictx->vfio_ioas)
		return ERR_PTR(-ENODEV);

	refcount_inc(&ictx->vfio_ioas->obj.users);

	return ictx->vfio_ioas;
}

int iommufd_vfio_compat_ioas_get_id(struct iommufd_ctx *ictx, u32 *out_ioas_id)
{
	if (!ictx->vfio_ioas)
		return -ENODEV;

	*out_ioas_id = ictx->vfio_ioas->obj.id;

	return 0;
}

int iommufd_vfio_compat_ioas_create(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas;

	if (ictx->vfio_ioas)
		return 0;

	ioas = iommufd_ioas_make(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	ictx->vfio_ioas = ioas;

	return 0;
}

/* Which space stands for the container: asked, named, or forgotten. */
int iommufd_vfio_ioas(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_vfio_ioas cmd;
	struct iommufd_ioas *ioas;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	if (cmd.__reserved)
		return -EOPNOTSUPP;

	switch (cmd.op) {
	case IOMMU_VFIO_IOAS_GET:
		ioas = get_compat_ioas(ictx);
		if (IS_ERR(ioas))
			return PTR_ERR(ioas);
		cmd.ioas_id = ioas->obj.id;
		iommufd_put_object(ictx, &ioas->obj);
		return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
	case IOMMU_VFIO_IOAS_SET:
		ioas = iommufd_get_ioas(ictx, cmd.ioas_id);
		if (IS_ERR(ioas))
			return PTR_ERR(ioas);
		ictx->vfio_ioas = ioas;
		iommufd_put_object(ictx, &ioas->obj);
		return 0;
	case IOMMU_VFIO_IOAS_CLEAR:
		ictx->vfio_ioas = NULL;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int iommufd_vfio_map_dma(struct iommufd_ctx *ictx, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);
	struct vfio_iommu_type1_dma_map map;
	struct iommufd_ioas *ioas;
	int iommu_prot = IOMMU_CACHE;
	unsigned long iova;
	int rc;

	if (copy_from_user(&map, (void __user *)arg, minsz))
		return -EFAULT;

	if (map.argsz < minsz || map.flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;

	if (map.flags & VFIO_DMA_MAP_FLAG_READ)
		iommu_prot |= IOMMU_READ;
	if (map.flags & VFIO_DMA_MAP_FLAG_WRITE)
		iommu_prot |= IOMMU_WRITE;

	ioas = get_compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	iova = map.iova;
	rc = iopt_map_user_pages(&ioas->iopt, &iova, map.vaddr, map.size, iommu_prot, IOMMU_IOAS_MAP_FIXED_IOVA);
	iommufd_put_object(ictx, &ioas->obj);

	return rc;
}

/* Type1 lets a mapping be cut; with large pages (type1v2) only whole ones go. */
static int iommufd_vfio_unmap_dma(struct iommufd_ctx *ictx, unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	struct vfio_iommu_type1_dma_unmap unmap;
	struct iommufd_ioas *ioas;
	unsigned long unmapped = 0;
	int rc = 0;

	if (copy_from_user(&unmap, (void __user *)arg, minsz))
		return -EFAULT;

	if (unmap.argsz < minsz || unmap.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;

	ioas = get_compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		if (unmap.iova || unmap.size)
			rc = -EINVAL;
		else
			rc = iopt_unmap_all(&ioas->iopt, &unmapped);
	} else {
		if (ioas->iopt.disable_large_pages) {
			rc = iopt_cut_iova(&ioas->iopt, unmap.iova);
			if (!rc)
				rc = iopt_cut_iova(&ioas->iopt, unmap.iova + unmap.size);
		}
		if (!rc)
			rc = iopt_unmap_iova(&ioas->iopt, unmap.iova, unmap.size, &unmapped);
	}
	iommufd_put_object(ictx, &ioas->obj);
	if (rc)
		return rc;

	unmap.size = unmapped;

	return copy_to_user((void __user *)arg, &unmap, minsz) ? -EFAULT : 0;
}

static int iommufd_vfio_check_extension(struct iommufd_ctx *ictx, unsigned long type)
{
	switch (type) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_DMA_CC_IOMMU:
		return 0; /* no driver of the model enforces snooping */
	default:
		return 0;
	}
}

static int iommufd_vfio_set_iommu(struct iommufd_ctx *ictx, unsigned long type)
{
	struct iommufd_ioas *ioas;

	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -EINVAL;

	/* a group must have come first */
	ioas = get_compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (type == VFIO_TYPE1_IOMMU)
		ioas->iopt.disable_large_pages = true;
	iommufd_put_object(ictx, &ioas->obj);

	return 0;
}

long iommufd_vfio_ioctl(struct iommufd_ctx *ictx, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_SET_IOMMU:
		return iommufd_vfio_set_iommu(ictx, arg);
	case VFIO_CHECK_EXTENSION:
		return iommufd_vfio_check_extension(ictx, arg);
	case VFIO_IOMMU_MAP_DMA:
		return iommufd_vfio_map_dma(ictx, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return iommufd_vfio_unmap_dma(ictx, arg);
	default:
		return -ENOTTY;
	}
}
