/** How a place for doorbells is chosen and filled: each rule on defects, and on code like them that is right. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (rule: string, text: string): string[] =>
  hitsOf(front, text, ['window']).filter((hit) => hit.startsWith(rule));

describe('regions-contradict', () => {
  const report = (...statements: string[]): string[] =>
    said(
      'regions-contradict',
      `static void unit_resv(struct device *dev, struct list_head *head)\n{\nstruct iommu_resv_region *r;\n${statements.join('\n')}\n}`,
    );
  const soft = 'r = iommu_alloc_resv_region(0xa000000, SZ_2M, prot, IOMMU_RESV_SW_MSI, GFP_KERNEL);';
  const hard = 'r = iommu_alloc_resv_region(gic->base, SZ_64K, prot, IOMMU_RESV_MSI, GFP_KERNEL);';
  const enter = 'if (!r)\nreturn;\nlist_add_tail(&r->list, head);';
  it('finds both kinds on one way', () => {
    expect(report(soft, enter, 'if (unit_is_direct(dev)) {', hard, enter, '}')).toEqual(['regions-contradict@9']);
    expect(report('if (unit_has_gic(dev)) {', hard, enter, '}', soft, enter)).toEqual(['regions-contradict@10']);
    expect(
      said(
        'regions-contradict',
        `static void add_gic(struct device *dev, struct list_head *head)
{
struct iommu_resv_region *r = iommu_alloc_resv_region(GIC, SZ_64K, 0, IOMMU_RESV_MSI, GFP_KERNEL);
if (r)
list_add_tail(&r->list, head);
}
static int unit_regions(struct device *dev, struct list_head *head)
{
add_gic(dev, head);
return unit_add_region(head, WINDOW, SZ_1M, IOMMU_RESV_SW_MSI);
}`,
      ),
    ).toEqual(['regions-contradict@10']);
  });
  it('is quiet where one excludes the other', () => {
    expect(report('if (unit_is_direct(dev)) {', hard, '} else {', soft, '}', enter)).toEqual([]);
    expect(report('if (unit_is_direct(dev)) {', hard, enter, 'return;', '}', soft, enter)).toEqual([]);
    expect(
      report('bool own = false;', 'if (dev->gic) {', hard, enter, 'own = true;', '}', 'if (!own) {', soft, '}'),
    ).toEqual([]);
    expect(report(soft.replace('_SW_MSI', '_DIRECT'), enter, hard, enter)).toEqual([]);
    expect(
      report(
        'struct iommu_resv_region *e, *msi = NULL;',
        'list_for_each_entry(e, &unit->list, list) {',
        'r = iommu_alloc_resv_region(e->start, e->length, 0, IOMMU_RESV_MSI, GFP_KERNEL);',
        'msi = r;',
        '}',
        'if (!msi) {',
        soft,
        '}',
      ),
    ).toEqual([]);
  });
});

describe('fallback-untested', () => {
  const choose = (...statements: string[]): string[] =>
    said(
      'fallback-untested',
      `static int choose(struct unit *unit, struct list_head *regions)\n{\nstruct region *r;\nu64 base = DOORBELL_BASE;\n${statements.join('\n')}\n}`,
    );
  it('finds a second base that nobody asks about', () => {
    expect(
      choose(
        'if (range_reserved(regions, base, SZ_1M))',
        'base = DOORBELL_HIGH_BASE;',
        'unit->base = base;',
        'return 0;',
      ),
    ).toEqual(['fallback-untested@6']);
    // What came before in the list was held against the first only.
    expect(
      choose(
        'list_for_each_entry(r, regions, node)',
        'if (r->start < base + SZ_1M && r->last >= base)',
        'base = DOORBELL_HIGH_BASE;',
        'unit->base = base;',
        'return 0;',
      ),
    ).toEqual(['fallback-untested@7']);
    expect(choose('unit->base = hits_memory(MSI_WINDOW_LOW) ? MSI_WINDOW_HIGH : MSI_WINDOW_LOW;', 'return 0;')).toEqual(
      ['fallback-untested@5'],
    );
    expect(
      said(
        'fallback-untested',
        `u64 base_of(struct unit *unit)\n{\nif (!ram_free_at(unit, FIRST_BASE))\nreturn SECOND_BASE;\nreturn FIRST_BASE;\n}`,
      ),
    ).toEqual(['fallback-untested@4']);
  });
  it('is quiet where it is asked about, or nothing collides', () => {
    const first = ['if (range_reserved(regions, base, SZ_1M))', 'base = DOORBELL_HIGH_BASE;'];
    expect(
      choose(
        ...first,
        'if (range_reserved(regions, base, SZ_1M))',
        'return -ENOSPC;',
        'unit->base = base;',
        'return 0;',
      ),
    ).toEqual([]);
    expect(choose(...first, 'return unit_set_window(unit, base);')).toEqual([]);
    expect(
      choose(
        'if (range_reserved(regions, base, SZ_1M)) {',
        'if (range_reserved(regions, DOORBELL_HIGH_BASE, SZ_1M))',
        'return -ENOSPC;',
        'base = DOORBELL_HIGH_BASE;',
        '}',
        'unit->base = base;',
        'return 0;',
      ),
    ).toEqual([]);
    expect(
      choose('if (dev_is_pci(unit->dev))', 'base = DOORBELL_HIGH_BASE;', 'unit->base = base;', 'return 0;'),
    ).toEqual([]);
    expect(
      choose('while (range_reserved(regions, base, SZ_1M))', 'base += SZ_1M;', 'unit->base = base;', 'return 0;'),
    ).toEqual([]);
  });
});

describe('masked-left-out', () => {
  const walk = (...body: string[]): string[] =>
    said(
      'masked-left-out',
      `static int carry(struct unit *unit, struct msi_domain *to)\n{\nstruct vec *v;\nint ret = 0;\nlist_for_each_entry(v, &unit->vectors, node) {\n${body.join('\n')}\n}\nreturn ret;\n}`,
    );
  const map = ['ret = msi_domain_map(to, v->doorbell);', 'if (ret)', 'return ret;'];
  it('finds masked vectors passed over', () => {
    expect(walk('if (irqd_irq_disabled(v->data))', 'continue;', ...map)).toEqual(['masked-left-out@6']);
    expect(walk('if (!v->masked) {', ...map, '}')).toEqual(['masked-left-out@6']);
    expect(
      walk(
        'if (!v->data || (v->ctrl & PCI_MSIX_ENTRY_CTRL_MASKBIT))',
        'continue;',
        'iommu_dma_prepare_msi(v->desc, v->doorbell);',
      ),
    ).toEqual(['masked-left-out@6']);
    expect(
      said(
        'masked-left-out',
        `void f(struct t *t)\n{\nint i;\nfor (i = 0; i < t->n; i++) {\nif (unlikely(irqd_irq_masked(t->v[i].data)))\ncontinue;\ninstall_irte(t, i);\n}\n}`,
      ),
    ).toEqual(['masked-left-out@5']);
  });
  it('is quiet about what only live vectors need, and about vectors dealt with otherwise', () => {
    expect(walk('if (irqd_irq_disabled(v->data))', 'continue;', 'msi_unmask(v);')).toEqual([]);
    expect(walk('if (!v->doorbell)', 'continue;', ...map)).toEqual([]);
    expect(walk('if (v->masked) {', 'v->pending = true;', 'continue;', '}', ...map)).toEqual([]);
    expect(walk('if (v->masked)', 'v->late = true;', ...map)).toEqual([]);
    expect(walk('if (v->masked)', 'continue;', 'msi_domain_unmap(to, v->doorbell);')).toEqual([]);
  });
});

describe('zero-as-none', () => {
  const helper = (none: string, found: string) => `static dma_addr_t slot_of(struct pool *pool)
{
dma_addr_t at = ${none};
int i;
for (i = 0; i < pool->count; i++)
if (!pool->used[i]) {
at = ${found};
break;
}
return at;
}
`;
  const use = (test: string) => `static int take(struct pool *pool)
{
dma_addr_t iova = slot_of(pool);
if (${test})
return -ENOSPC;
return pool_map(pool, iova);
}`;
  it('finds a first place taken for none', () => {
    expect(said('zero-as-none', helper('0', 'pool->start + i * SZ_64K') + use('!iova'))).toEqual(['zero-as-none@15']);
    expect(said('zero-as-none', helper('0', '(dma_addr_t)i << pool->shift') + use('iova == 0'))).toEqual([
      'zero-as-none@15',
    ]);
    expect(
      said(
        'zero-as-none',
        `int f(struct t *t)\n{\nint bit = find_first_zero_bit(t->map, t->size);\nif (!bit)\nreturn -ENOSPC;\nreturn bit;\n}`,
      ),
    ).toEqual(['zero-as-none@4']);
    expect(
      said(
        'zero-as-none',
        `int f(struct t *t)\n{\nint id, ret = 0;\nid = ida_alloc(&t->ids, GFP_KERNEL);\nif (!id) {\nret = -ENOMEM;\ngoto out;\n}\nt->id = id;\nout:\nreturn ret;\n}`,
      ),
    ).toEqual(['zero-as-none@5']);
    expect(
      said(
        'zero-as-none',
        `static u64 page_of(struct t *t)\n{\nunsigned long i = find_next_zero_bit(t->map, t->n, 0);\nif (i >= t->n)\nreturn 0;\nreturn t->base + i * PAGE_SIZE;\n}\nint f(struct t *t)\n{\nu64 gpa = page_of(t);\nif (!gpa)\nreturn -ENOMEM;\nreturn 0;\n}`,
      ),
    ).toEqual(['zero-as-none@11']);
  });
  it('is quiet where 0 cannot be found, or something else tells', () => {
    expect(
      said('zero-as-none', helper('DMA_MAPPING_ERROR', 'pool->start + i * SZ_64K') + use('iova == DMA_MAPPING_ERROR')),
    ).toEqual([]);
    expect(said('zero-as-none', helper('0', 'WINDOW_BASE + i * SZ_64K') + use('!iova'))).toEqual([]);
    expect(said('zero-as-none', helper('0', 'pool->start + (i + 1) * SZ_64K') + use('!iova'))).toEqual([]);
    expect(said('zero-as-none', helper('0', 'pool->start + i * SZ_64K') + use('iova >= pool->end'))).toEqual([]);
    expect(
      said(
        'zero-as-none',
        `int f(struct t *t)\n{\nint bit = find_next_zero_bit(t->map, t->size, 1);\nif (!bit)\nreturn -ENOSPC;\nreturn bit;\n}`,
      ),
    ).toEqual([]);
    expect(
      said(
        'zero-as-none',
        `int f(struct t *t)\n{\nint n = bitmap_weight(t->map, t->size);\nif (!n)\nreturn -ENOENT;\nreturn n;\n}`,
      ),
    ).toEqual([]);
    expect(
      said(
        'zero-as-none',
        `int f(struct t *t)\n{\nint id = ida_alloc_range(&t->ids, 1, 9, GFP_KERNEL);\nif (!id)\nreturn -ENOSPC;\nreturn id;\n}`,
      ),
    ).toEqual([]);
  });
});

describe('in hunks', () => {
  it('finds what a patch brings beside lines it only shows', () => {
    const pair = {
      path: 'drivers/iommu/sample.c',
      text: `
 static void unit_resv(struct device *dev, struct list_head *head)
 {
 	struct iommu_resv_region *r;
 
!	r = iommu_alloc_resv_region(UNIT_GIC, SZ_64K, 0, IOMMU_RESV_MSI, GFP_KERNEL);
=	r = iommu_alloc_resv_region(UNIT_GIC, SZ_64K, 0, IOMMU_RESV_RESERVED, GFP_KERNEL);
+	if (!r)
+		return;
+	list_add_tail(&r->list, head);
+
 	r = iommu_alloc_resv_region(UNIT_WINDOW, SZ_1M, 0, IOMMU_RESV_SW_MSI, GFP_KERNEL);
 	if (!r)
 		return;
 	list_add_tail(&r->list, head);
 }
`,
    };
    expect(rulesOn(front, pair, false)).toContain('regions-contradict');
    expect(rulesOn(front, pair, true)).not.toContain('regions-contradict');
  });
  it('goes over lines out of sight where the first was reported in any case', () => {
    const two = (...first: string[]) => ({
      path: 'drivers/iommu/sample.c',
      text: [
        ' static void unit_resv(struct device *dev, struct list_head *head)',
        ' {',
        ...first,
        ' \tr = iommu_alloc_resv_region(UNIT_WINDOW, SZ_1M, 0, IOMMU_RESV_SW_MSI, GFP_KERNEL);',
        '@@ static void unit_resv(struct device *dev, struct list_head *head)',
        ' \tlist_add_tail(&r->list, head);',
        ' ',
        '!\tr = iommu_alloc_resv_region(UNIT_GIC, SZ_64K, 0, IOMMU_RESV_MSI, GFP_KERNEL);',
        '=\tr = iommu_alloc_resv_region(UNIT_GIC, SZ_64K, 0, IOMMU_RESV_DIRECT, GFP_KERNEL);',
        '+\tif (r)',
        '+\t\tlist_add_tail(&r->list, head);',
        ' }',
      ].join('\n'),
    });
    expect(rulesOn(front, two('+\tstruct iommu_resv_region *r;'), false)).toContain('regions-contradict');
    expect(rulesOn(front, two('+\tstruct iommu_resv_region *r;'), true)).not.toContain('regions-contradict');
    // The first is on one side only, and what comes after is out of sight.
    expect(rulesOn(front, two('+\tstruct iommu_resv_region *r;', ' \tif (!unit_is_direct(dev))'), false)).not.toContain(
      'regions-contradict',
    );
  });
});
