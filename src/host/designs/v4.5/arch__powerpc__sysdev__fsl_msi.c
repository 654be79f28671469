/* Freescale MSI banks: the data names the interrupt in the bank, and every writer of the bank's page reaches all of them. */

static void fsl_compose_msi_msg(struct pci_dev *pdev, int hwirq, struct msi_msg *msg, struct fsl_msi *fsl_msi_data)
{
	u64 address = fsl_msi_data->msiir;

	msg->address_lo = lower_32_bits(address);
	msg->address_hi = upper_32_bits(address);
	msg->data = hwirq;
}

static void fsl_msi_chip_compose(struct irq_data *data, struct msi_msg *msg)
{
	struct msi_desc *desc = irq_data_get_msi_desc(data);

	fsl_compose_msi_msg(msi_desc_to_pci_dev(desc), data->hwirq, msg, irq_data_get_irq_chip_data(data));
}

/* Thirty-two interrupts of a bank share one input of the interrupt controller; none of them moves alone. */
static int fsl_msi_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	return -EINVAL;
}

static struct irq_chip fsl_msi_chip = {
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip fsl_msi_bank_chip = {
	.irq_set_affinity = fsl_msi_set_affinity,
	.irq_compose_msi_msg = fsl_msi_chip_compose,
};

/* `platform_set_affinity` is the platform's. */
static struct irq_chip mpic_chip = {
	.irq_set_affinity = platform_set_affinity,
};

static const struct irq_domain_ops fsl_msi_host_ops = {
};
