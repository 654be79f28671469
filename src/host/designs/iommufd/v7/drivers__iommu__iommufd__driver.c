/* Maps a doorbell when a message is prepared, at an address that stays the same wherever the device is moved. */

static struct iommufd_sw_msi_map *iommufd_sw_msi_get_map(struct iommufd_ctx *ictx, phys_addr_t msi_addr, phys_addr_t sw_msi_start)
{
	struct iommufd_sw_msi_map *cur;
	unsigned int max_pgoff = 0;

	list_for_each_entry(cur, &ictx->sw_msi_list, sw_msi_item) {
		if (cur->sw_msi_start != sw_msi_start)
			continue;
		max_pgoff = max(max_pgoff, cur->pgoff + 1);
		if (cur->msi_addr == msi_addr)
			return cur;
	}

	cur = kzalloc(sizeof(*cur), GFP_KERNEL);
	if (!cur)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&cur->sw_msi_item);
	cur->sw_msi_start = sw_msi_start;
	cur->msi_addr = msi_addr;
	cur->pgoff = max_pgoff;
	cur->id = ictx->sw_msi_id++;
	list_add_tail(&cur->sw_msi_item, &ictx->sw_msi_list);

	return cur;
}

int iommufd_sw_msi_install(struct iommufd_ctx *ictx, struct iommufd_hwpt_paging *hwpt_paging, struct iommufd_sw_msi_map *msi_map)
{
	unsigned long iova;
	int rc;

	iova = msi_map->sw_msi_start + msi_map->pgoff * PAGE_SIZE;
	if (!test_bit(msi_map->id, &hwpt_paging->present_sw_msi.bitmap)) {
		rc = iommu_map(hwpt_paging->domain, iova, msi_map->msi_addr, PAGE_SIZE, IOMMU_WRITE | IOMMU_READ | IOMMU_MMIO);
		if (rc)
			return rc;
		__set_bit(msi_map->id, &hwpt_paging->present_sw_msi.bitmap);
	}

	return 0;
}

int iommufd_sw_msi(struct iommu_domain *domain, struct msi_desc *desc, phys_addr_t msi_addr)
{
	struct device *dev = msi_desc_to_dev(desc);
	struct iommufd_hwpt_paging *hwpt_paging = domain->iommufd_hwpt;
	struct iommufd_attach_handle *handle;
	struct iommufd_sw_msi_map *msi_map;
	struct iommufd_ctx *ictx;
	unsigned long iova;
	int rc;

	handle = iommu_attach_handle_get(dev->iommu_group, 0, 0);
	if (IS_ERR(handle))
		return 0;
	ictx = handle->idev->ictx;

	if (handle->idev->igroup->sw_msi_start == PHYS_ADDR_MAX)
		return 0;

	mutex_lock(&ictx->sw_msi_lock);
	msi_map = iommufd_sw_msi_get_map(ictx, msi_addr & PAGE_MASK, handle->idev->igroup->sw_msi_start);
	if (IS_ERR(msi_map)) {
		rc = PTR_ERR(msi_map);
		goto out_unlock;
	}

	rc = iommufd_sw_msi_install(ictx, hwpt_paging, msi_map);
	if (rc)
		goto out_unlock;
	__set_bit(msi_map->id, &handle->idev->igroup->required_sw_msi.bitmap);

	iova = msi_map->sw_msi_start + msi_map->pgoff * PAGE_SIZE;
	msi_desc_set_iommu_msi_iova(desc, iova, PAGE_SHIFT);

out_unlock:
	mutex_unlock(&ictx->sw_msi_lock);
	return rc;
}
