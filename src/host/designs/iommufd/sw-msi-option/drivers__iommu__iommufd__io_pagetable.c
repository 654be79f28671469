/* Takes the device's regions out of the space; the one for doorbells lies where the user wants it. */
int iopt_table_enforce_dev_resv_regions(struct io_pagetable *iopt, struct device *dev, phys_addr_t *sw_msi_start)
{
	struct iommufd_group *igroup = dev->iommu_group->iommufd_group;
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	unsigned int num_hw_msi = 0;
	unsigned int num_sw_msi = 0;
	unsigned long start;
	size_t length;
	int rc = 0;

	mutex_lock(&iopt->iova_rwsem);
	iommu_get_resv_regions(dev, &resv_regions);

	list_for_each_entry(resv, &resv_regions, list) {
		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;

		start = resv->start;
		length = resv->length;
		if (resv->type == IOMMU_RESV_MSI)
			num_hw_msi++;
		if (resv->type == IOMMU_RESV_SW_MSI) {
			if (igroup->wanted_size) {
				start = igroup->wanted_start;
				length = igroup->wanted_size;
			}
			*sw_msi_start = start;
			num_sw_msi++;
		}

		rc = iopt_reserve_iova(iopt, start, length - 1 + start, dev);
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
