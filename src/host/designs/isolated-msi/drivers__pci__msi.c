/* MSI-X vectors that are allocated after MSI-X was enabled. */

bool pci_msi_domain_supports(struct pci_dev *pdev, unsigned int feature_mask)
{
	struct irq_domain *domain = dev_get_msi_domain(&pdev->dev);
	struct msi_domain_info *info;

	if (!domain)
		return false;

	info = domain->host_data;
	return (info->flags & feature_mask) == feature_mask;
}

bool pci_msix_can_alloc_dyn(struct pci_dev *dev)
{
	if (!dev->msix_cap)
		return false;

	return pci_msi_domain_supports(dev, MSI_FLAG_PCI_MSIX_ALLOC_DYN);
}

struct msi_map pci_msix_alloc_irq_at(struct pci_dev *dev, unsigned int index, const struct irq_affinity_desc *affdesc)
{
	struct msi_map map = { .index = -ENOTSUPP };
	struct msi_desc *entry;
	int virq;

	if (!dev->msix_enabled || !pci_msix_can_alloc_dyn(dev))
		return map;

	entry = alloc_msi_entry(&dev->dev);
	if (!entry) {
		map.index = -ENOMEM;
		return map;
	}

	entry->msi_attrib.is_msix = 1;
	entry->msi_attrib.is_64 = 1;
	entry->msi_attrib.entry_nr = index;
	entry->msi_attrib.default_irq = dev->irq;
	entry->mask_base = msix_map_region(dev, pci_msix_vec_count(dev));
	entry->nvec_used = 1;
	list_add_tail(&entry->list, dev_to_msi_list(&dev->dev));

	virq = msi_domain_alloc_one(dev_get_msi_domain(&dev->dev), &dev->dev, entry);
	if (virq < 0) {
		list_del(&entry->list);
		free_msi_entry(entry);
		map.index = virq;
		return map;
	}

	entry->masked = 0;
	msix_mask_irq(entry, 0);

	map.index = index;
	map.virq = virq;

	return map;
}
