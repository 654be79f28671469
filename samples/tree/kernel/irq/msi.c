/*
 * linux/kernel/irq/msi.c: MSI domains on top of an interrupt hierarchy.
 */

#include <linux/types.h>
#include <linux/device.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>

int msi_domain_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)
{
	struct irq_data *parent = irq_data->parent_data;
	struct msi_msg msg;
	int ret;

	ret = parent->chip->irq_set_affinity(parent, mask, force);
	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE) {
		BUG_ON(irq_chip_compose_msi_msg(irq_data, &msg));
		irq_chip_write_msi_msg(irq_data, &msg);
	}

	return ret;
}

static void irq_chip_write_msi_msg(struct irq_data *data, struct msi_msg *msg)
{
	data->chip->irq_write_msi_msg(data, msg);
}

static void msi_domain_activate(struct irq_domain *domain, struct irq_data *irq_data)
{
	struct msi_msg msg;

	BUG_ON(irq_chip_compose_msi_msg(irq_data, &msg));
	irq_chip_write_msi_msg(irq_data, &msg);
}

static void msi_domain_deactivate(struct irq_domain *domain, struct irq_data *irq_data)
{
	struct msi_msg msg;

	memset(&msg, 0, sizeof(msg));
	irq_chip_write_msi_msg(irq_data, &msg);
}

static const struct irq_domain_ops msi_domain_ops = {
	.activate = msi_domain_activate,
	.deactivate = msi_domain_deactivate,
};

/* The hardware's side of an allocation is two primitives: prepare asks the controller for all vectors, alloc hands out the next. */
int msi_domain_alloc_irqs(struct irq_domain *domain, struct device *dev, int nvec)
{
	msi_alloc_info_t arg;
	struct msi_desc *desc;
	int i, ret, virq;

	ret = msi_domain_prepare_irqs(domain, dev, nvec, &arg);
	if (ret)
		return ret;

	for_each_msi_entry(desc, dev) {
		virq = __irq_domain_alloc_irqs(domain, -1, desc->nvec_used, dev_to_node(dev), &arg, false);
		if (virq < 0) {
			msi_domain_free_irqs(domain, dev);
			return -ENOSPC;
		}

		for (i = 0; i < desc->nvec_used; i++)
			irq_set_msi_desc_off(virq, i, desc);
	}

	/* The model activates here; the message stands in the device when the allocation returns. */
	for_each_msi_entry(desc, dev) {
		for (i = 0; i < desc->nvec_used; i++)
			irq_domain_activate_irq(irq_get_irq_data(desc->irq + i));
	}

	return 0;
}

void msi_domain_free_irqs(struct irq_domain *domain, struct device *dev)
{
	struct msi_desc *desc;
	int i;

	for_each_msi_entry(desc, dev) {
		if (desc->irq) {
			for (i = 0; i < desc->nvec_used; i++)
				irq_domain_deactivate_irq(irq_get_irq_data(desc->irq + i));
			irq_domain_free_irqs(desc->irq, desc->nvec_used);
			desc->irq = 0;
		}
	}
}
