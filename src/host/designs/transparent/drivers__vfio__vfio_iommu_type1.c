/*
 * The container only hands the window on: it belongs to each IOMMU domain that translates MSIs, present and to come.
 */

struct vfio_iommu {
	struct list_head domain_list;
	struct mutex lock;
	struct list_head dma_list;
	bool v2;
	bool nesting;
	dma_addr_t msi_base;
	size_t msi_size;
};

static bool vfio_domain_needs_window(struct vfio_domain *domain)
{
	return !iommu_domain_get_attr(domain->domain, DOMAIN_ATTR_MSI_MAPPING, NULL);
}

static bool vfio_overlaps_window(struct vfio_iommu *iommu, dma_addr_t start, size_t size)
{
	if (!iommu->msi_size)
		return false;

	return start + size > iommu->msi_base && start < iommu->msi_base + iommu->msi_size;
}

static int vfio_domain_set_window(struct vfio_iommu *iommu, struct vfio_domain *domain)
{
	if (!vfio_domain_needs_window(domain))
		return 0;

	return iommu_alloc_reserved_iova_domain(domain->domain, iommu->msi_base, iommu->msi_size);
}

static int vfio_register_msi_window(struct vfio_iommu *iommu, struct vfio_iommu_type1_dma_map *map)
{
	struct vfio_domain *d;
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

	iommu->msi_base = iova;
	iommu->msi_size = size;

	list_for_each_entry(d, &iommu->domain_list, next) {
		ret = vfio_domain_set_window(iommu, d);
		if (ret)
			goto unwind;
	}

unlock:
	mutex_unlock(&iommu->lock);
	return ret;

unwind:
	list_for_each_entry_continue_reverse(d, &iommu->domain_list, next)
		iommu_free_reserved_iova_domain(d->domain);
	iommu->msi_base = 0;
	iommu->msi_size = 0;
	goto unlock;
}

/* Called with the container's lock held. */
static int vfio_unregister_msi_window(struct vfio_iommu *iommu)
{
	struct vfio_domain *d;

	list_for_each_entry(d, &iommu->domain_list, next) {
		if (iommu_reserved_iova_in_use(d->domain))
			return -EBUSY;
	}

	list_for_each_entry(d, &iommu->domain_list, next)
		iommu_free_reserved_iova_domain(d->domain);

	iommu->msi_base = 0;
	iommu->msi_size = 0;

	return 0;
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

static int vfio_iommu_type1_attach_group(void *iommu_data, struct iommu_group *iommu_group)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_group *group, *g;
	struct vfio_domain *domain, *d;
	struct bus_type *bus = NULL;
	int ret;

	mutex_lock(&iommu->lock);

	list_for_each_entry(d, &iommu->domain_list, next) {
		list_for_each_entry(g, &d->group_list, next) {
			if (g->iommu_group != iommu_group)
				continue;

			mutex_unlock(&iommu->lock);
			return -EINVAL;
		}
	}

	group = kzalloc(sizeof(*group), GFP_KERNEL);
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!group || !domain) {
		ret = -ENOMEM;
		goto out_free;
	}

	group->iommu_group = iommu_group;

	ret = iommu_group_for_each_dev(iommu_group, &bus, vfio_bus_type);
	if (ret)
		goto out_free;

	domain->domain = iommu_domain_alloc(bus);
	if (!domain->domain) {
		ret = -EIO;
		goto out_free;
	}

	ret = iommu_attach_group(domain->domain, iommu_group);
	if (ret)
		goto out_domain;

	INIT_LIST_HEAD(&domain->group_list);
	list_add(&group->next, &domain->group_list);

	if (!allow_unsafe_interrupts && !iommu_capable(bus, IOMMU_CAP_INTR_REMAP)) {
		pr_warn("%s: No interrupt remapping support.  Use the module param \"allow_unsafe_interrupts\" to enable VFIO IOMMU support on this platform\n",
			__func__);
		ret = -EPERM;
		goto out_detach;
	}

	if (iommu_capable(bus, IOMMU_CAP_CACHE_COHERENCY))
		domain->prot |= IOMMU_CACHE;

	/* A group that an existing domain can serve goes there; the new domain was made in vain. */
	list_for_each_entry(d, &iommu->domain_list, next) {
		if (d->domain->ops == domain->domain->ops && d->prot == domain->prot) {
			iommu_detach_group(domain->domain, iommu_group);
			if (!iommu_attach_group(d->domain, iommu_group)) {
				list_add(&group->next, &d->group_list);
				iommu_domain_free(domain->domain);
				kfree(domain);
				mutex_unlock(&iommu->lock);
				return 0;
			}

			ret = iommu_attach_group(domain->domain, iommu_group);
			if (ret)
				goto out_domain;
		}
	}

	ret = vfio_iommu_replay(iommu, domain);
	if (ret)
		goto out_detach;

	if (iommu->msi_size) {
		ret = vfio_domain_set_window(iommu, domain);
		if (ret)
			goto out_detach;
	}

	list_add(&domain->next, &iommu->domain_list);

	mutex_unlock(&iommu->lock);

	return 0;

out_detach:
	iommu_detach_group(domain->domain, iommu_group);
out_domain:
	iommu_domain_free(domain->domain);
out_free:
	kfree(domain);
	kfree(group);
	mutex_unlock(&iommu->lock);
	return ret;
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
				if (list_is_singular(&iommu->domain_list))
					vfio_iommu_unmap_unpin_all(iommu);
				iommu_free_reserved_iova_domain(domain->domain);
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

static void vfio_iommu_type1_release(void *iommu_data)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_domain *domain, *domain_tmp;
	struct vfio_group *group, *group_tmp;

	vfio_iommu_unmap_unpin_all(iommu);

	list_for_each_entry_safe(domain, domain_tmp, &iommu->domain_list, next) {
		list_for_each_entry_safe(group, group_tmp, &domain->group_list, next) {
			iommu_detach_group(domain->domain, group->iommu_group);
			list_del(&group->next);
			kfree(group);
		}
		iommu_free_reserved_iova_domain(domain->domain);
		iommu_domain_free(domain->domain);
		list_del(&domain->next);
		kfree(domain);
	}

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
