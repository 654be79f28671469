/** Rules on sections under a lock that a patch takes apart: each in several words, and quiet on what only looks like it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** What the rule says of a patch, defective and corrected: `!` and `=` lines. */
const both = (rule: string, text: string): boolean[] =>
  [false, true].map((twin) =>
    rulesOn(front, { path: 'drivers/vfio/bell.c', text: text.replace(/^\n/, '') }, twin).includes(rule),
  );

describe('section-narrowed', () => {
  const rule = 'section-narrowed';
  it('sees what stood between a lock and its end left behind by a helper', () => {
    expect(
      both(
        rule,
        `
+static void bell_write(struct bell *b)
+{
+	mutex_lock(&b->lock);
+	bell_store(b, b->next);
+	mutex_unlock(&b->lock);
+}
+
 static int bell_ring(struct bell *b)
 {
-	mutex_lock(&b->lock);
-	bell_store(b, b->next);
!	bell_write(b);
=	mutex_lock(&b->lock);
=	bell_store(b, b->next);
 	b->err = bell_start(b);
-	mutex_unlock(&b->lock);
=	mutex_unlock(&b->lock);
 	return b->err;
 }
 static void bell_refresh(struct bell *b)
 {
+	bell_write(b);
 	b->fresh = true;
 }`,
      ),
    ).toEqual([true, false]);
    expect(
      both(
        rule,
        `
+static void tower_program(struct tower *t)
+{
+	u16 old = tower_power_lock(t);
+
+	tower_table_write(t);
+	tower_power_unlock(t, old);
+}
+
 static int tower_enable(struct tower *t)
 {
-	u16 old;
=	u16 old;
 	int ret;
 
-	old = tower_power_lock(t);
-	tower_table_write(t);
=	old = tower_power_lock(t);
=	tower_table_write(t);
+	tower_note(t);
!	tower_program(t);
 	ret = tower_unmask(t);
-	tower_power_unlock(t, old);
=	tower_power_unlock(t, old);
 	if (ret)
 		return ret;
 	t->on = true;
 	return 0;
 }`,
      ),
    ).toEqual([true, false]);
    expect(
      both(
        rule,
        `
+static bool gate_claim(struct gate *g)
+{
+	bool mine;
+
+	down_write(&g->sem);
+	mine = gate_take(g);
+	up_write(&g->sem);
+	return mine;
+}
+
 static void gate_enter(struct gate *g)
 {
-	down_write(&g->sem);
-	if (gate_take(g))
!	if (gate_claim(g))
=	down_write(&g->sem);
=	if (gate_take(g))
 		gate_record(g, current);
-	up_write(&g->sem);
=	up_write(&g->sem);
+	gate_note(g);
 }`,
      ),
    ).toEqual([true, false]);
  });
  it('is quiet where all of the section moves, where the rest is locked anew, and where the rest only tells', () => {
    const quiet = (now: string, helper: string): boolean =>
      both(
        rule,
        `
+static void bell_write(struct bell *b)
+{
+	mutex_lock(&b->lock);
${helper
  .split('\n')
  .map((line) => `+${line}`)
  .join('\n')}
+	mutex_unlock(&b->lock);
+}
+
 static void bell_ring(struct bell *b)
 {
-	mutex_lock(&b->lock);
-	bell_store(b, b->next);
-	bell_start(b);
-	dev_dbg(b->dev, "rings\\n");
-	mutex_unlock(&b->lock);
${now
  .split('\n')
  .map((line) => `+${line}`)
  .join('\n')}
 }`,
      )[0] ?? true;
    expect(quiet('\tbell_write(b);\n\tbell_start(b);', '\tbell_store(b, b->next);')).toBe(true);
    expect(
      quiet('\tbell_write(b);\n\tdev_dbg(b->dev, "rings\\n");', '\tbell_store(b, b->next);\n\tbell_start(b);'),
    ).toBe(false);
    expect(
      quiet(
        '\tbell_write(b);\n\tmutex_lock(&b->lock);\n\tbell_start(b);\n\tmutex_unlock(&b->lock);',
        '\tbell_store(b, b->next);',
      ),
    ).toBe(false);
    expect(quiet('\tbell_write(b);\n\tbell_start(b);', '\tbell_other(b);')).toBe(false);
  });
});
