/* Ownership of DMA: a group that a user owns is in a domain in which nothing is mapped until the user attaches it to one of its own. */

int iommu_device_claim_dma_owner(struct device *dev, void *owner)
{
	struct iommu_group *group = dev->iommu_group;

	if (group->owner_cnt) {
		if (group->owner != owner)
			return -EPERM;
		group->owner_cnt++;
		return 0;
	}

	group->blocking_domain = iommu_domain_alloc(dev->bus);
	if (!group->blocking_domain)
		return -ENOMEM;

	group->blocking_domain->type = IOMMU_DOMAIN_BLOCKED;
	if (iommu_attach_group(group->blocking_domain, group)) {
		iommu_domain_free(group->blocking_domain);
		return -EBUSY;
	}

	group->owner = owner;
	group->owner_cnt = 1;

	return 0;
}

void iommu_device_release_dma_owner(struct device *dev)
{
	struct iommu_group *group = dev->iommu_group;

	if (--group->owner_cnt)
		return;

	iommu_detach_group(group->blocking_domain, group);
	iommu_domain_free(group->blocking_domain);
	group->blocking_domain = NULL;
	group->owner = NULL;
}
