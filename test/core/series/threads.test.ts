import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSeries } from '../../../src/series/read';
import { parseSubject } from '../../../src/series/subject';
import { DIFF, mail, mbox, source } from './mails';

const read = (...mails: string[]) => readSeries([source(mbox(...mails))]);

describe('subjects', () => {
  it.each([
    ['[PATCH v3 02/10] vfio: x', false, { words: ['PATCH'], version: 3, index: 2, total: 10 }, 'vfio: x'],
    ['Re: [PATCH 00/10] x', true, { words: ['PATCH'], version: 1, index: 0, total: 10 }, 'x'],
    ['[RFC PATCHv2 1/4]x', false, { words: ['RFC', 'PATCH'], version: 2, index: 1, total: 4 }, 'x'],
    ['[RFC v4 3 / 8] x', false, { words: ['RFC'], version: 4, index: 3, total: 8 }, 'x'],
    ['[iommu] [PATCH 1/2 v5] x', false, { words: ['iommu', 'PATCH'], version: 5, index: 1, total: 2 }, 'x'],
    ['AW: RE: [PATCH RESEND] x', true, { words: ['PATCH', 'RESEND'], version: 1, index: 1, total: 1 }, 'x'],
    ['[PATCH 1/2] [media] cx: y', false, { words: ['PATCH'], version: 1, index: 1, total: 2 }, '[media] cx: y'],
    ['[patch V2 v3.1 7/9] x', false, { words: ['patch'], version: 3, index: 7, total: 9 }, 'x'],
    ['[GIT PULL] updates', false, null, '[GIT PULL] updates'],
    ['[PATCH,v6,3/4] x', false, { words: ['PATCH'], version: 6, index: 3, total: 4 }, 'x'],
  ] as const)('%s', (subject, reply, tag, title) => {
    expect(parseSubject(subject)).toEqual({ reply, tag, title });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseSubject(text).title === 'string'));
  });
});

describe('threads', () => {
  const part = (k: number, n: number, extra: Partial<Parameters<typeof mail>[0]> = {}) =>
    mail({
      subject: `[PATCH ${k}/${n}] part ${k}`,
      id: `p${k}@x`,
      day: 1,
      ...(k > 0 ? { reply: 'p0@x' } : {}),
      body: k > 0 ? DIFF : 'Cover.\n',
      ...extra,
    });

  it('orders by tag, not by position, and finds the cover', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), async (order) => {
        const all = await read(...order.map((k) => part(k, 4)));
        expect(all).toHaveLength(1);
        expect(all[0]!.messages[all[0]!.cover!]!.id).toBe('p0@x');
        expect(all[0]!.patches.map((patch) => patch.title)).toEqual(['part 1', 'part 2', 'part 3', 'part 4']);
        expect(all[0]!.damage).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('reports missing and duplicate parts with their place', async () => {
    const [series] = await read(part(0, 5), part(1, 5), part(3, 5), part(3, 5, { id: 'again@x', day: 2 }));
    expect(series!.patches.map((patch) => patch.index)).toEqual([1, 3]);
    expect(series!.damage.map(({ code, message }) => [code, message])).toEqual([
      ['duplicate-part', 'Part 3/5 stands here more than once; the first one is reviewed.'],
      ['missing-part', 'Parts 2, 4, 5 of 5 are missing.'],
    ]);
    expect(series!.damage.every((damage) => damage.at !== null)).toBe(true);
    expect(series!.messages[series!.damage[0]!.at!.message]!.id).toBe('again@x');
  });

  it('reports the same mail twice once, and reviews it once', async () => {
    const [series, ...others] = await read(part(0, 1), part(1, 1), part(1, 1));
    expect(others).toEqual([]);
    expect(series!.patches).toHaveLength(1);
    expect(series!.damage).toMatchObject([{ code: 'duplicate-message' }]);
  });

  it('joins parts whose common parent is not at hand, and parts sent without threading', async () => {
    expect(await read(part(1, 2), part(2, 2))).toHaveLength(1);
    expect(await read(part(1, 2, { reply: '' }), part(2, 2, { reply: '' }), part(0, 2))).toHaveLength(1);
    expect(await read(part(1, 2, { reply: '' }), part(2, 2, { reply: '', day: 25 }))).toHaveLength(2);
    expect(await read(part(1, 2, { reply: '' }), part(2, 2, { reply: '', from: 'b@example.org' }))).toHaveLength(2);
  });

  it('follows a chain of answers, each to the part before', async () => {
    const all = await read(part(2, 3, { reply: 'p1@x' }), part(3, 3, { reply: 'p2@x' }), part(1, 3, { reply: '' }));
    expect(all).toHaveLength(1);
    expect(all[0]!.patches).toHaveLength(3);
  });

  it('keeps versions in one thread apart', async () => {
    const next = (k: number) =>
      mail({
        subject: `[PATCH v2 ${k}/2] part ${k}`,
        id: `q${k}@x`,
        reply: k === 0 ? 'p0@x' : 'q0@x',
        references: ['p0@x', 'q0@x'].slice(0, k === 0 ? 1 : 2),
        day: 4,
        body: DIFF,
      });
    const all = await read(part(0, 2), part(1, 2), part(2, 2), next(0), next(1), next(2));
    expect(all.map((series) => [series.version, series.patches.length, series.damage.length])).toEqual([
      [1, 2, 0],
      [2, 2, 0],
    ]);
  });

  it('takes single patches as series of their own', async () => {
    const single = (name: string, reply?: string) =>
      mail({ subject: `[PATCH] ${name}`, id: `${name}@x`, day: 1, ...(reply ? { reply } : {}), body: DIFF });
    expect((await read(single('a'), single('b'), single('c', 'a@x'))).map((series) => series.subject)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('attaches answers: by In-Reply-To, through other answers, by quoted subject; answers to the cover are discussion', async () => {
    const [series, ...others] = await read(
      part(0, 2),
      part(1, 2),
      part(2, 2),
      mail({ subject: 'Re: [PATCH 1/2] part 1', id: 'r1@x', reply: 'p1@x', day: 2, body: '> +zwei\nno\n' }),
      mail({ subject: 'Re: other words', id: 'r2@x', reply: 'r1@x', day: 3 }),
      mail({ subject: 'Re: [PATCH 2/2] part 2', id: 'r3@x', day: 3 }),
      mail({ subject: 'Re: [PATCH 0/2] part 0', id: 'r4@x', reply: 'p0@x', day: 3 }),
    );
    expect(others).toEqual([]);
    const ids = (list: readonly number[]) => list.map((i) => series!.messages[i]!.id);
    expect(series!.patches.map((patch) => ids(patch.replies))).toEqual([['r1@x', 'r2@x'], ['r3@x']]);
    expect(ids(series!.discussion)).toEqual(['r4@x']);
  });

  it('survives answers that answer each other', async () => {
    const all = await read(
      mail({ subject: 'Re: a', id: 'a@x', reply: 'b@x' }),
      mail({ subject: 'Re: b', id: 'b@x', reply: 'a@x' }),
    );
    expect(all).toHaveLength(1);
    expect(all[0]!.discussion).toHaveLength(2);
  });
});

describe('arbitrary input', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      'From a@b Thu Jan  1 00:00:00 1970',
      'Subject: [PATCH 1/2] x',
      'From: a@b',
      'Content-Type: multipart/mixed; boundary=b',
      '--b',
      '--b--',
      'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '=',
      'In-Reply-To: <x@y>',
      'Message-ID: <x@y>',
      DIFF,
    ),
  );
  it('never throws, and every raw line is a line of the mail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), async (pieces, end) => {
        for (const series of await readSeries([source(pieces.join(end))]))
          for (const message of series.messages) {
            if (message.rawLines) {
              expect(message.rawLines).toHaveLength(message.lines.length);
              expect([...message.rawLines].every((line, i, all) => line >= (i === 0 ? 1 : all[i - 1]!))).toBe(true);
            }
            expect(message.bodyLine).toBeGreaterThanOrEqual(1);
          }
      }),
    );
  });

  it('never throws on arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) =>
        Array.isArray(await readSeries([{ name: 'x', bytes }])),
      ),
    );
  });
});
