import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createReviewer, type Reviewer } from '../../../src/review/review';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';

const sample = readFileSync(new URL('../../../samples/msi-window-v2.mbox', import.meta.url), 'utf8');
const encoder = new TextEncoder();

let reviewer: Reviewer;
beforeAll(async () => {
  reviewer = createReviewer(await frontEnd());
});

async function review(text: string, by: Reviewer) {
  const [series] = await readSeries([{ name: 'v2', bytes: encoder.encode(text) }]);
  if (series === undefined) throw new Error('no series in the sample');
  return by.review(series);
}

describe('a series that is reviewed again', () => {
  it('gets the same review from a reviewer that knows it and from one that does not', async () => {
    const edited = sample.replace('\twhile (--i > 0)', '\twhile (--i >= 0)');
    expect(edited).not.toBe(sample);
    await review(sample, reviewer);
    const again = await review(edited, reviewer);
    const fresh = await review(edited, createReviewer(await frontEnd()));
    const told = (findings: (typeof again)['findings']) => findings.map((f) => `${f.id} ${f.message} ${f.fixedBy}`);
    expect(told(again.findings)).toEqual(told(fresh.findings));
    expect(again.matrix).toEqual(fresh.matrix);
  }, 120_000);
  it('loses the finding whose line was mended, and gets it back when the line is as before', async () => {
    const broken = (await review(sample, reviewer)).findings.filter((f) => f.rule === 'left-on-error');
    const mended = await review(sample.replace('\twhile (--i > 0)', '\twhile (--i >= 0)'), reviewer);
    expect(broken.length).toBe(1);
    expect(mended.findings.filter((f) => f.rule === 'left-on-error')).toEqual([]);
    expect((await review(sample, reviewer)).findings.filter((f) => f.rule === 'left-on-error')).toEqual(broken);
  }, 120_000);
});
