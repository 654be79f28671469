import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { createReviewer } from '../../../src/review/review';
import { pathHits } from '../../../src/review/rules';
import { readSeries } from '../../../src/series/read';
import { frontEnd, read } from './c';
import { hitsOf } from './hits';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const OURS =
  /^(?:domain-mixed|any-instead-of-all|claim-unfounded|source-unchecked|remap-table-shared|true-on-empty|override-skips-checks|safety-result-dropped|iova-freed-mapped|domain-dropped|window-in-cpu-pages)$/;
const hits = (text: string): string[] =>
  hitsOf(front, text, ['isolation', 'window', 'arith', 'lifetime'])
    .map((hit) => hit.split('@')[0] ?? '')
    .filter((rule) => OURS.test(rule));

describe('any-instead-of-all', () => {
  const walk = 'bool f(struct iommu_group *g)\n{\n\treturn iommu_group_for_each_dev(g, NULL, one);\n}\n';
  it('sees a callback that answers true for a safe device', () => {
    expect(
      hits(`static int one(struct device *dev, void *data)\n{\n\treturn device_iommu_capable(dev, 1);\n}\n${walk}`),
    ).toEqual(['any-instead-of-all']);
  });
  it('is content with one that answers true for an unsafe device, and with one that does something', () => {
    expect(
      hits(`static int one(struct device *dev, void *data)\n{\n\treturn !device_iommu_capable(dev, 1);\n}\n${walk}`),
    ).toEqual([]);
    expect(hits(`static int one(struct device *dev, void *data)\n{\n\treturn attach_one(dev);\n}\n${walk}`)).toEqual(
      [],
    );
  });
});

describe('any-instead-of-all by the answer of the callback', () => {
  const cb = (body: string) =>
    `static int one(struct device *dev, void *data)\n{\n\tbool *safe = data;\n\n${body}}\nbool f(struct iommu_group *g)\n{\n\tbool safe = false;\n\n\tiommu_group_for_each_dev(g, &safe, one);\n\treturn safe;\n}\n`;
  it('sees an answer through a pointer that ends the walk, is gathered by or, or is overwritten', () => {
    expect(hits(cb('\t*safe = msi_is_isolated(dev);\n\treturn *safe;\n'))).toEqual(['any-instead-of-all']);
    expect(hits(cb('\t*safe |= msi_is_isolated(dev);\n\treturn 0;\n'))).toEqual(['any-instead-of-all']);
    expect(hits(cb('\t*safe = msi_is_isolated(dev);\n\treturn 0;\n'))).toEqual(['any-instead-of-all']);
    expect(hits(cb('\tif (msi_is_isolated(dev))\n\t\t*safe = true;\n\treturn 0;\n'))).toEqual(['any-instead-of-all']);
    expect(hits(cb('\tif (!msi_is_isolated(dev))\n\t\treturn 0;\n\treturn 1;\n'))).toEqual(['any-instead-of-all']);
  });
  it('is content with a walk that ends at the first unsafe device', () => {
    expect(hits(cb('\t*safe = msi_is_isolated(dev);\n\treturn !*safe;\n'))).toEqual([]);
    expect(hits(cb('\t*safe &= msi_is_isolated(dev);\n\treturn 0;\n'))).toEqual([]);
    expect(hits(cb('\tif (!msi_is_isolated(dev))\n\t\treturn -EPERM;\n\treturn 0;\n'))).toEqual([]);
    expect(hits(cb('\tif (!msi_is_isolated(dev))\n\t\t*safe = false;\n\treturn 0;\n'))).toEqual([]);
  });
});

describe('any-instead-of-all in a loop', () => {
  const loop = (body: string, start = 'false', name = 'group_has_isolated_msi') =>
    `bool ${name}(struct iommu_group *group)\n{\n\tstruct group_device *d;\n\tbool ret = ${start};\n\n\tlist_for_each_entry(d, &group->devices, list)\n${body}\treturn ret;\n}\n`;
  it('sees or, the first safe member, and the last one', () => {
    expect(hits(loop('\t\tret |= msi_isolated(d->dev);\n'))).toEqual(['any-instead-of-all']);
    expect(hits(loop('\t\tret = ret || msi_isolated(d->dev);\n'))).toEqual(['any-instead-of-all']);
    expect(hits(loop('\t\tret = msi_isolated(d->dev);\n'))).toEqual(['any-instead-of-all']);
    expect(hits(loop('\t\tif (msi_isolated(d->dev))\n\t\t\treturn true;\n'))).toEqual(['any-instead-of-all']);
    expect(hits(loop('\t{\n\t\tret = msi_isolated(d->dev);\n\t\tif (ret)\n\t\t\tbreak;\n\t}\n'))).toEqual([
      'any-instead-of-all',
    ]);
    expect(hits(loop('\t\tret &= msi_unsafe(d->dev);\n', 'true'))).toEqual(['any-instead-of-all']);
  });
  it('is content with all, and with any of the unsafe', () => {
    expect(hits(loop('\t\tret &= msi_isolated(d->dev);\n', 'true'))).toEqual([]);
    expect(hits(loop('\t\tret |= msi_unsafe(d->dev);\n'))).toEqual([]);
    expect(hits(loop('\t\tif (!msi_isolated(d->dev))\n\t\t\treturn false;\n', 'true'))).toEqual([]);
    expect(hits(loop('\t{\n\t\tret = msi_isolated(d->dev);\n\t\tif (!ret)\n\t\t\tbreak;\n\t}\n'))).toEqual([]);
    expect(hits(loop('\t\tret |= msi_isolated(d->dev);\n', 'false', 'group_any_isolated'))).toEqual([]);
  });
});

describe('claim-unfounded', () => {
  const capable = (answer: string, file = 'drivers/iommu/arm/arm-smmu/arm-smmu.c') => {
    const all = read(
      front,
      `static bool capable(enum iommu_cap cap)\n{\n\tswitch (cap) {\n\tcase IOMMU_CAP_INTR_REMAP:\n\t\treturn ${answer};\n\tdefault:\n\t\treturn false;\n\t}\n}\n`,
      file,
    );
    return [...all.programs.values()].flatMap((program) =>
      pathHits(program, () => null, all)
        .map((hit) => hit.rule.id)
        .filter((id) => OURS.test(id)),
    );
  };
  it('sees a constant yes of an IOMMU', () => {
    expect(capable('true')).toEqual(['claim-unfounded']);
    expect(capable('true', 'drivers/iommu/intel/iommu.c')).toEqual(['claim-unfounded']);
  });
  it('is content with what is switched on, with no, and where the hardware always checks', () => {
    expect(capable('irq_remapping_enabled == 1', 'drivers/iommu/intel/iommu.c')).toEqual([]);
    expect(capable('false')).toEqual([]);
    expect(capable('true', 'drivers/iommu/s390-iommu.c')).toEqual([]);
  });
  it('sees a predicate that looks at nothing', () => {
    expect(hits('bool msi_device_has_isolated_msi(struct device *dev)\n{\n\treturn true;\n}\n')).toEqual([
      'claim-unfounded',
    ]);
    expect(hits('bool msi_device_has_isolated_msi(struct device *dev)\n{\n\treturn false;\n}\n')).toEqual([]);
  });
  const flag = (path: string, line: string): string[] =>
    hitsOfPatch(front, [
      `diff ${path}\n@@ -10,2 +10,3 @@ static int init(void)\n \tstruct irq_domain *d;\n+${line}\n \treturn 0;`,
    ])
      .map((hit) => hit.rule.id)
      .filter((id) => OURS.test(id));
  it('sees the flag for a frame without device ids', () => {
    expect(flag('drivers/irqchip/irq-gic-v2m.c', '\td->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;')).toEqual([
      'claim-unfounded',
    ]);
  });
  it('is content with the ITS, and with a test of the flag', () => {
    expect(flag('drivers/irqchip/irq-gic-v3-its.c', '\td->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;')).toEqual([]);
    expect(flag('drivers/irqchip/irq-gic-v2m.c', '\tif (d->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)')).toEqual([]);
    expect(flag('drivers/irqchip/irq-gic-v2m.c', '\td->flags &= ~IRQ_DOMAIN_FLAG_ISOLATED_MSI;')).toEqual([]);
  });
});

describe('source-unchecked', () => {
  const helper = (last: string) =>
    `static bool alias_sid(struct irte *irte, struct pci_dev *dev, u16 alias)\n{\n\tif (dev->bridge) {\n\t\tset_irte_verify_bus(irte, alias, 1);\n\t\treturn true;\n\t}\n\tif (dev->many) {\n\t\tset_irte_sid(irte, 1, 0, alias);\n\t\treturn true;\n\t}\n${last}}\n`;
  it('sees an exit like the others that sets nothing', () => {
    expect(hits(helper('\treturn dev->a != alias;\n'))).toEqual(['source-unchecked']);
    expect(hits(helper('\treturn true;\n'))).toEqual(['source-unchecked']);
  });
  it('is content with the other answer, and where the source is set first', () => {
    expect(hits(helper('\treturn false;\n'))).toEqual([]);
    expect(hits(helper('\tset_irte_sid(irte, 1, 0, alias);\n\treturn true;\n'))).toEqual([]);
  });
  it('sees the check switched off, but not where the administrator did', () => {
    expect(hits('void f(struct irte *i)\n{\n\tset_irte_sid(i, SVT_NO_VERIFY, 0, 0);\n}\n')).toEqual([
      'source-unchecked',
    ]);
    expect(
      hits(
        'void f(struct irte *i)\n{\n\tif (disable_sourceid_checking)\n\t\tset_irte_sid(i, SVT_NO_VERIFY, 0, 0);\n}\n',
      ),
    ).toEqual([]);
  });
});

describe('remap-table-shared', () => {
  const lookup = (index: string) =>
    `struct t *f(struct seg *seg, u16 devid)\n{\n\treturn seg->irq_lookup_table[${index}];\n}\n`;
  it('sees the table of function 0 or of a bus', () => {
    expect(hits(lookup('devid & ~0x7'))).toEqual(['remap-table-shared']);
    expect(hits(lookup('devid & 0xfff8'))).toEqual(['remap-table-shared']);
  });
  it('is content with the requester id, and with its alias', () => {
    expect(hits(lookup('devid'))).toEqual([]);
    expect(hits(lookup('seg->alias_table[devid]'))).toEqual([]);
    expect(hits(lookup('devid & 0xffff'))).toEqual([]);
  });
});

describe('true-on-empty', () => {
  const fold = (name: string, more = '') =>
    `bool ${name}(void)\n{\n\tstruct d *d;\n${more}\n\tlist_for_each_entry(d, &all, link)\n\t\tif (!d->on)\n\t\t\treturn false;\n\treturn true;\n}\n`;
  it('sees an isolation predicate that is true of nothing', () => {
    expect(hits(fold('domains_are_isolated'))).toEqual(['true-on-empty']);
  });
  it('is content when the empty list is refused, and with predicates of another kind', () => {
    expect(hits(fold('domains_are_isolated', '\tif (list_empty(&all))\n\t\treturn false;'))).toEqual([]);
    expect(hits(fold('all_idle'))).toEqual([]);
  });
});

describe('override-skips-checks', () => {
  const rest = '\tif (g->owner)\n\t\treturn -EBUSY;\n\tif (!g->isolated)\n\t\treturn -EPERM;\n\treturn 0;\n}\n';
  it('sees success before the other checks', () => {
    expect(hits(`int f(struct g *g)\n{\n\tif (allow_unsafe_interrupts)\n\t\treturn 0;\n${rest}`)).toEqual([
      'override-skips-checks',
    ]);
  });
  it('is content when it is the only question, or only warns', () => {
    expect(
      hits(
        'int f(struct g *g)\n{\n\tif (allow_unsafe_interrupts)\n\t\treturn 0;\n\tif (!g->isolated)\n\t\treturn -EPERM;\n\treturn 0;\n}\n',
      ),
    ).toEqual([]);
    expect(hits(`int f(struct g *g)\n{\n\tif (allow_unsafe_interrupts)\n\t\tpr_warn("unsafe");\n${rest}`)).toEqual([]);
  });
});

describe('safety-result-dropped', () => {
  it('sees a result that nobody takes, and is content with one that is taken', () => {
    expect(
      hits('int f(struct g *g)\n{\n\tiommu_get_group_resv_regions(g->group, &g->list);\n\treturn 0;\n}\n'),
    ).toEqual(['safety-result-dropped']);
    expect(hits('int f(struct g *g)\n{\n\treturn iommu_get_group_resv_regions(g->group, &g->list);\n}\n')).toEqual([]);
    expect(
      hits(
        'int f(struct g *g)\n{\n\tint ret;\n\n\tret = iommu_get_group_resv_regions(g->group, &g->list);\n\treturn ret;\n}\n',
      ),
    ).toEqual([]);
  });
});

describe('domain-mixed', () => {
  const attach = (which: string) =>
    `int f(struct iommu_group *group, struct iommu_domain *to)\n{\n\tint ret;\n\n\tret = for_each(group, ${which}, do_attach_device);\n\tif (ret)\n\t\treturn ret;\n\tgroup->domain = to;\n\treturn 0;\n}\n`;
  it('sees one domain attached and another recorded', () => {
    expect(hits(attach('group->default_domain'))).toEqual(['domain-mixed']);
  });
  it('is content when the argument is attached', () => {
    expect(hits(attach('to'))).toEqual([]);
  });
});

describe('iova-freed-mapped', () => {
  it('sees the IOVA given back first', () => {
    expect(
      hits(
        'void f(struct d *d, dma_addr_t iova)\n{\n\tfree_iova(d->iovad, iova >> d->shift);\n\tiommu_unmap(d->domain, iova, d->size);\n}\n',
      ),
    ).toEqual(['iova-freed-mapped']);
  });
  it('is content with the right order, another address, and the next turn of a loop', () => {
    expect(
      hits(
        'void f(struct d *d, dma_addr_t iova)\n{\n\tiommu_unmap(d->domain, iova, d->size);\n\tfree_iova(d->iovad, iova >> d->shift);\n}\n',
      ),
    ).toEqual([]);
    expect(
      hits(
        'void f(struct d *d, dma_addr_t a, dma_addr_t b)\n{\n\tfree_iova(d->iovad, a);\n\tiommu_unmap(d->domain, b, d->size);\n}\n',
      ),
    ).toEqual([]);
    expect(
      hits(
        'void f(struct d *d, dma_addr_t iova)\n{\n\twhile (next(d)) {\n\t\tiommu_unmap(d->domain, iova, d->size);\n\t\tfree_iova(d->iovad, iova);\n\t}\n}\n',
      ),
    ).toEqual([]);
  });
});

describe('domain-dropped', () => {
  const body = (args: string, head = 'struct device *dev, struct iommu_domain *domain') =>
    `dma_addr_t f(${head})\n{\n\treturn __dma_map(${args});\n}\n`;
  const dropped = (after: string, before: string): string[] => {
    const now = read(front, after);
    const old = read(front, before).programs.get('f') ?? null;
    const program = now.programs.get('f');
    if (program === undefined) throw new Error('f() was not read');
    return pathHits(program, () => old, now)
      .map((hit) => hit.rule.id)
      .filter((id) => OURS.test(id));
  };
  it('sees a helper that is not told the domain any more', () => {
    expect(dropped(body('dev, addr, size'), body('dev, addr, size, domain'))).toEqual(['domain-dropped']);
  });
  it('is content when the parameter goes too, or the helper is told otherwise', () => {
    expect(dropped(body('dev, addr, size', 'struct device *dev'), body('dev, addr, size, domain'))).toEqual([]);
    expect(dropped(body('dev, addr, dev_domain(dev)'), body('dev, addr, size, domain'))).toEqual([]);
  });
});

describe('domain-dropped where the mail shows the lines alone', () => {
  const found = async (added: string): Promise<string[]> => {
    const mail = [
      'From: A Author <author@example.org>',
      'Date: Mon, 20 May 2019 10:00:00 +0000',
      'Subject: [PATCH] iommu/dma: sample',
      'Message-ID: <sample@example.org>',
      '',
      'Changes a call.',
      '---',
      'diff --git a/drivers/iommu/dma-iommu.c b/drivers/iommu/dma-iommu.c',
      '--- a/drivers/iommu/dma-iommu.c',
      '+++ b/drivers/iommu/dma-iommu.c',
      '@@ -1000,5 +1000,5 @@ static struct iommu_dma_msi_page *iommu_dma_get_msi_page(struct device *dev,',
      ' \tif (!msi_page)',
      ' \t\treturn NULL;',
      '-\tiova = __dma_map(dev, msi_addr, size, domain);',
      `+\tiova = ${added};`,
      ' \tif (iova == DMA_MAPPING_ERROR)',
      ' \t\tgoto out_free_iova;',
      '',
    ].join('\n');
    const [series] = await readSeries([{ name: 'a.eml', bytes: new TextEncoder().encode(mail) }]);
    if (series === undefined) throw new Error('no series');
    const { findings } = createReviewer(front).review(series, { scenarios: [] });
    return findings.map((one) => one.rule).filter((id) => OURS.test(id));
  };
  it('sees the argument gone', async () => {
    expect(await found('__dma_map(dev, msi_addr, size)')).toEqual(['domain-dropped']);
  });
  it('is content when another argument went, or the domain moved', async () => {
    expect(await found('__dma_map(dev, msi_addr, domain)')).toEqual([]);
    expect(await found('__dma_map(domain, dev, msi_addr, size)')).toEqual([]);
  });
});

describe('window-in-cpu-pages', () => {
  it('sees the window counted in CPU pages, and is content with granules and other sizes', () => {
    expect(hits('void f(struct w *w)\n{\n\tw->pages = w->msi_size >> PAGE_SHIFT;\n}\n')).toEqual([
      'window-in-cpu-pages',
    ]);
    expect(hits('void f(struct w *w)\n{\n\tw->pages = w->msi_size >> w->order;\n}\n')).toEqual([]);
    expect(hits('void f(struct w *w)\n{\n\tw->pages = w->map_size >> PAGE_SHIFT;\n}\n')).toEqual([]);
  });
});
