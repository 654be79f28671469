/** Words of a message or a comment, and code of the same patch that does otherwise; each in other words, and quiet where both agree. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { toldOf } from './told';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const C = 'drivers/iommu/door.c';
const told = async (text: string, diff: string): Promise<string[]> =>
  toldOf(front, text, { [C]: diff.replace(/^\n/, '') });

describe('a lock by another name', () => {
  const walk = (lock: string): string => `
 static void door_walk(struct door *d)
 {
+	${lock}
 	list_for_each_entry(e, &d->entries, node)
 		door_touch(e);
 }`;
  it('is told where the patch takes one other lock', async () => {
    expect(await told('Take door->list_lock around the walk.', walk('mutex_lock(&d->cfg_lock);'))).toEqual([
      'name-differs',
    ]);
    expect(await told('The walk races with add. Hold entries_mutex.', walk('guard(mutex)(&d->lock);'))).toEqual([
      'name-differs',
    ]);
    expect(
      await told('The list may change. Protect the walk with d->queue_lock.', walk('spin_lock(&d->lock);')),
    ).toEqual(['name-differs']);
  });
  it('is not where it is the one, where none is named, and of what was', async () => {
    expect(await told('Take door->cfg_lock around the walk.', walk('mutex_lock(&d->cfg_lock);'))).toEqual([]);
    expect(await told('Take the lock around the walk.', walk('mutex_lock(&d->cfg_lock);'))).toEqual([]);
    expect(await told('Callers had to take door->list_lock before.', walk('mutex_lock(&d->cfg_lock);'))).toEqual([]);
  });
});

describe('another new name', () => {
  const renamed = (name: string): string => `
-static int door_map(struct door *d)
+static int ${name}(struct door *d)
 {
 	return 0;
 }`;
  it('is told where the patch gives one other', async () => {
    expect(await told('Rename door_map() to door_map_page().', renamed('door_map_one'))).toEqual(['name-differs']);
    expect(await told('This renames door_map() into door_set_page() for clarity.', renamed('door_put_page'))).toEqual([
      'name-differs',
    ]);
    expect(await told('No change but renaming door_map() to __door_map().', renamed('door_map_locked'))).toEqual([
      'name-differs',
    ]);
  });
  it('is not where it is that', async () => {
    expect(await told('Rename door_map() to door_map_page().', renamed('door_map_page'))).toEqual([]);
    expect(await told('Rename door_map() to door_map_*().', renamed('door_map_page'))).toEqual([]);
  });
});

describe('numbers, directions and units', () => {
  const adds = (code: string): string => `
 static int door_init(struct door *d)
 {
+	${code}
 	return door_start(d);
 }`;
  const defines = (line: string): string => ` #define DOOR_MIN	1\n+${line}\n #define DOOR_END	9`;
  it('are told where the code has one other', async () => {
    expect(await told('Allow 64 doors by default.', defines('#define DOOR_DEFAULT_COUNT	32'))).toEqual([
      'default-differs',
    ]);
    expect(await told('The limit defaults to 4096 entries.', defines('#define DOOR_DEFAULT_LIMIT	(1 << 10)'))).toEqual(
      ['default-differs'],
    );
    expect(
      await told(
        'Map the doors write-only.',
        adds('ret = iommu_map(d->dom, d->iova, d->pa, SZ_4K, IOMMU_READ | IOMMU_WRITE);'),
      ),
    ).toEqual(['value-differs']);
    expect(
      await told('Nothing writes them, map the tables read-only.', adds('d->prot = IOMMU_READ | IOMMU_WRITE;')),
    ).toEqual(['value-differs']);
    expect(await told('Round the size up to a page.', adds('d->size = ALIGN_DOWN(d->size, PAGE_SIZE);'))).toEqual([
      'value-differs',
    ]);
    expect(await told('Align the base down, a door begins on a page.', adds('d->base = PAGE_ALIGN(d->base);'))).toEqual(
      ['value-differs'],
    );
    expect(
      await told('Wait up to 100 ms for the reset.', adds('ret = readl_poll_timeout(d->base, v, !v, 1, 100);')),
    ).toEqual(['unit-differs']);
    expect(await told('The door needs 20 us to settle.', adds('msleep(20);'))).toEqual(['unit-differs']);
    expect(await told('Poll for 5 seconds.', adds('end = jiffies + msecs_to_jiffies(5);'))).toEqual(['unit-differs']);
  });
  it('are not where both agree, where the words are of another time, and where there are several', async () => {
    expect(await told('Allow 64 doors by default.', defines('#define DOOR_DEFAULT_COUNT	64'))).toEqual([]);
    expect(await told('Allow 64 doors by default.', defines('#define DOOR_LIMIT	32'))).toEqual([]);
    expect(await told('Until now 64 was the default.', defines('#define DOOR_DEFAULT_COUNT	32'))).toEqual([]);
    expect(await told('The default is 2 MB.', defines('#define DOOR_DEFAULT_SIZE	(2 << 20)'))).toEqual([]);
    expect(await told('Map the doors write-only.', adds('d->prot = IOMMU_WRITE;'))).toEqual([]);
    expect(await told('Map the doors write-only.', adds('if (prot & IOMMU_READ) return -EINVAL;'))).toEqual([]);
    expect(await told('Round the size up to a page.', adds('d->size = round_up(d->size, PAGE_SIZE);'))).toEqual([]);
    expect(await told('The size was never rounded up.', adds('d->size = ALIGN_DOWN(d->size, PAGE_SIZE);'))).toEqual([]);
    expect(
      await told('Wait up to 100 ms for the reset.', adds('ret = readl_poll_timeout(d->base, v, !v, 1, 100 * 1000);')),
    ).toEqual([]);
    expect(await told('Wait up to 100 ms for the reset.', adds('msleep(100);'))).toEqual([]);
  });
});

describe('a return type', () => {
  const head = (type: string): string => `
-static int door_reset(struct door *d)
+static ${type} door_reset(struct door *d)
 {
 	writel(0, d->base);`;
  it('is told where it becomes another, and not where it becomes that', async () => {
    expect(await told('Nobody looks at what door_reset() gives, make it return void.', head('bool'))).toEqual([
      'value-differs',
    ]);
    expect(await told('Make door_reset() return bool.', head('void'))).toEqual(['value-differs']);
    expect(await told('Make door_reset() return void.', head('void'))).toEqual([]);
    expect(await told('A patch will make door_reset() return void later.', head('bool'))).toEqual([]);
  });
});

describe('comments on results and owners', () => {
  const fn = (comment: string, body: string, head = 'static int door_do(struct door *d, void *buf)'): string =>
    `/*\n${comment
      .split('\n')
      .map((line) => ` * ${line}`)
      .join('\n')}\n */\n${head}\n{\n${body}\n}`;
  it('sees a number promised and never given, and bytes for pages', async () => {
    expect(
      await told(
        'Add it.',
        fn(
          'Returns the number of entries written, or a negative error.',
          '\tif (write_all(d))\n\t\treturn -EIO;\n\n\treturn 0;',
        ),
      ),
    ).toEqual(['comment-return']);
    expect(
      await told(
        'Add it.',
        fn('Fill it.\n\nReturn: index of the entry, negative on error.', '\tif (!d)\n\t\treturn -EINVAL;\n\treturn 0;'),
      ),
    ).toEqual(['comment-return']);
    expect(
      await told(
        'Add it.',
        fn(
          'Size of a door. Returns the size in pages.',
          '\treturn d->n << PAGE_SHIFT;',
          'static size_t door_size(struct door *d)',
        ),
      ),
    ).toEqual(['unit-differs']);
    expect(
      await told(
        'Add it.',
        fn('Returns the length in bytes.', '\treturn d->len >> PAGE_SHIFT;', 'static size_t door_len(struct door *d)'),
      ),
    ).toEqual(['unit-differs']);
  });
  it('sees another owner', async () => {
    expect(
      await told(
        'Add it.',
        fn('@buf: text, freed by the caller', '\tint ret = push(d, buf);\n\n\tkfree(buf);\n\treturn ret;'),
      ),
    ).toEqual(['owner-differs']);
    expect(
      await told(
        'Add it.',
        fn('Tell it. The caller must free @buf.', '\tpush(d, d->text);\n\tkvfree(buf);\n\treturn -EIO;'),
      ),
    ).toEqual(['owner-differs']);
    expect(await told('Add it.', fn('Consumes @buf.', '\tif (buf)\n\t\td->n++;\n\treturn d->n;'))).toEqual([
      'owner-differs',
    ]);
  });
  it('is quiet where both agree, and where it cannot be told', async () => {
    for (const text of [
      fn('Returns the number of entries written, or a negative error.', '\tint n = write_all(d);\n\n\treturn n;'),
      fn('Returns the number of entries, 0 if there are none.', '\treturn 0;'),
      fn('Returns the size in pages.', '\treturn d->size >> PAGE_SHIFT;', 'static size_t door_size(struct door *d)'),
      fn('@buf: text, freed by the caller', '\treturn push(d, buf);'),
      fn('@buf: text, freed by the caller', '\tbuf = copy(buf);\n\tkfree(buf);\n\treturn 0;'),
      fn('Consumes @buf.', '\treturn push(d, buf);'),
      fn('Consumes @buf.', '\td->text = buf;\n\treturn 0;'),
    ])
      expect(await told('Add it.', text), text).toEqual([]);
  });
});

describe('text-differs', () => {
  const says = (call: string, text: string): string[] => {
    const unit = read(
      front,
      `int f(struct door *d)\n{\n\tint ret;\n\n\tret = ${call};\n\tif (ret) {\n\t\tdev_err(d->dev, "${text}");\n\t\treturn ret;\n\t}\n\treturn 0;\n}`,
    );
    return [...unit.programs.values()]
      .flatMap((program) => pathHits(program, () => null, unit).map((one) => one.rule.id))
      .filter((id) => id === 'text-differs');
  };
  it('sees the text of the contrary', () => {
    expect(says('door_enable(d)', 'failed to disable the door: %d\\n')).toEqual(['text-differs']);
    expect(says('iommu_attach_device(dom, d->dev)', 'could not detach from the domain\\n')).toEqual(['text-differs']);
    expect(says('door_unregister(d)', 'unable to register\\n')).toEqual(['text-differs']);
    expect(says('door_map(d)', 'unmapping failed\\n')).toEqual(['text-differs']);
  });
  it('is quiet where it tells of that, of both, or of what was to be done', () => {
    expect(says('door_enable(d)', 'failed to enable the door: %d\\n')).toEqual([]);
    expect(says('door_enable(d)', 'failed to enable, disable it again\\n')).toEqual([]);
    expect(says('door_enable(d)', 'door_enable failed, interrupts stay disabled\\n')).toEqual([]);
    expect(says('door_start(d)', 'failed to disable the door\\n')).toEqual([]);
    expect(says('door_map(d)', 'failed with %d\\n')).toEqual([]);
    expect(says('__get_free_pages(GFP_KERNEL, 1)', 'failed to alloc pages\\n')).toEqual([]);
  });
});

describe('an order and a constant in a clause of their own', () => {
  const unmaps = (...calls: string[]): string =>
    ` static void door_unmap(struct door *d)\n {\n \tdoor_clear(d);\n${calls.map((call) => `+\t${call}`).join('\n')}\n }`;
  it('are told where the code does otherwise', async () => {
    expect(
      await told(
        'Flush the IOTLB before the pages are freed.',
        unmaps('free_pages_of(d);', 'iommu_iotlb_sync(d->dom, &g);'),
      ),
    ).toEqual(['order-turned']);
    expect(
      await told(
        'The device may still write, so disable it before unmapping the ring.',
        unmaps('ring_unmap(d);', 'pci_disable_device(d->pdev);'),
      ),
    ).toEqual(['order-turned']);
    expect(
      await told('Free the entry after draining the queue.', unmaps('kfree(d->entry);', 'queue_drain(d);')),
    ).toEqual(['order-turned']);
    const allocates = (flag: string): string =>
      ` static int door_new(struct door *d)\n {\n+\td->e = kzalloc(64, ${flag});\n \treturn 0;\n }`;
    expect(await told('door_new() is called under a spinlock, use GFP_ATOMIC.', allocates('GFP_KERNEL'))).toEqual([
      'name-differs',
    ]);
    expect(await told('door_new() is called under a spinlock, use GFP_ATOMIC.', allocates('GFP_ATOMIC'))).toEqual([]);
  });
  it('are not where both agree, where a way out lies between, and of what was', async () => {
    expect(
      await told(
        'Flush the IOTLB before the pages are freed.',
        unmaps('iommu_iotlb_sync(d->dom, &g);', 'free_pages_of(d);'),
      ),
    ).toEqual([]);
    expect(
      await told(
        'Flush the IOTLB before the pages are freed.',
        unmaps('if (d->off) {', '\tfree_pages_of(d);', '\treturn;', '}', 'iommu_iotlb_sync(d->dom, &g);'),
      ),
    ).toEqual([]);
    expect(
      await told(
        'Nobody had to flush before the pages were freed.',
        unmaps('free_pages_of(d);', 'iommu_iotlb_sync(d->dom, &g);'),
      ),
    ).toEqual([]);
  });
});

describe('a patch that says it changes nothing', () => {
  const stores = (before: string, after: string, more = ''): string =>
    ` static void slot_free(struct table *t, int i)\n {\n-\t${before}\n+\t${after}\n${more} \tt->count--;\n }`;
  const NFC = 'Pass the slot. No functional change intended.';
  it('stores what it stored', async () => {
    const changed = async (text: string, diff: string): Promise<boolean> =>
      (await told(text, diff)).includes('refactor-changed');
    expect(
      await changed(NFC, stores('t->slots[i] = slot_default_val;', '*slot = (struct slot){ .type = SLOT_OFF };')),
    ).toBe(true);
    expect(await changed(NFC, stores('t->mode = default_mode;', 't->mode = MODE_STRICT;'))).toBe(true);
    expect(
      await changed('Clean up. No behavioural change.', stores('d->limit = door_limit;', 'door->limit = 64;')),
    ).toBe(true);
    expect(await changed(NFC, stores('t->slots[i] = slot_default_val;', '*slot = slot_default_val;'))).toBe(false);
    expect(await changed('Always refuse.', stores('t->mode = default_mode;', 't->mode = MODE_STRICT;'))).toBe(false);
    expect(
      await changed(NFC, stores('t->mode = default_mode;', 't->mode = MODE_STRICT;', '-\tdefault_mode = 1;\n')),
    ).toBe(false);
    expect(await changed(NFC, stores('t->mode = 1;', 't->mode = MODE_STRICT;'))).toBe(false);
  });
});
