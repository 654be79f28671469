#define MSI_FLAG_PCI_MSIX_ALLOC_DYN (1 << 20)

struct msi_map {
	int index;
	int virq;
};

struct msi_domain_info {
	u32 flags;
};
