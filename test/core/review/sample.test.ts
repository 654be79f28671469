import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createReviewer } from '../../../src/review/review';
import type { Finding, Review } from '../../../src/review/types';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';

interface Planted {
  readonly id: string;
  readonly class: string;
  readonly version: number;
  readonly patch: number;
  readonly mailLine: number;
  readonly fixedBy: number | null;
  readonly also?: readonly { readonly patch: number; readonly mailLine: number }[];
}

const folder = new URL('../../../samples/', import.meta.url);
const planted = (JSON.parse(readFileSync(new URL('planted.json', folder), 'utf8')) as { readonly defects: readonly Planted[] }).defects;

const reviews = new Map<number, Review>();
beforeAll(async () => {
  const reviewer = createReviewer(await frontEnd());
  for (const version of [1, 2]) {
    const [series] = await readSeries([{ name: `v${version}`, bytes: readFileSync(new URL(`msi-window-v${version}.mbox`, folder)) }]);
    if (series !== undefined) reviews.set(version, reviewer.review(series));
  }
}, 120_000);

/** A finding stands for a defect when it is of the same class, on the same mail, within three lines of it (or of a line that belongs to it). */
function matches(finding: Finding, defect: Planted): boolean {
  const near = (patch: number, line: number) => finding.patch === patch && Math.abs(finding.at.line - line) <= 3;
  return finding.class === defect.class && (near(defect.patch, defect.mailLine) || (defect.also ?? []).some(other => near(other.patch, other.mailLine)));
}

describe.each([1, 2])('sample, version %i', version => {
  const mine = planted.filter(defect => defect.version === version);
  it.each(mine.map(defect => [defect.id, defect] as const))('finds %s', (_id, defect) => {
    const review = reviews.get(version);
    expect(review?.findings.filter(finding => matches(finding, defect)).length).toBeGreaterThan(0);
  });
  it('reports nothing else as a warning or an error', () => {
    const review = reviews.get(version);
    const others = (review?.findings ?? []).filter(finding => finding.severity !== 'info' && !mine.some(defect => matches(finding, defect)));
    expect(others.map(finding => `${finding.patch}:${finding.at.line} ${finding.rule}: ${finding.message}`)).toEqual([]);
  });
});
