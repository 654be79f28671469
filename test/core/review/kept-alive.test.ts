/** What keeps an object alive: the lock it was found under, and the order in which teardown takes it away; and a test widened over its error. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const path = 'drivers/vfio/sample.c';
const both = (text: string) => [rulesOn(front, { path, text }, false), rulesOn(front, { path, text }, true)];

describe('used-past-unlock', () => {
  it('sees a use that the patch takes out of the lock', () => {
    const text = `
 static int door_ring(struct doors *d, u32 id)
 {
+	struct door *door = NULL;
 	int ret;
 
 	mutex_lock(&d->lock);
-	ret = door_ring_locked(d, id);
+	ret = door_resolve(d, id, &door);
=	if (!ret)
=		door_kick(door);
 	mutex_unlock(&d->lock);
!	if (!ret)
!		door_kick(door);
 	return ret;
 }
`;
    expect(both(text)).toEqual([['used-past-unlock'], []]);
    // A reference keeps it.
    expect(
      rulesOn(
        front,
        { path, text: text.replace('=	if (!ret)\n=		door_kick', '!	if (!ret)\n!		door_get') },
        false,
      ),
    ).toEqual([]);
  });
  const rcu = (then: string, last: string): string[] =>
    hitsOf(
      front,
      `static void door_poll(struct doors *d)
{
	struct door *door;

	rcu_read_lock();
	door = rcu_dereference(d->door);
	${then}
	rcu_read_unlock();
	${last}
}`,
      ['lifetime'],
    );
  it('sees what RCU kept used behind the section', () => {
    expect(rcu('trace_door(d);', 'door->rings++;')).toEqual(['used-past-unlock@9']);
    expect(rcu('door->rings++;', 'd->polls++;')).toEqual([]);
    expect(rcu('kref_get(&door->ref);', 'door->rings++;')).toEqual([]);
  });
});

describe('released-before-stopped', () => {
  it('sees the order turned on the way into a helper', () => {
    const text = `
+static void watcher_close(struct watcher *w)
+{
!	eventfd_ctx_put(w->eventfd);
+	watcher_unregister(w);
=	eventfd_ctx_put(w->eventfd);
+}
+
 static void watcher_work(struct work_struct *work)
 {
 	struct watcher *watcher = to_watcher(work);
 
-	watcher_unregister(watcher);
-	eventfd_ctx_put(watcher->eventfd);
+	watcher_close(watcher);
 }
`;
    expect(both(text)).toEqual([['released-before-stopped'], []]);
    // Of another object.
    expect(
      rulesOn(front, { path, text: text.replace('eventfd_ctx_put(w->', 'eventfd_ctx_put(other->') }, false),
    ).toEqual([]);
  });
});

describe('error-pointer-mix', () => {
  it('sees a test that the patch widens over an error taken from the pointer', () => {
    const text = `
 static int door_bind(struct doors *d, u32 id)
 {
 	struct door *door = door_of(d, id);
 
-	if (IS_ERR(door))
!	if (IS_ERR_OR_NULL(door))
=	if (IS_ERR(door) )
 		return PTR_ERR(door);
 	return door_use(door);
 }
`;
    expect(both(text)).toEqual([['error-pointer-mix'], []]);
  });
});
