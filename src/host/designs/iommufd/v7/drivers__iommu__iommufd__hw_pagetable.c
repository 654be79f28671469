static void iommufd_hwpt_set_cookie(struct iommufd_ctx *ictx, struct iommufd_hwpt_paging *hwpt)
{
	hwpt->domain->iommufd_hwpt = hwpt;
	hwpt->domain->cookie_type = IOMMU_COOKIE_IOMMUFD;
}
