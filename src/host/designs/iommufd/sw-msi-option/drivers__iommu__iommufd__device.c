/* May a window lie there? What the device's other regions take it may not. */
static int iommufd_sw_msi_check(struct device *dev, phys_addr_t start, size_t size)
{
	struct iommu_resv_region *resv;
	LIST_HEAD(resv_regions);
	int rc = 0;

	iommu_get_resv_regions(dev, &resv_regions);
	list_for_each_entry(resv, &resv_regions, list) {
		if (resv->type == IOMMU_RESV_DIRECT_RELAXABLE || resv->type == IOMMU_RESV_SW_MSI)
			continue;
		if (start <= resv->start + resv->length - 1 && resv->start <= start + size - 1)
			rc = -EADDRINUSE;
	}
	iommu_put_resv_regions(dev, &resv_regions);

	return rc;
}

/* Start in bytes, size in MiB: of the group of a device that is bound and not attached. */
int iommufd_option_sw_msi(struct iommufd_ctx *ictx, struct iommu_option *cmd)
{
	struct iommufd_group *igroup;
	struct iommufd_object *obj;
	struct iommufd_device *idev;
	phys_addr_t start;
	size_t size;
	int rc = 0;

	obj = iommufd_get_object(ictx, cmd->object_id, IOMMUFD_OBJ_DEVICE);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	idev = container_of(obj, struct iommufd_device, obj);
	igroup = idev->igroup;

	if (cmd->op == IOMMU_OPTION_OP_GET) {
		if (cmd->option_id == IOMMU_OPTION_SW_MSI_START)
			cmd->val64 = igroup->wanted_start;
		else
			cmd->val64 = igroup->wanted_size / SZ_1M;
		goto out_put;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET) {
		rc = -EOPNOTSUPP;
		goto out_put;
	}

	/* doorbells may be mapped already */
	if (igroup->hwpt) {
		rc = -EBUSY;
		goto out_put;
	}

	start = igroup->wanted_start;
	size = igroup->wanted_size ? igroup->wanted_size : SZ_1M;
	if (cmd->option_id == IOMMU_OPTION_SW_MSI_START) {
		if (cmd->val64 & (SZ_1M - 1)) {
			rc = -EINVAL;
			goto out_put;
		}
		start = cmd->val64;
	} else {
		if (!cmd->val64) {
			rc = -EINVAL;
			goto out_put;
		}
		size = cmd->val64 * SZ_1M;
	}

	rc = iommufd_sw_msi_check(idev->dev, start, size);
	if (rc)
		goto out_put;

	igroup->wanted_start = start;
	igroup->wanted_size = size;

out_put:
	iommufd_put_object(ictx, obj);
	return rc;
}
