/** Waiting for readers from within a read section. */
import { beforeAll, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const hits = (text: string): string[] => hitsOf(front, text, ['context']);

const direct = (first: string, then: string): string => `static void door_swap(struct doors *d)
{
	int idx = srcu_read_lock(&d->srcu);

	door_show(d);
	${first}
	${then}
}`;

it('sees the wait inside the section, and not behind it or for another', () => {
  const leave = 'srcu_read_unlock(&d->srcu, idx);';
  expect(hits(direct('synchronize_srcu(&d->srcu);', leave))).toEqual(['waits-for-itself@6']);
  expect(hits(direct('synchronize_srcu_expedited(&d->srcu);', leave))).toEqual(['waits-for-itself@6']);
  expect(hits(direct(leave, 'synchronize_srcu(&d->srcu);'))).toEqual([]);
  expect(hits(direct('synchronize_srcu(&d->others);', leave))).toEqual([]);
});

const helped = (first: string, then: string, own = 'struct doors *d = door->doors;'): string => `
static void door_unlink(struct door *door)
{
	${own}
	list_del_rcu(&door->node);
	synchronize_srcu(&d->srcu);
}
static void door_drop(struct door *door)
{
	door_unlink(door);
}
static void door_close(struct doors *d, struct door *door)
{
	int idx;

	${first}
	door_drop(door);
	${then}
}`;

it('follows helpers', () => {
  const [enter, leave] = ['idx = srcu_read_lock(&d->srcu);', 'srcu_read_unlock(&d->srcu, idx);'];
  expect(hits(helped(enter, leave))).toEqual(['waits-for-itself@17']);
  expect(hits(helped(`${enter} ${leave}`, ''))).toEqual([]);
  expect(hits(helped(enter, leave, 'struct doors *d = door->doors; srcu_read_unlock(&d->srcu, 0);'))).toEqual([]);
});
