/* GICv2m: the doorbell's page is made ready when the interrupt is allocated, and put into the message when that is composed. */

static void gicv2m_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct v2m_data *v2m = irq_data_get_irq_chip_data(data);
	phys_addr_t addr = v2m->res.start + V2M_MSI_SETSPI_NS;

	msg->address_hi = upper_32_bits(addr);
	msg->address_lo = lower_32_bits(addr);
	msg->data = data->hwirq;

	iommu_dma_compose_msi_msg(irq_data_get_msi_desc(data), msg);
}

static int gicv2m_irq_domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *args)
{
	struct msi_alloc_info *info = args;
	struct v2m_data *v2m = irq_domain_get_irq_data(domain, virq)->chip_data;

	return iommu_dma_prepare_msi(info->desc, v2m->res.start + V2M_MSI_SETSPI_NS);
}

static const struct irq_domain_ops gicv2m_domain_ops = {
	.alloc = gicv2m_irq_domain_alloc,
};
