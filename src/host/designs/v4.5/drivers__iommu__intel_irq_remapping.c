/* VT-d interrupt remapping below the MSI domain: the message names a table entry and never changes. */

static void intel_ir_compose_msi_msg(struct irq_data *irq_data, struct msi_msg *msg)
{
	struct intel_ir_data *ir_data = irq_data->chip_data;

	*msg = ir_data->msi_entry;
}

static int intel_ir_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	struct intel_ir_data *ir_data = data->chip_data;
	struct irq_data *parent = data->parent_data;
	int ret;

	ret = parent->chip->irq_set_affinity(parent, mask, force);
	if (ret < 0 || ret == IRQ_SET_MASK_OK_DONE)
		return ret;

	modify_irte(&ir_data->irq_2_iommu, &ir_data->irte_entry);

	return IRQ_SET_MASK_OK_DONE;
}

static void intel_irq_remapping_activate(struct irq_domain *domain, struct irq_data *irq_data)
{
	struct intel_ir_data *data = irq_data->chip_data;

	modify_irte(&data->irq_2_iommu, &data->irte_entry);
}

static struct irq_chip intel_ir_chip = {
	.irq_set_affinity = intel_ir_set_affinity,
	.irq_compose_msi_msg = intel_ir_compose_msi_msg,
};

static struct irq_domain_ops intel_ir_domain_ops = {
	.activate = intel_irq_remapping_activate,
};
