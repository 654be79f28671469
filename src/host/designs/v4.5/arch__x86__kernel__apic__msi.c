/* x86 messages without remapping: address and data name CPU and vector, and follow the affinity. */

#define MSI_ADDR_BASE_LO 0xfee00000
/* flat model: the destination is a set of local APICs, one bit each */
#define MSI_ADDR_DEST_MODE_LOGICAL (1 << 2)

static void irq_msi_compose_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct irq_cfg *cfg = irqd_cfg(data);

	msg->address_hi = 0;
	msg->address_lo = MSI_ADDR_BASE_LO | MSI_ADDR_DEST_MODE_LOGICAL | (cfg->dest_apicid << 12);
	msg->data = cfg->vector;
}

static struct irq_chip lapic_controller = {
	.irq_set_affinity = apic_set_affinity,
	.irq_compose_msi_msg = irq_msi_compose_msg,
};

static struct irq_chip pci_msi_controller = {
	.irq_unmask = pci_msi_unmask_irq,
	.irq_mask = pci_msi_mask_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip pci_msi_ir_controller = {
	.irq_unmask = pci_msi_unmask_irq,
	.irq_mask = pci_msi_mask_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static const struct irq_domain_ops x86_vector_domain_ops = {
};
