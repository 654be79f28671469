struct vfio_pci_irq_ctx {
	struct eventfd_ctx *trigger;
	struct virqfd *unmask;
	struct virqfd *mask;
	char *name;
	bool masked;
	struct irq_bypass_producer producer;
};

struct vfio_pci_device {
	struct pci_dev *pdev;
	spinlock_t irqlock;
	struct mutex igate;
	struct rw_semaphore memory_lock;
	struct vfio_pci_irq_ctx *ctx;
	int num_ctx;
	int irq_type;
	bool pci_2_3;
	bool virq_disabled;
	struct eventfd_ctx *err_trigger;
	struct eventfd_ctx *req_trigger;
	int refcnt;
	int open_count;
	u8 msi_qmax;
	u16 virt_flags;
	u32 virt_address_lo;
	u16 virt_data;
};
