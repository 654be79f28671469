/* Devices: bound to one /dev/iommu, attached to a page table, moved from one to another. One device stands for its group. */

static struct iommufd_group *iommufd_get_group(struct iommufd_ctx *ictx, struct device *dev)
{
	struct iommufd_group *igroup = dev->iommu_group->iommufd_group;

	if (igroup && igroup->ictx == ictx) {
		igroup->users++;
		return igroup;
	}

	igroup = kzalloc(sizeof(*igroup), GFP_KERNEL);
	if (!igroup)
		return ERR_PTR(-ENOMEM);

	igroup->users = 1;
	igroup->ictx = ictx;
	igroup->group = dev->iommu_group;
	igroup->sw_msi_start = PHYS_ADDR_MAX;
	dev->iommu_group->iommufd_group = igroup;

	return igroup;
}

static void iommufd_put_group(struct iommufd_group *igroup)
{
	if (--igroup->users)
		return;

	igroup->group->iommufd_group = NULL;
	kfree(igroup);
}

void iommufd_device_destroy(struct iommufd_device *idev)
{
	iommu_device_release_dma_owner(idev->dev);
	iommufd_put_group(idev->igroup);
	kfree(idev);
}

struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx, struct device *dev, u32 *id)
{
	struct iommufd_device *idev;
	struct iommufd_group *igroup;
	int rc;

	igroup = iommufd_get_group(ictx, dev);
	if (IS_ERR(igroup))
		return ERR_CAST(igroup);

	/* Asked before the device is owned. The parameter is iommufd's own. */
	if (!iommu_group_has_isolated_msi(igroup->group) && !allow_unsafe_interrupts) {
		rc = -EPERM;
		goto out_group_put;
	}

	rc = iommu_device_claim_dma_owner(dev, ictx);
	if (rc)
		goto out_group_put;

	idev = kzalloc(sizeof(*idev), GFP_KERNEL_ACCOUNT);
	if (!idev) {
		rc = -ENOMEM;
		goto out_release_owner;
	}

	idev->ictx = ictx;
	idev->dev = dev;
	idev->igroup = igroup;
	idev->handle.idev = idev;
	_iommufd_object_alloc(ictx, &idev->obj, IOMMUFD_OBJ_DEVICE);
	refcount_inc(&idev->obj.users);
	*id = idev->obj.id;

	return idev;

out_release_owner:
	iommu_device_release_dma_owner(dev);
out_group_put:
	iommufd_put_group(igroup);
	return ERR_PTR(rc);
}

void iommufd_device_unbind(struct iommufd_device *idev)
{
	refcount_dec(&idev->obj.users);
	iommufd_object_remove(idev->ictx, idev->obj.id);
}

/* A page table gets its window once, when the first device that needs one comes; the addresses in the window are its own. */
static int iommufd_group_setup_msi(struct iommufd_group *igroup, struct iommufd_hwpt_paging *hwpt)
{
	int rc;

	if (igroup->sw_msi_start != PHYS_ADDR_MAX && !hwpt->msi_cookie) {
		rc = iommu_get_msi_cookie(hwpt->domain, igroup->sw_msi_start);
		if (rc)
			return rc;
		hwpt->msi_cookie = true;
	}

	return 0;
}

int iommufd_hw_pagetable_attach(struct iommufd_hwpt_paging *hwpt, struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;
	int rc;

	if (igroup->hwpt && igroup->hwpt != hwpt)
		return -EINVAL;

	rc = iopt_table_enforce_dev_resv_regions(&hwpt->ioas->iopt, idev->dev, &igroup->sw_msi_start);
	if (rc)
		return rc;

	rc = iommufd_group_setup_msi(igroup, hwpt);
	if (rc)
		goto err_unresv;

	/* only the first device of a group moves it */
	if (!igroup->attached) {
		rc = iommu_attach_group_handle(hwpt->domain, igroup->group, &idev->handle);
		if (rc)
			goto err_unresv;
		igroup->hwpt = hwpt;
	}
	igroup->attached++;
	refcount_inc(&hwpt->obj.users);

	return 0;

err_unresv:
	iopt_remove_reserved_iova(&hwpt->ioas->iopt, idev->dev);
	return rc;
}

static struct iommufd_hwpt_paging *iommufd_device_do_attach(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt)
{
	int rc;

	rc = iommufd_hw_pagetable_attach(hwpt, idev);
	if (rc)
		return ERR_PTR(rc);

	return NULL;
}

/* The new space reserves before anything changes, so that what fails leaves the device where it was. */
static struct iommufd_hwpt_paging *iommufd_device_do_replace(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt_paging *old_hwpt = igroup->hwpt;
	int rc;

	if (!old_hwpt)
		return ERR_PTR(-EINVAL);

	if (hwpt == old_hwpt)
		return NULL;

	if (hwpt->ioas != old_hwpt->ioas) {
		rc = iopt_table_enforce_dev_resv_regions(&hwpt->ioas->iopt, idev->dev, &igroup->sw_msi_start);
		if (rc)
			return ERR_PTR(rc);
	}

	rc = iommufd_group_setup_msi(igroup, hwpt);
	if (rc)
		goto err_unresv;

	rc = iommu_replace_group_handle(igroup->group, hwpt->domain, &idev->handle);
	if (rc)
		goto err_unresv;

	if (hwpt->ioas != old_hwpt->ioas)
		iopt_remove_reserved_iova(&old_hwpt->ioas->iopt, idev->dev);

	igroup->hwpt = hwpt;
	refcount_inc(&hwpt->obj.users);

	return old_hwpt;

err_unresv:
	if (hwpt->ioas != old_hwpt->ioas)
		iopt_remove_reserved_iova(&hwpt->ioas->iopt, idev->dev);
	return ERR_PTR(rc);
}

static struct iommufd_hwpt_paging *iommufd_device_change_hwpt(struct iommufd_device *idev, struct iommufd_hwpt_paging *hwpt, bool replace)
{
	if (replace)
		return iommufd_device_do_replace(idev, hwpt);

	return iommufd_device_do_attach(idev, hwpt);
}

/* An automatic page table of the space serves if the device can be attached to it; otherwise a new one is made. */
static struct iommufd_hwpt_paging *iommufd_device_auto_get_domain(struct iommufd_device *idev, struct iommufd_ioas *ioas, u32 *pt_id,
								  bool replace)
{
	struct iommufd_hwpt_paging *hwpt, *destroy_hwpt;

	list_for_each_entry(hwpt, &ioas->hwpt_list, hwpt_item) {
		if (!hwpt->auto_domain)
			continue;

		destroy_hwpt = iommufd_device_change_hwpt(idev, hwpt, replace);
		if (!IS_ERR(destroy_hwpt))
			*pt_id = hwpt->obj.id;
		return destroy_hwpt;
	}

	hwpt = iommufd_hwpt_paging_alloc(idev->ictx, ioas, idev);
	if (IS_ERR(hwpt))
		return ERR_CAST(hwpt);

	destroy_hwpt = iommufd_device_change_hwpt(idev, hwpt, replace);
	if (IS_ERR(destroy_hwpt)) {
		iommufd_object_remove(idev->ictx, hwpt->obj.id);
		return destroy_hwpt;
	}

	hwpt->auto_domain = true;
	*pt_id = hwpt->obj.id;

	return destroy_hwpt;
}

static int iommufd_device_change_pt(struct iommufd_device *idev, u32 *pt_id, bool replace)
{
	struct iommufd_hwpt_paging *destroy_hwpt;
	struct iommufd_object *pt_obj;

	pt_obj = iommufd_get_object(idev->ictx, *pt_id, IOMMUFD_OBJ_NONE);
	if (IS_ERR(pt_obj))
		return PTR_ERR(pt_obj);

	switch (pt_obj->type) {
	case IOMMUFD_OBJ_HWPT_PAGING:
		destroy_hwpt = iommufd_device_change_hwpt(idev, container_of(pt_obj, struct iommufd_hwpt_paging, obj), replace);
		break;
	case IOMMUFD_OBJ_IOAS:
		destroy_hwpt = iommufd_device_auto_get_domain(idev, container_of(pt_obj, struct iommufd_ioas, obj), pt_id, replace);
		break;
	default:
		destroy_hwpt = ERR_PTR(-EINVAL);
		break;
	}
	iommufd_put_object(idev->ictx, pt_obj);

	if (IS_ERR(destroy_hwpt))
		return PTR_ERR(destroy_hwpt);
	if (destroy_hwpt)
		iommufd_hw_pagetable_put(idev->ictx, destroy_hwpt);

	return 0;
}

int iommufd_device_attach(struct iommufd_device *idev, u32 *pt_id)
{
	int rc;

	rc = iommufd_device_change_pt(idev, pt_id, false);
	if (rc)
		return rc;

	refcount_inc(&idev->obj.users);

	return 0;
}

int iommufd_device_replace(struct iommufd_device *idev, u32 *pt_id)
{
	return iommufd_device_change_pt(idev, pt_id, true);
}

/* The hardware lets go first, then the space. */
void iommufd_device_detach(struct iommufd_device *idev)
{
	struct iommufd_hwpt_paging *hwpt = idev->igroup->hwpt;

	if (!--idev->igroup->attached) {
		idev->igroup->hwpt = NULL;
		iommu_detach_group_handle(hwpt->domain, idev->igroup->group);
	}
	iopt_remove_reserved_iova(&hwpt->ioas->iopt, idev->dev);
	iommufd_hw_pagetable_put(idev->ictx, hwpt);
	refcount_dec(&idev->obj.users);
}
