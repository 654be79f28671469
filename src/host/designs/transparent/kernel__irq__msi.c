/*
 * The MSI layer maps the doorbell when a vector is allocated, in process context, and only looks it up when a message is composed.
 * pci_enable_msix_range() so returns with the device programmed, or with an error and nothing programmed.
 */

/* The domain whose tables the device's MSIs pass, or NULL when they pass none. */
static struct iommu_domain *msi_translating_domain(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (!domain || domain->type != IOMMU_DOMAIN_UNMANAGED)
		return NULL;
	if (iommu_domain_get_attr(domain, DOMAIN_ATTR_MSI_MAPPING, NULL))
		return NULL;

	return domain;
}

static int msi_map_doorbell(struct msi_desc *desc)
{
	struct iommu_domain *domain = msi_translating_domain(desc->dev);
	struct msi_msg msg;
	phys_addr_t addr;
	int ret;

	if (!domain)
		return 0;

	ret = irq_chip_compose_msi_msg(irq_get_irq_data(desc->irq), &msg);
	if (ret)
		return ret;

	addr = ((phys_addr_t)msg.address_hi << 32) | msg.address_lo;
	ret = iommu_get_reserved_iova(domain, addr);
	if (ret)
		return ret;

	desc->doorbell = addr;

	return 0;
}

static void msi_unmap_doorbell(struct msi_desc *desc)
{
	struct iommu_domain *domain = msi_translating_domain(desc->dev);

	if (domain && desc->doorbell)
		iommu_put_reserved_iova(domain, desc->doorbell);
	desc->doorbell = 0;
}

static void msi_translate_msg(struct irq_data *irq_data, struct msi_msg *msg)
{
	struct msi_desc *desc = irq_data_get_msi_desc(irq_data);
	struct iommu_domain *domain = msi_translating_domain(desc->dev);
	phys_addr_t addr = ((phys_addr_t)msg->address_hi << 32) | msg->address_lo;
	dma_addr_t iova;

	if (!domain || iommu_lookup_reserved_iova(domain, addr, &iova))
		return;

	msg->address_lo = lower_32_bits(iova);
	msg->address_hi = upper_32_bits(iova);
}

int msi_domain_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)
{
	struct irq_data *parent = irq_data->parent_data;
	struct msi_msg msg;
	int ret;

	ret = parent->chip->irq_set_affinity(parent, mask, force);
	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE) {
		BUG_ON(irq_chip_compose_msi_msg(irq_data, &msg));
		msi_translate_msg(irq_data, &msg);
		irq_chip_write_msi_msg(irq_data, &msg);
	}

	return ret;
}

static void msi_domain_activate(struct irq_domain *domain, struct irq_data *irq_data)
{
	struct msi_msg msg;

	BUG_ON(irq_chip_compose_msi_msg(irq_data, &msg));
	msi_translate_msg(irq_data, &msg);
	irq_chip_write_msi_msg(irq_data, &msg);
}

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

		ret = msi_map_doorbell(desc);
		if (ret) {
			msi_domain_free_irqs(domain, dev);
			return ret;
		}
	}

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
			msi_unmap_doorbell(desc);
			irq_domain_free_irqs(desc->irq, desc->nvec_used);
			desc->irq = 0;
		}
	}
}
