import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonJson, comparisonText } from '../../../src/report/comparison';
import { createReviewer, type Reviewer } from '../../../src/review/review';
import type { Review } from '../../../src/review/types';
import { type Comparison, compareVersions, isVersionOf } from '../../../src/review/versions';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';
import { type MailPart, mboxOf } from './series-mails';

const encoder = new TextEncoder();
let reviewer: Reviewer;

async function reviewOf(text: string): Promise<Review> {
  const [series] = await readSeries([{ name: 'x.mbox', bytes: encoder.encode(text) }]);
  if (series === undefined) throw new Error('no series');
  return reviewer.review(series);
}

const sample = (version: number) =>
  readFileSync(new URL(`../../../samples/msi-window-v${version}.mbox`, import.meta.url), 'utf8');

interface Planted {
  readonly defects: readonly {
    readonly id: string;
    readonly version: number;
    readonly patch: number;
    readonly mailLine: number;
  }[];
}
const planted = JSON.parse(readFileSync(new URL('../../../samples/planted.json', import.meta.url), 'utf8')) as Planted;

describe('the two versions of the sample', () => {
  let old: Review;
  let now: Review;
  let comparison: Comparison;
  beforeAll(async () => {
    reviewer = createReviewer(await frontEnd());
    old = await reviewOf(sample(1));
    now = await reviewOf(sample(2));
    comparison = compareVersions(old, now);
  }, 120_000);

  it('tells which patch became which', () => {
    const pairs = comparison.patches.map(
      (pair) => `${pair.old ?? '-'}${pair.kind === 'same' ? '=' : '→'}${pair.new ?? '-'}`,
    );
    expect(pairs).toEqual(['1=1', '2=2', '10→3', '3=4', '4→5', '5→6', '-→7', '-→8', '6→9', '7→10', '8→-', '9→-']);
    expect(comparison.patches.find((pair) => pair.old === 8)?.into).toBe(6);
    expect(comparison.patches.find((pair) => pair.new === 6)?.oldTitle).toBe(
      'vfio/type1: Allocate IOVAs for MSI doorbells',
    );
  });

  it('shows what was repaired as fixed, and what stays as kept', () => {
    const stays = new Set(planted.defects.filter((defect) => defect.version === 2).map((defect) => defect.id));
    let looked = 0;
    for (const defect of planted.defects) {
      if (defect.version !== 1) continue;
      const mail = defect.patch === 0 ? old.series.cover : old.series.patches[defect.patch - 1]?.message;
      const pair = comparison.findings.find(
        ({ old: finding }) => finding?.at.message === mail && finding?.at.line === defect.mailLine,
      );
      if (pair === undefined) continue;
      looked++;
      if (!stays.has(defect.id)) expect([defect.id, pair.kind]).not.toEqual([defect.id, 'kept']);
    }
    expect(looked).toBeGreaterThanOrEqual(5);
    const kept = comparison.findings.filter((pair) => pair.kind === 'kept').map((pair) => pair.new?.rule);
    expect(kept).toContain('left-on-error');
    expect(comparison.findings.filter((pair) => pair.kind === 'fixed').map((pair) => pair.old?.rule)).toContain(
      'window-leak',
    );
  });

  it('shows the half that stays of a repair as new', () => {
    expect(comparison.findings.filter((pair) => pair.kind === 'new').map((pair) => pair.new?.rule)).toEqual([
      'window-open',
    ]);
  });

  it('tells where verdicts and the window changed', () => {
    expect(comparison.verdicts).toContainEqual({
      scenario: 'affinity-change',
      machine: 'arm64-smmuv3-gicv2m',
      old: 'violated',
      new: 'holds',
    });
    const window = comparison.windows.find(
      (one) => one.scenario === 'two-guests-its' && one.machine === 'arm64-smmuv3-its',
    );
    expect([window?.old?.size, window?.new?.size]).toEqual([0x2000, 0x1000]);
  });

  it('says so as text and as JSON', () => {
    const text = comparisonText(comparison, { colours: false });
    expect(text).toContain('(v1 → v2)');
    expect(text).toContain(' 10 !   3  iommu/arm-smmu: Do not advertise IOMMU_CAP_INTR_REMAP anymore');
    expect(text).toMatch(/^fixed {3}error window-leak/m);
    const json = comparisonJson(comparison, old, now);
    expect(json.findings.length).toBe(comparison.findings.length);
    expect(json.findings.find((one) => one.status === 'kept')?.new?.mailLine).toBeGreaterThan(0);
  });

  it('knows versions of one series from other series', () => {
    expect(isVersionOf(old.series, now.series)).toBe(true);
    expect(isVersionOf(old.series, old.series)).toBe(false);
  });
});

describe('versions of small series', () => {
  const C = 'drivers/iommu/win.c';
  const patch = (title: string, lines: string): MailPart => ({
    subject: title,
    files: [{ path: C, text: `@@ static int win_open(struct win *w)\n \tint ret;\n \n${lines} \treturn ret;\n` }],
  });
  const broken = patch('win: Clear it', '+\tmemset(w, 0, sizeof(*w);\n');
  const mended = patch('win: Clear it', '+\tmemset(w, 0, sizeof(*w));\n');
  const other = patch('win: Count', '+\tw->count++;\n+\tw->total++;\n+\tw->seen = true;\n');
  const renamed = patch('win: Keep count', '+\tw->count++;\n+\tw->total++;\n+\tw->seen = 1;\n');
  const compared = async (a: readonly MailPart[], b: readonly MailPart[]) =>
    compareVersions(await reviewOf(mboxOf(a)), await reviewOf(mboxOf(b, { version: 2, id: 'y' })));
  const kinds = ({ findings }: Comparison) => findings.map((pair) => `${pair.kind} ${(pair.new ?? pair.old)?.rule}`);

  it('finds a patch again under another title, by its lines', async () => {
    const { patches } = await compared([broken, other], [renamed, broken]);
    expect(patches.map((pair) => [pair.old, pair.new, pair.kind, pair.by])).toEqual([
      [2, 1, 'changed', 'similarity'],
      [1, 2, 'same', 'diff'],
    ]);
  });
  it('keeps a finding whose line moved, and tells fixed, dropped and new apart', async () => {
    expect(kinds(await compared([broken], [other, broken]))).toEqual(['kept unbalanced-statement']);
    expect(kinds(await compared([broken], [mended]))).toEqual(['fixed unbalanced-statement']);
    expect(kinds(await compared([broken, other], [other]))).toEqual(['dropped unbalanced-statement']);
    expect(kinds(await compared([mended], [broken]))).toEqual(['new unbalanced-statement']);
  });
});
