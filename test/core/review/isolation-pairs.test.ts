/** Rules of the classes isolation and window, each on a defective patch and on the same patch corrected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { invalidates } from '../../../src/review/rules/flushes';
import { frontEnd } from './c';
import { type RulePair, rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const CASES: readonly RulePair[] = [
  {
    rule: 'guard-bypassed',
    says: 'a way out with success before the test',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_attach(struct sample *s, struct group *g)
 {
 	int ret;
 
 	ret = iommu_attach_group(s->domain, g->iommu_group);
 	if (ret)
 		return ret;
!	if (s->nesting) {
!		list_add(&g->next, &s->nested);
!		return 0;
!	}
 	if (!allow_unsafe_interrupts && !iommu_group_has_isolated_msi(g->iommu_group)) {
 		iommu_detach_group(s->domain, g->iommu_group);
 		return -EPERM;
 	}
=	if (s->nesting) {
=		list_add(&g->next, &s->nested);
=		return 0;
=	}
 	list_add(&g->next, &s->groups);
 	return 0;
 }
`,
  },
  {
    rule: 'guard-bypassed',
    says: 'the same for what is reserved',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_join(struct sample *s, struct group *g)
 {
 	LIST_HEAD(regions);
 	int ret;
 
+	if (s->shared) {
!		list_add(&g->next, &s->groups);
!		return 0;
=		g = s->shared;
+	}
 	ret = iommu_get_group_resv_regions(g->iommu_group, &regions);
 	if (ret)
 		return ret;
 	list_add(&g->next, &s->groups);
 	return 0;
 }
`,
  },
  {
    rule: 'guard-bypassed',
    says: 'a refusal that hangs on the wrong outcome',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_allowed(struct iommu_group *g)
 {
-	if (!iommu_group_has_isolated_msi(g))
!	if (!iommu_group_has_isolated_msi(g) && allow_unsafe_interrupts)
=	if (!iommu_group_has_isolated_msi(g) && !allow_unsafe_interrupts)
 		return -EPERM;
 	return 0;
 }
`,
  },
  {
    rule: 'guard-bypassed',
    says: 'a switch that is on from the start',
    path: 'drivers/vfio/sample.c',
    text: `
 #include <linux/module.h>
 
!static bool allow_unsafe_interrupts = true;
=static bool allow_unsafe_interrupts;
+module_param(allow_unsafe_interrupts, bool, 0644);
`,
  },
  {
    rule: 'guard-bypassed',
    says: 'the test gone',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_attach(struct sample *s, struct iommu_group *g)
 {
-	if (!iommu_group_has_isolated_msi(g))
-		return -EPERM;
=	if (!sample_isolated(g))
=		return -EPERM;
+	s->tries++;
 	return iommu_attach_group(s->domain, g);
 }
`,
  },
  {
    rule: 'guard-bypassed',
    says: 'a second way to bind that asks nothing',
    path: 'drivers/vfio/sample.c',
    text: `
 int sample_bind(struct sample *s, struct device *dev)
 {
 	if (!iommu_group_has_isolated_msi(s->group))
 		return -EPERM;
 	return iommu_device_claim_dma_owner(dev, s);
 }
+
+int sample_bind_late(struct sample *s, struct device *dev)
+{
=	if (!iommu_group_has_isolated_msi(s->group))
=		return -EPERM;
+	return iommu_device_claim_dma_owner(dev, s);
+}
`,
  },
  {
    rule: 'claim-unfounded',
    says: 'isolation recorded for what was let in without it',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_bind(struct sample *s)
 {
 	if (!iommu_group_has_isolated_msi(s->group)) {
 		if (!allow_unsafe_interrupts)
 			return -EPERM;
 		dev_warn(s->dev, "not isolated");
+	}
!	s->isolated_msi = true;
-	}
=	else
=		s->isolated_msi = true;
 	return 0;
 }
`,
  },
  {
    rule: 'safety-result-dropped',
    says: 'a failure that is only logged',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_open(struct sample *s)
 {
 	int ret;
 
 	ret = iommu_get_msi_cookie(s->domain, s->base);
+	if (ret)
+		dev_warn(s->dev, "no cookie");
=	if (ret)
=		return ret;
 	return 0;
 }
`,
  },
  {
    rule: 'owner-order',
    says: 'attached before it is claimed',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_open(struct sample *s)
 {
 	int ret;
 
-	ret = sample_prepare(s);
=	ret = iommu_group_claim_dma_owner(s->group, s);
=	if (ret)
=		return ret;
+	ret = s->ops->attach_group(s->data, s->group);
 	if (ret)
 		return ret;
!	return iommu_group_claim_dma_owner(s->group, s);
=	return 0;
 }
`,
  },
  {
    rule: 'owner-order',
    says: 'released while it is attached',
    path: 'drivers/vfio/sample.c',
    text: `
 static void sample_close(struct sample *s)
 {
!	iommu_group_release_dma_owner(s->group);
 	s->ops->detach_group(s->data, s->group);
-	iommu_group_release_dma_owner(s->group);
=	iommu_group_release_dma_owner(s->group);
+	s->open = false;
 }
`,
  },
  {
    rule: 'blocked-opens',
    says: 'a blocked device that bypasses',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_attach_blocked(struct iommu_domain *domain, struct device *dev)
 {
 	struct entry e;
 
-	sample_make_abort_entry(&e);
!	sample_make_bypass_entry(&e);
=	sample_make_abort_entry(&e);
+	dev_dbg(dev, "blocked");
 	return sample_install(dev, &e);
 }
`,
  },
  {
    rule: 'blocked-opens',
    says: 'identity where nothing can be blocked',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_take(struct iommu_group *group)
 {
 	int ret;
 
 	ret = sample_set_domain(group, group->blocking_domain);
 	if (ret) {
+		pr_debug("not blocked");
!		ret = sample_set_domain(group, group->identity_domain);
 	}
 	return ret;
 }
`,
  },
  {
    rule: 'flush-lost',
    says: 'an entry cleared and not invalidated',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_clear(struct unit *u, int index)
 {
-	set_entry(u, index, 0);
-	sample_sync_ste(u, index);
+	WRITE_ONCE(u->entries[index], 0);
=	sample_sync_ste(u, index);
 }
`,
  },
  {
    rule: 'freed-before-flush',
    says: 'pages given back before the sync',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_unmap(struct iommu_domain *domain, dma_addr_t iova, size_t size)
 {
 	struct iommu_iotlb_gather gather;
 
 	iommu_unmap_fast(domain, iova, size, &gather);
-	iommu_iotlb_sync(domain, &gather);
=	iommu_iotlb_sync(domain, &gather);
+	free_iova_fast(domain->iovad, iova, size);
!	iommu_iotlb_sync(domain, &gather);
 }
`,
  },
  {
    rule: 'freed-before-flush',
    says: 'a table freed before hardware is told',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_release(struct unit *u, u16 devid)
 {
 	struct remap *table = u->lookup[devid];
 
 	u->lookup[devid] = NULL;
!	kfree(table);
 	iommu_flush_dte(u, devid);
=	kfree(table);
+	u->users--;
 }
`,
  },
  {
    rule: 'left-before-disabled',
    says: 'off the list before ATS is disabled',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_detach(struct master *m)
 {
!	list_del(&m->entry);
 	sample_disable_ats(m);
-	list_del(&m->entry);
=	list_del(&m->entry);
+	m->attached = false;
 }
`,
  },
  {
    rule: 'source-unchecked',
    says: 'a function number of which bits are left out',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_set_sid(struct irte *irte, struct pci_dev *dev)
 {
-	set_irte_sid(irte, SVT_VERIFY_SID_SQ, SQ_ALL_16, dev->id);
!	set_irte_sid(irte, SVT_VERIFY_SID_SQ, SQ_13_IGNORE_3, pci_dev_id(dev));
=	set_irte_sid(irte, SVT_VERIFY_SID_SQ, SQ_ALL_16, pci_dev_id(dev));
 }
`,
  },
  {
    rule: 'source-unchecked',
    says: 'a source id without its type of validation',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_fill(struct irte *pi, const struct irte *from)
 {
+	pi->p_sid = from->sid;
+	pi->p_sq = from->sq;
=	pi->p_svt = from->svt;
 	pi->p_pst = 1;
 }
`,
  },
  {
    rule: 'alias-lost',
    says: 'the id of the device in place of its alias',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_id(struct unit *u, struct pci_dev *dev)
 {
 	u16 id = 0;
 
-	pci_for_each_dma_alias(dev, last_alias, &id);
!	id = pci_dev_id(dev);
=	id = pci_dev_id(dev);
=	pci_for_each_dma_alias(dev, last_alias, &id);
 	sample_write(u, id);
 }
`,
  },
  {
    rule: 'state-shared',
    says: 'what one unit has kept for all',
    path: 'drivers/iommu/sample.c',
    text: `
 #include <linux/iommu.h>
!static bool bypass;
 
 static int sample_probe(struct unit *u, struct device_node *np)
 {
!	bypass = of_property_read_bool(np, "bypass");
=	u->bypass = of_property_read_bool(np, "bypass");
 	return 0;
 }
`,
  },
  {
    rule: 'notifier-without-invalidation',
    says: 'a notifier of which nobody invalidates',
    path: 'drivers/iommu/sample.c',
    text: `
 #include <linux/mmu_notifier.h>
+
+static const struct mmu_notifier_ops sample_ops = {
=	.arch_invalidate_secondary_tlbs = sample_invalidate,
+	.free_notifier = sample_free,
+};
`,
  },
  {
    rule: 'invalidation-stops',
    says: 'a walk that ends at the first device that fails',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_invalidate_all(struct dom *d)
 {
 	struct info *info;
 	int ret = 0;
+	int err;
 
+	list_for_each_entry(info, &d->devices, list) {
!		ret = sample_inv_atc(info);
!		if (ret)
!			break;
=		err = sample_inv_atc(info);
=		if (err)
=			ret = err;
+	}
 	return ret;
 }
`,
  },
  {
    rule: 'count-uneven',
    says: 'counted down for all, up for some',
    path: 'kernel/irq/sample.c',
    text: `
 static unsigned int nr_unsafe;
 
+void sample_add(struct door *d)
+{
+	list_add(&d->list, &doors);
+	if (!d->remapped)
+		nr_unsafe++;
+}
+
+void sample_del(struct door *d)
+{
+	list_del(&d->list);
!	nr_unsafe--;
=	if (!d->remapped)
=		nr_unsafe--;
+}
`,
  },
  {
    rule: 'any-instead-of-all',
    says: 'one coherent domain for all of a container',
    path: 'drivers/vfio/sample.c',
    text: `
 static bool sample_coherent(struct sample *s)
 {
 	struct dom *d;
 	bool coherent = false;
 
 	list_for_each_entry(d, &s->domain_list, next) {
!		if (d->enforce_cache_coherency) {
!			coherent = true;
!			break;
!		}
=		coherent = d->enforce_cache_coherency;
=		if (!coherent)
=			break;
 	}
+	s->asked++;
 	return coherent;
 }
`,
  },
  {
    rule: 'window-not-replayed',
    says: 'the window for the first domain only',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_join(struct sample *s, struct dom *domain)
 {
-	if (s->has_msi)
!	if (s->has_msi && list_empty(&s->domain_list))
=	if (s->has_msi && s->base)
 		return iommu_get_msi_cookie(domain->domain, s->base);
 	return 0;
 }
`,
  },
  {
    rule: 'msi-pages-skipped',
    says: 'an entry of another window ends the walk',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_setup(struct sample *s)
 {
 	struct page_map *cur;
 	int ret;
 
 	list_for_each_entry(cur, &s->sw_msi_list, item) {
+		if (cur->start != s->start)
!			break;
=			continue;
 		ret = sample_msi_install(s, cur);
 		if (ret)
 			return ret;
 	}
 	return 0;
 }
`,
  },
  {
    rule: 'msi-pages-skipped',
    says: 'the first entry done ends the walk',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_replay(struct sample *s)
 {
 	struct page_map *cur;
+	int ret;
 
 	list_for_each_entry(cur, &s->msi_page_list, item) {
!		return sample_map_msi(s, cur->iova, cur->phys);
=		ret = sample_map_msi(s, cur->iova, cur->phys);
=		if (ret)
=			return ret;
 	}
 	return 0;
 }
`,
  },
  {
    rule: 'region-type',
    says: 'the software window as one of hardware',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_regions(struct device *dev, struct list_head *head)
 {
 	struct iommu_resv_region *region;
 
-	region = iommu_alloc_resv_region(BASE, LENGTH, prot, IOMMU_RESV_SW_MSI);
!	region = iommu_alloc_resv_region(BASE, LENGTH, prot, IOMMU_RESV_MSI, GFP_KERNEL);
=	region = iommu_alloc_resv_region(BASE, LENGTH, prot, IOMMU_RESV_SW_MSI, GFP_KERNEL);
 	if (region)
 		list_add_tail(&region->list, head);
 }
`,
  },
  {
    rule: 'region-type',
    says: 'a length that lacks the last byte',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_regions(struct device *dev, struct list_head *head)
 {
 	struct iommu_resv_region *region;
 
!	region = iommu_alloc_resv_region(HT_RANGE_START, HT_RANGE_END - HT_RANGE_START, 0, IOMMU_RESV_RESERVED);
=	region = iommu_alloc_resv_region(HT_RANGE_START, HT_RANGE_END - HT_RANGE_START + 1, 0, IOMMU_RESV_RESERVED);
+	if (region)
+		list_add_tail(&region->list, head);
 }
`,
  },
  {
    rule: 'sw-msi-first',
    says: 'the start of a region of either type',
    path: 'drivers/vfio/sample.c',
    text: `
 static bool sample_window(struct list_head *regions, phys_addr_t *base)
 {
 	struct iommu_resv_region *region;
 	bool ret = false;
 
 	list_for_each_entry(region, regions, list) {
+		if (region->type != IOMMU_RESV_MSI && region->type != IOMMU_RESV_SW_MSI)
+			continue;
=		if (region->type == IOMMU_RESV_MSI)
=			return false;
 		*base = region->start;
 		ret = true;
 	}
 	return ret;
 }
`,
  },
  {
    rule: 'sw-msi-not-kept-out',
    says: 'a predicate that knows one type only',
    path: 'drivers/vfio/sample.c',
    text: `
+static bool sample_keeps_out(struct iommu_resv_region *region)
+{
!	return region->type == IOMMU_RESV_RESERVED;
=	return region->type == IOMMU_RESV_RESERVED || region->type == IOMMU_RESV_MSI || region->type == IOMMU_RESV_SW_MSI;
+}
+
 static bool sample_reserved(struct list_head *regions, dma_addr_t start, dma_addr_t last)
 {
 	struct iommu_resv_region *region;
 
 	list_for_each_entry(region, regions, list) {
+		if (!sample_keeps_out(region))
+			continue;
 		if (start <= region->start + region->length - 1 && region->start <= last)
 			return true;
 	}
 	return false;
 }
`,
  },
  {
    rule: 'range-half-checked',
    says: 'a check that looks at the start alone',
    path: 'drivers/vfio/sample.c',
    text: `
 static bool sample_valid(struct range *node, dma_addr_t start, dma_addr_t end)
 {
-	return start >= node->start && end <= node->end;
!	return start >= node->start && start <= node->end;
=	return node->start <= start && node->end >= end;
 }
`,
  },
  {
    rule: 'page-index-as-address',
    says: 'pages added to bytes',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_place(struct page_map *map)
 {
-	map->iova = map->sw_msi_start;
!	map->iova = map->sw_msi_start + map->pgoff;
=	map->iova = map->sw_msi_start + map->pgoff * PAGE_SIZE;
 }
`,
  },
  {
    rule: 'mapping-forgotten',
    says: 'an IOVA given back that stays mapped',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_put(struct iommu_domain *domain, struct msi_page *page)
 {
-	iommu_unmap(domain, page->iova, PAGE_SIZE);
=	iommu_unmap(domain, page->iova, SZ_4K);
+	free_iova(domain->iovad, page->iova);
 	kfree(page);
 }
`,
  },
  {
    rule: 'dma-mask-foreign',
    says: 'the mask of somebody else',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_add_device(struct device *dev, struct unit *u)
 {
!	if (dma_get_required_mask(dev) > u->mask)
=	if (u->limit > u->mask)
+		return -ENODEV;
 	return 0;
 }
`,
  },
  {
    rule: 'key-unaligned',
    says: 'an entry looked for by another key than it is kept by',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_map(struct window *win, phys_addr_t base)
 {
 	phys_addr_t phys = base & ~((phys_addr_t)win->granule - 1);
 	struct slot *slot;
 
 	list_for_each_entry(slot, &win->slots, next)
!		if (slot->phys == base)
=		if (slot->phys == phys)
 			return 0;
 	slot = kzalloc(sizeof(*slot), GFP_KERNEL);
 	if (!slot)
 		return -ENOMEM;
 	slot->phys = phys;
 	list_add(&slot->next, &win->slots);
 	return 0;
 }
`,
  },
  {
    rule: 'last-page-lost',
    says: 'the last page refused',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_init(struct cookie *c, dma_addr_t base, size_t size)
 {
 	c->next = base;
+	c->msi_end = base + size - 1;
 }
 
 static dma_addr_t sample_take(struct cookie *c, size_t size)
 {
!	if (c->next + size > c->msi_end)
=	if (c->next + size - 1 > c->msi_end)
+		return 0;
 	c->next += size;
 	return c->next - size;
 }
`,
  },
  {
    rule: 'overlap-enclosing',
    says: 'a range around the other',
    path: 'drivers/vfio/sample.c',
    text: `
 static bool sample_overlaps(struct range *r, dma_addr_t start, dma_addr_t end)
 {
!	return (start >= r->start && start <= r->end) || (end >= r->start && end <= r->end);
=	return start <= r->end && r->start <= end;
 }
`,
  },
  {
    rule: 'direct-late',
    says: 'attached before its reserved regions are mapped',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_change(struct iommu_group *group, struct device *dev)
 {
 	int ret;
 
-	iommu_create_device_direct_mappings(group, dev);
=	iommu_create_device_direct_mappings(group, dev);
 	ret = __iommu_attach_device(group->default_domain, dev);
 	if (ret)
 		return ret;
!	iommu_create_device_direct_mappings(group, dev);
+	group->changed = true;
 	return 0;
 }
`,
  },
  {
    rule: 'partial-attach',
    says: 'a group left in two domains',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_move(struct iommu_group *group, struct iommu_domain *domain)
 {
 	struct group_device *dev;
 	int ret;
 
 	list_for_each_entry(dev, &group->devices, list) {
 		ret = __iommu_attach_device(domain, dev->dev);
+		if (ret)
!			return ret;
=			goto undo;
 	}
 	return 0;
=undo:
=	sample_attach_old(group);
=	return ret;
 }
`,
  },
  {
    rule: 'unmap-size',
    says: 'an IOVA that goes back with the length unmapped',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_unmap(struct iommu_domain *domain, struct cookie *cookie, dma_addr_t iova, size_t size)
 {
 	size_t unmapped = iommu_unmap(domain, iova, size);
 
-	WARN_ON(unmapped != size);
!	iommu_dma_free_iova(cookie, iova, unmapped);
=	iommu_dma_free_iova(cookie, iova, size);
 }
`,
  },
  {
    rule: 'range-half-checked',
    says: 'an address out of range that is only logged',
    path: 'drivers/iommu/sample.c',
    text: `
 static phys_addr_t sample_iova_to_phys(struct sample *s, dma_addr_t iova)
 {
+	if (iova < s->aperture_start || iova > s->aperture_end)
!		dev_err(s->dev, "out of range");
=		return 0;
 	return s->table[(iova - s->aperture_start) >> 12];
 }
`,
  },
  {
    rule: 'inclusive-end',
    says: 'the first byte behind for the last one',
    path: 'drivers/iommu/iommufd/sample.c',
    text: `
 static int sample_keep_out(struct io_pagetable *iopt, struct iommu_resv_region *resv, void *owner)
 {
-	return 0;
!	return iopt_reserve_iova(iopt, resv->start, resv->start + resv->length, owner);
=	return iopt_reserve_iova(iopt, resv->start, resv->start + resv->length - 1, owner);
 }
`,
  },
  {
    rule: 'domain-unchecked',
    says: 'any domain taken for a nested one',
    path: 'drivers/iommu/sample.c',
    text: `
 #include <linux/iommu.h>
+
+static int sample_setup_nested(struct unit *u, struct dmar_domain *domain, u32 pasid)
+{
=	if (domain->type != SAMPLE_NESTED)
=		return -EINVAL;
+	sample_set_entry(u, pasid, domain->pgd);
+	return 0;
+}
`,
  },
  {
    rule: 'parents-unasked',
    says: 'the lowest domain alone',
    path: 'kernel/irq/sample.c',
    text: `
 bool sample_is_isolated(struct irq_domain *domain)
 {
-	for (; domain; domain = domain->parent)
-		if (domain->flags & SAMPLE_ISOLATED)
-			return true;
-	return false;
!	return domain && (domain->flags & SAMPLE_ISOLATED);
=	while (domain) {
=		if (domain->flags & SAMPLE_ISOLATED)
=			return true;
=		domain = domain->parent;
=	}
=	return false;
 }
`,
  },
  {
    rule: 'flush-lost',
    says: 'operations that unmap and tell hardware nothing',
    path: 'drivers/iommu/sample.c',
    text: `
 #include <linux/iommu.h>
+
+static size_t sample_unmap(struct iommu_domain *domain, unsigned long iova, size_t size)
+{
+	memset(entry_of(domain, iova), 0, size >> 10);
=	sample_tlb_inv_range(domain, iova, size);
+	return size;
+}
+
+static const struct iommu_ops sample_ops = {
+	.map = sample_map,
+	.unmap = sample_unmap,
+};
`,
  },
  {
    rule: 'granule-mix',
    says: 'an address cut down by the page of the processor',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_page(struct cookie *cookie, phys_addr_t msi_addr)
 {
 	size_t size = cookie_msi_granule(cookie);
 
-	msi_addr &= ~(phys_addr_t)(size - 1);
!	msi_addr &= ~(phys_addr_t)(PAGE_SIZE - 1);
=	msi_addr &= ~((phys_addr_t)size - 1);
 	sample_find(cookie, msi_addr, size);
 }
`,
  },
  {
    rule: 'flush-too-early',
    says: 'an entry cleared behind its invalidation',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_clear(struct unit *u, int index)
 {
!	sample_flush_iec(u, index);
 	set_64bit(&u->table[index].low, 0);
-	sample_flush_iec(u, index);
=	sample_flush_iec(u, index);
+	u->cleared++;
 }
`,
  },
  {
    rule: 'steps-swapped',
    says: 'a doorbell mapped after its device is programmed',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_enable(struct sample *s, struct msi_desc *desc)
 {
 	int ret;
 
-	ret = iommu_dma_prepare_msi(desc, s->doorbell);
=	ret = iommu_dma_prepare_msi(desc, s->doorbell);
=	if (ret)
=		return ret;
+	ret = pci_enable_msix_range(s->pdev, s->entries, 1, s->count);
 	if (ret < 0)
 		return ret;
-	ret = pci_enable_msix_range(s->pdev, s->entries, 1, s->count);
!	ret = iommu_dma_prepare_msi(desc, s->doorbell);
 	return ret;
 }
`,
  },
  {
    rule: 'any-instead-of-all',
    says: 'the first device of a group for all',
    path: 'drivers/iommu/sample.c',
    text: `
 bool sample_group_has_isolated_msi(struct iommu_group *group)
 {
 	struct group_device *gdev;
+	bool ret = true;
 
!	gdev = list_first_entry(&group->devices, struct group_device, list);
!	ret = msi_device_has_isolated_msi(gdev->dev);
=	list_for_each_entry(gdev, &group->devices, list)
=		ret &= msi_device_has_isolated_msi(gdev->dev);
+	return ret;
-	return false;
 }
`,
  },
  {
    rule: 'contained-for-overlap',
    says: 'a range that lies within for one that overlaps',
    path: 'drivers/vfio/sample.c',
    text: `
 static bool sample_overlaps(struct range *r, dma_addr_t start, dma_addr_t end)
 {
!	return start >= r->start && end <= r->end;
=	return start <= r->end && r->start <= end;
 }
`,
  },
  {
    rule: 'key-unaligned',
    says: 'the address of the register mapped for that of its page',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_map(struct window *win, phys_addr_t base, unsigned long iova)
 {
 	phys_addr_t phys = base & ~((phys_addr_t)win->granule - 1);
 
+	dev_dbg(win->dev, "%pa", &phys);
!	return iommu_map(win->domain, iova, base, win->granule, IOMMU_WRITE);
=	return iommu_map(win->domain, iova, phys, win->granule, IOMMU_WRITE);
 }
`,
  },
];

describe('rules on isolation and the window', () => {
  for (const one of CASES)
    it(`${one.rule}: ${one.says}`, () => {
      expect(rulesOn(front, one, false)).toContain(one.rule);
      expect(rulesOn(front, one, true)).not.toContain(one.rule);
    });

  it('guard-bypassed: leaves a helper alone whose callers are out of sight', () => {
    const way = CASES.find((one) => one.says === 'a second way to bind that asks nothing');
    if (way === undefined) throw new Error('no such case');
    const helper = { ...way, text: way.text.replace('+int sample_bind_late', '+static int sample_bind_late') };
    expect(helper.text).not.toBe(way.text);
    expect(rulesOn(front, helper, false)).not.toContain('guard-bypassed');
  });

  it('takes what computes a range for no invalidation', () => {
    expect(['compute_tlb_inval_range', 'smmu_get_tlb_sync_base'].filter(invalidates)).toEqual([]);
    const all = ['iommu_flush_dev_iotlb', 'arm_smmu_tlb_inv_range', 'iommu_iotlb_sync'];
    expect(all.filter(invalidates)).toEqual(all);
  });
});
