static int its_init_domain(struct irq_domain *inner_domain)
{
	inner_domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}
