import { describe, expect, test } from 'vitest';
import { answersOf } from '../../../src/editor/answers';
import type { Review } from '../../../src/review/types';
import { readSeries } from '../../../src/series/read';

const thread = `From aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Mon Jan 11 00:00:00 2016
From: A Author <author@example.org>
Subject: [PATCH] vfio: map the doorbell
Message-ID: <one@example.org>
Date: Mon, 11 Jan 2016 10:00:00 +0000

Maps it.
---
 a.c | 1 +
 1 file changed, 1 insertion(+)

diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@
 int a;
+int b;
 int c;
--
2.5.0

From bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb Mon Jan 11 00:00:00 2016
From: R Reader <reader@example.org>
Subject: Re: [PATCH] vfio: map the doorbell
Message-ID: <two@example.org>
In-Reply-To: <one@example.org>
Date: Mon, 11 Jan 2016 11:00:00 +0000

On Mon, A Author wrote:
> +int b;

Why not static?
`;

describe('answers in the thread', () => {
  test('stand at the line that they quote, with who said it', async () => {
    const [series] = await readSeries([{ name: 'a.mbox', bytes: new TextEncoder().encode(thread) }]);
    if (series === undefined) throw new Error('no series');
    const found = answersOf({ series } as Review);
    expect(found.map(({ who, text, message, line }) => [who, text, message.lines[line - 1]])).toEqual([
      ['R Reader', 'Why not static?', '+int b;'],
    ]);
  });

  test('leave out what a mailing list added: its footer, and its name behind the sender’s', async () => {
    const footer = [
      '_______________________________________________',
      'a-list mailing list',
      'a-list@example.org',
      'https://example.org/listinfo/a-list',
      '',
    ];
    const sent = thread
      .replace('From: R Reader <reader@example.org>', 'From: R Reader via a-list <a-list@example.org>')
      .concat(footer.join('\n'));
    const [series] = await readSeries([{ name: 'a.mbox', bytes: new TextEncoder().encode(sent) }]);
    if (series === undefined) throw new Error('no series');
    expect(answersOf({ series } as Review).map(({ who, text }) => [who, text])).toEqual([
      ['R Reader', 'Why not static?'],
    ]);
  });

  test('keep a rule that somebody drew, and a name that ends like a list’s', async () => {
    const drawn = thread
      .replace('From: R Reader <reader@example.org>', 'From: R Reader via a-list <reader@example.org>')
      .concat('_______________________________________________\nAnd why here?\n');
    const [series] = await readSeries([{ name: 'a.mbox', bytes: new TextEncoder().encode(drawn) }]);
    if (series === undefined) throw new Error('no series');
    expect(answersOf({ series } as Review).map(({ who, text }) => [who, text.split('\n').at(-1)])).toEqual([
      ['R Reader via a-list', 'And why here?'],
    ]);
  });
});
