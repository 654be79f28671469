/* What the bus's IOMMU driver says of itself; the other entry points of the IOMMU core reach the hardware and are primitives. */

bool iommu_capable(struct bus_type *bus, enum iommu_cap cap)
{
	if (!bus->iommu_ops || !bus->iommu_ops->capable)
		return false;

	return bus->iommu_ops->capable(cap);
}

int iommu_domain_get_attr(struct iommu_domain *domain, enum iommu_attr attr, void *data)
{
	struct iommu_domain_geometry *geometry;

	if (attr == DOMAIN_ATTR_GEOMETRY) {
		geometry = data;
		*geometry = domain->geometry;
		return 0;
	}

	if (!domain->ops->domain_get_attr)
		return -EINVAL;

	return domain->ops->domain_get_attr(domain, attr, data);
}
