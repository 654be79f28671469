/* GICv3 ITS: the data of the message is an event of the device; the translater register is shared by all devices. */

#define GITS_TRANSLATER 0x10040

static void its_mask_msi_irq(struct irq_data *d)
{
	pci_msi_mask_irq(d);
	irq_chip_mask_parent(d);
}

static void its_unmask_msi_irq(struct irq_data *d)
{
	pci_msi_unmask_irq(d);
	irq_chip_unmask_parent(d);
}

static int its_set_affinity(struct irq_data *d, const struct cpumask *mask_val, bool force)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);
	unsigned int cpu = cpumask_any_and(mask_val, cpu_online_mask);
	u32 id = its_get_event_id(d);

	if (cpu >= nr_cpu_ids)
		return -EINVAL;

	its_send_movi(its_dev, cpu, id);
	return IRQ_SET_MASK_OK_DONE;
}

static void its_irq_compose_msi_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);
	u64 addr = its_dev->its->phys_base + GITS_TRANSLATER;

	msg->address_lo = lower_32_bits(addr);
	msg->address_hi = upper_32_bits(addr);
	msg->data = its_get_event_id(d);
}

static void its_irq_domain_activate(struct irq_domain *domain, struct irq_data *d)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);

	its_send_mapvi(its_dev, d->hwirq, its_get_event_id(d));
}

static void its_irq_domain_deactivate(struct irq_domain *domain, struct irq_data *d)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);

	its_send_discard(its_dev, its_get_event_id(d));
}

static struct irq_chip its_msi_irq_chip = {
	.irq_mask = its_mask_msi_irq,
	.irq_unmask = its_unmask_msi_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip its_irq_chip = {
	.irq_set_affinity = its_set_affinity,
	.irq_compose_msi_msg = its_irq_compose_msi_msg,
};

static const struct irq_domain_ops its_domain_ops = {
	.activate = its_irq_domain_activate,
	.deactivate = its_irq_domain_deactivate,
};
