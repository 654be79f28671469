/* Ways through the hierarchy of interrupt chips. */

int irq_chip_set_affinity_parent(struct irq_data *data, const struct cpumask *dest, bool force)
{
	data = data->parent_data;
	if (data->chip->irq_set_affinity)
		return data->chip->irq_set_affinity(data, dest, force);

	return -ENOSYS;
}

int irq_chip_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct irq_data *pos = NULL;

	while (data) {
		if (data->chip && data->chip->irq_compose_msi_msg)
			pos = data;
		if (pos)
			break;
		data = data->parent_data;
	}
	if (!pos)
		return -ENOSYS;

	pos->chip->irq_compose_msi_msg(pos, msg);

	return 0;
}
