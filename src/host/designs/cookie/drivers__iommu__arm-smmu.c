/* SMMUv2. It no longer claims what it does not do, and names the window that the host keeps for doorbells. */

#define MSI_IOVA_BASE 0x8000000
#define MSI_IOVA_LENGTH 0x100000

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

static void arm_smmu_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct iommu_resv_region *region;
	int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;

	region = iommu_alloc_resv_region(MSI_IOVA_BASE, MSI_IOVA_LENGTH, prot, IOMMU_RESV_SW_MSI);
	if (!region)
		return;

	list_add_tail(&region->list, head);

	iommu_dma_get_resv_regions(dev, head);
}

static struct iommu_ops arm_smmu_ops = {
	.capable = arm_smmu_capable,
	.get_resv_regions = arm_smmu_get_resv_regions,
};
