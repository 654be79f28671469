static void gicv2m_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct v2m_data *v2m = irq_data_get_irq_chip_data(data);

	msi_msg_set_addr(irq_data_get_msi_desc(data), msg, v2m->res.start + V2M_MSI_SETSPI_NS);
	msg->data = data->hwirq;
}
