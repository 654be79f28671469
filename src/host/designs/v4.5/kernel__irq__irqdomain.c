/* Activation runs from the root of the hierarchy outwards, deactivation the other way. */

void irq_domain_activate_irq(struct irq_data *irq_data)
{
	struct irq_domain *domain;

	if (!irq_data || !irq_data->domain)
		return;

	domain = irq_data->domain;
	if (irq_data->parent_data)
		irq_domain_activate_irq(irq_data->parent_data);
	if (domain->ops->activate)
		domain->ops->activate(domain, irq_data);
}

void irq_domain_deactivate_irq(struct irq_data *irq_data)
{
	struct irq_domain *domain;

	if (!irq_data || !irq_data->domain)
		return;

	domain = irq_data->domain;
	if (domain->ops->deactivate)
		domain->ops->deactivate(domain, irq_data);
	if (irq_data->parent_data)
		irq_domain_deactivate_irq(irq_data->parent_data);
}
