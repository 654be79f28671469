/** What has to be asked again, what handlers still use, and what the caller's context allows. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

function told(rule: string, text: string, before: string | null = null, file?: string): string[] {
  const unit = read(front, text.replace(/^\n/, ''), file);
  const was = before === null ? null : read(front, before.replace(/^\n/, ''), file);
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => was?.programs.get(program.name) ?? null, unit)
      .filter((hit) => hit.rule.id === rule)
      .map((hit) => `${program.name}:${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}

/** What a rule says of a file that a patch adds. */
function added(rule: string, text: string, file = 'drivers/vfio/door.c'): string[] {
  const lines = text.replace(/^\n/, '').split('\n');
  const diff = [`diff ${file}`, `@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
  return hitsOfPatch(front, [diff])
    .filter((hit) => hit.rule.id === rule)
    .map((hit) => `${hit.function}:${hit.at.line - 2}`);
}

describe('not-asked-again', () => {
  const BEFORE = `
static struct slot *slot_of(struct bank *b, int id)
{
	struct slot *s;

	spin_lock(&b->lock);
	s = b->slots[id];
	if (s)
		goto out;
	s = kzalloc(sizeof(*s), GFP_ATOMIC);
	b->slots[id] = s;
out:
	spin_unlock(&b->lock);
	return s;
}`;
  const drop = (after: string, lock = 'spin'): string =>
    BEFORE.replace(
      '\ts = kzalloc(sizeof(*s), GFP_ATOMIC);\n\tb->slots[id] = s;',
      `\tspin_unlock(&b->lock);\n\ts = kzalloc(sizeof(*s), GFP_KERNEL);\n\tspin_lock(&b->lock);\n\t${after}`,
    ).replaceAll('spin_', `${lock}_`);
  it('sees what was allocated without the lock put in unasked', () => {
    expect(told('not-asked-again', drop('b->slots[id] = s;'), BEFORE)).toEqual(['slot_of:11']);
    expect(told('not-asked-again', drop('bank_set_slot(b, id, s);', 'mutex'), BEFORE)).toEqual(['slot_of:11']);
    expect(told('not-asked-again', drop('list_add(&s->node, &b->all);'), BEFORE)).toEqual(['slot_of:11']);
  });
  it('is quiet where it asks again, where nothing is put in, and where it always was so', () => {
    expect(told('not-asked-again', drop('if (!b->slots[id])\n\t\tb->slots[id] = s;'), BEFORE)).toEqual([]);
    expect(told('not-asked-again', drop('other = bank_lookup(b, id);\n\tb->slots[id] = s;'), BEFORE)).toEqual([]);
    expect(told('not-asked-again', drop('s->id = id;'), BEFORE)).toEqual([]);
    expect(told('not-asked-again', drop('b->slots[id] = s;'))).toEqual([]);
  });
});

describe('freed-under-handler', () => {
  const driver = (body: string, stop: string, free: string): string => `
static irqreturn_t door_irq(int irq, void *data)
{
	struct door *d = data;

	${body}
	return IRQ_HANDLED;
}

static void door_exit(struct door *d)
{
	door_quiet(d);
${free}
${stop}
}`;
  it('sees a member freed that the handler follows, before the interrupt goes', () => {
    expect(
      added('freed-under-handler', driver('d->ring[0] = irq;', '\tfree_irq(d->irq, d);', '\tkfree(d->ring);')),
    ).toEqual(['door_exit:12']);
    expect(
      added(
        'freed-under-handler',
        driver('queue_work(d->wq, &d->work);', '\tdisable_irq(d->irq);', '\tdestroy_workqueue(d->wq);'),
      ),
    ).toEqual(['door_exit:12']);
    expect(
      added(
        'freed-under-handler',
        driver('d->stats->count++;', '\tpci_free_irq_vectors(d->pdev);', '\tvfree(d->stats);'),
      ),
    ).toEqual(['door_exit:12']);
  });
  it('is quiet where the interrupt goes first, the handler asks, or another member is freed', () => {
    expect(
      added('freed-under-handler', driver('d->ring[0] = irq;', '\tkfree(d->ring);', '\tfree_irq(d->irq, d);')),
    ).toEqual([]);
    expect(
      added(
        'freed-under-handler',
        driver('if (d->ring)\n\t\td->ring[0] = irq;', '\tfree_irq(d->irq, d);', '\tkfree(d->ring);'),
      ),
    ).toEqual([]);
    expect(
      added('freed-under-handler', driver('d->ring[0] = irq;', '\tfree_irq(d->irq, d);', '\tkfree(d->name);')),
    ).toEqual([]);
  });
});

describe('signal-in-wakeup', () => {
  const wakeup = (call: string, head = 'wait_queue_entry_t *wait, unsigned mode, int sync, void *key'): string => `
static int door_eventfd_wakeup(${head})
{
	struct door *d = container_of(wait, struct door, wait);

	${call};
	return 0;
}`;
  it('sees an eventfd signalled from the wakeup of another', () => {
    expect(added('signal-in-wakeup', wakeup('eventfd_signal(d->resample)'))).toEqual(['door_eventfd_wakeup:5']);
    expect(
      added(
        'signal-in-wakeup',
        wakeup(
          'eventfd_signal_mask(d->out, 0)',
          'struct wait_queue_entry *wait, unsigned int mode, int sync, void *key',
        ),
      ),
    ).toEqual(['door_eventfd_wakeup:5']);
    expect(
      added(
        'signal-in-wakeup',
        `
static void door_tell(struct door *d)
{
	eventfd_signal(d->out);
}
${wakeup('door_tell(d)')}`,
      ),
    ).toEqual(['door_eventfd_wakeup:10']);
  });
  it('is quiet where a work item does it, in other callbacks, and on other wait queues', () => {
    expect(added('signal-in-wakeup', wakeup('schedule_work(&d->tell)'))).toEqual([]);
    expect(added('signal-in-wakeup', wakeup('eventfd_signal(d->out)', 'struct work_struct *wait'))).toEqual([]);
    expect(
      added('signal-in-wakeup', wakeup('eventfd_signal(d->out)').replace('door_eventfd_wakeup', 'door_wakeup')),
    ).toEqual([]);
  });
});

describe('flags-not-passed', () => {
  it('sees the caller’s flags left out', () => {
    for (const call of [
      'p = kzalloc(sizeof(*p), GFP_KERNEL)',
      'p = kmem_cache_alloc(d->cache, GFP_KERNEL | __GFP_ZERO)',
      'p = kmemdup(d->init, 8, GFP_KERNEL_ACCOUNT)',
    ])
      expect(
        told(
          'flags-not-passed',
          `
static int gate_map(struct gate *d, u64 iova, gfp_t gfp)
{
	void *p;

	${call};
	return p ? 0 : -ENOMEM;
}`,
        ),
        call,
      ).toEqual(['gate_map:5']);
  });
  const MAP = `
static int gate_map_one(struct gate *d, u64 iova)
{
	unsigned long flags;
	struct gate_node *n;

	n = kzalloc(sizeof(*n), GFP_ATOMIC);
	if (!n)
		return -ENOMEM;
	spin_lock_irqsave(&d->lock, flags);
	gate_insert(d, n);
	spin_unlock_irqrestore(&d->lock, flags);
	return 0;
}`;
  it('sees the mapping path of an IOMMU made to wait', () => {
    const now = MAP.replace('GFP_ATOMIC', 'GFP_KERNEL');
    expect(told('flags-not-passed', now, MAP, 'drivers/iommu/gate.c')).toEqual(['gate_map_one:6']);
    expect(told('flags-not-passed', now, MAP, 'drivers/net/gate.c')).toEqual([]);
    expect(told('flags-not-passed', now, now, 'drivers/iommu/gate.c')).toEqual([]);
    const setup = (text: string): string => text.replace('gate_map_one', 'gate_probe');
    expect(told('flags-not-passed', setup(now), setup(MAP), 'drivers/iommu/gate.c')).toEqual([]);
  });
  it('is quiet where the flags are passed, or asked', () => {
    for (const call of [
      'p = kzalloc(sizeof(*p), gfp)',
      'p = vmap(kcalloc(4, 8, GFP_KERNEL), 4, VM_MAP, PAGE_KERNEL)',
      'p = kzalloc(sizeof(*p), gfp | __GFP_ZERO)',
      'p = kzalloc(sizeof(*p), gfpflags_allow_blocking(gfp) ? GFP_KERNEL : GFP_ATOMIC)',
      'if (gfp != GFP_ATOMIC)\n\t\tp = kzalloc(sizeof(*p), GFP_KERNEL)',
    ])
      expect(
        told(
          'flags-not-passed',
          `
static int gate_map(struct gate *d, u64 iova, gfp_t gfp)
{
	void *p = NULL;

	${call};
	return p ? 0 : -ENOMEM;
}`,
        ),
        call,
      ).toEqual([]);
  });
});

describe('sleep-in-atomic', () => {
  const query = (body: string): string => `
static u64 gate_ask(struct gate *d)
{
	unsigned long flags;
	u64 value;

${body}
	return value;
}`;
  const outside = (get: string): string =>
    query(
      `\tif (${get} < 0)\n\t\treturn 0;\n\tspin_lock_irqsave(&d->lock, flags);\n\tvalue = readq(d->regs);\n\tspin_unlock_irqrestore(&d->lock, flags);`,
    );
  const inside = (get: string): string =>
    query(
      `\tspin_lock_irqsave(&d->lock, flags);\n\tvalue = ${get} < 0 ? 0 : readq(d->regs);\n\tspin_unlock_irqrestore(&d->lock, flags);`,
    );
  it('sees a resume moved under a spinlock', () => {
    for (const get of ['gate_rpm_get(d)', 'pm_runtime_resume_and_get(d->dev)', 'gate_power_on(d)'])
      expect(told('sleep-in-atomic', inside(get), outside(get)), get).toEqual(['gate_ask:7']);
  });
  it('is quiet where it stays outside, always was inside, or only counts', () => {
    expect(told('sleep-in-atomic', outside('gate_rpm_get(d)'), outside('gate_rpm_get(d)'))).toEqual([]);
    expect(told('sleep-in-atomic', inside('gate_rpm_get(d)'), inside('gate_rpm_get(d)'))).toEqual([]);
    expect(
      told('sleep-in-atomic', inside('pm_runtime_get_noresume(d->dev)'), outside('pm_runtime_get_noresume(d->dev)')),
    ).toEqual([]);
  });
});
