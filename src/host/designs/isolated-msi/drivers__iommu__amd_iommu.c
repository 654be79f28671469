/* AMD-Vi: remapping of interrupts is said by the interrupt domain; pages up to the width of a physical address. */

#define AMD_IOMMU_PGSIZES (0xffffffffff000ULL ^ (1ULL << 39))

static bool amd_iommu_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_NOEXEC:
		return false;
	}

	return false;
}

static int amd_iommu_create_irq_domain(struct irq_domain *ir_domain)
{
	ir_domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}

static const struct iommu_ops amd_iommu_ops = {
	.capable = amd_iommu_capable,
	.get_resv_regions = amd_iommu_get_resv_regions,
	.domain_alloc = amd_iommu_domain_alloc,
	.pgsize_bitmap = AMD_IOMMU_PGSIZES,
};
