#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/irqbypass.h>

#ifndef VFIO_PCI_PRIVATE_H
#define VFIO_PCI_PRIVATE_H

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
	struct msix_entry *msix;
	struct vfio_pci_irq_ctx *ctx;
	int num_ctx;
	int irq_type;
	bool virq_disabled;
	int refcnt;
};

extern int vfio_pci_set_irqs_ioctl(struct vfio_pci_device *vdev,
				   uint32_t flags, unsigned index,
				   unsigned start, unsigned count, void *data);

#endif /* VFIO_PCI_PRIVATE_H */
