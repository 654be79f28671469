/** Rules on what holds of all members of a set, each on a defective patch and on the same patch corrected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { type RulePair, rulesOn } from './pairs';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const CASES: readonly RulePair[] = [
  {
    rule: 'members-cached',
    says: 'an answer kept in the set, never cleared',
    path: 'drivers/iommu/sample.c',
    text: `
+static void sample_add(struct set *set, struct member *m)
+{
+	list_add(&m->node, &set->devices);
=	set->coherent_known = false;
+}
+
 bool sample_coherent(struct set *set)
 {
 	struct member *m;
 	bool all = true;
 
+	if (set->coherent_known)
+		return set->coherent;
+
 	list_for_each_entry(m, &set->devices, node)
 		all &= member_coherent(m);
+	set->coherent = all;
+	set->coherent_known = true;
 	return all;
 }
`,
  },
  {
    rule: 'members-cached',
    says: 'the same under a guard, the flag and the answer in one',
    path: 'drivers/vfio/sample.c',
    text: `
+void sample_join(struct iommu_group *group, struct group_device *device)
+{
+	guard(mutex)(&group->mutex);
=	group->granule = 0;
+	list_add_tail(&device->list, &group->devices);
+}
+
 unsigned long sample_granule(struct iommu_group *group)
 {
 	struct group_device *device;
 	unsigned long least = PAGE_SIZE;
 
+	guard(mutex)(&group->mutex);
+	if (group->granule)
+		return group->granule;
 	for_each_group_device(group, device)
 		least = min(least, granule_of(device->dev));
+	group->granule = least;
 	return least;
 }
`,
  },
  {
    rule: 'key-overlaps',
    says: 'a number as wide as the key below another',
    path: 'drivers/irqchip/sample.c',
    text: `
!static u32 sample_key(u32 devid, u32 eventid)
=static u64 sample_key(u32 devid, u32 eventid)
+{
!	return devid << SAMPLE_EVENT_BITS | eventid;
=	return (u64)devid << 32 | eventid;
+}
`,
  },
  {
    rule: 'key-overlaps',
    says: 'an index of 16 bits above 12, masked in the twin',
    path: 'drivers/iommu/sample.c',
    text: `
+static struct entry *sample_find(struct table *t, u32 rid, u16 vector)
+{
!	u32 index = (rid << 12) | vector;
=	u32 index = (rid << 12) | (vector & 0xfff);
+
+	return xa_load(&t->entries, index);
+}
`,
  },
  {
    rule: 'owner-absent',
    says: 'nobody’s thing let through',
    path: 'drivers/iommu/sample.c',
    text: `
 int sample_claim(struct group *group, void *owner)
 {
 	if (group->count) {
-		if (group->owner != owner)
!		if (group->owner && group->owner != owner)
=		if (!group->shared || group->owner != owner)
 			return -EPERM;
 		group->count++;
 		return 0;
 	}
 	return sample_take(group, owner);
 }
`,
  },
  {
    rule: 'first-for-all',
    says: 'the first group speaks for all',
    path: 'drivers/vfio/sample.c',
    text: `
 static int sample_collect(struct domain *d, struct list_head *regions)
 {
 	struct group *g;
 	int ret;
 
-	list_for_each_entry(g, &d->group_list, next) {
=	list_for_each_entry(g, &d->group_list, entry) {
=		ret = iommu_get_group_resv_regions(g->iommu_group, regions);
!	g = list_first_entry(&d->group_list, struct group, next);
!	ret = iommu_get_group_resv_regions(g->iommu_group, regions);
-		ret = iommu_get_group_resv_regions(g->iommu_group, regions);
 		if (ret)
 			return ret;
-	}
=	}
 	return 0;
 }
`,
  },
  {
    rule: 'region-let-in',
    says: 'a case of its own for one type, which reserves no more',
    path: 'drivers/iommu/sample.c',
    text: `
 static int sample_reserve(struct iova_domain *iovad, struct list_head *regions)
 {
 	struct iommu_resv_region *region;
 	int ret = 0;
 
 	list_for_each_entry(region, regions, list) {
-		if (region->type == IOMMU_RESV_SW_MSI)
-			continue;
-		reserve_iova(iovad, lo_of(region), hi_of(region));
-		if (region->type == IOMMU_RESV_MSI)
-			ret = sample_doorbell(region);
+		switch (region->type) {
+		case IOMMU_RESV_SW_MSI:
+			break;
+		case IOMMU_RESV_MSI:
+			ret = sample_doorbell(region);
!			break;
=			fallthrough;
+		default:
+			reserve_iova(iovad, lo_of(region), hi_of(region));
+		}
 		if (ret)
 			break;
 	}
 	return ret;
 }
`,
  },
  {
    rule: 'region-let-in',
    says: 'the test that passes over one type passes over two',
    path: 'drivers/iommu/sample.c',
    text: `
 static void sample_keep(struct iova_domain *iovad, struct list_head *regions)
 {
 	struct iommu_resv_region *region;
 
 	list_for_each_entry(region, regions, list) {
-		if (region->type == IOMMU_RESV_SW_MSI)
!		if (region->type == IOMMU_RESV_SW_MSI || region->type == IOMMU_RESV_MSI)
=		if (IOMMU_RESV_SW_MSI == region->type || region->type == IOMMU_RESV_SW_MSI)
 			continue;
 		reserve_iova(iovad, lo_of(region), hi_of(region));
 	}
 }
`,
  },
  {
    rule: 'compared-narrower',
    says: 'domains compared, which share what is reserved in',
    path: 'drivers/iommu/iommufd/sample.c',
    text: `
-static void sample_replace(struct group *g, struct paging *new_paging, struct paging *old_paging)
-{
-	if (new_paging->ioas != old_paging->ioas)
-		sample_remove_reserved(g, old_paging);
-}
+static void sample_move(struct group *g, struct paging *paging, struct paging *old_paging)
+{
!	if (paging == old_paging)
=	if (paging->ioas == old_paging->ioas)
+		return;
+	sample_remove_reserved(g, old_paging);
+}
`,
  },
  {
    rule: 'answer-lost',
    says: 'the size that is needed is stored, and the caller leaves without it',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_fill(struct sample *s, struct sample_info *info)
+{
+	if (s->count > info->count) {
+		info->count = s->count;
+		return -ENOSPC;
+	}
+	return sample_copy(s, info);
+}
+
+static long sample_get_info(struct sample *s, struct sample_info __user *arg)
+{
+	struct sample_info info;
+	int ret;
+
+	if (copy_from_user(&info, arg, sizeof(info)))
+		return -EFAULT;
+	ret = sample_fill(s, &info);
!	if (ret)
=	if (ret && ret != -ENOSPC)
+		return ret;
=	if (copy_to_user(arg, &info, sizeof(info)))
=		return -EFAULT;
=	return ret;
!	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
+}
`,
  },
  {
    rule: 'claim-unfounded',
    says: 'isolation recorded behind the override',
    path: 'drivers/iommu/iommufd/sample.c',
    text: `
 	if (!sample_mock(dev)) {
 		if (!allow_unsafe_interrupts)
 			goto out;
 		dev_warn(dev, "no isolated interrupts\\n");
 	}
!	WRITE_ONCE(group->isolated_msi, true);
=	WRITE_ONCE(group->isolated_msi, sample_isolated(group));
 
 	return sample_claim(dev);
`,
  },
];

describe('the mistake is seen, and its correction is left alone', () => {
  it.each(CASES)('$rule: $says', ({ rule, path, text }) => {
    expect(rulesOn(front, { path, text }, false)).toContain(rule);
    expect(rulesOn(front, { path, text }, true)).not.toContain(rule);
  });
});

describe('guard-bypassed: a test that sinks', () => {
  const test = [
    '\tif (!allow_unsafe_interrupts && !msi_remap) {',
    '\t\tret = -EPERM;',
    '\t\tgoto out_detach;',
    '\t}',
    '',
  ];
  /** The test is taken out at line 20; `above` stands above where it comes back, 40 lines further down. */
  const moved = (above: readonly string[]): string =>
    [
      'diff drivers/vfio/sample.c',
      '@@ -20,11 +20,6 @@ static int sample_attach_group(void *data, struct iommu_group *group)',
      ' \tINIT_LIST_HEAD(&domain->group_list);',
      ' \tlist_add(&group->next, &domain->group_list);',
      ' ',
      ...test.map((line) => `-${line}`),
      ' \tdomain->enforce = sample_enforce(domain);',
      ' ',
      ' \t/* others may do */',
      `@@ -60,${above.length + 2} +55,${above.length + 7} @@ static int sample_attach_group(void *data, struct iommu_group *group)`,
      ...above.map((line) => ` ${line}`),
      ...test.map((line) => `+${line}`),
      ' \tsample_test_pages(domain);',
      ' ',
    ].join('\n');
  const ids = (above: readonly string[]): string[] => hitsOfPatch(front, [moved(above)]).map((hit) => hit.rule.id);

  it('speaks where a block with blocks of its own lies between, whose head is not shown', () => {
    expect(ids(['\t\t}', '\t}', ''])).toContain('guard-bypassed');
  });
  it('is quiet where plain steps lie between, and where the whole block is shown', () => {
    expect(ids(['\tsample_prepare(domain);', ''])).not.toContain('guard-bypassed');
    expect(ids(['\tif (sample_nests(domain)) {', '\t\tif (x) {', '\t\t}', '\t}', ''])).not.toContain('guard-bypassed');
  });
});
