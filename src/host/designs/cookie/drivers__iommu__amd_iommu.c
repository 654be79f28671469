/* AMD-Vi: the interrupt range and the range that HyperTransport keeps for itself are no user's. */

#define MSI_RANGE_START (0xfee00000)
#define MSI_RANGE_END (0xfeefffff)
#define HT_RANGE_START (0xfd00000000ULL)
#define HT_RANGE_END (0xffffffffffULL)

static void amd_iommu_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct iommu_resv_region *region;

	region = iommu_alloc_resv_region(MSI_RANGE_START, MSI_RANGE_END - MSI_RANGE_START + 1, 0, IOMMU_RESV_MSI);
	if (!region)
		return;
	list_add_tail(&region->list, head);

	region = iommu_alloc_resv_region(HT_RANGE_START, HT_RANGE_END - HT_RANGE_START + 1, 0, IOMMU_RESV_RESERVED);
	if (!region)
		return;
	list_add_tail(&region->list, head);
}

static const struct iommu_ops amd_iommu_ops = {
	.capable = amd_iommu_capable,
	.get_resv_regions = amd_iommu_get_resv_regions,
	.domain_alloc = amd_iommu_domain_alloc,
	.pgsize_bitmap = AMD_IOMMU_PGSIZES,
};
