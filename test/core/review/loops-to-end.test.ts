/** `sum-wraps` where a loop over a length becomes a loop up to an end. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const both = (text: string): boolean[] =>
  [false, true].map((twin) =>
    rulesOn(front, { path: 'drivers/vfio/span.c', text: text.replace(/^\n/, '') }, twin).includes('sum-wraps'),
  );

const drops = (now: string, was = 'off < s->length'): boolean[] =>
  both(`
 static void span_drop(struct span *s)
 {
-	size_t off = 0;
-
-	while (${was}) {
-		span_unmap(s, s->start + off);
-		off += SZ_4K;
-	}
${now}
+	s->dropped = true;
 }`);

describe('sum-wraps, of ends that loops run up to', () => {
  it('sees loops over lengths turned into loops up to an end', () => {
    expect(
      drops(`!	u64 end = s->start + s->length;
=	u64 last = s->start + s->length - 1;
+	u64 at;
+
!	for (at = s->start; at < end; at += SZ_4K)
=	for (at = s->start; at <= last; at += SZ_4K)
+		span_unmap(s, at);`),
    ).toEqual([true, false]);
    expect(
      both(`
+static void span_undo(struct span *one)
+{
!	dma_addr_t end = one->iova + one->size, at = one->iova;
=	size_t done = 0;
+
!	while (at < end)
!		at += span_take(one, at);
=	while (done < one->size)
=		done += span_take(one, one->iova + done);
+}
+
 static void span_all(struct list_head *all)
 {
 	struct span *s;
 
 	list_for_each_entry(s, all, node) {
-		size_t off;
-
-		for (off = 0; off < s->size;)
-			off += span_take(s, s->iova + off);
+		span_undo(s);
 	}
 }`),
    ).toEqual([true, false]);
    expect(
      drops(
        `!	phys_addr_t stop = s->range.base + s->range.len;
=	phys_addr_t stop = s->range.base + s->range.len - SZ_4K;
+	phys_addr_t at = s->range.base;
+
!	do {
!		span_unmap(s, at);
!		at += SZ_4K;
!	} while (at < stop);
=	do {
=		span_unmap(s, at);
=		at += SZ_4K;
=	} while (at <= stop);`,
        'off < s->range.len',
      ),
    ).toEqual([true, false]);
  });
  it('is quiet where no loop over the length goes, and on narrow or foreign ends', () => {
    const quiet = (now: string, was?: string): boolean => drops(now, was)[0] ?? true;
    const loop = '!	for (at = s->start; at < end; at += SZ_4K)\n!		span_unmap(s, at);';
    expect(quiet(`!	u64 end = s->start + s->length, at;\n${loop}`)).toBe(true);
    expect(quiet(`!	u64 end = s->start + s->length, at;\n${loop}`, 'off < s->pages')).toBe(false);
    expect(quiet(`!	u16 end = s->start + s->length, at;\n${loop}`)).toBe(false);
    expect(quiet(`!	u64 end = s->start + other->length, at;\n${loop}`)).toBe(false);
  });
});
