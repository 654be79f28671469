/** What a function takes for granted: the kind of a domain, a message that is not zero, that others are like it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** Rules that speak of a file that a patch adds, at a date. */
function added(text: string, date = Date.UTC(2024, 5, 1)): string[] {
  const lines = text.replace(/^\n/, '').split('\n');
  const diff = [`diff drivers/iommu/door.c`, `@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join(
    '\n',
  );
  return hitsOfPatch(front, [diff], date).map((hit) => `${hit.rule.id} ${hit.function}`);
}

function told(rule: string, text: string): string[] {
  const unit = read(front, text.replace(/^\n/, ''));
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => null, unit)
      .filter((hit) => hit.rule.id === rule)
      .map((hit) => `${hit.rule.id}@${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}

describe('domain-kind', () => {
  const only = (text: string, date?: number): string[] =>
    added(text, date).filter((one) => one.startsWith('domain-kind'));
  const HELPER = `
static struct gate_domain *gate_of(struct device *dev)
{
	struct iommu_domain *d = iommu_get_domain_for_dev(dev);

	if (!d)
		return NULL;
	return to_gate_domain(d);
}`;
  it('sees a domain of unknown kind taken for the driver’s own', () => {
    expect(only(HELPER)).toEqual(['domain-kind gate_of']);
    expect(
      only(`
static void gate_sync(struct device *dev)
{
	struct gate_domain *gd = iommu_domain_to_gate(iommu_get_domain_for_dev(dev));

	gate_flush(gd);
}`),
    ).toEqual(['domain-kind gate_sync']);
    expect(
      only(`
static int gate_flags(struct device *dev, u32 pasid)
{
	struct iommu_domain *domain;
	struct gate_domain *gd;

	domain = iommu_get_domain_for_dev(dev);
	gd = container_of(domain, struct gate_domain, domain);
	return gd->flags;
}`),
    ).toEqual(['domain-kind gate_flags']);
  });
  it('is quiet where the kind is asked for, where it is the own domain, and before there were static ones', () => {
    expect(only(HELPER, Date.UTC(2021, 1, 1))).toEqual([]);
    for (const test of [
      '!d || !(d->type & __IOMMU_DOMAIN_PAGING)',
      '!d || d->ops != &gate_paging_ops',
      '!d || d == &gate_identity',
      '!d || !gate_domain_is_paging(d)',
    ])
      expect(only(HELPER.replace('!d)', `${test})`)), test).toEqual([]);
    expect(
      only(`
static int gate_attach(struct iommu_domain *d, struct device *dev)
{
	struct gate_domain *gd = to_gate_domain(d);

	return gate_set(gd, dev);
}`),
    ).toEqual([]);
    expect(
      only(`
static bool gate_translates(struct device *dev)
{
	struct iommu_domain *d = iommu_get_domain_for_dev(dev);

	return d && d->type == IOMMU_DOMAIN_DMA;
}`),
    ).toEqual([]);
  });
});

describe('zero-message', () => {
  const body = (first: string, second: string): string => `
static int door_value(struct door *d, struct msi_msg *msg, u32 *value)
{
	u64 addr = ((u64)msg->address_hi << 32) | msg->address_lo;
${first}${second}
	*value = field(addr, msg->data);
	return 0;
}`;
  const ZERO = '\tif (!addr && !msg->data) {\n\t\t*value = 0;\n\t\treturn 0;\n\t}\n';
  it('sees a test of the address in front of the one for zeroes', () => {
    const RANGE = '\tif (addr < d->base || addr >= d->end)\n\t\treturn -ERANGE;\n';
    expect(told('zero-message', body(RANGE, ZERO))).toEqual(['zero-message@4']);
    expect(told('zero-message', body(ZERO, RANGE))).toEqual([]);
    const PAGE =
      '\tu64 page = addr >> PAGE_SHIFT;\n\n\tif (page != d->page) {\n\t\tdev_err(d->dev, "foreign\\n");\n\t\treturn -EINVAL;\n\t}\n';
    expect(told('zero-message', body(PAGE, ZERO))).toEqual(['zero-message@6']);
    const PARTS = '\tif (msg->address_hi == 0 && msg->address_lo == 0 && msg->data == 0)\n\t\treturn 0;\n';
    expect(told('zero-message', body(RANGE, PARTS))).toEqual(['zero-message@4']);
    expect(told('zero-message', body(PARTS, RANGE))).toEqual([]);
  });
  it('is quiet where other things are tested first, and where no zero is spoken of', () => {
    expect(told('zero-message', body('\tif (!d->ready)\n\t\treturn -ENODEV;\n', ZERO))).toEqual([]);
    expect(told('zero-message', body('\tif (msg->data > d->max)\n\t\treturn -ERANGE;\n', ZERO))).toEqual([]);
    expect(told('zero-message', body('\tif (addr < d->base)\n\t\treturn -ERANGE;\n', ''))).toEqual([]);
  });
});

describe('first-not-last', () => {
  const only = (text: string): string[] => added(text).filter((one) => one.startsWith('first-not-last'));
  const join = (begin: string): string => `
static void pool_join(struct pool *p, struct user *u)
{
	if (list_empty(&p->users))
		${begin}(p);
	list_add_tail(&u->node, &p->users);
}
`;
  const leave = (end: string): string => `
static void pool_leave(struct pool *p, struct user *u)
{
	list_del(&u->node);
${end}
	kfree(u);
}
`;
  it('sees an end that nothing guards', () => {
    expect(only(join('pool_start') + leave('\tpool_end(p);'))).toEqual(['first-not-last pool_leave']);
    expect(only(join('enable_pool') + leave('\tdisable_pool(p);'))).toEqual(['first-not-last pool_leave']);
    expect(
      only(`
static int gate_open(struct gate *g)
{
	if (!g->opens++)
		gate_power_get(g);
	return 0;
}

static void gate_close(struct gate *g)
{
	g->opens--;
	gate_power_put(g);
}`),
    ).toEqual(['first-not-last gate_close']);
  });
  it('is quiet where the last is asked for, where each begins, and where it is no pair', () => {
    expect(only(join('pool_start') + leave('\tif (list_empty(&p->users))\n\t\tpool_end(p);'))).toEqual([]);
    expect(only(join('pool_start') + leave('\tpool_log(p);'))).toEqual([]);
    expect(
      only(`
static void pool_join(struct pool *p, struct user *u)
{
	list_add_tail(&u->node, &p->users);
	pool_start(p);
}
${leave('\tpool_end(p);')}`),
    ).toEqual([]);
    expect(
      only(`
static int gate_open(struct gate *g)
{
	if (!g->opens++)
		gate_power_get(g);
	return 0;
}

static void gate_close(struct gate *g)
{
	if (--g->opens)
		return;
	gate_power_put(g);
}`),
    ).toEqual([]);
  });
});

describe('sibling-differs among new functions', () => {
  const only = (text: string): string[] => added(text).filter((one) => one.startsWith('sibling-differs'));
  const one = (kind: string, step: string, extra = ''): string => `
static int door_entry_set_${kind}(struct door *d, u32 id${extra})
{
	struct entry *e;

	spin_lock(&d->lock);
	e = door_entry(d, id);
	if (!e) {
		spin_unlock(&d->lock);
		return -ENODEV;
	}
	entry_write_${kind}(e);
	spin_unlock(&d->lock);
${step}
	door_log(d, id);
	return 0;
}
`;
  const FLUSH = '\tdoor_flush_entry(d, id);\n';
  it('sees the one that leaves out what makes the hardware see it', () => {
    expect(only(one('first', FLUSH) + one('second', FLUSH, ', u64 root') + one('bypass', ''))).toEqual([
      'sibling-differs door_entry_set_bypass',
    ]);
    const INV = '\tqueue_inv_all(d);\n';
    expect(only(one('a', INV) + one('b', '') + one('c', INV) + one('d', INV))).toEqual([
      'sibling-differs door_entry_set_b',
    ]);
  });
  it('is quiet where all do, where one does it by another name, and for two', () => {
    expect(only(one('first', FLUSH) + one('second', FLUSH) + one('bypass', FLUSH))).toEqual([]);
    expect(only(one('first', FLUSH) + one('second', FLUSH) + one('bypass', '\tdoor_sync(d);\n'))).toEqual([]);
    expect(only(one('first', FLUSH) + one('bypass', ''))).toEqual([]);
    expect(only(one('first', FLUSH) + one('second', '') + one('bypass', ''))).toEqual([]);
  });
});
