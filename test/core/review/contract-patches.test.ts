/** Rules on what a patch owes the callers of a function it changes or adds. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** What the rule says of the text, defective and corrected: `!` and `=` lines. */
const both = (rule: string, text: string): boolean[] =>
  [false, true].map((twin) =>
    rulesOn(front, { path: 'drivers/vfio/door.c', text: text.replace(/^\n/, '') }, twin).includes(rule),
  );
const onePatch = (rule: string, text: string): boolean => both(rule, text)[0] ?? false;

const TRUTH = `
-static bool door_prepare(struct door *d)
+static int door_prepare(struct door *d)
 {
 	if (!d->frame)
-		return false;
+		return -ENODEV;
 	d->ready = 1;
-	return true;
+	return 0;
 }
 `;

describe('result-turned', () => {
  const rule = 'result-turned';
  it('sees a caller that still takes the result for true', () => {
    expect(
      both(
        rule,
        `${TRUTH}
 static int door_open(struct door *d)
 {
+	int ret;
 	door_log(d);
!	if (!door_prepare(d))
!		return -ENOMEM;
=	ret = door_prepare(d);
=	if (ret)
=		return ret;
-	if (!door_prepare(d))
-		return -EIO;
 	return 0;
 }`,
      ),
    ).toEqual([true, false]);
  });
  it('sees a test of what was stored, and a result handed on as truth', () => {
    expect(
      both(
        rule,
        `${TRUTH}
 static int door_reopen(struct door *d)
 {
-	bool ok;
!	int ok;
=	int ok;
 
 	ok = door_prepare(d);
-	if (!ok)
!	if (!ok)
=	if (ok)
 		return -EIO;
 	return 0;
 }`,
      ),
    ).toEqual([true, false]);
    expect(
      both(
        rule,
        `${TRUTH}
 static bool door_usable(struct door *d)
 {
+	door_log(d);
-	return door_prepare(d);
!	return door_prepare(d);
=	return door_prepare(d) == -EAGAIN;
 }`,
      ),
    ).toEqual([true, false]);
  });
  it('sees the other way round, and a pointer that now carries the error', () => {
    expect(
      both(
        rule,
        `
-static int gate_check(struct gate *g)
+static bool gate_check(struct gate *g)
 {
 	if (g->open)
-		return -EBUSY;
+		return false;
-	return 0;
+	return true;
 }
 
 static int gate_use(struct gate *g)
 {
+	g->users++;
-	if (gate_check(g))
!	if (gate_check(g))
=	if (!gate_check(g))
 		return -EBUSY;
 	return 0;
 }`,
      ),
    ).toEqual([true, false]);
    expect(
      both(
        rule,
        `
 static struct entry *entry_new(struct pool *p)
 {
 	if (!p->room)
-		return NULL;
+		return ERR_PTR(-ENOSPC);
 	return pool_take(p);
 }
 
 static int entry_add(struct pool *p)
 {
 	struct entry *e;
 
 	e = entry_new(p);
-	if (!e)
!	if (!e)
=	if (IS_ERR(e))
 		return -ENOMEM;
+	p->count++;
 	list_add(&e->node, &p->list);
 	return 0;
 }`,
      ),
    ).toEqual([true, false]);
  });
  it('is quiet where true meant failure before, where only the type changes, and where both errors are asked for', () => {
    for (const text of [
      `
-static bool door_broken(struct door *d)
+static int door_broken(struct door *d)
 {
 	if (!d->frame)
-		return true;
+		return -ENODEV;
-	return false;
+	return 0;
 }
 
 static int door_open(struct door *d)
 {
+	door_log(d);
 	if (door_broken(d))
 		return -EIO;
 	return 0;
 }`,
      `
-static bool door_closed(struct door *d)
+static int door_closed(struct door *d)
 {
 	if (d->open)
 		return 0;
 	return 1;
 }
 
 static int door_use(struct door *d)
 {
+	door_log(d);
 	if (!door_closed(d))
 		return -EIO;
 	return 0;
 }`,
      `
 static struct entry *entry_new(struct pool *p)
 {
 	if (!p->room)
-		return NULL;
+		return ERR_PTR(-ENOSPC);
 	return pool_take(p);
 }
 
 static int entry_add(struct pool *p)
 {
 	struct entry *e;
 
 	e = entry_new(p);
 	if (IS_ERR_OR_NULL(e))
 		return -ENOMEM;
+	p->count++;
 	return 0;
 }`,
    ])
      expect(onePatch(rule, text)).toBe(false);
  });
});

describe('output-unset', () => {
  const rule = 'output-unset';
  it('sees NULL returned in front of what sets the length, and a caller that only asks for error pointers', () => {
    expect(
      both(
        rule,
        `
+static void *door_describe(struct door *d, u32 *bytes)
+{
=	*bytes = 0;
+	if (!d->ops->describe)
+		return NULL;
+	return d->ops->describe(d, bytes);
+}
+
+static int door_tell(struct door *d, void __user *to)
+{
+	u32 bytes;
+	void *text;
+
+	text = door_describe(d, &bytes);
+	if (IS_ERR(text))
+		return PTR_ERR(text);
+	return copy_out(to, text, bytes);
+}`,
      ),
    ).toEqual([true, false]);
  });
  it('sees 0 returned on a way that sets nothing, and a patch that took the first value away', () => {
    expect(
      both(
        rule,
        `
+static int frame_base(struct frame *f, dma_addr_t *base)
+{
+	if (f->bypass)
!		return 0;
=		return -ENODEV;
+	*base = f->iova;
+	return 0;
+}
+
+static int frame_use(struct frame *f)
+{
+	dma_addr_t base;
+	int ret = frame_base(f, &base);
+
+	if (ret)
+		return ret;
+	return program(f, base);
+}`,
      ),
    ).toEqual([true, false]);
    expect(
      both(
        rule,
        `
+static int count_of(struct set *s, unsigned int *count)
+{
+	if (list_empty(&s->items))
+		return 0;
+	*count = s->items_nr;
+	return 0;
+}
+
 static int set_show(struct set *s)
 {
 	unsigned int count;
@@ static int set_show(struct set *s)
-	count = 0;
-	set_count(s, &count);
+	count_of(s, &count);
=	if (list_empty(&s->items))
=		count = 0;
 	return show(s, count);
 }`,
      ),
    ).toEqual([true, false]);
  });
  it('is quiet where the caller starts with a value, asks for NULL, or reads nothing', () => {
    const helper = `
+static void *door_describe(struct door *d, u32 *bytes)
+{
+	if (!d->ops->describe)
+		return NULL;
+	return d->ops->describe(d, bytes);
+}
+
`;
    for (const text of [
      `${helper}+static int door_tell(struct door *d, void __user *to)
+{
+	u32 bytes = 0;
+	void *text = door_describe(d, &bytes);
+
+	if (IS_ERR(text))
+		return PTR_ERR(text);
+	return copy_out(to, text, bytes);
+}`,
      `${helper}+static int door_tell(struct door *d, void __user *to)
+{
+	u32 bytes;
+	void *text = door_describe(d, &bytes);
+
+	if (!text)
+		return -ENODEV;
+	return copy_out(to, text, bytes);
+}`,
      `${helper}+static int door_has(struct door *d)
+{
+	u32 bytes;
+	void *text = door_describe(d, &bytes);
+
+	return IS_ERR(text) ? PTR_ERR(text) : 0;
+}`,
    ])
      expect(onePatch(rule, text)).toBe(false);
  });
});
