/*
 * The window of an IOMMU domain: a range of IOVA from which doorbell pages are mapped.
 * Get and put map and unmap, and so sleep; they belong to allocating and freeing a vector. Lookup is for composing, in any context.
 */

struct iommu_reserved_binding {
	struct list_head node;
	phys_addr_t page;
	dma_addr_t iova;
	size_t size;
	struct iova *range;
	int users;
};

int iommu_alloc_reserved_iova_domain(struct iommu_domain *domain, dma_addr_t base, size_t size)
{
	size_t granule = (size_t)1 << __ffs(domain->pgsize_bitmap);
	struct iova_domain *iovad;

	if (domain->reserved_iova)
		return -EBUSY;
	if (!size || (base | size) & (granule - 1))
		return -EINVAL;

	iovad = kzalloc(sizeof(*iovad), GFP_KERNEL);
	if (!iovad)
		return -ENOMEM;

	init_iova_domain(iovad, granule, base >> __ffs(granule), (base + size - 1) >> __ffs(granule));
	mutex_init(&domain->reserved_mutex);
	spin_lock_init(&domain->reserved_lock);
	INIT_LIST_HEAD(&domain->reserved_bindings);
	domain->reserved_iova = iovad;

	return 0;
}

bool iommu_reserved_iova_in_use(struct iommu_domain *domain)
{
	return domain->reserved_iova && !list_empty(&domain->reserved_bindings);
}

static struct iommu_reserved_binding *find_reserved_binding(struct iommu_domain *domain, phys_addr_t addr)
{
	struct iommu_reserved_binding *b;

	list_for_each_entry(b, &domain->reserved_bindings, node) {
		if (addr >= b->page && addr < b->page + b->size)
			return b;
	}

	return NULL;
}

static void remove_reserved_binding(struct iommu_domain *domain, struct iommu_reserved_binding *b)
{
	unsigned long flags;

	spin_lock_irqsave(&domain->reserved_lock, flags);
	list_del(&b->node);
	spin_unlock_irqrestore(&domain->reserved_lock, flags);

	iommu_unmap(domain, b->iova, b->size);
	__free_iova(domain->reserved_iova, b->range);
	kfree(b);
}

void iommu_free_reserved_iova_domain(struct iommu_domain *domain)
{
	struct iommu_reserved_binding *b, *tmp;

	if (!domain->reserved_iova)
		return;

	mutex_lock(&domain->reserved_mutex);
	list_for_each_entry_safe(b, tmp, &domain->reserved_bindings, node)
		remove_reserved_binding(domain, b);
	mutex_unlock(&domain->reserved_mutex);

	put_iova_domain(domain->reserved_iova);
	kfree(domain->reserved_iova);
	domain->reserved_iova = NULL;
}

int iommu_get_reserved_iova(struct iommu_domain *domain, phys_addr_t addr)
{
	size_t granule = (size_t)1 << __ffs(domain->pgsize_bitmap);
	struct iommu_reserved_binding *b;
	unsigned long flags;
	int ret = 0;

	if (!domain->reserved_iova)
		return -ENOSPC;

	mutex_lock(&domain->reserved_mutex);

	b = find_reserved_binding(domain, addr);
	if (b) {
		b->users++;
		goto unlock;
	}

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b) {
		ret = -ENOMEM;
		goto unlock;
	}

	b->range = alloc_iova(domain->reserved_iova, 1, domain->reserved_iova->dma_32bit_pfn, true);
	if (!b->range) {
		ret = -ENOSPC;
		goto free;
	}

	b->page = addr & ~(granule - 1);
	b->size = granule;
	b->iova = iova_dma_addr(domain->reserved_iova, b->range);
	b->users = 1;

	ret = iommu_map(domain, b->iova, b->page, b->size, IOMMU_WRITE | IOMMU_MMIO);
	if (ret) {
		__free_iova(domain->reserved_iova, b->range);
		goto free;
	}

	spin_lock_irqsave(&domain->reserved_lock, flags);
	list_add(&b->node, &domain->reserved_bindings);
	spin_unlock_irqrestore(&domain->reserved_lock, flags);
	goto unlock;

free:
	kfree(b);
unlock:
	mutex_unlock(&domain->reserved_mutex);
	return ret;
}

void iommu_put_reserved_iova(struct iommu_domain *domain, phys_addr_t addr)
{
	struct iommu_reserved_binding *b;

	if (!domain->reserved_iova)
		return;

	mutex_lock(&domain->reserved_mutex);
	b = find_reserved_binding(domain, addr);
	if (b && !--b->users)
		remove_reserved_binding(domain, b);
	mutex_unlock(&domain->reserved_mutex);
}

int iommu_lookup_reserved_iova(struct iommu_domain *domain, phys_addr_t addr, dma_addr_t *iova)
{
	struct iommu_reserved_binding *b;
	unsigned long flags;
	int ret = -ENOENT;

	if (!domain->reserved_iova)
		return ret;

	spin_lock_irqsave(&domain->reserved_lock, flags);
	b = find_reserved_binding(domain, addr);
	if (b) {
		*iova = b->iova + (addr - b->page);
		ret = 0;
	}
	spin_unlock_irqrestore(&domain->reserved_lock, flags);

	return ret;
}
