/*
 * The MSI core programs the physical doorbell; vfio-pci then writes an IOVA over it.
 * Between the two the device holds an address that its domain does not map: what this design cannot avoid.
 */

/* Takes what was mapped before a failure as well; the vectors are disabled by now. */
static void vfio_msi_unmap_doorbells(struct vfio_pci_device *vdev, int nvec)
{
	int i;

	for (i = 0; i < nvec; i++) {
		if (!vdev->ctx[i].doorbell)
			continue;
		vfio_device_unmap_doorbell(&vdev->pdev->dev, vdev->ctx[i].doorbell);
		vdev->ctx[i].doorbell = 0;
	}
}

static int vfio_msi_map_doorbells(struct vfio_pci_device *vdev, int nvec, bool msix)
{
	struct pci_dev *pdev = vdev->pdev;
	struct msi_msg msg;
	phys_addr_t addr;
	dma_addr_t iova;
	int i, irq, ret;

	/* Plain MSI has one message for all its vectors. */
	for (i = 0; i < (msix ? nvec : 1); i++) {
		irq = msix ? vdev->msix[i].vector : pdev->irq + i;

		get_cached_msi_msg(irq, &msg);
		addr = ((phys_addr_t)msg.address_hi << 32) | msg.address_lo;

		ret = vfio_device_map_doorbell(&pdev->dev, addr, &iova);
		if (ret)
			return ret;

		vdev->ctx[i].doorbell = addr;
		if (iova == addr)
			continue;

		msg.address_lo = lower_32_bits(iova);
		msg.address_hi = upper_32_bits(iova);
		pci_write_msi_msg(irq, &msg);
	}

	return 0;
}

static int vfio_msi_enable(struct vfio_pci_device *vdev, int nvec, bool msix)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret, i;

	if (vdev->irq_type < VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	vdev->ctx = kzalloc(nvec * sizeof(struct vfio_pci_irq_ctx), GFP_KERNEL);
	if (!vdev->ctx)
		return -ENOMEM;

	if (msix) {
		vdev->msix = kzalloc(nvec * sizeof(struct msix_entry), GFP_KERNEL);
		if (!vdev->msix) {
			kfree(vdev->ctx);
			return -ENOMEM;
		}

		for (i = 0; i < nvec; i++)
			vdev->msix[i].entry = i;

		ret = pci_enable_msix_range(pdev, vdev->msix, 1, nvec);
		if (ret < nvec) {
			if (ret > 0)
				pci_disable_msix(pdev);
			kfree(vdev->msix);
			kfree(vdev->ctx);
			return ret;
		}
	} else {
		ret = pci_enable_msi_range(pdev, 1, nvec);
		if (ret < nvec) {
			if (ret > 0)
				pci_disable_msi(pdev);
			kfree(vdev->ctx);
			return ret;
		}
	}

	ret = vfio_msi_map_doorbells(vdev, nvec, msix);
	if (ret) {
		if (msix) {
			pci_disable_msix(pdev);
			kfree(vdev->msix);
		} else {
			pci_disable_msi(pdev);
		}
		vfio_msi_unmap_doorbells(vdev, nvec);
		kfree(vdev->ctx);
		return ret;
	}

	vdev->num_ctx = nvec;
	vdev->irq_type = msix ? VFIO_PCI_MSIX_IRQ_INDEX : VFIO_PCI_MSI_IRQ_INDEX;

	return 0;
}

static void vfio_msi_disable(struct vfio_pci_device *vdev, bool msix)
{
	struct pci_dev *pdev = vdev->pdev;
	int i;

	for (i = 0; i < vdev->num_ctx; i++) {
		vfio_virqfd_disable(&vdev->ctx[i].unmask);
		vfio_virqfd_disable(&vdev->ctx[i].mask);
	}

	vfio_msi_set_block(vdev, 0, vdev->num_ctx, NULL, msix);

	if (msix) {
		pci_disable_msix(pdev);
		kfree(vdev->msix);
	} else {
		pci_disable_msi(pdev);
	}

	vfio_msi_unmap_doorbells(vdev, vdev->num_ctx);

	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	vdev->num_ctx = 0;
	kfree(vdev->ctx);
}
