/** Keys of lookups, masks, counts and claims, each on a defective patch and on the same patch corrected. */
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
    rule: 'key-dropped',
    says: 'one of two comparisons taken out',
    path: 'drivers/iommu/sample.c',
    text: `
 static struct slot *sample_msi_find(struct box *box, phys_addr_t phys, dma_addr_t base)
 {
 	struct slot *slot;
+	unsigned int n = 0;
 
 	list_for_each_entry(slot, &box->slots, node) {
-		if (slot->base == base && slot->phys == phys)
=		if (slot->base == base && slot->phys == phys)
!		if (slot->phys == phys)
 			return slot;
+		if (slot->base == base)
+			n++;
 	}
+	sample_note(box, n);
 	return NULL;
 }
`,
  },
  {
    rule: 'key-dropped',
    says: 'a continue for the others taken out, the entry kept in a variable',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_use(struct box *box, struct iommu_domain *domain, phys_addr_t phys)
 {
 	struct page_map *map, *found = NULL;
 
 	list_for_each_entry(map, &box->msi_pages, node) {
-		if (map->domain != domain)
-			continue;
=		if (map->domain != domain)
=			continue;
+		map->asked++;
 		if (map->phys == phys) {
 			found = map;
 			break;
 		}
 	}
 	return found ? sample_take(found, domain) : -ENOENT;
 }
`,
  },
  {
    rule: 'key-dropped',
    says: 'a new function that keeps by two and finds by one',
    path: 'drivers/iommu/sample.c',
    text: `
+static struct doorbell *sample_doorbell(struct box *box, phys_addr_t phys, dma_addr_t window)
+{
+	struct doorbell *door;
+
+	list_for_each_entry(door, &box->doors, node)
!		if (door->phys == phys)
=		if (door->phys == phys && door->window == window)
+			return door;
+
+	door = kzalloc(sizeof(*door), GFP_KERNEL);
+	if (!door)
+		return NULL;
+	door->phys = phys;
+	door->window = window;
+	list_add(&door->node, &box->doors);
+	return door;
+}
`,
  },
  {
    rule: 'key-unaligned',
    says: 'the page cut into a variable of its own, and not used for the search',
    path: 'drivers/iommu/sample.c',
    section: 'static struct slot *sample_msi_page(struct box *box, phys_addr_t addr)',
    text: `
-	addr &= ~(phys_addr_t)(box->granule - 1);
+	page = door & ~(phys_addr_t)(box->granule - 1);
 	list_for_each_entry(slot, &box->slots, node)
-		if (slot->phys == addr)
!		if (slot->phys == door)
=		if (slot->phys == page)
 			return slot;
`,
  },
  {
    rule: 'narrow-mask',
    says: 'a granule without a sign in 32 bits',
    path: 'drivers/iommu/sample.c',
    text: `
+static dma_addr_t sample_base(struct box *box, phys_addr_t door)
+{
!	unsigned int granule = box_granule(box);
=	size_t granule = box_granule(box);
+
+	return sample_map(box, door & ~(granule - 1));
+}
`,
  },
  {
    rule: 'narrow-mask',
    says: 'cut down in place; a value with a sign is widened with ones',
    path: 'drivers/vfio/sample.c',
    text: `
!static u64 sample_floor(u64 iova, u32 step)
=static u64 sample_floor(u64 iova, int step)
+{
+	iova &= ~(step - 1);
+	return iova;
+}
`,
  },
  {
    rule: 'answer-lost',
    says: 'how many vectors could be had',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_enable(struct pci_dev *pdev, int nvec)
 {
 	int ret;
 
-	ret = pci_alloc_irq_vectors(pdev, 1, nvec, PCI_IRQ_MSI);
-	if (ret < nvec) {
-		if (ret > 0)
-			pci_free_irq_vectors(pdev);
-		return ret;
-	}
!	ret = pci_alloc_irq_vectors(pdev, nvec, nvec, PCI_IRQ_MSI);
!	if (ret < 0)
!		return ret;
=	ret = pci_alloc_irq_vectors(pdev, 1, nvec, PCI_IRQ_MSI | PCI_IRQ_MSIX);
=	if (ret < nvec) {
=		if (ret > 0)
=			pci_free_irq_vectors(pdev);
=		return ret;
=	}
 	return sample_fill(pdev, nvec);
 }
`,
  },
  {
    rule: 'any-instead-of-all',
    says: 'one controller of all that can be written to',
    path: 'kernel/irq/sample.c',
    text: `
+bool sample_doorbells_safe(void)
+{
+	struct sample_doorbell *door;
!	bool safe = false;
=	bool safe = true;
+
+	list_for_each_entry(door, &sample_doorbell_list, node) {
!		if (door->irq_remapping) {
!			safe = true;
=		if (!door->irq_remapping) {
=			safe = false;
+			break;
+		}
+	}
+	return safe;
+}
`,
  },
  {
    rule: 'claim-unfounded',
    says: 'a feature bit of the IOMMU itself',
    path: 'drivers/iommu/arm/arm-smmu-v3/sample.c',
    text: `
 static bool sample_capable(struct device *dev, enum iommu_cap cap)
 {
 	struct sample_master *master = dev_iommu_priv_get(dev);
 
 	switch (cap) {
 	case IOMMU_CAP_CACHE_COHERENCY:
 		return master->smmu->features & SAMPLE_FEAT_COHERENCY;
+	case IOMMU_CAP_INTR_REMAP:
!		return master->smmu->features & SAMPLE_FEAT_MSI;
=		return irq_domain_check_msi_remap();
 	default:
 		return false;
 	}
 }
`,
  },
  {
    rule: 'deed-missing',
    says: 'an argument said to be filled',
    path: 'drivers/iommu/sample.c',
    text: `
+/**
+ * sample_compose - put the IOVA into a message
+ * @page: where the doorbell is mapped
+ * @msg: message to change
+ *
+ * If there is no @page, @msg is filled with ones so that nothing is written.
+ */
+void sample_compose(struct sample_page *page, struct msi_msg *msg)
+{
!	if (!page)
!		return;
=	if (!page) {
=		msg->address_lo = ~0;
=		return;
=	}
+
+	msg->address_lo = lower_32_bits(page->iova - 1);
+}
`,
  },
  {
    rule: 'stack-to-user',
    says: 'a capability whose reserved words nobody sets',
    path: 'drivers/vfio/sample.c',
    text: `
+struct vfio_sample_cap {
+	struct vfio_info_cap_header header;
+	__u64 base;
+	__u64 reserved;
+};
+
+static int sample_cap(struct box *box, struct vfio_info_cap *caps)
+{
!	struct vfio_sample_cap cap;
=	struct vfio_sample_cap cap = {};
+
+	cap.header.id = VFIO_SAMPLE_CAP;
+	cap.header.version = 1;
+	cap.base = box->base;
+	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
+}
`,
  },
  {
    rule: 'sleep-in-atomic',
    says: 'the callback that programs a message of a descriptor',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_write_msi_msg(struct msi_desc *desc, struct msi_msg *msg)
 {
 	struct sample *sample = dev_get_drvdata(desc->dev);
+	unsigned long flags;
 
!	mutex_lock(&sample->lock);
=	raw_spin_lock_irqsave(&sample->lock, flags);
 	writel(msg->data, sample->base);
!	mutex_unlock(&sample->lock);
=	raw_spin_unlock_irqrestore(&sample->lock, flags);
 }
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
