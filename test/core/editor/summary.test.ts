import { expect, test } from 'vitest';
import { patchMark, summary } from '../../../src/editor/marks';
import type { Finding, Review } from '../../../src/review/types';

const finding = (severity: Finding['severity'], trace: string | null, fixedBy: number | null = null) =>
  ({ severity, trace, fixedBy }) as Finding;

test('what a run shows is a violation, what the text of the patches shows is an error, and what is mended is neither', () => {
  const findings = [
    finding('error', 't1'),
    finding('error', 't2', 3),
    finding('error', null),
    finding('error', null),
    finding('warning', 't3'),
  ];
  const review = { findings, windows: [], coverage: [] } as unknown as Review;
  expect(summary(review, null)).toMatchObject({ violations: 1, errors: 2, findings: 5 });
});

test('a patch of which no scenario runs anything holds nothing', () => {
  const review = (executed: boolean, findings: readonly Partial<Finding>[] = []): Review =>
    ({
      findings,
      matrix: [{ prefix: 1, verdict: 'holds' }],
      coverage: [
        { patch: 1, executed },
        { patch: 2, executed: true },
      ],
    }) as unknown as Review;
  expect(patchMark(review(true), 1)).toBe('holds');
  expect(patchMark(review(false), 1)).toBeNull();
  expect(patchMark(review(false, [{ patch: 1, severity: 'warning', fixedBy: null }]), 1)).toBe('warning');
});
