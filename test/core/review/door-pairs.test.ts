/** Windows, doorbells and what is given back too early, each on a defective patch and on the same patch corrected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { type RulePair, rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const CASES: readonly RulePair[] = [
  {
    rule: 'queued-only',
    says: 'a table behind a device entry',
    path: 'drivers/iommu/amd/sample.c',
    text: `
+static void sample_free(struct amd_iommu *iommu, u16 devid, void *table)
+{
+	iommu_flush_dte(iommu, devid);
=	iommu_completion_wait(iommu);
+	kfree(table);
+}
`,
  },
  {
    rule: 'queued-only',
    says: 'in another queue, on one way',
    path: 'drivers/iommu/riscv/sample.c',
    text: `
+static void sample_free(struct riscv_iommu_device *iommu, struct sample *sample)
+{
+	riscv_iommu_cmd_send(iommu, &sample->cmd);
!	if (sample->shared)
+		riscv_iommu_cmd_sync(iommu, 0);
+	iommu_free_pages(sample->table);
+}
`,
  },
  {
    rule: 'door-before-vectors',
    says: 'the binding given back in front of the vectors',
    path: 'drivers/vfio/pci/sample.c',
    text: `
 static void sample_disable(struct sample *s)
 {
!	sample_doorbell_put(s, s->iova);
 	pci_free_irq_vectors(s->pdev);
=	sample_doorbell_put(s, s->iova);
 	s->num = 0;
 }
`,
  },
  {
    rule: 'door-before-vectors',
    says: 'an interrupt of one’s own',
    path: 'drivers/vfio/platform/sample.c',
    text: `
+static void sample_teardown(struct sample *s, int irq)
+{
!	iommu_unmap_msi_page(s->domain, s->iova);
!	free_irq(irq, s);
=	free_irq(irq, s);
=	iommu_unmap_msi_page(s->domain, s->iova);
+}
`,
  },
  {
    rule: 'window-length',
    says: 'a page of the CPU for each frame',
    path: 'drivers/iommu/sample.c',
    text: `
+static void sample_regions(struct sample *s, struct list_head *head)
+{
+	struct iommu_resv_region *region;
!	size_t len = s->nr_frames * PAGE_SIZE;
=	size_t len = s->nr_frames * (1UL << __ffs(s->pgsize_bitmap));
+
+	region = iommu_alloc_resv_region(SAMPLE_BASE, len, 0, IOMMU_RESV_SW_MSI, GFP_KERNEL);
+	if (region)
+		list_add_tail(&region->list, head);
+}
`,
  },
  {
    rule: 'range-half-checked',
    says: 'only the first byte looked for',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_reserve(struct box *box, dma_addr_t iova, size_t size)
+{
+	struct range *range = kzalloc(sizeof(*range), GFP_KERNEL);
+
+	if (!range)
+		return -ENOMEM;
+	range->iova = iova;
+	range->size = size;
!	if (box_find_range(box, iova, 1)) {
=	if (box_find_range(box, iova, size)) {
+		kfree(range);
+		return -EEXIST;
+	}
+	box_link_range(box, range);
+	return 0;
+}
`,
  },
  {
    rule: 'size-without-offset',
    says: 'a region that begins within a page',
    path: 'drivers/iommu/sample.c',
    text: `
+static int sample_map(struct box *box, phys_addr_t addr, size_t len)
+{
+	size_t granule = box->granule;
!	size_t size = ALIGN(len, granule);
=	size_t size = ALIGN(len + (addr & (granule - 1)), granule);
+
+	addr &= ~(phys_addr_t)(granule - 1);
+	return iommu_map(box->domain, box->iova, addr, size, IOMMU_WRITE);
+}
`,
  },
  {
    rule: 'size-without-offset',
    says: 'the start in a variable of its own; what is asked to be aligned is',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_pin(struct box *box, unsigned long vaddr, size_t bytes)
+{
+	unsigned long start = ALIGN_DOWN(vaddr, SZ_64K);
+	size_t size;
+
=	if (!IS_ALIGNED(vaddr, SZ_64K))
=		return -EINVAL;
+	size = round_up(bytes, SZ_64K);
+	return box_pin(box, start, size);
+}
`,
  },
  {
    rule: 'lock-dropped',
    says: 'a guard taken out above a walk',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_setup(struct box *box)
 {
 	struct slot *slot;
+	int n = 0;
 
-	guard(mutex)(&box->slots_lock);
=	guard(mutex)(&box->slots_lock);
 	list_for_each_entry(slot, &box->slots, node)
-		slot_install(slot);
+		n += slot_install(slot);
-	return 0;
+	return n;
 }
`,
  },
  {
    rule: 'absent-answer',
    says: 'a walk over nothing ends with another answer',
    path: 'kernel/irq/sample.c',
    text: `
+/**
+ * sample_isolated - whether the interrupts of a device are kept apart
+ * @dev: the device
+ *
! * Without a sample domain the result is false.
= * Without a sample domain the architecture is asked.
+ */
+bool sample_isolated(struct device *dev)
+{
+	struct sample_domain *domain = sample_get_domain(dev);
+
+	for (; domain; domain = domain->parent)
+		if (domain->flags & SAMPLE_ISOLATED)
+			return true;
+
+	return arch_sample_isolated();
+}
`,
  },
  {
    rule: 'absent-answer',
    says: 'a helper that is given nothing says no',
    path: 'kernel/irq/sample.c',
    text: `
+static bool sample_chain_isolates(struct sample_domain *domain)
+{
+	while (domain) {
+		if (domain->isolates)
+			return true;
+		domain = domain->parent;
+	}
+	return false;
+}
+
+/*
+ * A device without a domain has nothing to keep apart
! * and counts as isolated.
= * and does not count as isolated.
+ */
+bool sample_isolated(struct device *dev)
+{
+	struct sample_domain *domain = sample_get_domain(dev);
+
+	return sample_chain_isolates(domain);
+}
`,
  },
  {
    rule: 'claim-unfounded',
    says: 'one ITS somewhere',
    path: 'drivers/iommu/arm-smmu.c',
    text: `
+static bool sample_translates(void)
+{
+	struct device_node *np;
+	bool found = false;
+
+	for_each_compatible_node(np, NULL, "arm,gic-v3-its")
+		found = true;
=	for_each_compatible_node(np, NULL, "arm,gic-v2m-frame")
=		found = false;
+	return found;
+}
+
+static bool sample_capable(enum iommu_cap cap)
+{
+	switch (cap) {
+	case IOMMU_CAP_INTR_REMAP:
+		return sample_translates();
+	default:
+		return false;
+	}
+}
`,
  },
];

describe('a defective patch', () => {
  it.each(CASES)('$rule: $says', (pair) => {
    expect(rulesOn(front, pair, false)).toContain(pair.rule);
  });
});

describe('the same patch corrected', () => {
  it.each(CASES)('$rule: $says', (pair) => {
    expect(rulesOn(front, pair, true)).not.toContain(pair.rule);
  });
});
