/*
 * The type1 container since v4.11, with the ranges of valid IOVA since v5.4: what may be mapped is the aperture without the
 * reserved regions of all groups, and the window for doorbells is one of those.
 */

static unsigned int dma_entry_limit = 65535;

struct vfio_iommu {
	struct list_head domain_list;
	struct list_head iova_list;
	struct mutex lock;
	struct list_head dma_list;
	unsigned int dma_avail;
	bool v2;
	bool nesting;
};

struct vfio_iova {
	struct list_head list;
	dma_addr_t start;
	dma_addr_t end;
};

static int vfio_iommu_device_capable(struct device *dev, void *data)
{
	return device_iommu_capable(dev, (enum iommu_cap)data);
}

/* A region of the hardware wins over the one that software would place. */
static bool vfio_iommu_has_sw_msi(struct list_head *group_resv_regions, phys_addr_t *base)
{
	struct iommu_resv_region *region;
	bool ret = false;

	list_for_each_entry(region, group_resv_regions, list) {
		if (region->type == IOMMU_RESV_MSI) {
			ret = false;
			break;
		}

		if (region->type == IOMMU_RESV_SW_MSI) {
			*base = region->start;
			ret = true;
		}
	}

	return ret;
}

static int vfio_iommu_iova_insert(struct list_head *head, dma_addr_t start, dma_addr_t end)
{
	struct vfio_iova *region;

	region = kmalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return -ENOMEM;

	INIT_LIST_HEAD(&region->list);
	region->start = start;
	region->end = end;
	list_add_tail(&region->list, head);

	return 0;
}

static void vfio_iommu_iova_free(struct list_head *iova)
{
	struct vfio_iova *n, *next;

	list_for_each_entry_safe(n, next, iova, list) {
		list_del(&n->list);
		kfree(n);
	}
}

static int vfio_iommu_iova_get_copy(struct vfio_iommu *iommu, struct list_head *iova_copy)
{
	struct vfio_iova *n;
	int ret;

	list_for_each_entry(n, &iommu->iova_list, list) {
		ret = vfio_iommu_iova_insert(iova_copy, n->start, n->end);
		if (ret) {
			vfio_iommu_iova_free(iova_copy);
			return ret;
		}
	}

	return 0;
}

static void vfio_iommu_iova_insert_copy(struct vfio_iommu *iommu, struct list_head *iova_copy)
{
	struct list_head *iova = &iommu->iova_list;

	vfio_iommu_iova_free(iova);
	list_splice_tail(iova_copy, iova);
}

/* Would an aperture cut off what is mapped? */
static bool vfio_iommu_aper_conflict(struct vfio_iommu *iommu, dma_addr_t start, dma_addr_t end)
{
	struct vfio_iova *first, *last;
	struct list_head *iova = &iommu->iova_list;

	if (list_empty(iova))
		return false;

	first = list_first_entry(iova, struct vfio_iova, list);
	last = list_last_entry(iova, struct vfio_iova, list);
	if (start > first->end || end < last->start)
		return true;

	if (start > first->start && vfio_find_dma(iommu, first->start, start - first->start))
		return true;

	if (end < last->end && vfio_find_dma(iommu, end + 1, last->end - end))
		return true;

	return false;
}

static int vfio_iommu_aper_resize(struct list_head *iova, dma_addr_t start, dma_addr_t end)
{
	struct vfio_iova *node, *next;

	if (list_empty(iova))
		return vfio_iommu_iova_insert(iova, start, end);

	list_for_each_entry_safe(node, next, iova, list) {
		if (node->end < start || node->start > end) {
			list_del(&node->list);
			kfree(node);
			continue;
		}
		if (node->start < start)
			node->start = start;
		if (node->end > end)
			node->end = end;
	}

	return 0;
}

/* A mapping that stands already wins over a region that would come. */
static bool vfio_iommu_resv_conflict(struct vfio_iommu *iommu, struct list_head *resv_regions)
{
	struct iommu_resv_region *region;

	list_for_each_entry(region, resv_regions, list) {
		if (region->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;

		if (vfio_find_dma(iommu, region->start, region->length))
			return true;
	}

	return false;
}

static int vfio_iommu_resv_exclude(struct list_head *iova, struct list_head *resv_regions)
{
	struct iommu_resv_region *resv;
	struct vfio_iova *n, *next;

	list_for_each_entry(resv, resv_regions, list) {
		phys_addr_t start = resv->start;
		phys_addr_t end = resv->start + resv->length - 1;

		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;

		list_for_each_entry_safe(n, next, iova, list) {
			struct vfio_iova *node;

			if (start > n->end || end < n->start)
				continue;

			/* What is left of a range below and above the region takes its place. */
			if (start > n->start) {
				node = kmalloc(sizeof(*node), GFP_KERNEL);
				if (!node)
					return -ENOMEM;
				INIT_LIST_HEAD(&node->list);
				node->start = n->start;
				node->end = start - 1;
				list_add_tail(&node->list, &n->list);
			}
			if (end < n->end) {
				node = kmalloc(sizeof(*node), GFP_KERNEL);
				if (!node)
					return -ENOMEM;
				INIT_LIST_HEAD(&node->list);
				node->start = end + 1;
				node->end = n->end;
				list_add_tail(&node->list, &n->list);
			}
			list_del(&n->list);
			kfree(n);
		}
	}

	if (list_empty(iova))
		return -EINVAL;

	return 0;
}

static void vfio_iommu_resv_free(struct list_head *resv_regions)
{
	struct iommu_resv_region *n, *next;

	list_for_each_entry_safe(n, next, resv_regions, list) {
		list_del(&n->list);
		kfree(n);
	}
}

static bool vfio_iommu_iova_dma_valid(struct vfio_iommu *iommu, dma_addr_t start, dma_addr_t end)
{
	struct list_head *iova = &iommu->iova_list;
	struct vfio_iova *node;

	list_for_each_entry(node, iova, list) {
		if (start >= node->start && end <= node->end)
			return true;
	}

	/* Without any device there is no limit yet. */
	return list_empty(iova);
}

static int vfio_dma_do_map(struct vfio_iommu *iommu, struct vfio_iommu_type1_dma_map *map)
{
	dma_addr_t iova = map->iova;
	unsigned long vaddr = map->vaddr;
	size_t size = map->size;
	long npage;
	int ret = 0, prot = 0;
	size_t pgsize;
	struct vfio_dma *dma;
	unsigned long pfn;

	if (map->size != size || map->vaddr != vaddr || map->iova != iova)
		return -EINVAL;

	if (map->flags & VFIO_DMA_MAP_FLAG_WRITE)
		prot |= IOMMU_WRITE;
	if (map->flags & VFIO_DMA_MAP_FLAG_READ)
		prot |= IOMMU_READ;

	if (!prot)
		return -EINVAL;

	mutex_lock(&iommu->lock);

	pgsize = (size_t)1 << __ffs(vfio_pgsize_bitmap(iommu));

	if (!size || (size | iova | vaddr) & (pgsize - 1)) {
		ret = -EINVAL;
		goto out_unlock;
	}

	if (iova + size - 1 < iova || vaddr + size - 1 < vaddr) {
		ret = -EINVAL;
		goto out_unlock;
	}

	if (vfio_find_dma(iommu, iova, size)) {
		ret = -EEXIST;
		goto out_unlock;
	}

	if (!iommu->dma_avail) {
		ret = -ENOSPC;
		goto out_unlock;
	}

	if (!vfio_iommu_iova_dma_valid(iommu, iova, iova + size - 1)) {
		ret = -EINVAL;
		goto out_unlock;
	}

	dma = kzalloc(sizeof(*dma), GFP_KERNEL);
	if (!dma) {
		ret = -ENOMEM;
		goto out_unlock;
	}

	iommu->dma_avail--;
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

out_unlock:
	mutex_unlock(&iommu->lock);
	return ret;
}

static void vfio_unmap_unpin(struct vfio_iommu *iommu, struct vfio_dma *dma)
{
	struct vfio_domain *domain, *d;
	phys_addr_t phys;
	size_t unmapped;

	if (!dma->size)
		return;

	/* Without any device nothing was put into a domain. */
	if (list_empty(&iommu->domain_list))
		return;

	/* The first domain tells what is pinned; all others go first. */
	domain = list_first_entry(&iommu->domain_list, struct vfio_domain, next);
	d = domain;

	list_for_each_entry_continue(d, &iommu->domain_list, next)
		iommu_unmap(d->domain, dma->iova, dma->size);

	phys = iommu_iova_to_phys(domain->domain, dma->iova);
	unmapped = iommu_unmap(domain->domain, dma->iova, dma->size);
	if (WARN_ON(!unmapped))
		return;

	vfio_unpin_pages(phys >> PAGE_SHIFT, unmapped >> PAGE_SHIFT, dma->prot, true);
}

static void vfio_remove_dma(struct vfio_iommu *iommu, struct vfio_dma *dma)
{
	vfio_unmap_unpin(iommu, dma);
	vfio_unlink_dma(iommu, dma);
	kfree(dma);
	iommu->dma_avail++;
}

static int vfio_iommu_type1_attach_group(void *iommu_data, struct iommu_group *iommu_group)
{
	struct vfio_iommu *iommu = iommu_data;
	struct vfio_group *group, *g;
	struct vfio_domain *domain, *d;
	struct bus_type *bus = NULL;
	struct iommu_domain_geometry *geo;
	bool resv_msi, msi_remap;
	phys_addr_t resv_msi_base = 0;
	LIST_HEAD(iova_copy);
	LIST_HEAD(group_resv_regions);
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

	geo = &domain->domain->geometry;
	if (vfio_iommu_aper_conflict(iommu, geo->aperture_start, geo->aperture_end)) {
		ret = -EINVAL;
		goto out_detach;
	}

	ret = iommu_get_group_resv_regions(iommu_group, &group_resv_regions);
	if (ret)
		goto out_detach;

	if (vfio_iommu_resv_conflict(iommu, &group_resv_regions)) {
		ret = -EINVAL;
		goto out_detach;
	}

	/* The ranges are worked out on a copy, which is put in place when nothing can fail any more. */
	ret = vfio_iommu_iova_get_copy(iommu, &iova_copy);
	if (ret)
		goto out_detach;

	ret = vfio_iommu_aper_resize(&iova_copy, geo->aperture_start, geo->aperture_end);
	if (ret)
		goto out_detach;

	ret = vfio_iommu_resv_exclude(&iova_copy, &group_resv_regions);
	if (ret)
		goto out_detach;

	resv_msi = vfio_iommu_has_sw_msi(&group_resv_regions, &resv_msi_base);

	INIT_LIST_HEAD(&domain->group_list);
	list_add(&group->next, &domain->group_list);

	msi_remap = irq_domain_check_msi_remap() ||
		    iommu_group_for_each_dev(iommu_group, (void *)IOMMU_CAP_INTR_REMAP, vfio_iommu_device_capable);

	if (!allow_unsafe_interrupts && !msi_remap) {
		pr_warn("%s: No interrupt remapping support.  Use the module param \"allow_unsafe_interrupts\" to enable VFIO IOMMU support on this platform\n",
			__func__);
		ret = -EPERM;
		goto out_detach;
	}

	domain->prot |= IOMMU_CACHE;

	/* A group that an existing domain can serve goes there, and finds the window of that domain. */
	list_for_each_entry(d, &iommu->domain_list, next) {
		if (d->domain->ops == domain->domain->ops && d->prot == domain->prot) {
			iommu_detach_group(domain->domain, iommu_group);
			if (!iommu_attach_group(d->domain, iommu_group)) {
				list_add(&group->next, &d->group_list);
				iommu_domain_free(domain->domain);
				kfree(domain);
				goto done;
			}

			ret = iommu_attach_group(domain->domain, iommu_group);
			if (ret)
				goto out_domain;
		}
	}

	ret = vfio_iommu_replay(iommu, domain);
	if (ret)
		goto out_detach;

	if (resv_msi) {
		ret = iommu_get_msi_cookie(domain->domain, resv_msi_base);
		if (ret && ret != -ENODEV)
			goto out_detach;
	}

	list_add(&domain->next, &iommu->domain_list);
done:
	vfio_iommu_iova_insert_copy(iommu, &iova_copy);
	mutex_unlock(&iommu->lock);
	vfio_iommu_resv_free(&group_resv_regions);

	return 0;

out_detach:
	iommu_detach_group(domain->domain, iommu_group);
out_domain:
	iommu_domain_free(domain->domain);
	vfio_iommu_iova_free(&iova_copy);
	vfio_iommu_resv_free(&group_resv_regions);
out_free:
	kfree(domain);
	kfree(group);
	mutex_unlock(&iommu->lock);
	return ret;
}

/* When a group leaves, the ranges grow to what the others allow. */
static int vfio_iommu_iova_refresh(struct vfio_iommu *iommu)
{
	struct vfio_domain *d;
	struct vfio_group *g;
	LIST_HEAD(iova_copy);
	LIST_HEAD(resv_regions);
	int ret = 0;

	list_for_each_entry(d, &iommu->domain_list, next) {
		struct iommu_domain_geometry *geo = &d->domain->geometry;

		ret = vfio_iommu_aper_resize(&iova_copy, geo->aperture_start, geo->aperture_end);
		list_for_each_entry(g, &d->group_list, next) {
			if (!ret)
				ret = iommu_get_group_resv_regions(g->iommu_group, &resv_regions);
		}
	}

	if (!ret && !list_empty(&iova_copy))
		ret = vfio_iommu_resv_exclude(&iova_copy, &resv_regions);
	vfio_iommu_resv_free(&resv_regions);

	if (ret) {
		vfio_iommu_iova_free(&iova_copy);
		return ret;
	}

	vfio_iommu_iova_insert_copy(iommu, &iova_copy);
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
				if (list_is_singular(&iommu->domain_list))
					vfio_iommu_unmap_unpin_all(iommu);
				iommu_domain_free(domain->domain);
				list_del(&domain->next);
				kfree(domain);
			}
			vfio_iommu_iova_refresh(iommu);
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
	case VFIO_TYPE1_NESTING_IOMMU:
		iommu->nesting = true;
		fallthrough;
	case VFIO_TYPE1v2_IOMMU:
		iommu->v2 = true;
		break;
	default:
		kfree(iommu);
		return ERR_PTR(-EINVAL);
	}

	INIT_LIST_HEAD(&iommu->domain_list);
	INIT_LIST_HEAD(&iommu->iova_list);
	INIT_LIST_HEAD(&iommu->dma_list);
	iommu->dma_avail = dma_entry_limit;
	mutex_init(&iommu->lock);

	return iommu;
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
		iommu_domain_free(domain->domain);
		list_del(&domain->next);
		kfree(domain);
	}

	vfio_iommu_iova_free(&iommu->iova_list);

	kfree(iommu);
}

static int vfio_iommu_type1_check_extension(struct vfio_iommu *iommu, unsigned long arg)
{
	switch (arg) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_TYPE1_NESTING_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_DMA_CC_IOMMU:
		return 0; /* no driver of the model enforces snooping */
	default:
		return 0;
	}
}

static long vfio_iommu_type1_ioctl(void *iommu_data, unsigned int cmd, unsigned long arg)
{
	struct vfio_iommu *iommu = iommu_data;
	unsigned long minsz;

	if (cmd == VFIO_CHECK_EXTENSION) {
		return vfio_iommu_type1_check_extension(iommu, arg);
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
		uint32_t mask = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

		minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);

		if (copy_from_user(&map, (void __user *)arg, minsz))
			return -EFAULT;

		if (map.argsz < minsz || map.flags & ~mask)
			return -EINVAL;

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
