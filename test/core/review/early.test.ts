/** What a review tells before its scenarios have run. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createReviewer } from '../../../src/review/review';
import type { Review } from '../../../src/review/types';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';
import { seriesOf } from './series-mails';

it('tells once, and first, what the patches alone show: nothing that the whole review does not say too', async () => {
  const bytes = new Uint8Array(readFileSync(new URL('../../../samples/msi-window-v1.mbox', import.meta.url)));
  const [series] = await readSeries([{ name: 'v1.mbox', bytes }]);
  if (series === undefined) throw new Error('no series in the sample');
  const told: Review[] = [];
  const whole = createReviewer(await frontEnd()).review(series, { early: (review) => told.push(review) });
  const [early] = told;
  expect(told.length).toBe(1);
  expect(early?.findings.length).toBeGreaterThan(0);
  expect(early?.findings).toEqual(whole.findings.filter((one) => early?.findings.some(({ id }) => id === one.id)));
  expect(early?.findings.length).toBeLessThan(whole.findings.length);
  expect(early?.findings.every(({ trace }) => trace === null)).toBe(true);
  expect(early?.matrix).toEqual([]);
  expect(early?.stages).toEqual(whole.stages);
}, 120_000);

it('leaves out what the user dismissed, and says nothing yet of a dismissal that meets nothing', async () => {
  const series = await seriesOf([
    {
      subject: 'win: Clear it',
      files: [
        {
          path: 'drivers/iommu/win.c',
          text: '@@ static int win_open(struct win *w)\n \tint ret;\n \n+\tmemset(w, 0, sizeof(*w);\n \treturn ret;\n',
        },
      ],
    },
  ]);
  const dismissal = (line: string) => ({
    rule: 'unbalanced-statement',
    patch: 'win: Clear it',
    function: 'win_open',
    line,
    reason: 'a macro closes it',
  });
  const reviewer = createReviewer(await frontEnd());
  const earlyWith = (dismissed: readonly unknown[]): Review => {
    const told: Review[] = [];
    const text = JSON.stringify({ dismissed });
    reviewer.review(series, {
      corrections: [{ name: 'x.doorbell.json', text, alone: true }],
      early: (review) => told.push(review),
    });
    const [early] = told;
    if (early === undefined) throw new Error('nothing was told early');
    return early;
  };
  expect(earlyWith([]).findings.map(({ rule }) => rule)).toContain('unbalanced-statement');
  const early = earlyWith([dismissal('memset(w, 0, sizeof(*w);'), dismissal('no such line;')]);
  expect(early.findings.map(({ rule }) => rule)).not.toContain('unbalanced-statement');
  expect(early.corrections?.problems).toEqual([]);
});
