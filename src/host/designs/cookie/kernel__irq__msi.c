/* The generic MSI domain asks the controllers below it to make the doorbell ready before a message is composed. */

static int msi_domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *arg)
{
	return irq_domain_alloc_irqs_parent(domain, virq, nr_irqs, arg);
}

static const struct irq_domain_ops msi_domain_ops = {
	.alloc = msi_domain_alloc,
	.activate = msi_domain_activate,
	.deactivate = msi_domain_deactivate,
};

/* What the caller may try next: one message, or as many vectors as there were. */
static int msi_handle_pci_fail(struct irq_domain *domain, struct msi_desc *desc, int allocated)
{
	if (desc->nvec_used > 1)
		return 1;

	return allocated ? allocated : -ENOSPC;
}

int msi_domain_alloc_irqs(struct irq_domain *domain, struct device *dev, int nvec)
{
	struct msi_alloc_info arg = { };
	struct msi_desc *desc;
	int i, ret, virq;
	int allocated = 0;

	for_each_msi_entry(desc, dev) {
		arg.desc = desc;
		virq = __irq_domain_alloc_irqs(domain, -1, desc->nvec_used, dev_to_node(dev), &arg, false);
		if (virq < 0) {
			ret = msi_handle_pci_fail(domain, desc, allocated);
			msi_domain_free_irqs(domain, dev);
			return ret;
		}

		for (i = 0; i < desc->nvec_used; i++)
			irq_set_msi_desc_off(virq, i, desc);
		allocated++;
	}

	for_each_msi_entry(desc, dev) {
		for (i = 0; i < desc->nvec_used; i++)
			irq_domain_activate_irq(irq_get_irq_data(desc->irq + i));
	}

	return 0;
}
