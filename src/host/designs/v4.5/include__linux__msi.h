struct msi_msg {
	u32 address_lo;
	u32 address_hi;
	u32 data;
};

struct msi_attrib {
	__u8 is_msix;
	__u8 multiple;
	__u8 maskbit;
	__u8 is_64;
	__u16 entry_nr;
};

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
};

struct msix_entry {
	u32 vector;
	u16 entry;
};
