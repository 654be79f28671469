/* Configuration space as the user sees it: message address and data are a copy of the user's own, enable bits are the host's. */

#define PCI_MSI_FLAGS 2
#define PCI_MSI_FLAGS_ENABLE 0x0001
#define PCI_MSI_FLAGS_QSIZE 0x0070
#define PCI_MSI_ADDRESS_LO 4
#define PCI_MSI_DATA_64 12

/* The copy starts as the device's own word, with nothing enabled. */
void vfio_config_init(struct vfio_pci_device *vdev)
{
	u16 flags;

	if (!vdev->pdev->msi_cap)
		return;

	pci_read_config_word(vdev->pdev, vdev->pdev->msi_cap + PCI_MSI_FLAGS, &flags);
	vdev->virt_flags = flags;
}

/* Enabling is the business of SET_IRQS, and so is how many messages there are. */
static int vfio_msi_config_write(struct vfio_pci_device *vdev, u16 flags)
{
	if (vdev->irq_type != VFIO_PCI_MSI_IRQ_INDEX)
		flags &= ~PCI_MSI_FLAGS_ENABLE;

	if ((flags & PCI_MSI_FLAGS_QSIZE) >> 4 > vdev->msi_qmax) {
		flags &= ~PCI_MSI_FLAGS_QSIZE;
		flags |= vdev->msi_qmax << 4;
	}

	vdev->virt_flags = flags;

	return pci_write_config_word(vdev->pdev, vdev->pdev->msi_cap + PCI_MSI_FLAGS, flags);
}

static int vfio_pci_config_write(struct vfio_pci_device *vdev, unsigned int pos, u32 val)
{
	struct pci_dev *pdev = vdev->pdev;

	if (pos == PCI_COMMAND)
		return pci_write_config_word(pdev, PCI_COMMAND, val);

	if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_FLAGS)
		return vfio_msi_config_write(vdev, (vdev->virt_flags & 0xff00) | (val & 0xff));
	if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_ADDRESS_LO)
		vdev->virt_address_lo = val;
	if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_DATA_64)
		vdev->virt_data = val;

	/* everything else, the control word of MSI-X too, is read only */
	return 0;
}

static int vfio_pci_config_read(struct vfio_pci_device *vdev, unsigned int pos, u32 *val)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 word;

	if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_FLAGS) {
		*val = vdev->virt_flags;
	} else if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_ADDRESS_LO) {
		*val = vdev->virt_address_lo;
	} else if (pdev->msi_cap && pos == pdev->msi_cap + PCI_MSI_DATA_64) {
		*val = vdev->virt_data;
	} else {
		pci_read_config_word(pdev, pos, &word);
		*val = word;
	}

	return 0;
}

ssize_t vfio_pci_config_rw(struct vfio_pci_device *vdev, u32 *val, unsigned int pos, size_t count, bool iswrite)
{
	int ret;

	ret = iswrite ? vfio_pci_config_write(vdev, pos, *val) : vfio_pci_config_read(vdev, pos, val);

	return ret ? ret : count;
}
