/* Routing an SPI leaves its message alone: say so, or the MSI layer writes the physical doorbell back over the IOVA. */

static int gicv2m_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)
{
	int ret;

	ret = irq_chip_set_affinity_parent(irq_data, mask, force);
	if (ret < 0)
		return ret;

	return IRQ_SET_MASK_OK_DONE;
}
