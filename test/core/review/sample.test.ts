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
  readonly function: string | null;
  readonly mailLine: number;
  readonly fixedBy: number | null;
  readonly also?: readonly { readonly patch: number; readonly mailLine: number }[];
}

/** Planted and not found yet; one that is found must leave this list. */
const OUT_OF_REACH = new Set<string>();

const folder = new URL('../../../samples/', import.meta.url);
const list = JSON.parse(readFileSync(new URL('planted.json', folder), 'utf8')) as {
  readonly defects: readonly Planted[];
  readonly inherent: readonly Planted[];
};

const reviews = new Map<number, Review>();
beforeAll(async () => {
  const reviewer = createReviewer(await frontEnd());
  for (const version of [1, 2]) {
    const [series] = await readSeries([
      { name: `v${version}`, bytes: readFileSync(new URL(`msi-window-v${version}.mbox`, folder)) },
    ]);
    if (series !== undefined) reviews.set(version, reviewer.review(series));
  }
}, 120_000);

/** A finding stands for a defect when it is of the same class, on the same mail, in the same function or within eight lines. */
function matches(finding: Finding, defect: Planted): boolean {
  const near = (patch: number, line: number) => finding.patch === patch && Math.abs(finding.at.line - line) <= 8;
  if (finding.class !== defect.class) return false;
  if (near(defect.patch, defect.mailLine) || (defect.also ?? []).some((other) => near(other.patch, other.mailLine)))
    return true;
  return defect.function !== null && finding.patch === defect.patch && finding.function === defect.function;
}

describe.each([1, 2])('sample, version %i', (version) => {
  const mine = list.defects.filter((defect) => defect.version === version);
  const inherent = list.inherent.filter((defect) => defect.version === version);
  const findings = () => reviews.get(version)?.findings ?? [];

  it.each(mine.map((defect) => [defect.id, defect] as const))('%s', (id, defect) => {
    expect(findings().some((finding) => matches(finding, defect))).toBe(!OUT_OF_REACH.has(id));
  });
  it('reports nothing else as a warning or an error', () => {
    const others = findings().filter(
      (finding) => finding.severity !== 'info' && ![...mine, ...inherent].some((defect) => matches(finding, defect)),
    );
    expect(others.map((finding) => `${finding.patch}:${finding.at.line} ${finding.rule}: ${finding.message}`)).toEqual(
      [],
    );
  });
  it('points every finding at text that is there', () => {
    const messages = reviews.get(version)?.series.messages ?? [];
    for (const { at } of findings())
      expect((messages[at.message]?.lines[at.line - 1] ?? '').slice(at.column).trim()).not.toBe('');
  });
  it('keeps a trace for every finding that rests on a run, and each event of it is told', () => {
    const review = reviews.get(version);
    const traced = findings().flatMap((finding) => (finding.trace === null ? [] : [finding.trace]));
    expect(traced.length).toBeGreaterThan(0);
    for (const id of traced) expect(review?.traces[id]?.events.every((event) => event.text !== '')).toBe(true);
  });
});

describe('the matrix', () => {
  it('has a verdict for the base and after each patch', () => {
    const prefixes = new Set(reviews.get(1)?.matrix.map((cell) => cell.prefix));
    expect([...prefixes].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
  it('shows the state that is broken between two patches, and its repair', () => {
    const lost = reviews
      .get(1)
      ?.findings.find((finding) => finding.rule === 'broken-between' && /does not arrive/.test(finding.message));
    expect([lost?.introducedBy, lost?.fixedBy]).toEqual([7, 8]);
    const row =
      reviews
        .get(2)
        ?.matrix.filter((cell) => cell.scenario === 'own-interrupt' && cell.machine === 'arm64-smmuv3-gicv2m') ?? [];
    expect([row[0]?.verdict, row[10]?.verdict]).toEqual(['violated', 'holds']);
  });
});

describe('window usage', () => {
  /** Deltas by the title of the patch whose line moved the window, in the last state of the series. */
  const moves = (version: number) => {
    const report = reviews
      .get(version)
      ?.windows.find(
        (window) =>
          window.patch === 10 && window.scenario === 'teardown-door' && window.machine === 'arm64-smmuv3-gicv2m',
      );
    return report?.events.map((event) => `${event.delta > 0 ? '+' : ''}${event.delta} ${event.doorbells.join()}`);
  };
  it('stands on the lines that take and give back pages, with the doorbells they are for', () => {
    expect(moves(2)).toEqual(['+1 v2m0', '-1 ']);
  });
  it('shows a leak as a page that returns only when the window is closed', () => {
    const events =
      reviews
        .get(1)
        ?.windows.find(
          (window) =>
            window.patch === 10 && window.scenario === 'teardown-door' && window.machine === 'arm64-smmuv3-gicv2m',
        )?.events ?? [];
    const closing =
      reviews.get(1)?.series.messages[events.at(-1)?.at.message ?? -1]?.lines[(events.at(-1)?.at.line ?? 0) - 1];
    expect(closing).toContain('put_iova_domain');
  });
});
