import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** Rules that speak on the text as a hunk within a function, defective and corrected. */
const both = (text: string, section = 'static int door_open(struct door *d, u32 *count)'): string[][] =>
  [false, true].map((twin) => rulesOn(front, { path: 'drivers/vfio/door.c', text, section }, twin));

describe('a new way out in front of an unlock', () => {
  it('leaves with the lock that was taken out of sight', () => {
    expect(
      both(
        [
          ' \td->users++;',
          '+\tif (d->users > MAX_USERS) {',
          '!\t\treturn -EBUSY;',
          '=\t\tmutex_unlock(&d->lock);',
          '=\t\treturn -EBUSY;',
          '+\t}',
          ' \td->open = true;',
          ' \tmutex_unlock(&d->lock);',
          ' \treturn 0;',
        ].join('\n'),
      ),
    ).toEqual([['lock-held-at-exit'], []]);
    expect(
      both(
        [
          ' \tlist_for_each_entry(p, &d->list, node) {',
          ' \t\tif (p->id == id)',
          ' \t\t\tbreak;',
          ' \t}',
          '+\tif (door_gone(d))',
          '!\t\treturn 0;',
          '=\t\tgoto out;',
          ' \tdoor_mark(d);',
          '=out:',
          ' \tspin_unlock_irqrestore(&d->lock, flags);',
        ].join('\n'),
      ),
    ).toEqual([['lock-held-at-exit'], []]);
    expect(
      both(
        [
          '+\tif (!d->ready)',
          '!\t\treturn;',
          '=\t\tgoto unlock;',
          ' \tdoor_mark(d);',
          '=unlock:',
          ' \tup_write(&d->sem);',
        ].join('\n'),
        'void door_mark_all(struct door *d)',
      ),
    ).toEqual([['lock-held-at-exit'], []]);
  });
  it('does not where another takes it first, where old ways leave so too, or where lines between are out of sight', () => {
    const quiet = (...lines: string[]): void => expect(both(lines.join('\n'))[0]).toEqual([]);
    quiet(
      '+\tif (!d->ready)',
      '+\t\treturn -EINVAL;',
      ' \tmutex_lock(&d->lock);',
      ' \td->n++;',
      ' \tmutex_unlock(&d->lock);',
    );
    quiet(
      ' \tif (!d->n)',
      ' \t\treturn -ENOENT;',
      '+\tif (!d->ready)',
      '+\t\treturn -EINVAL;',
      ' \td->n++;',
      ' \tmutex_unlock(&d->lock);',
    );
    quiet('+\tif (!d->ready)', '+\t\treturn -EINVAL;', ' \tif (d->n)', ' \t\tdoor_mark(d);');
    quiet(
      ' \tmutex_unlock(&d->lock);',
      '+\tif (!d->ready)',
      '+\t\treturn -EINVAL;',
      ' \twhile (d->n) {',
      ' \t\tmutex_lock(&d->lock);',
      ' \t\tmutex_unlock(&d->lock);',
      ' \t}',
    );
  });
});

const whole = (...statements: string[]): string[] =>
  hitsOf(front, `int f(struct s *s, struct device *dev)\n{\n${statements.join('\n')}\n}`, ['lifetime', 'context']);

describe('a reference taken only to compare', () => {
  it('is lost', () => {
    expect(whole('if (s->mm != get_task_mm(current))', 'return -EPERM;', 'mmput(s->mm);', 'return 0;')).toEqual([
      'leak-on-exit@3',
    ]);
    expect(whole('if (iommu_group_get(dev) == s->group)', 'return 1;', 'return 0;')).toEqual(['leak-on-exit@3']);
    expect(whole('if (!iommu_group_get(dev))', 'return -ENODEV;', 'return 0;')).toEqual(['leak-on-exit@3']);
  });
  it('is not where each way puts it, where nothing came, or where its own name puts it', () => {
    expect(
      whole(
        'if (s->mm == get_task_mm(current)) {',
        'mmput(s->mm);',
        'return 0;',
        '}',
        'mmput(current->mm);',
        'return 1;',
      ),
    ).toEqual([]);
    expect(
      whole('if (!iommu_group_get(dev))', 'return -ENODEV;', 'iommu_group_put(dev->iommu_group);', 'return 0;'),
    ).toEqual([]);
    expect(whole('if (!get_device(dev))', 'return -ENODEV;', 'keep(dev);', 'return 0;')).toEqual([]);
    expect(whole('if (dev_get_drvdata(dev) == s)', 'return 1;', 'return 0;')).toEqual([]);
  });
});

describe('a test that only tells', () => {
  const told = (...statements: string[]): string[] => whole('struct page *p;', '', ...statements);
  it('lets NULL go on', () => {
    expect(
      told('p = alloc_pages(GFP_KERNEL, 2);', 'if (!p)', 'dev_warn(dev, "no pages");', 'door_fill(p, 4);', 'return 0;'),
    ).toEqual(['unchecked-pointer@8']);
    expect(
      told('p = door_find(s, 3);', 'if (p == NULL)', 'pr_err("no door");', 'door_mark(s, p);', 'return 0;'),
    ).toEqual(['unchecked-pointer@8']);
    expect(
      told('p = door_lookup(s);', 'if (p)', 'door_show(p);', 'else', 'pr_warn_once("no door");', 'return 0;'),
    ).toEqual([]);
  });
  it('is no matter where the way leaves, where NULL is taken, or where it is asked again', () => {
    expect(
      told(
        'p = alloc_pages(GFP_KERNEL, 2);',
        'if (!p) {',
        'dev_warn(dev, "no pages");',
        'return -ENOMEM;',
        '}',
        'door_fill(p, 4);',
        'return 0;',
      ),
    ).toEqual([]);
    expect(
      told('p = kmemdup(s, 8, GFP_KERNEL);', 'if (!p)', 'dev_dbg(dev, "none");', 'kfree(p);', 'return 0;'),
    ).toEqual([]);
    expect(
      told('p = door_find(s, 3);', 'if (!p)', 'pr_err("no door");', 'if (p)', 's->n = p->index;', 'return 0;'),
    ).toEqual([]);
    expect(told('p = door_find(s, 3);', 'if (!p)', 'p = s->first;', 's->n = p->index;', 'return 0;')).toEqual([]);
  });
});

describe('no-longer-set', () => {
  it('sees a result that only some successes still get', () => {
    expect(
      both(
        [
          ' \tswitch (attr) {',
          ' \tcase DOOR_ATTR_STRICT:',
          '-\t\t*(int *)data = d->strict;',
          '!\t\tif (d->quirks & DOOR_STRICT)',
          '!\t\t\t*(int *)data = 1;',
          '=\t\t*(int *)data = !!(d->quirks & DOOR_STRICT);',
          ' \t\treturn 0;',
        ].join('\n'),
        'static int door_get_attr(struct door *d, int attr, void *data)',
      ),
    ).toEqual([['no-longer-set'], []]);
    expect(
      both(
        [
          ' \tdoor_settle(d);',
          '-\t*count = d->n;',
          '!\tif (d->shared)',
          '!\t\t*count = d->n;',
          '=\tif (d->shared)',
          '=\t\t*count = d->n;',
          '=\telse',
          '=\t\t*count = 0;',
          ' \treturn 0;',
        ].join('\n'),
      ),
    ).toEqual([['no-longer-set'], []]);
  });
  it('sees a part of a command on the stack', () => {
    const send = (text: string): string[][] =>
      [false, true].map((twin) => rulesOn(front, { path: 'drivers/irqchip/door.c', text }, twin));
    expect(
      send(
        [
          ' static void door_send(struct door *d, u16 list)',
          ' {',
          ' \tstruct door_cmd cmd;',
          ' ',
          ' \tcmd.move.door = d;',
          '-\tcmd.move.list = list;',
          '!\tif (d->many)',
          '!\t\tcmd.move.list = list;',
          '=\tcmd.move.list = d->many ? list : 0;',
          ' \tdoor_post(d, &cmd);',
          ' }',
        ].join('\n'),
      ),
    ).toEqual([['no-longer-set'], []]);
  });
  it('leaves what has a value from the start, and what was set on some ways before', () => {
    const once = (...lines: string[]): string[] =>
      rulesOn(
        front,
        {
          path: 'drivers/irqchip/door.c',
          text: [' static int door_send(struct door *d, u32 *out)', ' {', ...lines, ' }'].join('\n'),
        },
        false,
      );
    expect(
      once(
        ' \tstruct door_cmd cmd = {};',
        '-\tcmd.list = d->list;',
        '+\tif (d->many)',
        '+\t\tcmd.list = d->list;',
        ' \tdoor_post(d, &cmd);',
        ' \treturn 0;',
      ),
    ).toEqual([]);
    expect(once(' \tif (d->a)', '-\t\t*out = 1;', '+\t\t*out = 2;', ' \treturn 0;')).toEqual([]);
    expect(once('+\tif (d->none)', '+\t\treturn 0;', '-\t*out = 1;', '+\t*out = 2;', ' \treturn 0;')).toEqual([]);
  });
});

describe('value-ignored', () => {
  const setter = 'static int door_set_attr(struct door *d, int attr, void *data)';
  it('sees a store that no longer asks for the value', () => {
    expect(
      both(
        [
          ' \tcase DOOR_ATTR_STRICT:',
          '-\t\td->strict = *(int *)data;',
          '!\t\td->quirks |= DOOR_STRICT;',
          '=\t\tif (*(int *)data)',
          '=\t\t\td->quirks |= DOOR_STRICT;',
          '=\t\telse',
          '=\t\t\td->quirks &= ~DOOR_STRICT;',
          ' \t\tbreak;',
        ].join('\n'),
        setter,
      ),
    ).toEqual([['value-ignored'], []]);
    expect(
      both(
        ['-\td->on = !!count;', '!\td->on = true;', '=\td->on = count > 0;', ' \tdoor_settle(d);'].join('\n'),
        'static void door_switch(struct door *d, int count)',
      ),
    ).toEqual([['value-ignored'], []]);
  });
  it('leaves a value that is asked for on the way, and one that nobody gives any more', () => {
    const once = (section: string, ...lines: string[]): string[] =>
      rulesOn(front, { path: 'drivers/vfio/door.c', text: lines.join('\n'), section }, false);
    expect(
      once(setter, ' \tif (!*(int *)data)', ' \t\treturn -EINVAL;', '-\td->on = *(int *)data;', '+\td->on = true;'),
    ).toEqual([]);
    expect(once(setter, '-\td->on = *(int *)data;', '+\td->on = true;', ' \tdoor_tell(d, data);')).toEqual([]);
    // The value was a variable of the function's own.
    expect(once(setter, ' \tint on = door_ready(d);', '-\td->on = on;', '+\td->on = true;')).toEqual([]);
  });
});
