/* Message-based interrupts of the GICv3 distributor (v4.18 and later): one register for all devices, the data is the SPI. */

#define GICD_SETSPI_NSR 0x0040

static void mbi_mask_msi_irq(struct irq_data *d)
{
	pci_msi_mask_irq(d);
	irq_chip_mask_parent(d);
}

static void mbi_unmask_msi_irq(struct irq_data *d)
{
	pci_msi_unmask_irq(d);
	irq_chip_unmask_parent(d);
}

static void mbi_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	msg->address_hi = upper_32_bits(mbi_phys_base + GICD_SETSPI_NSR);
	msg->address_lo = lower_32_bits(mbi_phys_base + GICD_SETSPI_NSR);
	msg->data = data->parent_data->hwirq;

	iommu_dma_compose_msi_msg(irq_data_get_msi_desc(data), msg);
}

static int mbi_irq_domain_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *args)
{
	struct msi_alloc_info *info = args;

	return iommu_dma_prepare_msi(info->desc, mbi_phys_base + GICD_SETSPI_NSR);
}

static int mbi_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)
{
	return irq_chip_set_affinity_parent(irq_data, mask, force);
}

static struct irq_chip mbi_msi_irq_chip = {
	.irq_mask = mbi_mask_msi_irq,
	.irq_unmask = mbi_unmask_msi_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_compose_msi_msg = mbi_compose_msi_msg,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip mbi_irq_chip = {
	.irq_set_affinity = mbi_set_affinity,
};

static const struct irq_domain_ops mbi_domain_ops = {
	.alloc = mbi_irq_domain_alloc,
};
