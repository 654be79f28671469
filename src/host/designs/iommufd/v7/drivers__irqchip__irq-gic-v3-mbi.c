static void mbi_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	msi_msg_set_addr(irq_data_get_msi_desc(data), msg, mbi_phys_base + GICD_SETSPI_NSR);
	msg->data = data->parent_data->hwirq;
}
