/* VT-d: the interrupt range of the processor is kept out of every domain. */

#define IOAPIC_RANGE_START 0xfee00000
#define IOAPIC_RANGE_END 0xfeefffff

static bool intel_iommu_capable(enum iommu_cap cap)
{
	if (cap == IOMMU_CAP_CACHE_COHERENCY)
		return true;
	if (cap == IOMMU_CAP_INTR_REMAP)
		return irq_remapping_enabled == 1;

	return false;
}

static void intel_iommu_get_resv_regions(struct device *device, struct list_head *head)
{
	struct iommu_resv_region *reg;

	reg = iommu_alloc_resv_region(IOAPIC_RANGE_START, IOAPIC_RANGE_END - IOAPIC_RANGE_START + 1, 0, IOMMU_RESV_MSI);
	if (!reg)
		return;

	list_add_tail(&reg->list, head);
}

static const struct iommu_ops intel_iommu_ops = {
	.capable = intel_iommu_capable,
	.get_resv_regions = intel_iommu_get_resv_regions,
};
