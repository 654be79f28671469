/*
 * One space of IOVA: what is mapped, what is reserved and by whom, what the user wants to be used. Kept in lists; every list is short.
 * A range is given by its first and last byte.
 */

static struct iopt_area *iopt_area_iter_first(struct io_pagetable *iopt, unsigned long start, unsigned long last)
{
	struct iopt_area *area;

	list_for_each_entry(area, &iopt->area_list, node)
		if (area->iova <= last && area->last >= start)
			return area;

	return NULL;
}

static struct iopt_reserved *iopt_reserved_iter_first(struct io_pagetable *iopt, unsigned long start, unsigned long last)
{
	struct iopt_reserved *reserved;

	list_for_each_entry(reserved, &iopt->reserved_list, node)
		if (reserved->start <= last && reserved->last >= start)
			return reserved;

	return NULL;
}

static struct iopt_allowed *iopt_allowed_iter_first(struct io_pagetable *iopt, unsigned long start, unsigned long last)
{
	struct iopt_allowed *allowed;

	list_for_each_entry(allowed, &iopt->allowed_list, node)
		if (allowed->start <= last && allowed->last >= start)
			return allowed;

	return NULL;
}

void iopt_init_table(struct io_pagetable *iopt)
{
	INIT_LIST_HEAD(&iopt->area_list);
	INIT_LIST_HEAD(&iopt->reserved_list);
	INIT_LIST_HEAD(&iopt->allowed_list);
	INIT_LIST_HEAD(&iopt->domain_list);
	mutex_init(&iopt->iova_rwsem);
	iopt->iova_alignment = 1;
}

static void iopt_free_allowed(struct io_pagetable *iopt)
{
	struct iopt_allowed *allowed, *next;

	list_for_each_entry_safe(allowed, next, &iopt->allowed_list, node) {
		list_del(&allowed->node);
		kfree(allowed);
	}
}

void iopt_destroy_table(struct io_pagetable *iopt)
{
	struct iopt_area *area, *next;

	list_for_each_entry_safe(area, next, &iopt->area_list, node) {
		list_del(&area->node);
		kfree(area);
	}
	iopt_free_allowed(iopt);
}

int iopt_reserve_iova(struct io_pagetable *iopt, unsigned long start, unsigned long last, void *owner)
{
	struct iopt_reserved *reserved;

	if (iopt_area_iter_first(iopt, start, last) || iopt_allowed_iter_first(iopt, start, last))
		return -EADDRINUSE;

	reserved = kzalloc(sizeof(*reserved), GFP_KERNEL_ACCOUNT);
	if (!reserved)
		return -ENOMEM;

	INIT_LIST_HEAD(&reserved->node);
	reserved->start = start;
	reserved->last = last;
	reserved->owner = owner;
	list_add_tail(&reserved->node, &iopt->reserved_list);

	return 0;
}

void iopt_remove_reserved_iova(struct io_pagetable *iopt, void *owner)
{
	struct iopt_reserved *reserved, *next;

	list_for_each_entry_safe(reserved, next, &iopt->reserved_list, node) {
		if (reserved->owner == owner) {
			list_del(&reserved->node);
			kfree(reserved);
		}
	}
}

/* Takes the device's regions out of the space, and tells where the window for doorbells is to be. */
int iopt_table_enforce_dev_resv_regions(struct io_pagetable *iopt, struct device *dev, phys_addr_t *sw_msi_start)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	unsigned int num_hw_msi = 0;
	unsigned int num_sw_msi = 0;
	int rc = 0;

	mutex_lock(&iopt->iova_rwsem);
	iommu_get_resv_regions(dev, &resv_regions);

	list_for_each_entry(resv, &resv_regions, list) {
		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;

		if (resv->type == IOMMU_RESV_MSI)
			num_hw_msi++;
		if (resv->type == IOMMU_RESV_SW_MSI) {
			*sw_msi_start = resv->start;
			num_sw_msi++;
		}

		rc = iopt_reserve_iova(iopt, resv->start, resv->length - 1 + resv->start, dev);
		if (rc)
			goto out_reserved;
	}

	if ((num_sw_msi && num_hw_msi) || num_sw_msi > 1) {
		rc = -EINVAL;
		goto out_reserved;
	}

	goto out_free_resv;

out_reserved:
	iopt_remove_reserved_iova(iopt, dev);
out_free_resv:
	iommu_put_resv_regions(dev, &resv_regions);
	mutex_unlock(&iopt->iova_rwsem);
	return rc;
}

static int iopt_fill_domain(struct io_pagetable *iopt, struct iommu_domain *domain)
{
	struct iopt_area *area;
	int rc;

	list_for_each_entry(area, &iopt->area_list, node) {
		rc = iopt_area_fill_domain(area, domain);
		if (rc)
			return rc;
	}

	return 0;
}

static int iopt_area_fill_domain(struct iopt_area *area, struct iommu_domain *domain)
{
	struct page *page[1];

	if (get_user_pages_fast(area->uptr, 1, !!(area->iommu_prot & IOMMU_WRITE), page) != 1)
		return -EFAULT;

	return iommu_map(domain, area->iova, page_to_phys(page[0]), area->last - area->iova + 1, area->iommu_prot);
}

static void iopt_unfill_domain(struct io_pagetable *iopt, struct iommu_domain *domain)
{
	struct iopt_area *area;

	list_for_each_entry(area, &iopt->area_list, node)
		iommu_unmap(domain, area->iova, area->last - area->iova + 1);
}

/* The space shrinks to what the domain can translate, and takes over its page size. */
int iopt_table_add_domain(struct io_pagetable *iopt, struct iommufd_hwpt_paging *hwpt)
{
	struct iommu_domain *domain = hwpt->domain;
	const struct iommu_domain_geometry *geometry = &domain->geometry;
	int rc;

	mutex_lock(&iopt->iova_rwsem);

	if (geometry->aperture_start != 0) {
		rc = iopt_reserve_iova(iopt, 0, geometry->aperture_start - 1, domain);
		if (rc)
			goto out_unlock;
	}
	if (geometry->aperture_end != ULONG_MAX) {
		rc = iopt_reserve_iova(iopt, geometry->aperture_end + 1, ULONG_MAX, domain);
		if (rc)
			goto out_reserved;
	}

	rc = iopt_fill_domain(iopt, domain);
	if (rc)
		goto out_reserved;

	iopt->iova_alignment = 1UL << __ffs(domain->pgsize_bitmap);
	list_add_tail(&hwpt->domains_node, &iopt->domain_list);
	mutex_unlock(&iopt->iova_rwsem);

	return 0;

out_reserved:
	iopt_remove_reserved_iova(iopt, domain);
out_unlock:
	mutex_unlock(&iopt->iova_rwsem);
	return rc;
}

void iopt_table_remove_domain(struct io_pagetable *iopt, struct iommufd_hwpt_paging *hwpt)
{
	mutex_lock(&iopt->iova_rwsem);
	list_del(&hwpt->domains_node);
	iopt_unfill_domain(iopt, hwpt->domain);
	iopt_remove_reserved_iova(iopt, hwpt->domain);
	if (list_empty(&iopt->domain_list))
		iopt->iova_alignment = 1;
	mutex_unlock(&iopt->iova_rwsem);
}

static int iopt_check_iova(struct io_pagetable *iopt, unsigned long iova, unsigned long length)
{
	unsigned long last;

	if (iova & (iopt->iova_alignment - 1))
		return -EINVAL;

	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;

	if (iopt_reserved_iter_first(iopt, iova, last))
		return -EINVAL;

	if (iopt_area_iter_first(iopt, iova, last))
		return -EEXIST;

	return 0;
}

/* The lowest hole in [start, last] that nothing holds. */
static int iopt_alloc_in(struct io_pagetable *iopt, unsigned long *iova, unsigned long length, unsigned long start, unsigned long last)
{
	struct iopt_area *area;
	struct iopt_reserved *reserved;
	unsigned long at = start;

	while (at + length - 1 <= last) {
		area = iopt_area_iter_first(iopt, at, at + length - 1);
		if (area) {
			at = ALIGN(area->last + 1, PAGE_SIZE);
			continue;
		}
		reserved = iopt_reserved_iter_first(iopt, at, at + length - 1);
		if (reserved) {
			if (reserved->last == ULONG_MAX)
				return -ENOSPC;
			at = ALIGN(reserved->last + 1, PAGE_SIZE);
			continue;
		}
		*iova = at;
		return 0;
	}

	return -ENOSPC;
}

static int iopt_alloc_iova(struct io_pagetable *iopt, unsigned long *iova, unsigned long length)
{
	struct iopt_allowed *allowed;

	if (list_empty(&iopt->allowed_list))
		return iopt_alloc_in(iopt, iova, length, PAGE_SIZE, ULONG_MAX - PAGE_SIZE);

	list_for_each_entry(allowed, &iopt->allowed_list, node)
		if (!iopt_alloc_in(iopt, iova, length, allowed->start, allowed->last))
			return 0;

	return -ENOSPC;
}

int iopt_map_user_pages(struct io_pagetable *iopt, unsigned long *iova, unsigned long uptr, unsigned long length, int iommu_prot,
			unsigned int flags)
{
	struct iommufd_hwpt_paging *hwpt;
	struct iopt_area *area;
	int rc;

	if (!length || (length & (iopt->iova_alignment - 1)) || (uptr & (iopt->iova_alignment - 1)))
		return -EINVAL;

	mutex_lock(&iopt->iova_rwsem);

	if (flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		rc = iopt_check_iova(iopt, *iova, length);
	else
		rc = iopt_alloc_iova(iopt, iova, length);
	if (rc)
		goto out_unlock;

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (!area) {
		rc = -ENOMEM;
		goto out_unlock;
	}

	INIT_LIST_HEAD(&area->node);
	area->iova = *iova;
	area->last = *iova + length - 1;
	area->uptr = uptr;
	area->iommu_prot = iommu_prot;

	list_for_each_entry(hwpt, &iopt->domain_list, domains_node) {
		rc = iopt_area_fill_domain(area, hwpt->domain);
		if (rc) {
			kfree(area);
			goto out_unlock;
		}
	}
	list_add_tail(&area->node, &iopt->area_list);

out_unlock:
	mutex_unlock(&iopt->iova_rwsem);
	return rc;
}

/* Only whole areas go. */
int iopt_unmap_iova(struct io_pagetable *iopt, unsigned long iova, unsigned long length, unsigned long *unmapped)
{
	struct iommufd_hwpt_paging *hwpt;
	struct iopt_area *area;
	unsigned long last;
	int rc = -ENOENT;

	*unmapped = 0;

	if (!length)
		return -EINVAL;
	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;

	mutex_lock(&iopt->iova_rwsem);
	while ((area = iopt_area_iter_first(iopt, iova, last))) {
		if (area->iova < iova || area->last > last) {
			rc = -ENOENT;
			break;
		}

		list_for_each_entry(hwpt, &iopt->domain_list, domains_node)
			iommu_unmap(hwpt->domain, area->iova, area->last - area->iova + 1);
		*unmapped += area->last - area->iova + 1;
		list_del(&area->node);
		kfree(area);
		rc = 0;
	}
	mutex_unlock(&iopt->iova_rwsem);

	return rc;
}

int iopt_unmap_all(struct io_pagetable *iopt, unsigned long *unmapped)
{
	return list_empty(&iopt->area_list) ? 0 : iopt_unmap_iova(iopt, 0, ULONG_MAX, unmapped);
}

/* Two areas out of the one that an address lies within. Pages that hardware mapped large are not cut: the model maps none. */
int iopt_cut_iova(struct io_pagetable *iopt, unsigned long iova)
{
	struct iopt_area *area, *behind;

	area = iopt_area_iter_first(iopt, iova, iova);
	if (!area || area->iova == iova)
		return 0;

	if (iova & (iopt->iova_alignment - 1))
		return -EINVAL;

	behind = kzalloc(sizeof(*behind), GFP_KERNEL_ACCOUNT);
	if (!behind)
		return -ENOMEM;

	INIT_LIST_HEAD(&behind->node);
	behind->iova = iova;
	behind->last = area->last;
	behind->uptr = area->uptr + (iova - area->iova);
	behind->iommu_prot = area->iommu_prot;
	area->last = iova - 1;
	list_add_tail(&behind->node, &iopt->area_list);

	return 0;
}

int iopt_set_allow_iova(struct io_pagetable *iopt, unsigned int num, unsigned long start, unsigned long last)
{
	struct iopt_allowed *allowed;

	if (num && iopt_reserved_iter_first(iopt, start, last))
		return -EADDRINUSE;

	iopt_free_allowed(iopt);
	if (!num)
		return 0;

	allowed = kzalloc(sizeof(*allowed), GFP_KERNEL_ACCOUNT);
	if (!allowed)
		return -ENOMEM;

	INIT_LIST_HEAD(&allowed->node);
	allowed->start = start;
	allowed->last = last;
	list_add_tail(&allowed->node, &iopt->allowed_list);

	return 0;
}

/* How many ranges are left between what is reserved, and the bounds of one of them by number. */
unsigned int iopt_free_range(struct io_pagetable *iopt, unsigned int want, struct iommu_iova_range *range)
{
	struct iopt_reserved *reserved, *next;
	unsigned long at = 0;
	unsigned int num = 0;

	while (1) {
		next = NULL;
		list_for_each_entry(reserved, &iopt->reserved_list, node)
			if (reserved->last >= at && (!next || reserved->start < next->start))
				next = reserved;

		if (!next || next->start > at) {
			if (num == want) {
				range->start = at;
				range->last = next ? next->start - 1 : ULONG_MAX;
			}
			num++;
		}
		if (!next || next->last == ULONG_MAX)
			return num;
		at = next->last + 1;
	}
}
