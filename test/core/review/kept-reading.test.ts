import { beforeAll, describe, expect, test } from 'vitest';
import { begin } from '../../../src/code/bodies';
import type { FrontEnd } from '../../../src/code/front-end';
import { hitsBrought, hitsOfPatch, keptReading, prefixes } from '../../../src/review/kept-reading';
import { changesOf } from '../../../src/review/prefixes';
import { createReviewer } from '../../../src/review/review';
import { readSeries } from '../../../src/series/read';
import type { Series } from '../../../src/series/types';
import { frontEnd } from './c';
import { mboxOf } from './series-mails';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const step = (name: string): string =>
  [
    `int ${name}(struct part *part)`,
    '{',
    '\tvoid *page;',
    '\tint ret;',
    '',
    '\tpage = kzalloc(64, GFP_KERNEL);',
    '\tif (!page)',
    '\t\treturn -ENOMEM;',
    '\tret = part_setup(part, page);',
    '\tif (ret)',
    '\t\treturn ret;',
    '\tpart->page = page;',
    '\treturn 0;',
    '}',
  ].join('\n');

const mbox = mboxOf(
  ['one', 'two', 'three'].map((name) => ({
    files: [{ path: `drivers/vfio/${name}.c`, kind: 'new' as const, text: step(`part_${name}`) }],
  })),
);

async function read(text: string): Promise<Series> {
  const [series] = await readSeries([{ name: 'x', bytes: new TextEncoder().encode(text) }]);
  if (series === undefined) throw new Error('no series');
  return series;
}

const base = begin({
  set: { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() },
  texts: new Map(),
});

/** `old` with `by` in the place of `what` in the function of one patch. */
function edited(old: string, name: string, what: string, by: string): string {
  const at = old.indexOf(what, old.indexOf(`part_${name}(`));
  return old.slice(0, at) + by + old.slice(at + what.length);
}

describe('what was read of a series', () => {
  const twice = async (second: string, other = base) => {
    const kept = keptReading();
    const [was, now] = [await read(mbox), await read(second)];
    const first = prefixes(kept, base, was, changesOf(was), front);
    return { kept, now, first, again: prefixes(kept, other, now, changesOf(now), front) };
  };

  test('is the same before the first patch that is another, and anew from it on', async () => {
    const same = await twice(mbox);
    expect(same.again.map((one, i) => one === same.first[i])).toEqual([true, true, true, true]);
    const word = await twice(edited(mbox, 'two', 'return ret;', 'return -EIO;'));
    expect(word.again.map((one, i) => one === word.first[i])).toEqual([true, true, false, false]);
    const begun = await twice(edited(mbox, 'one', '64', '65'));
    expect(begun.again.map((one, i) => one === begun.first[i])).toEqual([true, false, false, false]);
  });

  test('is anew on another base, and where a patch went', async () => {
    const other = await twice(mbox, { ...base });
    expect(other.again.slice(1).some((one, i) => one === other.first[i + 1])).toBe(false);
    const mails = mbox.split(/^(?=From )/m);
    const fewer = await twice([mails[0], mails[2]].join(''));
    expect(fewer.again.map((one, i) => one === fewer.first[i])).toEqual([true, true, false]);
  });

  test('is asked by the rules once', async () => {
    const { kept, now, again } = await twice(mbox);
    const after = again[1];
    const touched = after?.touched[0];
    const [change] = changesOf(now);
    const message = change && now.messages[change.message];
    if (!after || !touched || !change || !message) throw new Error('no patch');
    const hits = hitsBrought(kept, touched, after);
    expect(hits.map((hit) => hit.rule.id)).toContain('leak-on-exit');
    expect(hitsBrought(kept, touched, after)).toBe(hits);
    const view = { change, message, before: base, after };
    expect(hitsOfPatch(kept, view)).toBe(hitsOfPatch(kept, view));
  });
});

test('a reviewer that knows a series says of each edit of it what one says that does not', async () => {
  const warm = createReviewer(front);
  warm.review(await read(mbox));
  for (const name of ['one', 'two', 'three'])
    for (const [what, by] of [
      ['return ret;', 'goto out;'],
      ['\tpart->page = page;\n+', ''],
      ['\tif (ret)\n', '\tbarrier();\n+\tif (ret)\n'],
    ] as const) {
      const text = edited(mbox, name, what, by);
      expect(text).not.toBe(mbox);
      const series = await read(text);
      const { findings, matrix } = createReviewer(front).review(series);
      const again = warm.review(series);
      expect(again.findings).toEqual(findings);
      expect(again.matrix).toEqual(matrix);
    }
});
