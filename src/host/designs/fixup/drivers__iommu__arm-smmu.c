/* SMMUv2: an MSI needs a mapping, and isolation is no longer claimed. */

static bool arm_smmu_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_NOEXEC:
		return true;
	default:
		return false;
	}
}

static int arm_smmu_domain_get_attr(struct iommu_domain *domain, enum iommu_attr attr, void *data)
{
	switch (attr) {
	case DOMAIN_ATTR_NESTING:
		*(int *)data = 0;
		return 0;
	case DOMAIN_ATTR_MSI_MAPPING:
		return 0;
	default:
		return -ENODEV;
	}
}

static struct iommu_ops arm_smmu_ops = {
	.capable = arm_smmu_capable,
	.domain_get_attr = arm_smmu_domain_get_attr,
};
