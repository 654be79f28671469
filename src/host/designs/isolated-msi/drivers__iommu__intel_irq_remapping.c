static int intel_setup_irq_remapping(struct irq_domain *ir_domain)
{
	ir_domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}
