/** Marks of a failed registration, messages composed with what is only made there, and waits for a handler under its lock. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** What a rule says of a file that a patch adds. */
function added(rule: string, text: string, file = 'drivers/vfio/door.c'): string[] {
  const lines = text.replace(/^\n/, '').split('\n');
  const diff = [`diff ${file}`, `@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
  return hitsOfPatch(front, [diff])
    .filter((hit) => hit.rule.id === rule)
    .map((hit) => `${hit.function}:${hit.at.line - 2}`);
}

describe('mark-left-set', () => {
  const pair = (fail: string, register = 'bypass_register_producer', undo = 'bypass_unregister_producer'): string => `
static void door_setup(struct door *d, void *ctx)
{
	int ret;

	d->prod.cookie = ctx;
	ret = ${register}(&d->prod);
	${fail}
}

static void door_unset(struct door *d)
{
	if (!d->prod.cookie)
		return;
	${undo}(&d->prod);
}`;
  const LOGS = 'if (ret)\n\t\tpr_info("no bypass: %d\\n", ret);';
  it('sees the mark of what failed to register', () => {
    expect(added('mark-left-set', pair(LOGS))).toEqual(['door_setup:5']);
    expect(added('mark-left-set', pair(LOGS, 'door_attach_hook', 'door_detach_hook'))).toEqual(['door_setup:5']);
    expect(
      added('mark-left-set', pair('if (unlikely(ret < 0))\n\t\td->fails++;', 'hook_install', 'hook_uninstall')),
    ).toEqual(['door_setup:5']);
  });
  it('is quiet where it is cleared, told to the caller, or nobody asks', () => {
    expect(added('mark-left-set', pair('if (ret)\n\t\td->prod.cookie = NULL;'))).toEqual([]);
    expect(
      added('mark-left-set', pair('return ret;').replace('static void door_setup', 'static int door_setup')),
    ).toEqual([]);
    expect(
      added(
        'mark-left-set',
        pair('if (ret)\n\t\treturn ret;\n\treturn 0;').replace('static void door_setup', 'static int door_setup'),
      ),
    ).toEqual([]);
    expect(added('mark-left-set', pair(LOGS).replace('if (!d->prod.cookie)\n\t\treturn;\n', ''))).toEqual([]);
    expect(added('mark-left-set', pair(LOGS).replace('if (!d->prod.cookie)', 'if (!d->armed)'))).toEqual([]);
  });
});

describe('maps-in-compose', () => {
  const compose = (call: string, name = 'door_compose_msi_msg', second = 'struct msi_msg *msg'): string => `
static void ${name}(struct irq_data *data, ${second})
{
	struct door *d = irq_data_get_irq_chip_data(data);

	${call};
}`;
  it('sees mappings and allocations where a message is composed', () => {
    for (const call of [
      'msg->address_lo = dma_map_single(d->dev, d->page, 4096, DMA_TO_DEVICE)',
      'iommu_map(d->domain, d->iova, d->phys, 4096, IOMMU_WRITE, GFP_ATOMIC)',
      'd->slot = kzalloc(8, GFP_ATOMIC)',
      'door_map_doorbell(d, &msg->address_lo)',
    ])
      expect(added('maps-in-compose', compose(call)), call).toEqual(['door_compose_msi_msg:5']);
  });
  it('is quiet where what is there is used, and in other functions', () => {
    expect(added('maps-in-compose', compose('msg->address_lo = lower_32_bits(d->iova)'))).toEqual([]);
    expect(added('maps-in-compose', compose('door_find_doorbell(d, &msg->address_lo)'))).toEqual([]);
    expect(added('maps-in-compose', compose('iommu_dma_compose_msi_msg(d->desc, msg)'))).toEqual([]);
    expect(added('maps-in-compose', compose('d->slot = kzalloc(8, GFP_KERNEL)', 'door_prepare'))).toEqual([]);
    expect(
      added('maps-in-compose', compose('d->slot = kzalloc(8, GFP_KERNEL)', 'door_compose_name', 'char *name')),
    ).toEqual([]);
  });
});

describe('waits-for-handler', () => {
  const driver = (stop: string, init: string, lock = 'mutex', head = 'struct work_struct *work'): string => `
static void door_work(${head})
{
	struct door *d = door_of(work);

	${lock}_lock(&d->gate);
	d->runs++;
	${lock}_unlock(&d->gate);
}

static void door_init(struct door *d)
{
	${init};
}

static void door_stop(struct door *door)
{
	${lock}_lock(&door->gate);
	${stop}
	${lock}_unlock(&door->gate);
}`;
  it('sees a wait under the lock that the handler takes', () => {
    expect(
      added('waits-for-handler', driver('cancel_work_sync(&door->work);', 'INIT_WORK(&d->work, door_work)')),
    ).toEqual(['door_stop:18']);
    expect(
      added(
        'waits-for-handler',
        driver('flush_delayed_work(&door->later);', 'INIT_DELAYED_WORK(&d->later, door_work)'),
      ),
    ).toEqual(['door_stop:18']);
    expect(
      added(
        'waits-for-handler',
        driver(
          'timer_delete_sync(&door->timer);',
          'timer_setup(&d->timer, door_work, 0)',
          'spin',
          'struct timer_list *work',
        ),
      ),
    ).toEqual(['door_stop:18']);
    expect(
      added(
        'waits-for-handler',
        driver('free_irq(door->irq, door);', 'request_threaded_irq(d->irq, NULL, door_work, IRQF_ONESHOT, "door", d)'),
      ),
    ).toEqual(['door_stop:18']);
  });
  it('is quiet where the lock is given back, another is held, or nothing waits', () => {
    const init = 'INIT_WORK(&d->work, door_work)';
    expect(
      added(
        'waits-for-handler',
        driver('mutex_unlock(&door->gate);\n\tcancel_work_sync(&door->work);\n\tmutex_lock(&door->gate);', init),
      ),
    ).toEqual([]);
    expect(added('waits-for-handler', driver('cancel_work(&door->work);', init))).toEqual([]);
    expect(
      added(
        'waits-for-handler',
        driver('cancel_work_sync(&door->work);', init).replaceAll('&door->gate', '&door->list_gate'),
      ),
    ).toEqual([]);
    expect(added('waits-for-handler', driver('cancel_work_sync(&door->other);', init))).toEqual([]);
  });
});

describe('lock-order with a helper out of sight', () => {
  const two = (helper: string): string => `
static void door_open(struct door *d)
{
	mutex_lock(&d->gate);
	down_write(&d->map_lock);
	d->open++;
	up_write(&d->map_lock);
	mutex_unlock(&d->gate);
}

static void door_shut(struct door *d)
{
	${helper}(d);
	mutex_lock(&d->gate);
	d->open--;
	mutex_unlock(&d->gate);
	up_write(&d->map_lock);
}`;
  it('takes a helper for what its name says it takes', () => {
    for (const helper of ['door_zap_and_down_write_map_lock', 'door_take_map_lock', 'door_drain_and_acquire_map_lock'])
      expect(added('lock-order', two(helper)), helper).toEqual(['door_shut:13']);
    for (const helper of ['door_check_map_lock', 'door_take_other_lock', 'door_try_take_map_lock'])
      expect(added('lock-order', two(helper)), helper).toEqual([]);
  });
});

describe('lock-not-held of helpers out of sight', () => {
  const told = (body: string): string[] => {
    const unit = read(
      front,
      `int door(struct thing *t, struct thing *u)\n{\n\tint ret = 0;\n\n${body}\n\treturn ret;\n}`,
    );
    return [...unit.programs.values()].flatMap((program) =>
      pathHits(program, () => null, unit)
        .filter((hit) => hit.rule.id === 'lock-not-held')
        .map((hit) => hit.message),
    );
  };
  it('sees the call before the lock', () => {
    for (const [call, lock] of [
      ['__iommu_group_set_domain(t, NULL)', 'mutex'],
      ['kvm_io_bus_register_dev(t, 0, 0, 4, NULL)', 'slots_lock'],
      ['__vfio_pci_intx_mask(t)', 'igate'],
    ])
      expect(
        told(
          `\tret = ${call};\n\tif (ret)\n\t\treturn ret;\n\tmutex_lock(&t->${lock});\n\tret = 1;\n\tmutex_unlock(&t->${lock});`,
        ),
        call,
      ).toHaveLength(1);
  });
  it('is quiet under the lock, where callers may hold it, and about another lock', () => {
    const call = 'ret = __iommu_group_set_domain(t, NULL);';
    for (const body of [
      `\tmutex_lock(&t->mutex);\n\t${call}\n\tmutex_unlock(&t->mutex);`,
      `\t${call}`,
      `\t${call}\n\tmutex_unlock(&t->mutex);\n\tret++;\n\tmutex_lock(&t->mutex);`,
      `\t${call}\n\tmutex_lock(&u->mutex);\n\tret = 1;\n\tmutex_unlock(&u->mutex);`,
    ])
      expect(told(body), body).toEqual([]);
  });
});
