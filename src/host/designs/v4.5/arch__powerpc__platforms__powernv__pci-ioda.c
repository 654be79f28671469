/* The bridge of a POWER machine: an MSI address selects an entry of the bridge, which knows the endpoint that may use it. */

static void pnv_msi_compose_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct pnv_msi_entry *entry = irq_data_get_irq_chip_data(d);

	*msg = entry->msi_entry;
}

static int pnv_msi_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	return irq_chip_set_affinity_parent(data, mask, force);
}

static struct irq_chip pnv_pci_msi_irq_chip = {
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip pnv_msi_irq_chip = {
	.irq_set_affinity = pnv_msi_set_affinity,
	.irq_compose_msi_msg = pnv_msi_compose_msg,
};

/* `platform_set_affinity` is the platform's. */
static struct irq_chip xics_chip = {
	.irq_set_affinity = platform_set_affinity,
};

static const struct irq_domain_ops pnv_irq_domain_ops = {
};
