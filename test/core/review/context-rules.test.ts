import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** A mail that adds these lines to one file, from that line on. */
const added = (text: string, line = 100): string =>
  [
    'diff drivers/irqchip/door.c',
    `@@ -${line},0 +${line},${text.split('\n').length} @@`,
    ...text.split('\n').map((one) => `+${one}`),
  ].join('\n');

const said = (...texts: string[]): string[] =>
  hitsOfPatch(front, texts)
    .filter((hit) => hit.rule.class === 'context')
    .map((hit) => hit.message);

describe('a function that the kernel calls in atomic context', () => {
  const affinity = (lock: string): string =>
    added(`static int door_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	struct door *door = irq_data_get_irq_chip_data(d);

	${lock}_lock(&door->lock);
	door_write(door, mask);
	${lock}_unlock(&door->lock);
	return 0;
}`);
  it('does not sleep when its types tell what it is', () => {
    expect(said(affinity('mutex'))).toEqual([
      "mutex_lock() may sleep, and door_set_affinity() is called with the raw lock of the interrupt's descriptor held and interrupts off",
    ]);
    expect(said(affinity('raw_spin'))).toEqual([]);
  });

  const member = (field: string): string =>
    added(`static void door_retarget(struct irq_data *d)
{
	door_note(d, kzalloc(8, GFP_KERNEL));
}

static struct irq_chip door_chip = {
	.name = "door",
	.${field} = door_retarget,
};`);
  it('does not sleep when a table hands it over', () => {
    expect(said(member('irq_retrigger'))).toHaveLength(1);
    expect(said(member('irq_bus_sync_unlock'))).toEqual([]);
  });

  const domain = (refused: string): string =>
    added(`static struct iommu_domain *door_domain_alloc(unsigned type)
{
	struct door_domain *domain;

	if (${refused})
		return NULL;
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return NULL;
	return &domain->domain;
}

static int door_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr, size_t size, int prot)
{
	mutex_lock(&to_door(domain)->lock);
	door_set(domain, iova, paddr, size, prot);
	mutex_unlock(&to_door(domain)->lock);
	return 0;
}

static const struct iommu_domain_ops door_ops = {
	.map = door_map,
};`);
  it('does not sleep when the DMA API calls it, and may where no domain of the DMA API is allocated', () => {
    expect(said(domain('type != IOMMU_DOMAIN_UNMANAGED && type != IOMMU_DOMAIN_DMA'))).toHaveLength(1);
    expect(said(domain('type == IOMMU_DOMAIN_DMA_FQ'))).toHaveLength(1);
    expect(said(domain('type != IOMMU_DOMAIN_UNMANAGED && type != IOMMU_DOMAIN_NESTED'))).toEqual([]);
  });

  const handler = (request: string): string =>
    added(`static irqreturn_t door_event(int irq, void *data)
{
	struct door *door = data;

	mutex_lock(&door->lock);
	door_read(door);
	mutex_unlock(&door->lock);
	return IRQ_HANDLED;
}

static int door_probe(struct door *door)
{
	return ${request};
}`);
  it('does not sleep when a call registers it', () => {
    expect(said(handler('request_irq(door->irq, door_event, 0, "door", door)'))).toHaveLength(1);
    expect(said(handler('request_threaded_irq(door->irq, NULL, door_event, 0, "door", door)'))).toEqual([]);
  });

  it('may ask whether it may sleep, and be told', () => {
    const timer = (before: string): string =>
      added(`static void door_timeout(struct timer_list *t)
{
	${before}
	door_note(kzalloc(8, GFP_KERNEL));
}

static void door_start(struct door *door)
{
	timer_setup(&door->timer, door_timeout, 0);
}`);
    expect(said(timer('door_tick();'))).toHaveLength(1);
    expect(said(timer('if (in_atomic())\n\t\treturn;'))).toEqual([]);
  });
});

describe('a helper', () => {
  const caller = added(`static void door_kick(struct door *door)
{
	spin_lock(&door->lock);
	door_fill(door);
	spin_unlock(&door->lock);
}`);
  const helper = (flags: string): string =>
    added(
      `static void door_fill(struct door *door)
{
	door->page = kzalloc(8, ${flags});
}`,
      300,
    );
  it('does not sleep when a function of an earlier patch calls it under a spinlock', () => {
    expect(said(caller, helper('GFP_KERNEL'))).toEqual([
      'door_fill() calls kzalloc(), which may sleep, and door_kick() calls door_fill() with &door->lock held',
    ]);
    expect(said(caller, helper('GFP_ATOMIC'))).toEqual([]);
  });
  it('does not sleep in the part of it that is in sight', () => {
    const part = (flags: string): string => `${caller}
@@ -400,6 +410,6 @@ static void door_fill(struct door *door)
 	if (door->page)
 		return;
 
-	door->page = kzalloc(8, GFP_ATOMIC);
+	door->page = kzalloc(8, ${flags});
 	if (!door->page)
 		return;`;
    expect(said(part('GFP_KERNEL'))).toEqual([
      'door_fill() calls kzalloc(), which may sleep, and door_kick() calls door_fill() with &door->lock held',
    ]);
    expect(said(part('GFP_NOWAIT'))).toEqual([]);
  });
  it('does not sleep when an atomic callback of the patch calls it', () => {
    const mask = added(`static void door_irq_mask(struct irq_data *d)
{
	door_fill(irq_data_get_irq_chip_data(d));
}`);
    expect(said(mask, helper('GFP_KERNEL'))).toHaveLength(1);
    expect(said(mask, helper('GFP_NOWAIT'))).toEqual([]);
  });
});
