/* The window of a domain that VFIO's own container made. */

int iommu_get_msi_cookie(struct iommu_domain *domain, dma_addr_t base)
{
	struct iommu_dma_cookie *cookie;

	if (domain->type != IOMMU_DOMAIN_UNMANAGED)
		return -EINVAL;

	if (domain->cookie_type != IOMMU_COOKIE_NONE)
		return -EEXIST;

	cookie = cookie_alloc(IOMMU_DMA_MSI_COOKIE);
	if (!cookie)
		return -ENOMEM;

	cookie->msi_iova = base;
	domain->cookie_type = IOMMU_COOKIE_DMA_MSI;
	domain->iova_cookie = cookie;

	return 0;
}

int iommu_get_dma_cookie(struct iommu_domain *domain)
{
	if (domain->cookie_type != IOMMU_COOKIE_NONE)
		return -EEXIST;

	domain->iova_cookie = cookie_alloc(IOMMU_DMA_IOVA_COOKIE);
	if (!domain->iova_cookie)
		return -ENOMEM;

	domain->cookie_type = IOMMU_COOKIE_DMA_IOVA;

	return 0;
}

int iommu_dma_sw_msi(struct iommu_domain *domain, struct msi_desc *desc, phys_addr_t msi_addr)
{
	struct device *dev = msi_desc_to_dev(desc);
	const struct iommu_dma_msi_page *msi_page;

	msi_page = iommu_dma_get_msi_page(dev, msi_addr, domain);
	if (!msi_page)
		return -ENOMEM;

	msi_desc_set_iommu_msi_iova(desc, msi_page->iova, ilog2(cookie_msi_granule(domain)));

	return 0;
}
