struct vfio_pci_irq_ctx {
	struct eventfd_ctx *trigger;
	struct virqfd *unmask;
	struct virqfd *mask;
	char *name;
	bool masked;
	phys_addr_t doorbell;
	struct irq_bypass_producer producer;
};
