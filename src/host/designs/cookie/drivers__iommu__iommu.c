/* Reserved regions of devices and groups, and the end of a domain with its cookie. */

bool iommu_capable(struct bus_type *bus, enum iommu_cap cap)
{
	if (!bus->iommu_ops || !bus->iommu_ops->capable)
		return false;

	return bus->iommu_ops->capable(cap);
}

bool device_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	return iommu_capable(dev->bus, cap);
}

struct iommu_resv_region *iommu_alloc_resv_region(phys_addr_t start, size_t length, int prot, enum iommu_resv_type type)
{
	struct iommu_resv_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region)
		return NULL;

	INIT_LIST_HEAD(&region->list);
	region->start = start;
	region->length = length;
	region->prot = prot;
	region->type = type;

	return region;
}

void iommu_get_resv_regions(struct device *dev, struct list_head *list)
{
	const struct iommu_ops *ops = dev->bus->iommu_ops;

	if (ops && ops->get_resv_regions)
		ops->get_resv_regions(dev, list);
}

void iommu_put_resv_regions(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *entry, *next;

	list_for_each_entry_safe(entry, next, list, list)
		kfree(entry);
}

/* Keeps the list sorted and without repetition: regions of one kind that touch become one. */
static int iommu_insert_resv_region(struct iommu_resv_region *new, struct list_head *regions)
{
	struct iommu_resv_region *iter, *nr;

	list_for_each_entry(iter, regions, list) {
		if (iter->type == new->type && new->start <= iter->start + iter->length &&
		    iter->start <= new->start + new->length) {
			phys_addr_t end = max(iter->start + iter->length, new->start + new->length);

			iter->start = min(iter->start, new->start);
			iter->length = end - iter->start;
			return 0;
		}
	}

	nr = iommu_alloc_resv_region(new->start, new->length, new->prot, new->type);
	if (!nr)
		return -ENOMEM;

	list_for_each_entry(iter, regions, list) {
		if (nr->start < iter->start) {
			list_add_tail(&nr->list, &iter->list);
			return 0;
		}
	}
	list_add_tail(&nr->list, regions);

	return 0;
}

static int iommu_insert_device_resv_regions(struct device *dev, void *data)
{
	struct list_head *group_resv_regions = data;
	struct list_head dev_resv_regions;
	struct iommu_resv_region *entry;
	int ret = 0;

	INIT_LIST_HEAD(&dev_resv_regions);
	iommu_get_resv_regions(dev, &dev_resv_regions);

	list_for_each_entry(entry, &dev_resv_regions, list) {
		ret = iommu_insert_resv_region(entry, group_resv_regions);
		if (ret)
			break;
	}

	iommu_put_resv_regions(dev, &dev_resv_regions);

	return ret;
}

int iommu_get_group_resv_regions(struct iommu_group *group, struct list_head *head)
{
	return iommu_group_for_each_dev(group, head, iommu_insert_device_resv_regions);
}

void iommu_domain_free(struct iommu_domain *domain)
{
	iommu_put_dma_cookie(domain);
	domain->ops->domain_free(domain);
}

/* A group that a driver of the host uses for DMA cannot be a user's. */
int iommu_group_claim_dma_owner(struct iommu_group *group, void *owner)
{
	if (group->owner_cnt)
		return -EPERM;

	group->owner = owner;
	group->owner_cnt++;

	return 0;
}

void iommu_group_release_dma_owner(struct iommu_group *group)
{
	group->owner = NULL;
	group->owner_cnt--;
}

bool iommu_group_dma_owner_claimed(struct iommu_group *group)
{
	return group->owner_cnt;
}
