struct msi_attrib {
	__u8 is_msix;
	__u8 multiple;
	__u8 maskbit;
	__u8 is_64;
	__u16 entry_nr;
	unsigned int default_irq;
};

struct msi_desc {
	struct list_head list;
	unsigned int irq;
	unsigned int nvec_used;
	struct device *dev;
	struct msi_msg msg;
	const void *iommu_cookie;
	u32 masked;
	struct msi_attrib msi_attrib;
	u8 mask_pos;
	void *mask_base;
};

struct msi_alloc_info {
	struct msi_desc *desc;
	irq_hw_number_t hwirq;
	unsigned long flags;
};
