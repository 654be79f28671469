/*
 * VFIO's container on POWER: one table of translation entries for the groups in it. Interrupts need no question here: an endpoint
 * that writes to an entry of another is frozen by the bridge.
 */

#define SPAPR_TCE_PAGE_SHIFT 12

struct tce_iommu_group {
	struct list_head next;
	struct iommu_group *grp;
};

struct tce_container {
	struct mutex lock;
	bool enabled;
	struct iommu_domain *table;
	struct list_head group_list;
};

static void *tce_iommu_open(unsigned long arg)
{
	struct tce_container *container;

	if ((arg != VFIO_SPAPR_TCE_IOMMU) && (arg != VFIO_SPAPR_TCE_v2_IOMMU))
		return ERR_PTR(-EINVAL);

	container = kzalloc(sizeof(*container), GFP_KERNEL);
	if (!container)
		return ERR_PTR(-ENOMEM);

	mutex_init(&container->lock);
	INIT_LIST_HEAD(&container->group_list);

	return container;
}

static int tce_iommu_attach_group(void *iommu_data, struct iommu_group *iommu_group)
{
	struct tce_container *container = iommu_data;
	struct tce_iommu_group *tcegrp;
	int ret;

	mutex_lock(&container->lock);

	list_for_each_entry(tcegrp, &container->group_list, next) {
		if (tcegrp->grp == iommu_group) {
			mutex_unlock(&container->lock);
			return -EBUSY;
		}
	}

	tcegrp = kzalloc(sizeof(*tcegrp), GFP_KERNEL);
	if (!tcegrp) {
		mutex_unlock(&container->lock);
		return -ENOMEM;
	}

	if (!container->table)
		container->table = platform_domain_alloc(IOMMU_DOMAIN_UNMANAGED);
	if (!container->table) {
		ret = -ENOMEM;
		goto out_free;
	}

	ret = iommu_attach_group(container->table, iommu_group);
	if (ret)
		goto out_free;

	tcegrp->grp = iommu_group;
	list_add(&tcegrp->next, &container->group_list);
	mutex_unlock(&container->lock);

	return 0;

out_free:
	if (container->table && list_empty(&container->group_list)) {
		platform_domain_free(container->table);
		container->table = NULL;
	}
	kfree(tcegrp);
	mutex_unlock(&container->lock);
	return ret;
}

static void tce_iommu_detach_group(void *iommu_data, struct iommu_group *iommu_group)
{
	struct tce_container *container = iommu_data;
	struct tce_iommu_group *tcegrp, *tmp;

	mutex_lock(&container->lock);

	list_for_each_entry_safe(tcegrp, tmp, &container->group_list, next) {
		if (tcegrp->grp != iommu_group)
			continue;

		iommu_detach_group(container->table, iommu_group);
		list_del(&tcegrp->next);
		kfree(tcegrp);
		break;
	}

	/* The last group takes the table with it. */
	if (container->table && list_empty(&container->group_list)) {
		platform_domain_free(container->table);
		container->table = NULL;
	}

	mutex_unlock(&container->lock);
}

static int tce_page_is_contained(unsigned long vaddr)
{
	return !(vaddr & ((1UL << SPAPR_TCE_PAGE_SHIFT) - 1));
}

static long tce_iommu_build(struct tce_container *container, dma_addr_t iova, unsigned long vaddr, size_t size, int prot)
{
	struct page *page;
	size_t done;
	long ret;

	for (done = 0; done < size; done += 1UL << SPAPR_TCE_PAGE_SHIFT) {
		if (get_user_pages_fast(vaddr + done, 1, prot & IOMMU_WRITE, &page) != 1) {
			ret = -EFAULT;
			goto unwind;
		}

		ret = iommu_map(container->table, iova + done, page_to_phys(page), 1UL << SPAPR_TCE_PAGE_SHIFT, prot);
		if (ret)
			goto unwind;
	}

	return 0;

unwind:
	if (done)
		iommu_unmap(container->table, iova, done);
	return ret;
}

static long tce_iommu_ioctl(void *iommu_data, unsigned int cmd, unsigned long arg)
{
	struct tce_container *container = iommu_data;
	unsigned long minsz;
	long ret;

	switch (cmd) {
	case VFIO_IOMMU_MAP_DMA: {
		struct vfio_iommu_type1_dma_map param;
		int prot = 0;

		if (!container->table)
			return -ENXIO;

		minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);
		if (copy_from_user(&param, (void __user *)arg, minsz))
			return -EFAULT;
		if (param.argsz < minsz)
			return -EINVAL;
		if (param.flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
			return -EINVAL;
		if ((param.size & ((1UL << SPAPR_TCE_PAGE_SHIFT) - 1)) || !tce_page_is_contained(param.vaddr))
			return -EINVAL;

		if (param.flags & VFIO_DMA_MAP_FLAG_READ)
			prot |= IOMMU_READ;
		if (param.flags & VFIO_DMA_MAP_FLAG_WRITE)
			prot |= IOMMU_WRITE;

		mutex_lock(&container->lock);
		ret = tce_iommu_build(container, param.iova, param.vaddr, param.size, prot);
		mutex_unlock(&container->lock);
		return ret;
	}
	case VFIO_IOMMU_UNMAP_DMA: {
		struct vfio_iommu_type1_dma_unmap param;

		if (!container->table)
			return -ENXIO;

		minsz = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
		if (copy_from_user(&param, (void __user *)arg, minsz))
			return -EFAULT;
		if (param.argsz < minsz)
			return -EINVAL;
		if (param.size & ((1UL << SPAPR_TCE_PAGE_SHIFT) - 1))
			return -EINVAL;

		mutex_lock(&container->lock);
		iommu_unmap(container->table, param.iova, param.size);
		mutex_unlock(&container->lock);
		return 0;
	}
	}

	return -ENOTTY;
}

static void tce_iommu_release(void *iommu_data)
{
	struct tce_container *container = iommu_data;
	struct tce_iommu_group *tcegrp, *tmp;

	list_for_each_entry_safe(tcegrp, tmp, &container->group_list, next) {
		iommu_detach_group(container->table, tcegrp->grp);
		list_del(&tcegrp->next);
		kfree(tcegrp);
	}
	if (container->table)
		platform_domain_free(container->table);
	kfree(container);
}

static const struct vfio_iommu_driver_ops tce_iommu_driver_ops = {
	.name = "iommu-vfio-powerpc",
	.open = tce_iommu_open,
	.release = tce_iommu_release,
	.ioctl = tce_iommu_ioctl,
	.attach_group = tce_iommu_attach_group,
	.detach_group = tce_iommu_detach_group,
};
