/* Whether interrupts are isolated is asked of every device, and the answer comes from the domain of its interrupts. */

static int iommu_dev_lacks_isolated_msi(struct device *dev, void *data)
{
	return msi_device_has_isolated_msi(dev) ? 0 : 1;
}

bool iommu_group_has_isolated_msi(struct iommu_group *group)
{
	int ret;

	mutex_lock(&group->mutex);
	ret = iommu_group_for_each_dev(group, NULL, iommu_dev_lacks_isolated_msi);
	mutex_unlock(&group->mutex);

	return !ret;
}
