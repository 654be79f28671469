/* The destination of a message is a set of local APICs, one bit each: logical mode. */

#define MSI_ADDR_DEST_MODE_LOGICAL (1 << 2)

static void irq_msi_compose_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct irq_cfg *cfg = irqd_cfg(data);

	msg->address_hi = 0;
	msg->address_lo = MSI_ADDR_BASE_LO | MSI_ADDR_DEST_MODE_LOGICAL | (cfg->dest_apicid << 12);
	msg->data = cfg->vector;
}

/* Without remapping a block of consecutive vectors can not be promised. */
static int x86_vector_alloc_irqs(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *arg)
{
	if (nr_irqs > 1)
		return -ENOSYS;

	return 0;
}

static const struct irq_domain_ops x86_vector_domain_ops = {
	.alloc = x86_vector_alloc_irqs,
};
