struct msi_desc {
	struct list_head list;
	unsigned int irq;
	unsigned int nvec_used;
	struct device *dev;
	struct msi_msg msg;
	u32 masked;
	struct msi_attrib msi_attrib;
	u8 mask_pos;
	void *mask_base;
	phys_addr_t doorbell;
};
