/*
 * ARM GIC v2m MSI(-X) support
 */

#define pr_fmt(fmt) "GICv2m: " fmt

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kernel.h>
#include <linux/msi.h>
#include <linux/of_pci.h>

struct v2m_data {
	struct list_head entry;
	struct resource res;	/* the frame's registers */
	void __iomem *base;
	u32 spi_start;
	u32 nr_spis;
	unsigned long *bm;	/* SPIs in use */
};

#define V2M_MSI_SETSPI_NS 0x040

static void gicv2m_mask_msi_irq(struct irq_data *d)
{
	pci_msi_mask_irq(d);
	irq_chip_mask_parent(d);
}

static void gicv2m_unmask_msi_irq(struct irq_data *d)
{
	pci_msi_unmask_irq(d);
	irq_chip_unmask_parent(d);
}

static void gicv2m_compose_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	struct v2m_data *v2m = irq_data_get_irq_chip_data(data);
	phys_addr_t addr = v2m->res.start + V2M_MSI_SETSPI_NS;

	msg->address_hi = upper_32_bits(addr);
	msg->address_lo = lower_32_bits(addr);
	msg->data = data->hwirq;
}

static int gicv2m_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)
{
	return irq_chip_set_affinity_parent(irq_data, mask, force);
}

static struct irq_chip gicv2m_msi_irq_chip = {
	.irq_mask = gicv2m_mask_msi_irq,
	.irq_unmask = gicv2m_unmask_msi_irq,
	.irq_set_affinity = msi_domain_set_affinity,
	.irq_write_msi_msg = pci_msi_domain_write_msg,
};

static struct irq_chip gicv2m_irq_chip = {
	.irq_set_affinity = gicv2m_set_affinity,
	.irq_compose_msi_msg = gicv2m_compose_msi_msg,
};

/* The distributor routes an SPI; `gic_set_affinity` is the platform's. */
static struct irq_chip gic_chip = {
	.irq_set_affinity = gic_set_affinity,
};

static const struct irq_domain_ops gicv2m_domain_ops = {
};
