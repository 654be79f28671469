/** Rules of class window that need no run, each with near misses that stay quiet. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { WINDOW_RULES } from '../../../src/review/catalog-window';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const OURS = new Set(WINDOW_RULES.map((rule) => rule.id));

/** Rules of class window on the last function of the text, with another text as what was there before. */
function hits(text: string, before: string | null = null): string[] {
  const now = read(front, text);
  return [...now.programs.values()].flatMap((program) =>
    pathHits(program, () => (before === null ? null : (read(front, before).programs.get(program.name) ?? null)), now)
      .map((hit) => hit.rule.id)
      .filter((id) => OURS.has(id)),
  );
}
const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

/** A new file of the kernel as a diff. */
const fresh = (path: string, text: string): string => {
  const body = text.trimEnd().split('\n');
  return [`new ${path}`, `@@ -0,0 +1,${body.length} @@`, ...body.map((line) => `+${line}`)].join('\n');
};
/** The change of a whole file from one text to another, as one hunk. */
const change = (path: string, from: string, to: string): string => {
  const [old, now] = [from.trimEnd().split('\n'), to.trimEnd().split('\n')];
  let head = 0;
  while (old[head] !== undefined && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  return [
    `diff ${path}`,
    `@@ -1,${old.length} +1,${now.length} @@`,
    ...old.slice(0, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail).map((line) => ` ${line}`),
  ].join('\n');
};
const patched = (...texts: readonly string[]): string[] =>
  hitsOfPatch(front, texts)
    .map((hit) => hit.rule.id)
    .filter((id) => OURS.has(id));

describe('sw-msi-not-kept-out', () => {
  const walk = (test: string) =>
    lines(
      'static int keep_out(struct list_head *iova, struct list_head *resv_regions)',
      '{',
      '\tstruct iommu_resv_region *resv;',
      '',
      '\tlist_for_each_entry(resv, resv_regions, list) {',
      `\t\tif (${test})`,
      '\t\t\tcontinue;',
      '\t\tcut(iova, resv->start, resv->length);',
      '\t}',
      '\treturn 0;',
      '}',
    );
  it('sees the window passed over, alone, among others, and by leaving it out of what is kept', () => {
    expect(hits(walk('resv->type == IOMMU_RESV_SW_MSI'))).toEqual(['sw-msi-not-kept-out']);
    expect(hits(walk('resv->type == IOMMU_RESV_DIRECT_RELAXABLE || resv->type == IOMMU_RESV_SW_MSI'))).toEqual([
      'sw-msi-not-kept-out',
    ]);
    expect(hits(walk('resv->type != IOMMU_RESV_RESERVED && resv->type != IOMMU_RESV_MSI'))).toEqual([
      'sw-msi-not-kept-out',
    ]);
  });
  it('sees a predicate that says so for a walk', () => {
    const left = (returned: string) =>
      lines('static bool left_out(struct iommu_resv_region *region)', '{', `\treturn ${returned};`, '}', '') +
      walk('left_out(resv)');
    expect(hits(left('region->type == IOMMU_RESV_DIRECT_RELAXABLE || region->type == IOMMU_RESV_SW_MSI'))).toEqual([
      'sw-msi-not-kept-out',
    ]);
    expect(hits(left('region->type == IOMMU_RESV_DIRECT_RELAXABLE'))).toEqual([]);
  });
  it('is content with relaxable regions', () => {
    expect(hits(walk('resv->type == IOMMU_RESV_DIRECT_RELAXABLE'))).toEqual([]);
    expect(hits(walk('resv->type != IOMMU_RESV_SW_MSI && resv->type != IOMMU_RESV_MSI'))).toEqual([]);
  });
});

describe('sw-msi-first', () => {
  const find = (...tests: readonly string[]) =>
    lines(
      'static bool has_window(struct list_head *regions, phys_addr_t *base)',
      '{',
      '\tstruct iommu_resv_region *region;',
      '\tbool ret = false;',
      '',
      '\tlist_for_each_entry(region, regions, list) {',
      ...tests,
      '\t\tif (region->type == IOMMU_RESV_SW_MSI) {',
      '\t\t\t*base = region->start;',
      '\t\t\tret = true;',
      '\t\t}',
      '\t}',
      '\treturn ret;',
      '}',
    );
  it('sees that hardware regions are not asked for, and is content when they are', () => {
    expect(hits(find())).toEqual(['sw-msi-first']);
    expect(hits(find('\t\tif (region->type == IOMMU_RESV_MSI)', '\t\t\treturn false;'))).toEqual([]);
  });
});

describe('window-end', () => {
  const take = (test: string) =>
    lines(
      'static dma_addr_t take(struct cookie *c, size_t size)',
      '{',
      `\tif (${test})`,
      '\t\treturn 0;',
      '\tc->next += size;',
      '\treturn c->next - size;',
      '}',
    );
  it('sees the size left out, and is content when it is in, or the end is the last', () => {
    expect(hits(take('c->next > c->end'))).toEqual(['window-end']);
    expect(hits(take('c->end < c->next'))).toEqual(['window-end']);
    expect(hits(take('c->next + size > c->end'))).toEqual([]);
    expect(hits(take('c->next > c->last'))).toEqual([]);
    expect(hits(take('c->next >= c->end'))).toEqual([]);
  });
});

describe('msi-domain', () => {
  const get = (name: string, value: string) =>
    lines(`struct iommu_domain *${name}(struct device *dev)`, '{', `\treturn ${value};`, '}');
  it('sees the default domain for MSIs, and is content with the attached one, and with DMA', () => {
    expect(hits(get('get_msi_domain', 'dev->iommu_group->default_domain'))).toEqual(['msi-domain']);
    expect(hits(get('doorbell_domain', 'iommu_get_dma_domain(dev)'))).toEqual(['msi-domain']);
    expect(hits(get('get_msi_domain', 'dev->iommu_group->domain'))).toEqual([]);
    expect(hits(get('get_dma_domain', 'dev->iommu_group->default_domain'))).toEqual([]);
  });
});

describe('doorbell-prot', () => {
  const map = (prot: string) =>
    lines(
      'static int map_door(struct iommu_domain *domain, unsigned long iova, phys_addr_t msi_addr, size_t size)',
      '{',
      `\tint prot = ${prot};`,
      '',
      '\treturn iommu_map(domain, iova, msi_addr, size, prot);',
      '}',
    );
  it('sees rights a doorbell must not have, or must', () => {
    expect(hits(map('IOMMU_READ | IOMMU_MMIO'))).toEqual(['doorbell-prot']);
    expect(hits(map('IOMMU_WRITE | IOMMU_CACHE'))).toEqual(['doorbell-prot']);
    expect(hits(map('IOMMU_WRITE | IOMMU_NOEXEC'), map('IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO'))).toEqual([
      'doorbell-prot',
    ]);
  });
  it('is content with a door, and with memory', () => {
    expect(hits(map('IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO'))).toEqual([]);
    expect(hits(map('IOMMU_READ | IOMMU_CACHE').replace(/msi_addr/g, 'phys'))).toEqual([]);
  });
});

describe('msi-address', () => {
  const compose = (...body: readonly string[]) =>
    lines('static void compose(struct msi_msg *msg, dma_addr_t iova, size_t granule)', '{', ...body, '}');
  const high = '\tmsg->address_hi = upper_32_bits(iova);';
  it('sees a half that is missing or another one, and the offset lost', () => {
    expect(hits(compose('\tmsg->address_lo = lower_32_bits(iova);'))).toEqual(['msi-address']);
    expect(hits(compose('\tmsg->address_hi = lower_32_bits(iova);'))).toEqual([]);
    expect(
      hits(compose('\tmsg->address_lo = lower_32_bits(iova);', '\tmsg->address_hi = lower_32_bits(iova);')),
    ).toEqual(['msi-address']);
    expect(
      hits(compose(high, '\tmsg->address_lo &= ~(granule - 1);', '\tmsg->address_lo += lower_32_bits(iova);')),
    ).toEqual(['msi-address']);
  });
  it('is content with both halves and the offset', () => {
    expect(
      hits(compose(high, '\tmsg->address_lo &= granule - 1;', '\tmsg->address_lo += lower_32_bits(iova);')),
    ).toEqual([]);
    expect(hits(compose(high, '\tmsg->address_lo &= ~DEST_ID_MASK;', '\tmsg->address_lo |= DEST_ID(iova);'))).toEqual(
      [],
    );
  });
});

describe('unmap-size', () => {
  const pair = (made: string, taken: string) =>
    lines(
      'static int f(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys, size_t granule)',
      '{',
      `\tint ret = iommu_map(domain, iova, phys, ${made}, IOMMU_WRITE);`,
      '',
      '\tif (ret)',
      '\t\treturn ret;',
      '\tret = record(iova);',
      '\tif (ret)',
      `\t\tiommu_unmap(domain, iova, ${taken});`,
      '\treturn ret;',
      '}',
    );
  it('sees another size, and is content with the same', () => {
    expect(hits(pair('granule', 'PAGE_SIZE'))).toEqual(['unmap-size']);
    expect(hits(pair('granule', 'granule'))).toEqual([]);
  });
});

describe('reserved-check-lost', () => {
  const path = 'drivers/vfio/sample.c';
  const map = (...checks: readonly string[]) =>
    lines(
      'static int map_one(struct vfio_iommu *iommu, dma_addr_t iova, size_t size)',
      '{',
      ...checks,
      '\treturn do_map(iommu, iova, size);',
      '}',
    );
  const check = ['\tif (!vfio_iommu_iova_dma_valid(iommu, iova, iova + size - 1))', '\t\treturn -EINVAL;'];
  it('sees the check gone, and is content when it moved', () => {
    expect(patched(fresh(path, map(...check)), change(path, map(...check), map()))).toEqual(['reserved-check-lost']);
    const other = lines(
      'static int in(struct vfio_iommu *iommu, dma_addr_t iova, size_t size)',
      '{',
      ...check,
      '\treturn map_one(iommu, iova, size);',
      '}',
    );
    expect(patched(fresh(path, map(...check)), change(path, map(...check), map() + other))).toEqual([]);
  });
});

describe('window-not-replayed', () => {
  const path = 'drivers/vfio/sample.c';
  const attach = (more = '') =>
    lines(
      'static int attach(struct c *c, struct d *domain)',
      '{',
      `${more}\tlist_add(&domain->next, &c->domain_list);`,
      '\treturn 0;',
      '}',
      '',
    );
  const register = lines(
    'static int register_window(struct c *c, dma_addr_t iova, size_t size)',
    '{',
    '\tstruct d *d;',
    '',
    '\tlist_for_each_entry(d, &c->domain_list, next)',
    '\t\talloc_reserved_window(d->domain, iova, size);',
    '\treturn 0;',
    '}',
  );
  it('sees a window for those there are alone, and is content when a later one gets it', () => {
    expect(patched(fresh(path, attach()), change(path, attach(), attach() + register))).toEqual([
      'window-not-replayed',
    ]);
    const both = attach('\talloc_reserved_window(domain->domain, c->iova, c->size);\n');
    expect(patched(fresh(path, attach()), change(path, attach(), both + register))).toEqual([]);
  });
});

describe('window-setup-lost', () => {
  const path = 'drivers/iommu/iommufd/sample.c';
  const file = (attach: string, replace: string) =>
    lines(
      'static int setup_msi(struct g *g, struct h *h)',
      '{',
      '\treturn install(g, h);',
      '}',
      '',
      'static int attach_first(struct g *g, struct h *h)',
      '{',
      `${attach}\treturn iommu_attach_group(h->domain, g->group);`,
      '}',
      '',
      'static int replace_all(struct g *g, struct h *h)',
      '{',
      `${replace}\treturn iommu_group_replace_domain(g->group, h->domain);`,
      '}',
    );
  const call = '\tsetup_msi(g, h);\n';
  it('sees it lost where a domain is exchanged, and is content when it stays', () => {
    expect(patched(fresh(path, file('', call)), change(path, file('', call), file(call, '')))).toEqual([
      'window-setup-lost',
    ]);
    expect(patched(fresh(path, file('', call)), change(path, file('', call), file(call, call)))).toEqual([]);
  });
});
