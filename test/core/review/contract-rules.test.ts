/** Rules on what functions, their callers and their results owe each other: each in several words, and quiet on what only looks like it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** `rule@line` of what the rule says of the functions of a text, as if a patch added all of it. */
function told(rule: string, text: string): string[] {
  const unit = read(front, text.replace(/^\n/, ''));
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => null, unit)
      .filter((hit) => hit.rule.id === rule)
      .map((hit) => `${hit.rule.id}@${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}

describe('success-told', () => {
  const told1 = (text: string): string[] => told('success-told', text);
  it('sees the result of an earlier step returned for a later one that failed', () => {
    expect(
      told1(`
static int vdev_setup(struct vdev *v)
{
	struct ctx *ctx;
	int err;

	ctx = v->ops->create(v);
	if (IS_ERR(ctx))
		goto done;
	err = vdev_bind(v, ctx);
	if (err < 0) {
		v->ops->destroy(ctx);
		goto done;
	}
	v->ctx = ctx;
done:
	return PTR_ERR_OR_ZERO(ctx);
}`),
    ).toEqual(['success-told@16']);
    expect(
      told1(`
static int ring_start(struct ring *r)
{
	int ret, err;

	ret = ring_alloc(r);
	if (ret)
		return ret;
	err = ring_request_irq(r);
	if (err) {
		dev_err(r->dev, "no interrupt\\n");
		ring_free(r);
		goto out;
	}
	r->running = true;
out:
	return ret;
}`),
    ).toEqual(['success-told@16']);
    expect(
      told1(`
static int frame_map(struct frame *f, struct device *dev)
{
	void *base = devm_ioremap_frame(dev);
	int rc;

	if (IS_ERR(base))
		return PTR_ERR(base);
	rc = frame_register(f);
	if (rc) {
		frame_unmap(f);
		return IS_ERR(base) ? PTR_ERR(base) : 0;
	}
	f->base = base;
	return 0;
}`),
    ).toEqual(['success-told@11']);
  });
  it('is quiet where the failure is handed on, is none, or where the exit holds what the test saw', () => {
    for (const text of [
      // Handed on.
      `
static int ring_start(struct ring *r)
{
	int ret, err;

	ret = ring_alloc(r);
	if (ret)
		return ret;
	err = ring_request_irq(r);
	if (err) {
		ret = err;
		goto out;
	}
	r->running = true;
out:
	return ret;
}`,
      // The same variable.
      `
static int vdev_setup(struct vdev *v)
{
	int err = vdev_alloc(v);

	if (err)
		return err;
	err = vdev_bind(v);
	if (err)
		goto out;
	v->bound = true;
out:
	return err;
}`,
      // A question, not a step.
      `
static int vdev_poke(struct vdev *v)
{
	int ret, busy;

	ret = vdev_lock(v);
	if (ret)
		return ret;
	busy = vdev_is_busy(v);
	if (busy)
		goto out;
	vdev_kick(v);
out:
	return ret;
}`,
      // The pointer is what failed.
      `
static int vdev_open(struct vdev *v)
{
	struct ctx *ctx;

	ctx = v->ops->create(v);
	if (IS_ERR(ctx))
		goto out;
	v->ctx = ctx;
out:
	return PTR_ERR_OR_ZERO(ctx);
}`,
      // It goes on without.
      `
static int ring_probe(struct ring *r)
{
	int ret, err;

	ret = ring_alloc(r);
	if (ret)
		return ret;
	err = ring_add_debugfs(r);
	if (err)
		dev_warn(r->dev, "no debugfs\\n");
	return ret;
}`,
    ])
      expect(told1(text)).toEqual([]);
  });
});

describe('kept-not-given', () => {
  const told1 = (text: string): string[] => told('kept-not-given', text);
  it('sees 0 returned for what is kept already', () => {
    expect(
      told1(`
static int door_number(struct doors *d, unsigned int guest)
{
	int n;

	if (d->of[guest] >= 0)
		return 0;
	n = doors_find(d);
	if (n < 0)
		return n;
	d->of[guest] = n;
	return n;
}`),
    ).toEqual(['kept-not-given@6']);
    expect(
      told1(`
static int chip_irq(struct chip *c)
{
	int irq;

	mutex_lock(&c->lock);
	if (c->irq) {
		mutex_unlock(&c->lock);
		return 0;
	}
	irq = chip_create_mapping(c);
	c->irq = irq;
	mutex_unlock(&c->lock);
	return c->irq;
}`),
    ).toEqual(['kept-not-given@8']);
    expect(
      told1(`
long pasid_of(struct mm *mm)
{
	long id;

	if (mm->pasid > 0)
		return 0;
	id = pasid_new(mm);
	mm->pasid = id;
	return id;
}`),
    ).toEqual(['kept-not-given@6']);
  });
  it('is quiet where it is given back, where the result is a verdict, and where it is a bool', () => {
    for (const text of [
      `
static int door_number(struct doors *d, unsigned int guest)
{
	int n;

	if (d->of[guest] >= 0)
		return d->of[guest];
	n = doors_find(d);
	d->of[guest] = n;
	return n;
}`,
      `
static int chip_start(struct chip *c)
{
	int ret;

	if (c->state)
		return 0;
	ret = chip_power(c);
	c->state = ret;
	return ret;
}`,
      `
static bool chip_ready(struct chip *c)
{
	bool on;

	if (c->on)
		return 0;
	on = chip_ask(c);
	c->on = on;
	return on;
}`,
      `
static int door_number(struct doors *d)
{
	int n;

	if (d->closed)
		return 0;
	n = doors_find(d);
	d->last = n;
	return n;
}`,
    ])
      expect(told1(text)).toEqual([]);
  });
});

describe('unmap-partial', () => {
  const told1 = (text: string): string[] => told('unmap-partial', text);
  it('sees the length asked for used in place of what was unmapped', () => {
    expect(
      told1(`
static void area_clear(struct area *a, unsigned long addr, unsigned long end)
{
	size_t chunk, done;

	while (addr < end) {
		chunk = min(end - addr, a->max);
		done = iommu_unmap(a->domain, addr, chunk);
		if (!done)
			break;
		addr += chunk;
	}
}`),
    ).toEqual(['unmap-partial@10']);
    expect(
      told1(`
static void run_release(struct run *r, struct iommu_iotlb_gather *g)
{
	size_t bytes = r->bytes;
	size_t gone;

	gone = iommu_unmap_fast(r->domain, r->iova, bytes, g);
	if (WARN_ON(!gone))
		return;
	unpin_user_pages(r->pages, bytes >> PAGE_SHIFT);
}`),
    ).toEqual(['unmap-partial@9']);
    expect(
      told1(`
static size_t queue_unmap(struct queue *q, struct iommu_domain *d, unsigned long iova, size_t size)
{
	struct item *it = queue_item(q);
	size_t n = iommu_unmap_fast(d, iova, size, &q->gather);

	if (!n)
		return 0;
	it->size = size;
	return n;
}`),
    ).toEqual(['unmap-partial@8']);
  });
  it('is quiet where what was unmapped is used, or the two are compared', () => {
    for (const text of [
      `
static void area_clear(struct area *a, unsigned long addr, unsigned long end)
{
	size_t chunk, done;

	while (addr < end) {
		chunk = min(end - addr, a->max);
		done = iommu_unmap(a->domain, addr, chunk);
		if (!done)
			break;
		addr += done;
	}
}`,
      `
static void run_release(struct run *r)
{
	size_t bytes = r->bytes, gone;

	gone = iommu_unmap(r->domain, r->iova, bytes);
	WARN_ON(gone != bytes);
	unpin_user_pages(r->pages, bytes >> PAGE_SHIFT);
}`,
      `
static void area_unmap(struct area *a, size_t size)
{
	size_t n;

	n = iommu_unmap(a->domain, a->iova, size);
	if (n < size)
		return;
	a->iova += size;
}`,
      `
static void area_unmap(struct area *a, size_t size)
{
	iommu_unmap(a->domain, a->iova, size);
	a->iova += size;
}`,
    ])
      expect(told1(text)).toEqual([]);
  });
});

describe('tested-narrowed', () => {
  const told1 = (text: string): string[] => told('tested-narrowed', text);
  it('sees a test that no value of the type can meet', () => {
    expect(
      told1(`
static int check_size(size_t bytes)
{
	if (bytes > SIZE_MAX)
		return -EINVAL;
	return 0;
}`),
    ).toEqual(['tested-narrowed@3']);
    expect(
      told1(`
static int set_count(struct q *q, u32 count)
{
	if (!q || U32_MAX < count) {
		q_put(q);
		return -E2BIG;
	}
	q->count = count;
	return 0;
}`),
    ).toEqual(['tested-narrowed@3']);
    expect(
      told1(`
static int fits(unsigned long addr)
{
	if (addr >= ULONG_MAX)
		return -EOVERFLOW;
	return 0;
}

int door_map(struct door_args *args)
{
	return fits(args->addr);
}`),
    ).toEqual(['tested-narrowed@3']);
  });
  it('is quiet for a wider value, for a limit below the greatest, and where room for one more is asked for', () => {
    for (const text of [
      `
static int fits(u64 addr)
{
	if (addr >= ULONG_MAX)
		return -EOVERFLOW;
	return 0;
}`,
      `
static int more(struct q *q, unsigned int n)
{
	if (n >= UINT_MAX)
		return -EOVERFLOW;
	q->n = n + 1;
	return 0;
}

int q_more(struct q *q)
{
	return more(q, q->n);
}`,
      `
static int fits(unsigned long addr)
{
	if (addr > INT_MAX)
		return -EOVERFLOW;
	return 0;
}`,
      `
static int timeout(unsigned long ticks)
{
	if (ticks >= ULONG_MAX)
		return 0;
	return wait(ticks);
}`,
    ])
      expect(told1(text)).toEqual([]);
  });
});

describe('not-before-mask', () => {
  const told1 = (text: string): string[] => told('not-before-mask', `int f(struct s *s, int prot)\n{\n\t${text}\n}`);
  it('sees a flag masked with a truth value, wherever in the chain it stands', () => {
    expect(told1('if (prot & DOOR_WRITE & !s->readonly)\n\t\treturn 1;\n\treturn 0;')).toEqual(['not-before-mask@3']);
    expect(told1('return s->flags & BIT(3) & !s->off;')).toEqual(['not-before-mask@3']);
    expect(told1('return !s->off & (prot & 0x10);')).toEqual(['not-before-mask@3']);
  });
  it('is quiet where both are truth values, or && joins them', () => {
    expect(told1('return (prot & DOOR_WRITE) && !s->readonly;')).toEqual([]);
    expect(told1('return !s->off & !s->readonly;')).toEqual([]);
    expect(told1('return !!(prot & DOOR_WRITE) & !s->readonly;')).toEqual([]);
  });
});

describe('negative-passes', () => {
  const told1 = (text: string): string[] => told('negative-passes', text);
  it('sees an error compared with what has no sign', () => {
    expect(
      told1(`
static int load(struct file *file, struct header *h)
{
	loff_t pos = 0;
	int n = kernel_read(file, h, 64, &pos);

	if (n < sizeof(*h))
		return -EINVAL;
	return 0;
}`),
    ).toEqual(['negative-passes@6']);
    expect(
      told1(`
static int first_of(struct range *r)
{
	int at = bitmap_find_free_region(r->map, r->n, 0);

	if (at < 0)
		return at;
	return r->start + at;
}

static int range_take(struct range *r, u32 start)
{
	int number;

	number = first_of(r);
	if (number >= start)
		return number;
	return -ENOSPC;
}`),
    ).toEqual(['negative-passes@15']);
    expect(
      told1(`
struct unit {
	unsigned int max;
};

static int unit_irqs(struct unit *u, struct pci_dev *dev)
{
	int n = pci_alloc_irq_vectors(dev, 1, 32, PCI_IRQ_MSIX);

	if (u->max < n)
		n = 1;
	return n;
}`),
    ).toEqual(['negative-passes@9']);
  });
  it('is quiet where the sign is asked for, where both have one, and where it cannot fail', () => {
    for (const text of [
      `
static int load(struct file *file, struct header *h)
{
	int n = kernel_read(file, h, 64, &h->pos);

	if (n < 0)
		return n;
	if (n < sizeof(*h))
		return -EINVAL;
	return 0;
}`,
      `
static int load(struct file *file, struct header *h)
{
	int n = kernel_read(file, h, 64, &h->pos);

	if (n < (int)sizeof(*h))
		return -EINVAL;
	return 0;
}`,
      `
static int count(struct unit *u, u32 max)
{
	int n = unit_count(u);

	if (n > max)
		return -EINVAL;
	return n;
}`,
      `
static int one(struct pci_dev *dev, int max)
{
	int irq = pci_irq_vector(dev, 0);

	if (irq >= max)
		return -EINVAL;
	return irq;
}`,
    ])
      expect(told1(text)).toEqual([]);
  });
});
