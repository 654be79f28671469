/* AMD-Vi: a table of interrupts for each device, beside its tables for DMA. `irq_remapping_enabled` is the platform's. */

#define AMD_IOMMU_PGSIZES ((~0xFFFUL) & ~(2ULL << 38))

static bool amd_iommu_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_INTR_REMAP:
		return (irq_remapping_enabled == 1);
	case IOMMU_CAP_NOEXEC:
		return false;
	}

	return false;
}

/* The tables grow with the address: nothing ends them. */
static struct iommu_domain *amd_iommu_domain_alloc(unsigned type)
{
	struct iommu_domain *domain = platform_domain_alloc(type);

	if (!domain)
		return NULL;

	domain->geometry.aperture_start = 0;
	domain->geometry.aperture_end = ~0ULL;
	domain->geometry.force_aperture = true;

	return domain;
}

static const struct iommu_ops amd_iommu_ops = {
	.capable = amd_iommu_capable,
	.domain_alloc = amd_iommu_domain_alloc,
	.pgsize_bitmap = AMD_IOMMU_PGSIZES,
};

/* The message names an entry of the device's own table and never changes. */
static void ir_compose_msi_msg(struct irq_data *irq_data, struct msi_msg *msg)
{
	struct amd_ir_data *ir_data = irq_data->chip_data;

	*msg = ir_data->msi_entry;
}

static int amd_ir_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	struct amd_ir_data *ir_data = data->chip_data;
	struct irq_data *parent = data->parent_data;
	int ret;

	ret = parent->chip->irq_set_affinity(parent, mask, force);
	if (ret < 0 || ret == IRQ_SET_MASK_OK_DONE)
		return ret;

	modify_irte(&ir_data->irq_2_irte, &ir_data->irte_entry);

	return IRQ_SET_MASK_OK_DONE;
}

static void irq_remapping_activate(struct irq_domain *domain, struct irq_data *irq_data)
{
	struct amd_ir_data *data = irq_data->chip_data;

	modify_irte(&data->irq_2_irte, &data->irte_entry);
}

static struct irq_chip amd_ir_chip = {
	.irq_set_affinity = amd_ir_set_affinity,
	.irq_compose_msi_msg = ir_compose_msi_msg,
};

static struct irq_domain_ops amd_ir_domain_ops = {
	.activate = irq_remapping_activate,
};
