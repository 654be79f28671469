/* AMD-Vi on page tables that all drivers share: they have as many levels as the unit says it walks, and end there. */

#define AMD_IOMMU_HPT_LEVEL 4
#define AMD_IOMMU_PGSIZES (0x7ffffffff000ULL ^ (1ULL << 39))

static struct iommu_domain *amd_iommu_domain_alloc(unsigned type)
{
	struct iommu_domain *domain = platform_domain_alloc(type);

	if (!domain)
		return NULL;

	domain->geometry.aperture_start = 0;
	domain->geometry.aperture_end = (1ULL << ((AMD_IOMMU_HPT_LEVEL - 1) * 9 + 21)) - 1;
	domain->geometry.force_aperture = true;

	return domain;
}

static const struct iommu_ops amd_iommu_ops = {
	.capable = amd_iommu_capable,
	.get_resv_regions = amd_iommu_get_resv_regions,
	.domain_alloc = amd_iommu_domain_alloc,
	.pgsize_bitmap = AMD_IOMMU_PGSIZES,
};
