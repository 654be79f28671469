/* Allocation of interrupts through the hierarchy, and the question whether all MSI domains are remapped. */

static int irq_domain_alloc_irqs_hierarchy(struct irq_domain *domain, unsigned int irq_base, unsigned int nr_irqs, void *arg)
{
	if (!domain || !domain->ops->alloc)
		return 0;

	return domain->ops->alloc(domain, irq_base, nr_irqs, arg);
}

int irq_domain_alloc_irqs_parent(struct irq_domain *domain, unsigned int irq_base, unsigned int nr_irqs, void *arg)
{
	return irq_domain_alloc_irqs_hierarchy(domain->parent, irq_base, nr_irqs, arg);
}

/* The controller's own book (SPIs, events, vectors) is kept by the platform below irq_domain_alloc_irq_data(). */
int __irq_domain_alloc_irqs(struct irq_domain *domain, int irq_base, unsigned int nr_irqs, int node, void *arg, bool realloc)
{
	int i, ret, virq;

	virq = irq_domain_alloc_descs(irq_base, nr_irqs, 0, node);
	if (virq < 0)
		return virq;

	ret = irq_domain_alloc_irq_data(domain, virq, nr_irqs);
	if (ret)
		return ret;

	ret = irq_domain_alloc_irqs_hierarchy(domain, virq, nr_irqs, arg);
	if (ret < 0) {
		irq_domain_free_irqs(virq, nr_irqs);
		return ret;
	}

	return virq;
}

static bool irq_domain_is_msi(struct irq_domain *domain)
{
	return domain->flags & IRQ_DOMAIN_FLAG_MSI;
}

bool irq_domain_hierarchical_is_msi_remap(struct irq_domain *domain)
{
	for (; domain; domain = domain->parent) {
		if (domain->flags & IRQ_DOMAIN_FLAG_MSI_REMAP)
			return true;
	}

	return false;
}

/* True as well when there is no MSI domain at all. */
bool irq_domain_check_msi_remap(void)
{
	struct irq_domain *h;

	list_for_each_entry(h, &irq_domain_list, link) {
		if (irq_domain_is_msi(h) && !irq_domain_hierarchical_is_msi_remap(h))
			return false;
	}

	return true;
}
