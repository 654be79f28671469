struct vfio_pci_device {
	struct pci_dev *pdev;
	spinlock_t irqlock;
	struct mutex igate;
	struct rw_semaphore memory_lock;
	struct xarray ctx;
	int irq_type;
	bool pci_2_3;
	bool virq_disabled;
	bool has_dyn_msix;
	struct eventfd_ctx *err_trigger;
	struct eventfd_ctx *req_trigger;
	int refcnt;
	int open_count;
	u8 msi_qmax;
	u16 virt_flags;
	u32 virt_address_lo;
	u16 virt_data;
};
