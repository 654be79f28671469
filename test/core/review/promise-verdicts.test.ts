/** Promises of the sample series, held against its own runs; and verdicts where nothing could be run. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { describedInput } from '../../../src/review/described';
import { promiseVerdict } from '../../../src/review/promise-verdicts';
import { createReviewer } from '../../../src/review/review';
import { saidIn } from '../../../src/review/said';
import type { Review } from '../../../src/review/types';
import type { Scenario, ScenarioResult, Verdict } from '../../../src/scenario/types';
import { readSeries } from '../../../src/series/read';
import { frontEnd } from './c';

let review: Review;
beforeAll(async () => {
  const file = new URL('../../../samples/msi-window-v1.mbox', import.meta.url);
  const [series] = await readSeries([{ name: 'v1', bytes: readFileSync(file) }]);
  review = createReviewer(await frontEnd()).review(series!);
}, 120_000);

describe('the sample', () => {
  it('contradicts each promise that a finding says is not kept, in the same words', () => {
    const broken = review.findings.filter((finding) => finding.rule === 'promise-not-kept');
    expect(broken.length).toBeGreaterThan(0);
    for (const finding of broken) {
      const claim = review.claims.find((one) => one.message === finding.at.message && one.at.line === finding.at.line);
      expect([claim?.verdict, claim?.finding]).toEqual(['contradicted', finding.message]);
    }
  });
  it('holds what the cover letter says against the same runs as the patch that says it too', () => {
    const dropped = review.claims.filter((claim) => claim.kind === 'capability-dropped');
    expect(dropped.map((claim) => [claim.speaker.role, claim.verdict])).toEqual([
      ['cover', 'contradicted'],
      ['patch', 'contradicted'],
    ]);
  });
  it('shows in the series\u2019 own runs what it brings', () => {
    const mapped = review.claims.find((claim) => claim.kind === 'window-registered');
    expect([mapped?.verdict, mapped?.finding]).toEqual([
      'confirmed',
      expect.stringMatching(/own-interrupt on .*register the MSI window/),
    ]);
  });
  it('says nothing of a promise kept or broken without having run something', () => {
    for (const claim of review.claims)
      if (claim.verdict === 'confirmed' || claim.verdict === 'contradicted')
        expect(claim.tried.length).toBeGreaterThan(0);
  });
});

describe('a patch that says it changes nothing', () => {
  const scenario = { id: 's', watch: ['I2', 'I7'] } as unknown as Scenario;
  const result = (verdict: Verdict): ScenarioResult => ({
    scenario: 's',
    machine: 'm',
    verdict,
    reason: null,
    traces: [],
    executed: new Set(),
  });
  async function verdict(body: string, runs: readonly Verdict[]) {
    const mail = `Subject: [PATCH] vfio: a change\nFrom: A <a@example.org>\nMessage-Id: <1@example.org>\n\n${body}\n---\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n`;
    const [series] = await readSeries([{ name: 'x', bytes: new TextEncoder().encode(mail) }]);
    const { claims } = saidIn(series!, []);
    const kept = {
      series: series!,
      described: describedInput(series!, [], claims),
      findings: [],
      scenarios: [scenario],
      results: runs.map((one) => [result(one)]),
    };
    return promiseVerdict(kept, claims[0]!)?.verdict ?? null;
  }
  it.each([
    ['No functional change intended.', ['holds', 'holds'], 'confirmed'],
    ['No functional change intended.', ['holds', 'violated'], 'contradicted'],
    ['No functional change intended.', [], null],
    ['The doorbell is unmapped when the device is disabled.', ['violated', 'holds'], 'confirmed'],
    ['The doorbell is unmapped when the device is disabled.', ['violated', 'violated'], 'undecided'],
    ['The doorbell is unmapped when the device is disabled.', [], null],
    ['The doorbell will be unmapped when the device is disabled.', ['violated', 'holds'], null],
  ] as const)('%s %j → %s', async (body, runs, expected) => {
    expect(await verdict(body, runs)).toBe(expected);
  });
});
