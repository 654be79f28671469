import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { undoingsOf } from '../../../src/review/rules/own-pairs';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const leaks = (text: string): string[] =>
  hitsOf(front, text, ['lifetime']).filter((hit) => hit.startsWith('leak-on-exit'));

describe('names of undoings', () => {
  it('are those of the step with one word exchanged', () => {
    expect(undoingsOf('unit_claim')).toEqual(['unit_release', 'unit_unclaim']);
    expect(undoingsOf('dma_window_attach_dev')).toEqual(['dma_window_detach_dev']);
    expect(undoingsOf('unit_charge')).toEqual(['unit_uncharge']);
  });
  it('are none for locks, for what the device gives back, and for what takes nothing', () => {
    for (const name of ['unit_lock_get', 'devm_unit_create', 'rcu_read_begin', 'unit_show'])
      expect(undoingsOf(name)).toEqual([]);
  });
});

describe('a step that other failing ways out undo', () => {
  const attach = (take: string, second: string, third: string): string =>
    `static int join(struct box *box, struct unit *unit)\n{\nint ret;\nstruct slot *slot;\n\n${take}\nret = box_fill(box);\nif (ret)\n${second}\nret = box_seal(box);\nif (ret)\n${third}\nreturn 0;\n`;
  it('is undone on each of them', () => {
    const claim = 'ret = unit_claim(unit, box);\nif (ret)\nreturn ret;';
    const end = 'out:\nunit_release(unit);\nreturn ret;\n}';
    expect(leaks(attach(claim, 'return ret;', 'goto out;') + end)).toEqual(['leak-on-exit@11']);
    expect(leaks(attach(claim, 'goto out;', 'return ret;') + end)).toEqual(['leak-on-exit@14']);
    expect(leaks(attach(claim, 'goto out;', 'goto out;') + end)).toEqual([]);
  });
  it('is so too where it is asked in a condition, or cannot fail', () => {
    const end = 'out:\nport_disable(&unit->port);\nreturn ret;\n}';
    expect(leaks(attach('if (port_enable(&unit->port))\nreturn -EIO;', 'return ret;', 'goto out;') + end)).toEqual([
      'leak-on-exit@10',
    ]);
    expect(leaks(attach('port_enable(&unit->port);', 'return ret;', 'goto out;') + end)).toEqual(['leak-on-exit@9']);
  });
  it('gives its result, which goes back', () => {
    const create = 'slot = slot_create(box, 4);\nif (IS_ERR(slot))\nreturn PTR_ERR(slot);';
    const end = 'out:\nslot_destroy(slot);\nreturn ret;\n}';
    expect(leaks(attach(create, 'return ret;', 'goto out;') + end)).toEqual(['leak-on-exit@11']);
    expect(leaks(attach(create, 'goto out;', 'goto out;') + end)).toEqual([]);
  });
});

describe('what is no step to take back', () => {
  const quiet = (body: string): void => {
    expect(leaks(`static int go(struct box *box)\n{\nint ret = 0;\n\n${body}\n}`)).toEqual([]);
  };
  it('is what is done anew after its undoing', () => {
    quiet(
      'box_unmap(box);\nret = box_save(box);\nif (ret)\ngoto out;\nret = box_send(box);\nout:\nbox_map(box);\nif (ret)\nreturn -EIO;\nreturn 0;',
    );
  });
  it('is what stands on the other side of a test', () => {
    quiet(
      'if (box->on)\nport_enable(box);\nelse\nport_disable(box);\nret = box_fill(box);\nif (ret)\nreturn ret;\nreturn 0;',
    );
  });
  it('is what its own state decides about', () => {
    quiet(
      'if (!box->map && box_map_create(box) < 0)\nreturn -ENOMEM;\nret = box_fill(box);\nif (ret)\ngoto out;\nreturn 0;\nout:\nif (box->map && !box->old)\nbox_map_destroy(box);\nreturn ret;',
    );
  });
  it('is what success may keep', () => {
    quiet('port_enable(box);\nret = box_fill(box);\nif (ret) {\nport_disable(box);\nreturn ret;\n}\nreturn 0;');
  });
});

describe('a count that refuses by itself', () => {
  const charge = (down: string, more: string): string =>
    `static int box_charge(struct box *box)\n{\nreturn atomic_add_unless(&box->users, 1, 32) ? 0 : -ENOSPC;\n}\nstatic void box_uncharge(struct box *box)\n{\n${down}\n}\nint f(struct box *box)\n{\nint ret;\n\nret = box_charge(box);\nif (ret)\nreturn ret;\nbox->slot = kzalloc(8, GFP_KERNEL);\nif (!box->slot)${more}\nreturn 0;\n}`;
  it('is taken back where a later step fails, as no caller could tell', () => {
    expect(leaks(charge('atomic_dec(&box->users);', '\nreturn -ENOMEM;'))).toEqual(['leak-on-exit@18']);
    expect(leaks(charge('atomic_dec(&box->users);', ' {\nbox_uncharge(box);\nreturn -ENOMEM;\n}'))).toEqual([]);
  });
  it('is another one, or undone under a condition: nothing is known', () => {
    expect(leaks(charge('atomic_dec(&box->others);', '\nreturn -ENOMEM;'))).toEqual([]);
    expect(leaks(charge('if (box->charged)\natomic_dec(&box->users);', '\nreturn -ENOMEM;'))).toEqual([]);
  });
});
