/**
 * What each scenario came to after each patch, over all machines: what the Testing view shows. In: a review. Out: one row a
 * scenario, one outcome a prefix. Knows no VS Code.
 */
import type { Finding, MatrixCell, Review } from '../review/types';
import { worstFirst } from './marks';

export interface Outcome {
  /** Patches applied; 0 is the base before the first. */
  readonly prefix: number;
  /**
   * `passed`: what was tried holds. `failed`: something is violated that held before the series. `skipped`: nothing could be
   * said, or the base already had it; `why` says which.
   */
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly why: string | null;
  /** The findings of the runs that failed, worst first; none where no patch of the series is to blame. */
  readonly findings: readonly Finding[];
}

/** What broke in these cells: each sentence once, with the machines it is true of. */
function broke(cells: readonly MatrixCell[]): string {
  const reasons = [...new Set(cells.map(({ reason }) => reason))];
  return reasons
    .map((reason) => {
      const machines = cells.filter((cell) => cell.reason === reason).map(({ machine }) => machine);
      return reason === null ? machines.join(', ') : `${reason} (${machines.join(', ')})`;
    })
    .join('; ');
}

export interface ScenarioRow {
  readonly scenario: string;
  readonly outcomes: readonly Outcome[];
}

function outcomeOf(review: Review, prefix: number, cells: readonly MatrixCell[], base: readonly MatrixCell[]): Outcome {
  const before = (cell: MatrixCell) => base.find((other) => other.machine === cell.machine)?.verdict === 'violated';
  const violated = cells.filter((cell) => cell.verdict === 'violated');
  const broken = prefix === 0 ? [] : violated.filter((cell) => !before(cell));
  if (broken.length > 0) {
    const traces = new Set(broken.map(({ trace }) => trace));
    const findings = review.findings.filter(
      (finding) =>
        finding.trace !== null &&
        (traces.has(finding.trace) ||
          (broken.some(({ scenario }) => review.traces[finding.trace ?? '']?.scenario === scenario) &&
            finding.introducedBy <= prefix &&
            (finding.fixedBy === null || finding.fixedBy > prefix))),
    );
    return { prefix, kind: 'failed', why: broke(broken), findings: worstFirst(findings) };
  }
  if (violated.length > 0) return { prefix, kind: 'skipped', why: 'violated before the series already', findings: [] };
  const unsaid = cells.find((cell) => cell.verdict === 'undecided');
  if (unsaid !== undefined) return { prefix, kind: 'skipped', why: unsaid.reason ?? 'undecided', findings: [] };
  const held = cells.some((cell) => cell.verdict === 'holds');
  return { prefix, kind: held ? 'passed' : 'skipped', why: held ? null : 'not applicable', findings: [] };
}

/** Rows in the order the review tried the scenarios, outcomes by prefix. */
export function scenarioRows(review: Review): ScenarioRow[] {
  const names = [...new Set(review.matrix.map(({ scenario }) => scenario))];
  return names.map((scenario) => {
    const cells = review.matrix.filter((cell) => cell.scenario === scenario);
    const base = cells.filter((cell) => cell.prefix === 0);
    const prefixes = [...new Set(cells.map(({ prefix }) => prefix))].sort((a, b) => a - b);
    return {
      scenario,
      outcomes: prefixes.map((prefix) =>
        outcomeOf(
          review,
          prefix,
          cells.filter((cell) => cell.prefix === prefix),
          base,
        ),
      ),
    };
  });
}
