static int iommufd_option(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommu_option cmd;
	int rc;

	if (copy_from_user(&cmd, (void __user *)arg, sizeof(cmd)))
		return -EFAULT;

	if (cmd.__reserved)
		return -EOPNOTSUPP;

	switch (cmd.option_id) {
	case IOMMU_OPTION_SW_MSI_START:
	case IOMMU_OPTION_SW_MSI_SIZE:
		rc = iommufd_option_sw_msi(ictx, &cmd);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (rc)
		return rc;

	return copy_to_user((void __user *)arg, &cmd, sizeof(cmd)) ? -EFAULT : 0;
}

long iommufd_fops_ioctl(struct iommufd_ctx *ictx, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case IOMMU_DESTROY:
		return iommufd_destroy(ictx, arg);
	case IOMMU_IOAS_ALLOC:
		return iommufd_ioas_alloc_ioctl(ictx, arg);
	case IOMMU_IOAS_ALLOW_IOVAS:
		return iommufd_ioas_allow_iovas(ictx, arg);
	case IOMMU_IOAS_IOVA_RANGES:
		return iommufd_ioas_iova_ranges(ictx, arg);
	case IOMMU_IOAS_MAP:
		return iommufd_ioas_map(ictx, arg);
	case IOMMU_IOAS_UNMAP:
		return iommufd_ioas_unmap(ictx, arg);
	case IOMMU_OPTION:
		return iommufd_option(ictx, arg);
	case IOMMU_VFIO_IOAS:
		return iommufd_vfio_ioas(ictx, arg);
	case IOMMU_HWPT_ALLOC:
		return iommufd_hwpt_alloc(ictx, arg);
	default:
		return iommufd_vfio_ioctl(ictx, cmd, arg);
	}
}
