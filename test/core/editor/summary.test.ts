import { expect, test } from 'vitest';
import { summary } from '../../../src/editor/marks';
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
