struct msi_desc {
	struct list_head list;
	unsigned int irq;
	unsigned int nvec_used;
	struct device *dev;
	struct msi_msg msg;
	u64 iommu_msi_iova;
	u32 iommu_msi_shift;
	u32 masked;
	struct msi_attrib msi_attrib;
	u8 mask_pos;
	void *mask_base;
};

/* The page in which a descriptor's doorbell is found; a shift of 0: where it is physically. */
static inline void msi_desc_set_iommu_msi_iova(struct msi_desc *desc, u64 msi_iova, unsigned int msi_shift)
{
	desc->iommu_msi_iova = msi_iova >> msi_shift;
	desc->iommu_msi_shift = msi_shift;
}

static inline void msi_msg_set_addr(struct msi_desc *desc, struct msi_msg *msg, phys_addr_t msi_addr)
{
	u64 addr = msi_addr;

	if (desc->iommu_msi_shift) {
		u64 msi_iova = desc->iommu_msi_iova << desc->iommu_msi_shift;

		addr = msi_iova | (msi_addr & ((1UL << desc->iommu_msi_shift) - 1));
	}

	msg->address_hi = upper_32_bits(addr);
	msg->address_lo = lower_32_bits(addr);
}
