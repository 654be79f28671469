/* GICv3 ITS: as the other controller, and its domain says that every device is held to its own events. */

static u64 its_irq_get_msi_base(struct its_device *its_dev)
{
	return its_dev->its->phys_base + GITS_TRANSLATER;
}

static void its_irq_compose_msi_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);
	u64 addr = its_irq_get_msi_base(its_dev);

	msg->address_lo = lower_32_bits(addr);
	msg->address_hi = upper_32_bits(addr);
	msg->data = its_get_event_id(d);

	iommu_dma_compose_msi_msg(irq_data_get_msi_desc(d), msg);
}

static int its_irq_domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *args)
{
	struct msi_alloc_info *info = args;
	struct its_device *its_dev = irq_domain_get_irq_data(domain, virq)->chip_data;

	return iommu_dma_prepare_msi(info->desc, its_irq_get_msi_base(its_dev));
}

static int its_init_domain(struct irq_domain *inner_domain)
{
	inner_domain->flags |= IRQ_DOMAIN_FLAG_MSI_REMAP;
	return 0;
}

static const struct irq_domain_ops its_domain_ops = {
	.alloc = its_irq_domain_alloc,
	.activate = its_irq_domain_activate,
	.deactivate = its_irq_domain_deactivate,
};
