/*
 * The container keeps the window: an allocator of IOVA pages, and a list of the doorbell pages mapped from it.
 * A doorbell is mapped in every domain of the container that translates MSIs; devices that share its page share the mapping.
 */

struct vfio_iommu {
	struct list_head domain_list;
	struct mutex lock;
	struct list_head dma_list;
	bool v2;
	bool nesting;
	dma_addr_t msi_base;
	size_t msi_size;
	struct iova_domain *msi_iovad;
	struct list_head doorbell_list;
};

struct vfio_doorbell {
	struct list_head node;
	phys_addr_t page;
	dma_addr_t iova;
	size_t size;
	struct iova *range;
	int users;
};

static bool vfio_domain_needs_doorbell(struct vfio_domain *domain)
{
	return !iommu_domain_get_attr(domain->domain, DOMAIN_ATTR_MSI_MAPPING, NULL);
}

static bool vfio_overlaps_window(struct vfio_iommu *iommu, dma_addr_t start, size_t size)
{
	if (!iommu->msi_size)
		return false;

	return start + size > iommu->msi_base && start < iommu->msi_base + iommu->msi_size;
}

static int vfio_register_msi_window(struct vfio_iommu *iommu, struct vfio_iommu_type1_dma_map *map)
{
	dma_addr_t iova = map->iova;
	size_t size = map->size;
	uint64_t mask;
	int ret = 0;

	if (map->flags & (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;

	mask = ((uint64_t)1 << __ffs(vfio_pgsize_bitmap(iommu))) - 1;

	if (!size || (size | iova) & mask)
		return -EINVAL;

	if (iova + size - 1 < iova)
		return -EINVAL;

	mutex_lock(&iommu->lock);

	if (iommu->msi_size) {
		ret = -EBUSY;
		goto unlock;
	}

	if (vfio_find_dma(iommu, iova, size)) {
		ret = -EEXIST;
		goto unlock;
	}

	iommu->msi_iovad = kzalloc(sizeof(*iommu->msi_iovad), GFP_KERNEL);
	if (!iommu->msi_iovad) {
		ret = -ENOMEM;
		goto unlock;
	}

	init_iova_domain(iommu->msi_iovad, mask + 1, iova >> __ffs(mask + 1), (iova + size - 1) >> __ffs(mask + 1));
	iommu->msi_base = iova;
	iommu->msi_size = size;

unlock:
	mutex_unlock(&iommu->lock);
	return ret;
}

/* Called with the container's lock held, or when nobody else can reach it. */
static int vfio_unregister_msi_window(struct vfio_iommu *iommu)
{
	if (!list_empty(&iommu->doorbell_list))
		return -EBUSY;

	put_iova_domain(iommu->msi_iovad);
	kfree(iommu->msi_iovad);
	iommu->msi_iovad = NULL;
	iommu->msi_base = 0;
	iommu->msi_size = 0;

	return 0;
}

static void vfio_unmap_doorbells(struct vfio_iommu *iommu, struct vfio_domain *domain)
{
	struct vfio_doorbell *db;

	if (!vfio_domain_needs_doorbell(domain))
		return;

	list_for_each_entry(db, &iommu->doorbell_list, node)
		iommu_unmap(domain->domain, db->iova, db->size);
}

static void vfio_remove_doorbell(struct vfio_iommu *iommu, struct vfio_doorbell *db)
{
	struct vfio_domain *d;

	list_for_each_entry(d, &iommu->domain_list, next) {
		if (vfio_domain_needs_doorbell(d))
			iommu_unmap(d->domain, db->iova, db->size);
	}

	list_del(&db->node);
	__free_iova(iommu->msi_iovad, db->range);
	kfree(db);
}

static void vfio_release_doorbells(struct vfio_iommu *iommu)
{
	struct vfio_doorbell *db, *tmp;

	list_for_each_entry_safe(db, tmp, &iommu->doorbell_list, node)
		vfio_remove_doorbell(iommu, db);
}

static struct vfio_doorbell *vfio_find_doorbell(struct vfio_iommu *iommu, phys_addr_t addr)
{
	struct vfio_doorbell *db;

	list_for_each_entry(db, &iommu->doorbell_list, node) {
		if (addr >= db->page && addr < db->page + db->size)
			return db;
	}

	return NULL;
}

static int vfio_add_doorbell(struct vfio_iommu *iommu, phys_addr_t addr, struct vfio_doorbell **result)
{
	size_t granule = (size_t)1 << __ffs(vfio_pgsize_bitmap(iommu));
	struct vfio_doorbell *db;
	struct vfio_domain *d;
	int ret;

	db = kzalloc(sizeof(*db), GFP_KERNEL);
	if (!db)
		return -ENOMEM;

	db->range = alloc_iova(iommu->msi_iovad, 1, (iommu->msi_base + iommu->msi_size - 1) >> __ffs(granule), true);
	if (!db->range) {
		kfree(db);
		return -ENOSPC;
	}

	db->page = addr & ~(granule - 1);
	db->size = granule;
	db->iova = iova_dma_addr(iommu->msi_iovad, db->range);

	list_for_each_entry(d, &iommu->domain_list, next) {
		if (!vfio_domain_needs_doorbell(d))
			continue;
		ret = iommu_map(d->domain, db->iova, db->page, db->size, IOMMU_WRITE | IOMMU_MMIO);
		if (ret)
			goto unwind;
	}

	list_add(&db->node, &iommu->doorbell_list);
	*result = db;

	return 0;

unwind:
	list_for_each_entry_continue_reverse(d, &iommu->domain_list, next) {
		if (vfio_domain_needs_doorbell(d))
			iommu_unmap(d->domain, db->iova, db->size);
	}
	__free_iova(iommu->msi_iovad, db->range);
	kfree(db);

	return ret;
}

static struct vfio_domain *vfio_find_group_domain(struct vfio_iommu *iommu, struct iommu_group *iommu_group)
{
	struct vfio_domain *d;
	struct vfio_group *g;

	list_for_each_entry(d, &iommu->domain_list, next) {
		list_for_each_entry(g, &d->group_list, next) {
			if (g->iommu_group == iommu_group)
				return d;
		}
	}

	return NULL;
}

/* Where MSIs are not translated the answer is the address itself. */
static int vfio_iommu_type1_map_doorbell(void *iommu_data, struct iommu_group *iommu_group, phys_addr_t addr,
					 dma_addr_t *iova)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_domain *domain;
	struct vfio_doorbell *db;
	int ret = 0;

	mutex_lock(&iommu->lock);

	domain = vfio_find_group_domain(iommu, iommu_group);
	if (!domain) {
		ret = -EINVAL;
		goto unlock;
	}

	if (!vfio_domain_needs_doorbell(domain)) {
		*iova = addr;
		goto unlock;
	}

	if (!iommu->msi_size) {
		ret = -ENOSPC;
		goto unlock;
	}

	db = vfio_find_doorbell(iommu, addr);
	if (!db) {
		ret = vfio_add_doorbell(iommu, addr, &db);
		if (ret)
			goto unlock;
	}

	db->users++;
	*iova = db->iova + (addr - db->page);

unlock:
	mutex_unlock(&iommu->lock);
	return ret;
}

static void vfio_iommu_type1_unmap_doorbell(void *iommu_data, phys_addr_t addr)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_doorbell *db;

	mutex_lock(&iommu->lock);

	db = vfio_find_doorbell(iommu, addr);
	if (db && !--db->users)
		vfio_remove_doorbell(iommu, db);

	mutex_unlock(&iommu->lock);
}

static int vfio_dma_do_unmap(struct vfio_iommu *iommu, struct vfio_iommu_type1_dma_unmap *unmap)
{
	uint64_t mask;
	struct vfio_dma *dma;
	size_t unmapped = 0;
	int ret = 0;

	mask = ((uint64_t)1 << __ffs(vfio_pgsize_bitmap(iommu))) - 1;

	if (unmap->iova & mask)
		return -EINVAL;
	if (!unmap->size || unmap->size & mask)
		return -EINVAL;

	mutex_lock(&iommu->lock);

	if (vfio_overlaps_window(iommu, unmap->iova, unmap->size)) {
		ret = -EINVAL;
		if (unmap->iova == iommu->msi_base && unmap->size == iommu->msi_size)
			ret = vfio_unregister_msi_window(iommu);
		if (!ret)
			unmapped = unmap->size;
		goto unlock;
	}

	/* Neither edge may cut an entry in two. */
	dma = vfio_find_dma(iommu, unmap->iova, 1);
	if (dma && dma->iova != unmap->iova) {
		ret = -EINVAL;
		goto unlock;
	}
	dma = vfio_find_dma(iommu, unmap->iova + unmap->size - 1, 1);
	if (dma && dma->iova + dma->size != unmap->iova + unmap->size) {
		ret = -EINVAL;
		goto unlock;
	}

	while ((dma = vfio_find_dma(iommu, unmap->iova, unmap->size))) {
		unmapped += dma->size;
		vfio_remove_dma(iommu, dma);
	}

unlock:
	mutex_unlock(&iommu->lock);

	unmap->size = unmapped;

	return ret;
}

static int vfio_dma_do_map(struct vfio_iommu *iommu, struct vfio_iommu_type1_dma_map *map)
{
	dma_addr_t iova = map->iova;
	unsigned long vaddr = map->vaddr;
	size_t size = map->size;
	long npage;
	int ret = 0, prot = 0;
	uint64_t mask;
	struct vfio_dma *dma;
	unsigned long pfn;

	if (map->size != size || map->vaddr != vaddr || map->iova != iova)
		return -EINVAL;

	mask = ((uint64_t)1 << __ffs(vfio_pgsize_bitmap(iommu))) - 1;

	if (map->flags & VFIO_DMA_MAP_FLAG_WRITE)
		prot |= IOMMU_WRITE;
	if (map->flags & VFIO_DMA_MAP_FLAG_READ)
		prot |= IOMMU_READ;

	if (!prot || !size || (size | iova | vaddr) & mask)
		return -EINVAL;

	if (iova + size - 1 < iova || vaddr + size - 1 < vaddr)
		return -EINVAL;

	mutex_lock(&iommu->lock);

	if (vfio_find_dma(iommu, iova, size) || vfio_overlaps_window(iommu, iova, size)) {
		mutex_unlock(&iommu->lock);
		return -EEXIST;
	}

	dma = kzalloc(sizeof(*dma), GFP_KERNEL);
	if (!dma) {
		mutex_unlock(&iommu->lock);
		return -ENOMEM;
	}

	dma->iova = iova;
	dma->vaddr = vaddr;
	dma->prot = prot;
	vfio_link_dma(iommu, dma);

	while (size) {
		npage = vfio_pin_pages(vaddr + dma->size, size >> PAGE_SHIFT, prot, &pfn);
		if (npage <= 0) {
			WARN_ON(!npage);
			ret = (int)npage;
			break;
		}

		ret = vfio_iommu_map(iommu, iova + dma->size, pfn, npage, prot);
		if (ret) {
			vfio_unpin_pages(pfn, npage, prot, true);
			break;
		}

		size -= npage << PAGE_SHIFT;
		dma->size += npage << PAGE_SHIFT;
	}

	if (ret)
		vfio_remove_dma(iommu, dma);

	mutex_unlock(&iommu->lock);
	return ret;
}

static int vfio_iommu_replay(struct vfio_iommu *iommu, struct vfio_domain *domain)
{
	struct vfio_domain *d;
	struct vfio_dma *dma;
	struct vfio_doorbell *db;
	phys_addr_t phys;
	int ret;

	d = list_first_entry_or_null(&iommu->domain_list, struct vfio_domain, next);
	if (!d)
		return 0;

	list_for_each_entry(dma, &iommu->dma_list, node) {
		phys = iommu_iova_to_phys(d->domain, dma->iova);
		if (WARN_ON(!phys))
			return -EINVAL;

		ret = iommu_map(domain->domain, dma->iova, phys, dma->size, dma->prot | domain->prot);
		if (ret)
			return ret;
	}

	if (!vfio_domain_needs_doorbell(domain))
		return 0;

	list_for_each_entry(db, &iommu->doorbell_list, node) {
		ret = iommu_map(domain->domain, db->iova, db->page, db->size, IOMMU_WRITE | IOMMU_MMIO);
		if (ret)
			return ret;
	}

	return 0;
}

static void vfio_iommu_type1_detach_group(void *iommu_data, struct iommu_group *iommu_group)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_domain *domain;
	struct vfio_group *group;

	mutex_lock(&iommu->lock);

	list_for_each_entry(domain, &iommu->domain_list, next) {
		list_for_each_entry(group, &domain->group_list, next) {
			if (group->iommu_group != iommu_group)
				continue;

			iommu_detach_group(domain->domain, iommu_group);
			list_del(&group->next);
			kfree(group);

			/* The last group takes its domain along, the last domain all mappings. */
			if (list_empty(&domain->group_list)) {
				if (list_is_singular(&iommu->domain_list)) {
					vfio_iommu_unmap_unpin_all(iommu);
					vfio_release_doorbells(iommu);
				} else {
					vfio_unmap_doorbells(iommu, domain);
				}
				iommu_domain_free(domain->domain);
				list_del(&domain->next);
				kfree(domain);
			}
			goto done;
		}
	}

done:
	mutex_unlock(&iommu->lock);
}

static void *vfio_iommu_type1_open(unsigned long arg)
{
	struct vfio_iommu *iommu;

	iommu = kzalloc(sizeof(*iommu), GFP_KERNEL);
	if (!iommu)
		return ERR_PTR(-ENOMEM);

	switch (arg) {
	case VFIO_TYPE1_IOMMU:
		break;
	case VFIO_TYPE1v2_IOMMU:
		iommu->v2 = true;
		break;
	default:
		kfree(iommu);
		return ERR_PTR(-EINVAL);
	}

	INIT_LIST_HEAD(&iommu->domain_list);
	INIT_LIST_HEAD(&iommu->dma_list);
	INIT_LIST_HEAD(&iommu->doorbell_list);
	mutex_init(&iommu->lock);

	return iommu;
}

static void vfio_iommu_type1_release(void *iommu_data)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_domain *domain, *domain_tmp;
	struct vfio_group *group, *group_tmp;

	vfio_iommu_unmap_unpin_all(iommu);
	vfio_release_doorbells(iommu);

	list_for_each_entry_safe(domain, domain_tmp, &iommu->domain_list, next) {
		list_for_each_entry_safe(group, group_tmp, &domain->group_list, next) {
			iommu_detach_group(domain->domain, group->iommu_group);
			list_del(&group->next);
			kfree(group);
		}
		iommu_domain_free(domain->domain);
		list_del(&domain->next);
		kfree(domain);
	}

	if (iommu->msi_size)
		vfio_unregister_msi_window(iommu);

	kfree(iommu);
}

static long vfio_iommu_type1_ioctl(void *iommu_data, unsigned int cmd, unsigned long arg)
{
	struct vfio_iommu *iommu = iommu_data;
	unsigned long minsz;

	if (cmd == VFIO_CHECK_EXTENSION) {
		switch (arg) {
		case VFIO_TYPE1_IOMMU:
		case VFIO_TYPE1v2_IOMMU:
			return 1;
		case VFIO_DMA_CC_IOMMU:
			return vfio_domains_have_iommu_cache(iommu);
		default:
			return 0;
		}
	} else if (cmd == VFIO_IOMMU_GET_INFO) {
		struct vfio_iommu_type1_info info;

		minsz = offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);

		if (copy_from_user(&info, (void __user *)arg, minsz))
			return -EFAULT;

		if (info.argsz < minsz)
			return -EINVAL;

		info.flags = VFIO_IOMMU_INFO_PGSIZES;
		info.iova_pgsizes = vfio_pgsize_bitmap(iommu);

		return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
	} else if (cmd == VFIO_IOMMU_MAP_DMA) {
		struct vfio_iommu_type1_dma_map map;
		uint32_t mask = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE | VFIO_DMA_MAP_FLAG_MSI_RESERVED_IOVA;

		minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);

		if (copy_from_user(&map, (void __user *)arg, minsz))
			return -EFAULT;

		if (map.argsz < minsz || map.flags & ~mask)
			return -EINVAL;

		if (map.flags & VFIO_DMA_MAP_FLAG_MSI_RESERVED_IOVA)
			return vfio_register_msi_window(iommu, &map);

		return vfio_dma_do_map(iommu, &map);
	} else if (cmd == VFIO_IOMMU_UNMAP_DMA) {
		struct vfio_iommu_type1_dma_unmap unmap;
		long ret;

		minsz = offsetofend(struct vfio_iommu_type1_dma_unmap, size);

		if (copy_from_user(&unmap, (void __user *)arg, minsz))
			return -EFAULT;

		if (unmap.argsz < minsz || unmap.flags)
			return -EINVAL;

		ret = vfio_dma_do_unmap(iommu, &unmap);
		if (ret)
			return ret;

		return copy_to_user((void __user *)arg, &unmap, minsz) ? -EFAULT : 0;
	}

	return -ENOTTY;
}

static const struct vfio_iommu_driver_ops vfio_iommu_driver_ops_type1 = {
	.name = "vfio-iommu-type1",
	.open = vfio_iommu_type1_open,
	.release = vfio_iommu_type1_release,
	.ioctl = vfio_iommu_type1_ioctl,
	.attach_group = vfio_iommu_type1_attach_group,
	.detach_group = vfio_iommu_type1_detach_group,
	.map_doorbell = vfio_iommu_type1_map_doorbell,
	.unmap_doorbell = vfio_iommu_type1_unmap_doorbell,
};
