/* MSI and MSI-X: blocks of messages, vectors by number, and the one call that drivers use since v4.8. */

#define PCI_MSI_FLAGS_QSIZE 0x0070

void __pci_write_msi_msg(struct msi_desc *entry, struct msi_msg *msg)
{
	struct pci_dev *dev = msi_desc_to_pci_dev(entry);

	if (entry->msi_attrib.is_msix) {
		void *base = entry->mask_base + entry->msi_attrib.entry_nr * PCI_MSIX_ENTRY_SIZE;

		writel(msg->address_lo, base + PCI_MSIX_ENTRY_LOWER_ADDR);
		writel(msg->address_hi, base + PCI_MSIX_ENTRY_UPPER_ADDR);
		writel(msg->data, base + PCI_MSIX_ENTRY_DATA);
	} else {
		int pos = dev->msi_cap;
		u16 msgctl;

		pci_read_config_word(dev, pos + PCI_MSI_FLAGS, &msgctl);
		msgctl &= ~PCI_MSI_FLAGS_QSIZE;
		msgctl |= entry->msi_attrib.multiple << 4;
		pci_write_config_word(dev, pos + PCI_MSI_FLAGS, msgctl);

		pci_write_config_dword(dev, pos + PCI_MSI_ADDRESS_LO, msg->address_lo);
		if (entry->msi_attrib.is_64) {
			pci_write_config_dword(dev, pos + PCI_MSI_ADDRESS_HI, msg->address_hi);
			pci_write_config_word(dev, pos + PCI_MSI_DATA_64, msg->data);
		} else {
			pci_write_config_word(dev, pos + PCI_MSI_DATA_32, msg->data);
		}
	}
	entry->msg = *msg;
}

static struct msi_desc *msi_setup_entry(struct pci_dev *dev, int nvec)
{
	struct msi_desc *entry;

	entry = alloc_msi_entry(&dev->dev);
	if (!entry)
		return NULL;

	entry->msi_attrib.is_msix = 0;
	entry->msi_attrib.is_64 = 1;
	entry->msi_attrib.maskbit = 0;
	entry->msi_attrib.multiple = ilog2(roundup_pow_of_two(nvec));
	entry->msi_attrib.default_irq = dev->irq;
	entry->nvec_used = nvec;

	return entry;
}

static void pci_msi_shutdown(struct pci_dev *dev)
{
	struct msi_desc *desc = first_msi_entry(&dev->dev);

	pci_msi_set_enable(dev, 0);
	pci_intx_for_msi(dev, 1);
	dev->msi_enabled = 0;
	dev->irq = desc->msi_attrib.default_irq;
}

static int msix_setup_entries(struct pci_dev *dev, void *base, struct msix_entry *entries, int nvec)
{
	struct msi_desc *entry;
	int i;

	for (i = 0; i < nvec; i++) {
		entry = alloc_msi_entry(&dev->dev);
		if (!entry) {
			if (!i)
				iounmap(base);
			else
				free_msi_irqs(dev);
			return -ENOMEM;
		}

		entry->msi_attrib.is_msix = 1;
		entry->msi_attrib.is_64 = 1;
		entry->msi_attrib.entry_nr = entries ? entries[i].entry : i;
		entry->msi_attrib.default_irq = dev->irq;
		entry->mask_base = base;
		entry->nvec_used = 1;

		list_add_tail(&entry->list, dev_to_msi_list(&dev->dev));
	}

	return 0;
}

static void msix_program_entries(struct pci_dev *dev, struct msix_entry *entries)
{
	struct msi_desc *entry;
	int i = 0;

	for_each_pci_msi_entry(entry, dev) {
		if (entries)
			entries[i].vector = entry->irq;
		entry->masked = 0;
		msix_mask_irq(entry, 0);
		i++;
	}
}

static int pci_enable_msix(struct pci_dev *dev, struct msix_entry *entries, int nvec)
{
	int nr_entries;

	nr_entries = pci_msix_vec_count(dev);
	if (nr_entries < 0)
		return nr_entries;
	if (nvec > nr_entries)
		return nr_entries;
	if (dev->msi_enabled || dev->msix_enabled)
		return -EINVAL;

	return msix_capability_init(dev, entries, nvec);
}

int pci_alloc_irq_vectors(struct pci_dev *dev, unsigned int min_vecs, unsigned int max_vecs, unsigned int flags)
{
	int nvecs = -ENOSPC;

	if (flags & PCI_IRQ_MSIX) {
		nvecs = pci_enable_msix_range(dev, NULL, min_vecs, max_vecs);
		if (nvecs > 0)
			return nvecs;
	}

	if (flags & PCI_IRQ_MSI) {
		nvecs = pci_enable_msi_range(dev, min_vecs, max_vecs);
		if (nvecs > 0)
			return nvecs;
	}

	return nvecs;
}

void pci_free_irq_vectors(struct pci_dev *dev)
{
	pci_disable_msix(dev);
	pci_disable_msi(dev);
}

int pci_irq_vector(struct pci_dev *dev, unsigned int nr)
{
	struct msi_desc *entry;

	if (dev->msix_enabled) {
		for_each_pci_msi_entry(entry, dev) {
			if (entry->msi_attrib.entry_nr == nr)
				return entry->irq;
		}
		return -EINVAL;
	}

	if (dev->msi_enabled) {
		entry = first_msi_entry(&dev->dev);
		if (nr >= entry->nvec_used)
			return -EINVAL;
	} else if (nr > 0) {
		return -EINVAL;
	}

	return dev->irq + nr;
}
