/* The isolation of one device's interrupts, and vectors that are added one at a time. */

bool msi_device_has_isolated_msi(struct device *dev)
{
	struct irq_domain *domain = dev_get_msi_domain(dev);

	for (; domain; domain = domain->parent)
		if (domain->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)
			return true;

	return false;
}

static int msi_domain_alloc_one(struct irq_domain *domain, struct device *dev, struct msi_desc *desc)
{
	struct msi_alloc_info arg = { };
	int virq;

	arg.desc = desc;
	virq = __irq_domain_alloc_irqs(domain, -1, desc->nvec_used, dev_to_node(dev), &arg, false);
	if (virq < 0)
		return -ENOSPC;

	irq_set_msi_desc_off(virq, 0, desc);
	irq_domain_activate_irq(irq_get_irq_data(virq));

	return virq;
}
