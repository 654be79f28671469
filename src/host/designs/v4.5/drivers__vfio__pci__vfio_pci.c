/* The last close of a device: DMA off, interrupts off, then the device itself. */

static DEFINE_MUTEX(driver_lock);

static void vfio_pci_disable(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	pci_clear_master(pdev);

	vfio_pci_set_irqs_ioctl(vdev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, vdev->irq_type, 0, 0, NULL);

	vdev->virq_disabled = false;

	pci_disable_device(pdev);
	pci_restore_state(pdev);
}

static void vfio_pci_release(void *device_data)
{
	struct vfio_pci_device *vdev = device_data;

	mutex_lock(&driver_lock);

	if (!(--vdev->refcnt))
		vfio_pci_disable(vdev);

	mutex_unlock(&driver_lock);

	module_put(THIS_MODULE);
}

static const struct vfio_device_ops vfio_pci_ops = {
	.name = "vfio-pci",
	.release = vfio_pci_release,
};
