/* VFIO's side: what a device remembers of its page table. */

static void vfio_iommufd_physical_unbind(struct vfio_pci_device *vdev)
{
	if (vdev->iommufd_attached) {
		iommufd_device_detach(vdev->iommufd_device);
		vdev->iommufd_attached = false;
	}
	iommufd_device_unbind(vdev->iommufd_device);
	vdev->iommufd_device = NULL;
}

static int vfio_iommufd_physical_bind(struct vfio_pci_device *vdev, struct iommufd_ctx *ictx, u32 *out_device_id)
{
	struct iommufd_device *idev;

	idev = iommufd_device_bind(ictx, &vdev->pdev->dev, out_device_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	vdev->iommufd_device = idev;

	return 0;
}

static int vfio_iommufd_physical_attach_ioas(struct vfio_pci_device *vdev, u32 *pt_id)
{
	int rc;

	if (vdev->iommufd_attached)
		rc = iommufd_device_replace(vdev->iommufd_device, pt_id);
	else
		rc = iommufd_device_attach(vdev->iommufd_device, pt_id);
	if (rc)
		return rc;
	vdev->iommufd_attached = true;

	return 0;
}

static void vfio_iommufd_physical_detach_ioas(struct vfio_pci_device *vdev)
{
	if (!vdev->iommufd_device || !vdev->iommufd_attached)
		return;

	iommufd_device_detach(vdev->iommufd_device);
	vdev->iommufd_attached = false;
}

/* The space that stands for the container's. */
static int vfio_iommufd_compat_attach_ioas(struct vfio_pci_device *vdev, struct iommufd_ctx *ictx)
{
	u32 ioas_id;
	int ret;

	ret = iommufd_vfio_compat_ioas_get_id(ictx, &ioas_id);
	if (ret)
		return ret;

	return vfio_iommufd_physical_attach_ioas(vdev, &ioas_id);
}
