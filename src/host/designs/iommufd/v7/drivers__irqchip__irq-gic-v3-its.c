static void its_irq_compose_msi_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct its_device *its_dev = irq_data_get_irq_chip_data(d);

	msg->data = its_get_event_id(d);
	msi_msg_set_addr(irq_data_get_msi_desc(d), msg, its_irq_get_msi_base(its_dev));
}
