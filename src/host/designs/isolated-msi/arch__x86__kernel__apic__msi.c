/* What the MSI domain of a device may do on x86: vectors of MSI-X can be added while others are in use. */

bool x86_init_dev_msi_info(struct device *dev, struct irq_domain *domain, struct irq_domain *real_parent,
			   struct msi_domain_info *info)
{
	info->flags |= MSI_FLAG_PCI_MSIX_ALLOC_DYN;
	return true;
}

/* The destination is the id of one local APIC: physical mode. */
static void irq_msi_compose_msg(struct irq_data *data, struct msi_msg *msg)
{
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));
	struct irq_cfg *cfg = irqd_cfg(data);

	msg->address_hi = 0;
	msg->address_lo = MSI_ADDR_BASE_LO | (cpu_physical_id(cpu) << 12);
	msg->data = cfg->vector;
}
