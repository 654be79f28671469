/* Reads and writes of a BAR through the device file. The table of MSI-X is left out of them: it is the host's to program. */

#define VFIO_PCI_BAR_SIZE 0x4000

ssize_t vfio_pci_bar_rw(struct vfio_pci_device *vdev, u32 *val, unsigned long pos, size_t count, bool iswrite)
{
	struct pci_dev *pdev = vdev->pdev;
	void __iomem *table;

	if (pos + count > VFIO_PCI_BAR_SIZE)
		return -EINVAL;

	if (pdev->msix_cap && pos < PCI_MSIX_ENTRY_SIZE * pci_msix_vec_count(pdev)) {
		if (!iswrite)
			*val = 0xffffffff;
		return count;
	}

	table = msix_map_region(pdev, pci_msix_vec_count(pdev));
	if (iswrite)
		writel(*val, table + pos);
	else
		*val = readl(table + pos);

	return count;
}

/* The whole BAR may be mapped, table and all, since interrupts are kept apart elsewhere. */
int vfio_pci_core_mmap(struct vfio_pci_device *vdev, unsigned int index)
{
	if (index != VFIO_PCI_BAR0_REGION_INDEX)
		return -EINVAL;

	return 0;
}
