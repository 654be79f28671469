/* Which window a doorbell is mapped from is the domain's own affair. A domain without one lets no message be prepared. */

int iommu_dma_prepare_msi(struct msi_desc *desc, phys_addr_t msi_addr)
{
	struct device *dev = msi_desc_to_dev(desc);
	struct iommu_group *group = dev->iommu_group;
	struct iommu_domain *domain;
	int ret = 0;

	if (!group)
		return 0;

	mutex_lock(&group->mutex);
	domain = iommu_get_domain_for_dev(dev);
	if (domain && domain->type != IOMMU_DOMAIN_IDENTITY) {
		switch (domain->cookie_type) {
		case IOMMU_COOKIE_DMA_MSI:
		case IOMMU_COOKIE_DMA_IOVA:
			ret = iommu_dma_sw_msi(domain, desc, msi_addr);
			break;
		case IOMMU_COOKIE_IOMMUFD:
			ret = iommufd_sw_msi(domain, desc, msi_addr);
			break;
		default:
			ret = -EOPNOTSUPP;
			break;
		}
	}
	mutex_unlock(&group->mutex);

	return ret;
}

void iommu_domain_free(struct iommu_domain *domain)
{
	switch (domain->cookie_type) {
	case IOMMU_COOKIE_DMA_MSI:
		iommu_put_dma_cookie(domain);
		break;
	default:
		break;
	}
	domain->ops->domain_free(domain);
}
