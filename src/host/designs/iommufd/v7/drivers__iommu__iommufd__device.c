/* Doorbells that the group's devices use already are put into the page table before it is theirs. */
static int iommufd_group_setup_msi(struct iommufd_group *igroup, struct iommufd_hwpt_paging *hwpt)
{
	struct iommufd_ctx *ictx = igroup->ictx;
	struct iommufd_sw_msi_map *cur;
	int rc;

	if (igroup->sw_msi_start == PHYS_ADDR_MAX)
		return 0;

	list_for_each_entry(cur, &ictx->sw_msi_list, sw_msi_item) {
		if (cur->sw_msi_start != igroup->sw_msi_start || !test_bit(cur->id, &igroup->required_sw_msi.bitmap))
			continue;

		rc = iommufd_sw_msi_install(ictx, hwpt, cur);
		if (rc)
			return rc;
	}

	return 0;
}
