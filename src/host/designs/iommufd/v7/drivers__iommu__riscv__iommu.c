/*
 * The RISC-V IOMMU (v6.13 and later). Its MSI page table leads what a device writes to a guest's interrupt file; the interrupt
 * domain that keeps this table is as proposed on the list. It says that interrupts are isolated where each domain has its own file.
 */

static bool riscv_iommu_capable(enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_DEFERRED_FLUSH:
		return true;
	default:
		return false;
	}
}

static const struct iommu_ops riscv_iommu_ops = {
	.capable = riscv_iommu_capable,
};

static int riscv_iommu_ir_irq_domain_create(struct irq_domain *ir_domain)
{
	ir_domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}
