/* Page tables over a space of IOVA: made by a call, or for the first device that is attached to the space. */

static struct iommufd_hwpt_paging *iommufd_hwpt_paging_alloc(struct iommufd_ctx *ictx, struct iommufd_ioas *ioas,
							     struct iommufd_device *idev)
{
	struct iommufd_hwpt_paging *hwpt;
	int rc;

	hwpt = kzalloc(sizeof(*hwpt), GFP_KERNEL_ACCOUNT);
	if (!hwpt)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&hwpt->hwpt_item);
	INIT_LIST_HEAD(&hwpt->domains_node);
	hwpt->domain = iommu_domain_alloc(idev->dev->bus);
	if (!hwpt->domain) {
		kfree(hwpt);
		return ERR_PTR(-ENOMEM);
	}

	iommufd_hwpt_set_cookie(ictx, hwpt);

	rc = iopt_table_add_domain(&ioas->iopt, hwpt);
	if (rc) {
		iommu_domain_free(hwpt->domain);
		kfree(hwpt);
		return ERR_PTR(rc);
	}

	hwpt->ioas = ioas;
	refcount_inc(&ioas->obj.users);
	list_add_tail(&hwpt->hwpt_item, &ioas->hwpt_list);
	_iommufd_object_alloc(ictx, &hwpt->obj, IOMMUFD_OBJ_HWPT_PAGING);

	return hwpt;
}

/* The window comes with the first device that is attached. */
static void iommufd_hwpt_set_cookie(struct iommufd_ctx *ictx, struct iommufd_hwpt_paging *hwpt)
{
	hwpt->msi_cookie = false;
}

void iommufd_hwpt_paging_destroy(struct iommufd_hwpt_paging *hwpt)
{
	list_del(&hwpt->hwpt_item);
	iopt_table_remove_domain(&hwpt->ioas->iopt, hwpt);
	iommu_domain_free(hwpt->domain);
	refcount_dec(&hwpt->ioas->obj.users);
	kfree(hwpt);
}

void iommufd_hw_pagetable_put(struct iommufd_ctx *ictx, struct iommufd_hwpt_paging *hwpt)
{
	refcount_dec(&hwpt->obj.users);
	if (hwpt->auto_domain)
		iommufd_object_remove(ictx, hwpt->obj.id);
}

int iommufd_hwpt_alloc(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_hwpt_alloc cmd;
	struct iommufd_object *dev_obj, *pt_obj;
	struct iommufd_hwpt_paging *hwpt;
	int rc = 0;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	/* No IOMMU driver of the model nests or tracks dirty pages. */
	if (cmd.flags)
		return -EOPNOTSUPP;

	dev_obj = iommufd_get_object(ictx, cmd.dev_id, IOMMUFD_OBJ_DEVICE);
	if (IS_ERR(dev_obj))
		return PTR_ERR(dev_obj);

	pt_obj = iommufd_get_object(ictx, cmd.pt_id, IOMMUFD_OBJ_NONE);
	if (IS_ERR(pt_obj)) {
		rc = -EINVAL;
		goto out_put_dev;
	}

	if (pt_obj->type != IOMMUFD_OBJ_IOAS) {
		rc = -EINVAL;
		goto out_put_pt;
	}

	hwpt = iommufd_hwpt_paging_alloc(ictx, container_of(pt_obj, struct iommufd_ioas, obj),
					 container_of(dev_obj, struct iommufd_device, obj));
	if (IS_ERR(hwpt)) {
		rc = PTR_ERR(hwpt);
		goto out_put_pt;
	}

	cmd.out_hwpt_id = hwpt->obj.id;
	if (copy_to_user((void __user *)arg, &cmd, sizeof(cmd)))
		rc = -EFAULT;

out_put_pt:
	iommufd_put_object(ictx, pt_obj);
out_put_dev:
	iommufd_put_object(ictx, dev_obj);
	return rc;
}
