import { describe, expect, it } from 'vitest';
import { scenarioRows } from '../../../src/editor/scenario-outcomes';
import type { Finding, MatrixCell, Review } from '../../../src/review/types';

const cell = (
  machine: string,
  prefix: number,
  verdict: MatrixCell['verdict'],
  reason: string | null = null,
): MatrixCell => ({
  scenario: 'teardown-door',
  machine,
  prefix,
  verdict,
  reason,
  trace: verdict === 'violated' ? `${machine}-${prefix}` : null,
});

function review(matrix: readonly MatrixCell[], findings: readonly Partial<Finding>[] = []): Review {
  const traces = Object.fromEntries(
    matrix.flatMap(({ trace }) => (trace === null ? [] : [[trace, { scenario: 'teardown-door' }]])),
  );
  return { matrix, findings, traces } as unknown as Review;
}

const kinds = (one: Review) => scenarioRows(one)[0]?.outcomes.map(({ kind }) => kind);

describe('what a scenario came to after each patch', () => {
  it('passes where all machines hold, and fails where one does not that did before', () => {
    const matrix = [
      cell('its', 0, 'holds'),
      cell('v2m', 0, 'holds'),
      cell('its', 1, 'holds'),
      cell('v2m', 1, 'violated'),
    ];
    const finding = { id: 'f', trace: 'v2m-1', introducedBy: 1, fixedBy: null, severity: 'error' as const };
    const [row] = scenarioRows(review(matrix, [finding]));
    expect(row?.outcomes.map(({ kind }) => kind)).toEqual(['passed', 'failed']);
    expect(row?.outcomes[1]?.findings.map(({ id }) => id)).toEqual(['f']);
    expect(row?.outcomes[1]?.why).toContain('v2m');
  });

  it('says what broke, once for all machines, also where no finding does', () => {
    const base = ['its', 'v2m', 'its-64k'].map((machine) => cell(machine, 0, 'holds'));
    const stays = 'the page stays mapped';
    const after = [
      cell('its', 1, 'violated', stays),
      cell('v2m', 1, 'violated'),
      cell('its-64k', 1, 'violated', stays),
    ];
    expect(scenarioRows(review([...base, ...after]))[0]?.outcomes[1]?.why).toBe(`${stays} (its, its-64k); v2m`);
  });

  it('blames no patch for what the base has', () => {
    const matrix = [cell('v2m', 0, 'violated'), cell('v2m', 1, 'violated')];
    expect(kinds(review(matrix))).toEqual(['skipped', 'skipped']);
    expect(scenarioRows(review(matrix))[0]?.outcomes[1]?.why).toMatch(/before the series/);
  });

  it('says nothing where nothing could be said, with the reason', () => {
    const matrix = [cell('its', 0, 'undecided', 'calls an unknown function'), cell('its', 1, 'n/a')];
    const [row] = scenarioRows(review(matrix));
    expect(row?.outcomes.map(({ kind, why }) => [kind, why])).toEqual([
      ['skipped', 'calls an unknown function'],
      ['skipped', 'not applicable'],
    ]);
  });

  it('shows a finding until the patch that repairs it', () => {
    const matrix = [
      cell('its', 0, 'holds'),
      cell('its', 1, 'violated'),
      cell('its', 2, 'violated'),
      cell('its', 3, 'holds'),
    ];
    const finding = { id: 'f', trace: 'its-1', introducedBy: 1, fixedBy: 3, severity: 'warning' as const };
    const found = scenarioRows(review(matrix, [finding]))[0]?.outcomes.map(({ kind, findings }) => [
      kind,
      findings.length,
    ]);
    expect(found).toEqual([
      ['passed', 0],
      ['failed', 1],
      ['failed', 1],
      ['passed', 0],
    ]);
  });
});
