/* PAMU: it says nothing of interrupts. Its subwindows are the platform's; a mapping fills whole ones. */

static bool fsl_pamu_capable(enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static int fsl_pamu_get_domain_attr(struct iommu_domain *domain, enum iommu_attr attr_type, void *data)
{
	switch (attr_type) {
	case DOMAIN_ATTR_FSL_PAMUV1:
		*(int *)data = DOMAIN_ATTR_FSL_PAMUV1;
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct iommu_ops fsl_pamu_ops = {
	.capable = fsl_pamu_capable,
	.domain_get_attr = fsl_pamu_get_domain_attr,
};
