import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { createReviewer } from '../../../src/review/review';
import { pathHits } from '../../../src/review/rules';
import { readSeries } from '../../../src/series/read';
import { frontEnd, read } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const OURS =
  /^(?:domain-mixed|any-instead-of-all|true-on-empty|override-skips-checks|safety-result-dropped|iova-freed-mapped|domain-dropped|window-in-cpu-pages)$/;
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
