import { beforeAll, describe, expect, it } from 'vitest';
import { amend, begin } from '../../../src/code/bodies';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { mail } from '../code/series';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const hits = (text: string): string[] => hitsOf(front, text, ['context', 'lifetime']);

describe('a helper and its caller’s lock', () => {
  const helper = `static void door_reset(struct door *d)
{
	mutex_lock(&d->lock);
	d->count = 0;
	mutex_unlock(&d->lock);
}`;
  it('does not take it again', () => {
    const caller = (lock: string): string => `${helper}
static int door_close(struct door *door)
{
	mutex_lock(&door->${lock});
	door_reset(door);
	mutex_unlock(&door->${lock});
	return 0;
}`;
    expect(hits(caller('lock'))).toEqual(['lock-taken-twice@10']);
    expect(hits(caller('igate'))).toEqual([]);
  });
  it('may give it back first', () => {
    expect(
      hits(`static void door_wait(struct door *d)
{
	mutex_unlock(&d->lock);
	door_sleep(d);
	mutex_lock(&d->lock);
}
static int door_close(struct door *door)
{
	mutex_lock(&door->lock);
	door_wait(door);
	mutex_unlock(&door->lock);
	return 0;
}`),
    ).toEqual([]);
  });
  const wanting = (before: string, after: string): string => `static void door_kick(struct door *d)
{
	lockdep_assert_held(&d->lock);
	d->kicks++;
}
static int door_close(struct door *door)
{
	${before}
	mutex_lock(&door->lock);
	${after}
	door->open = 0;
	mutex_unlock(&door->lock);
	return 0;
}`;
  it('finds it held when it says so', () => {
    expect(hits(wanting('door_kick(door);', ''))).toEqual(['lock-not-held@8']);
    expect(hits(wanting('', 'door_kick(door);'))).toEqual([]);
  });
  it('finds one held when its name says so', () => {
    expect(hits(wanting('door_flush_locked(door);', ''))).toEqual(['lock-not-held@8']);
    expect(hits(wanting('', 'door_flush_locked(door);'))).toEqual([]);
    expect(hits(wanting('if (door_is_locked(door))\nreturn 0;', ''))).toEqual([]);
  });
});

describe('two locks', () => {
  const orders = (first: string, second: string): string[] =>
    hitsOfPatch(front, [
      `diff drivers/vfio/door.c
@@ -10,0 +10,16 @@
+static void door_join(struct door *door, struct room *room)
+{
+	mutex_lock(&door->lock);
+	mutex_lock(&room->lock);
+	list_add(&door->node, &room->doors);
+	mutex_unlock(&room->lock);
+	mutex_unlock(&door->lock);
+}
+static void door_leave(struct door *door, struct room *room)
+{
+	mutex_lock(&${first}->lock);
+	mutex_lock(&${second}->lock);
+	list_del(&door->node);
+	mutex_unlock(&${second}->lock);
+	mutex_unlock(&${first}->lock);
+}`,
    ])
      .filter((hit) => hit.rule.class === 'context')
      .map((hit) => hit.message);
  it('are taken in one order', () => {
    expect(orders('room', 'door')).toEqual([
      'door_leave() takes door.lock here while it holds room.lock, and door_join() takes them the other way round',
    ]);
    expect(orders('door', 'room')).toEqual([]);
  });
});

describe('an object', () => {
  const adding = (before: string, after: string): string[] =>
    hits(`static int door_add(struct room *room, int id)
{
	struct door *door = kzalloc(sizeof(*door), GFP_KERNEL);
	int ret;

	if (!door)
		return -ENOMEM;
	${before}
	ret = xa_insert(&room->doors, id, door, GFP_KERNEL);
	if (ret) {
		kfree(door);
		return ret;
	}
	${after}
	return 0;
}`);
  it('is ready before others find it', () => {
    expect(adding('', 'mutex_init(&door->lock);')).toEqual(['published-early@14']);
    expect(adding('mutex_init(&door->lock);', '')).toEqual([]);
  });
  it('has what its interrupt handler reads', () => {
    const request = (before: string, after: string): string[] =>
      hits(`static irqreturn_t door_irq(int irq, void *data)
{
	struct door *door = data;

	eventfd_signal(door->trigger);
	return IRQ_HANDLED;
}
static int door_enable(struct door *door, struct eventfd_ctx *trigger)
{
	int ret;

	${before}
	ret = request_irq(door->irq, door_irq, 0, "door", door);
	if (ret)
		return ret;
	${after}
	return 0;
}`);
    expect(request('', 'door->trigger = trigger;')).toContain('published-early@16');
    expect(request('door->trigger = trigger;', '')).toEqual([]);
    expect(request('', 'door->enabled = true;')).toEqual([]);
  });
  it('outlives the readers under RCU', () => {
    const remove = (free: string): string[] =>
      hits(`static void door_remove(struct door *door)
{
	list_del_rcu(&door->node);
	${free}
}`);
    expect(remove('kfree(door);')).toEqual(['no-grace-period@4']);
    expect(remove('synchronize_rcu();\nkfree(door);')).toEqual([]);
    expect(remove('kfree_rcu(door, rcu);')).toEqual([]);
  });
});

describe('a field', () => {
  const setting = (between: string, again: string): string[] =>
    hits(`static int door_bind(struct door *door, struct room *room)
{
	mutex_lock(&door->lock);
	if (door->room) {
		mutex_unlock(&door->lock);
		return -EBUSY;
	}
	${between}
	${again}
	door->room = room;
	mutex_unlock(&door->lock);
	return 0;
}`);
  it('is set under the lock it was tested under', () => {
    const reopen = 'mutex_unlock(&door->lock);\ndoor_prepare(room);\nmutex_lock(&door->lock);';
    expect(setting(reopen, '')).toEqual(['tested-outside-lock@12']);
    expect(setting('', '')).toEqual([]);
    expect(setting(reopen, 'if (door->room) {\nmutex_unlock(&door->lock);\nreturn -EBUSY;\n}')).toEqual([]);
  });
});

describe('a lock', () => {
  const turn = (before: string): string[] =>
    hits(`static int doors_reset(struct list_head *doors)
{
	struct door *door;

	list_for_each_entry(door, doors, node) {
		mutex_lock(&door->lock);
		if (!door->open)
			${before}
		door->count = 0;
		mutex_unlock(&door->lock);
	}
	return 0;
}`);
  it('is given back in each turn of a loop', () => {
    expect(turn('continue;')).toHaveLength(1);
    expect(turn('{ mutex_unlock(&door->lock); continue; }')).toEqual([]);
  });
  it('of all objects may be taken in one loop and given back in another', () => {
    expect(
      hits(`static int doors_hold(struct list_head *doors)
{
	struct door *door;

	list_for_each_entry(door, doors, node)
		mutex_lock(&door->lock);
	doors_move(doors);
	list_for_each_entry(door, doors, node)
		mutex_unlock(&door->lock);
	return 0;
}`),
    ).toEqual([]);
  });
  it('is not forgotten behind a question whose name has a word of locks', () => {
    const asked = (way: string): string[] =>
      hits(`static int door_set(struct door *door, int value)
{
	mutex_lock(&door->lock);
	if (door_has_started(door))
		${way}
	door->value = value;
	mutex_unlock(&door->lock);
	return 0;
}`);
    expect(asked('return -EBUSY;')).toEqual(['lock-held-at-exit@5']);
    expect(asked('{ mutex_unlock(&door->lock); return -EBUSY; }')).toEqual([]);
  });
});

describe('a field that is set after the object is in a list', () => {
  const patch = (lines: string): string[] =>
    hitsOfPatchAndPaths(`diff drivers/iommu/door.c
@@ -10,12 +10,12 @@
 static int door_join(struct door *door, struct room *room)
 {
 	int ret = door_check(door);
 
 	if (ret)
 		return ret;
${lines}
 	return 0;
 }`);
  it('was set before by the lines the patch replaces', () => {
    expect(
      patch(` 	spin_lock(&room->lock);
-	door->room = room;
 	list_add(&door->node, &room->doors);
 	spin_unlock(&room->lock);
+	door->room = room;`),
    ).toEqual(['published-early']);
    expect(
      patch(`+	door->room = room;
 	spin_lock(&room->lock);
-	door->room = room;
 	list_add(&door->node, &room->doors);
 	spin_unlock(&room->lock);`),
    ).toEqual([]);
  });
});

/** Rules of what the path rules say of the functions that a mail touches. */
function hitsOfPatchAndPaths(text: string): string[] {
  const set = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
  const { change, lines } = mail(0, text);
  const after = amend(begin({ set, texts: new Map() }), change, { lines }, front, 'after');
  return after.touched.flatMap((touched) =>
    touched.program === null ? [] : pathHits(touched.program, touched.before, after.set).map((hit) => hit.rule.id),
  );
}
