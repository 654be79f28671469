#ifndef LINUX_MSI_H
#define LINUX_MSI_H

#include <linux/kobject.h>
#include <linux/list.h>

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

void get_cached_msi_msg(unsigned int irq, struct msi_msg *msg);
void pci_write_msi_msg(unsigned int irq, struct msi_msg *msg);
void pci_msi_mask_irq(struct irq_data *data);
void pci_msi_unmask_irq(struct irq_data *data);

#endif /* LINUX_MSI_H */
