/* SMMUv2. In this era the driver takes an MSI for an ordinary write that the tables govern, and so claims isolation. */

static bool arm_smmu_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_INTR_REMAP:
		return true; /* a write like any other */
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
	default:
		return -ENODEV;
	}
}

static struct iommu_ops arm_smmu_ops = {
	.capable = arm_smmu_capable,
	.domain_get_attr = arm_smmu_domain_get_attr,
};
