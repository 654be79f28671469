/* PAMU: the register of an MSI bank is reached through a subwindow like any other address. */

static int fsl_pamu_get_domain_attr(struct iommu_domain *domain, enum iommu_attr attr_type, void *data)
{
	switch (attr_type) {
	case DOMAIN_ATTR_FSL_PAMUV1:
		*(int *)data = DOMAIN_ATTR_FSL_PAMUV1;
		return 0;
	case DOMAIN_ATTR_MSI_MAPPING:
		return 0;
	default:
		return -EINVAL;
	}
}
