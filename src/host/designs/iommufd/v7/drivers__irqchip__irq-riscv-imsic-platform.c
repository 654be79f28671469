/* IMSIC: the address is an interrupt file of a hart, the data an identity in it. */

static void imsic_irq_compose_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct imsic_vector *vec = irq_data_get_irq_chip_data(d);

	*msg = vec->msi_entry;
}

static int imsic_irq_set_affinity(struct irq_data *d, const struct cpumask *mask_val, bool force)
{
	return irq_chip_set_affinity_parent(d, mask_val, force);
}

static struct irq_chip imsic_msi_irq_chip = {
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip imsic_irq_base_chip = {
	.irq_set_affinity = imsic_irq_set_affinity,
	.irq_compose_msi_msg = imsic_irq_compose_msg,
};

/* `platform_set_affinity` is the platform's. */
static struct irq_chip imsic_root_chip = {
	.irq_set_affinity = platform_set_affinity,
};

static const struct irq_domain_ops imsic_base_domain_ops = {
};
