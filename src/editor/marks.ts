/**
 * What a finding, a window event or a patch is marked with, in the same words and shapes on every surface.
 * Knows no VS Code.
 */
import type { Finding, Review, Severity, WindowReport } from '../review/types';
import type { Verdict } from '../scenario/types';
import { clipped } from './plain-text';

export type Mark = 'violated' | 'fixed' | 'warning' | 'note';

export const MARKS: readonly Mark[] = ['violated', 'fixed', 'warning', 'note'];

/** The shape that stands for a mark wherever no icon can be drawn. */
export const SHAPES: Readonly<Record<Mark | 'holds' | 'undecided', string>> = {
  violated: '✕',
  fixed: '◐',
  warning: '▲',
  note: '●',
  holds: '✓',
  undecided: '?',
};

/** Longest text at the end of a line, in characters. */
const LINE_LIMIT = 80;

/** Most cells of a page bar. */
const BAR = 8;

export function markOf(finding: Pick<Finding, 'severity' | 'fixedBy'>): Mark {
  if (finding.fixedBy !== null) return 'fixed';
  const marks: Readonly<Record<Severity, Mark>> = { error: 'violated', warning: 'warning', info: 'note' };
  return marks[finding.severity];
}

/** Worst first; among equals as the review has them. */
export function worstFirst<T extends Pick<Finding, 'severity' | 'fixedBy'>>(findings: readonly T[]): T[] {
  const order: Readonly<Record<Mark, number>> = { violated: 0, warning: 1, fixed: 2, note: 3 };
  return [...findings].sort((a, b) => order[markOf(a)] - order[markOf(b)]);
}

/** Text at the end of a line with these findings (worst first, at least one), at most 80 characters. */
export function lineText(findings: readonly Finding[], total: number): string {
  const [first, ...more] = findings;
  if (first === undefined) return '';
  const tail = `${first.fixedBy === null ? '' : ` · fixed by ${first.fixedBy}/${total}`}${more.length === 0 ? '' : ` · +${more.length}`}`;
  const said = /fixed by \d/.test(first.short)
    ? first.short.replace(/\s*[·,(]?\s*fixed by \d+(\/\d+)?\)?/, '')
    : first.short;
  return `${clipped(said, LINE_LIMIT - tail.length)}${tail}`;
}

/** `▰▰▱▱`: one cell a page up to eight pages; beyond, eight cells, rounded up so that one page in use is seen. */
export function pageBar(used: number, total: number): string {
  const cells = Math.max(1, Math.min(total, BAR));
  const filled = total <= BAR ? Math.min(used, cells) : Math.min(cells, Math.ceil((used * cells) / total));
  return '▰'.repeat(Math.max(0, filled)) + '▱'.repeat(cells - Math.max(0, filled));
}

/** `▰▰▱▱ 2/4 pages · GICv2m#0, ITS#1`, at most 80 characters. */
export function windowText(event: WindowReport['events'][number]): string {
  const doors = event.doorbells.length === 0 ? '' : ` · ${event.doorbells.join(', ')}`;
  return clipped(`${pageBar(event.used, event.total)} ${event.used}/${event.total} pages${doors}`, LINE_LIMIT);
}

/** One scenario on one machine: whose window is shown. */
export interface Selection {
  readonly scenario: string;
  readonly machine: string;
}

const same = (a: Selection, b: Selection): boolean => a.scenario === b.scenario && a.machine === b.machine;

/** The selected scenario's reports; without a selection those of the scenario and machine whose window moves most often in the text. */
export function chosenWindows(review: Review, selection: Selection | null): readonly WindowReport[] {
  if (selection !== null) {
    const selected = review.windows.filter((report) => same(report, selection));
    if (selected.length > 0) return selected;
  }
  let best: WindowReport | null = null;
  for (const report of review.windows) if (best === null || report.events.length > best.events.length) best = report;
  const chosen = best;
  return chosen === null ? [] : review.windows.filter((report) => same(report, chosen));
}

export interface LineUsage {
  readonly report: WindowReport;
  readonly event: WindowReport['events'][number];
}

/**
 * One usage per line. The prefix shown is the patch that the line belongs to, or else the first later one in which the
 * line runs; of several events on a line the fullest.
 * @param patchOf number of the patch (1-based) of a message; 0 for any other mail
 */
export function windowLines(
  reports: readonly WindowReport[],
  patchOf: (message: number) => number,
): readonly LineUsage[] {
  const lines = new Map<string, LineUsage>();
  for (const report of reports)
    for (const event of report.events) {
      const home = patchOf(event.at.message);
      if (report.patch < home) continue;
      const key = `${event.at.message}:${event.at.line}`;
      const before = lines.get(key);
      if (before !== undefined && before.report.patch < report.patch) continue;
      if (before !== undefined && before.report.patch === report.patch && before.event.used >= event.used) continue;
      lines.set(key, { report, event });
    }
  return [...lines.values()];
}

/**
 * Verdict of one patch as the tree marks it: the worst of its findings; without findings that of its column of the matrix. Null where no scenario runs anything that
 * the patch changes: what holds then holds of the rest.
 */
export function patchMark(review: Review, patch: number): Mark | 'holds' | 'undecided' | null {
  const own = review.findings.filter((finding) => finding.patch === patch);
  const [worst] = worstFirst(own);
  if (worst !== undefined && markOf(worst) !== 'note') return markOf(worst);
  const verdicts = review.matrix.filter(({ prefix }) => prefix === patch).map(({ verdict }) => verdict);
  if (verdicts.includes('undecided')) return 'undecided';
  if (!review.coverage.some((entry) => entry.patch === patch && entry.executed))
    return worst === undefined ? null : 'note';
  return verdicts.includes('holds') || verdicts.includes('violated')
    ? 'holds'
    : worst === undefined
      ? 'undecided'
      : 'note';
}

/** Several cells of the matrix as one verdict. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  for (const verdict of ['violated', 'undecided', 'holds'] as const) if (verdicts.includes(verdict)) return verdict;
  return 'n/a';
}

/**
 * What the status bar counts, of findings that no later patch of the series mends: violations, errors that a run shows; and errors that
 * the text of the patches alone shows.
 */
export function summary(
  review: Review,
  selection: Selection | null,
): {
  readonly violations: number;
  readonly errors: number;
  readonly findings: number;
  readonly used: number;
  readonly pages: number;
  readonly executed: number;
  readonly functions: number;
} {
  const windows = chosenWindows(review, selection);
  const last = windows[windows.length - 1];
  const errors = review.findings.filter((finding) => markOf(finding) === 'violated');
  return {
    violations: errors.filter(({ trace }) => trace !== null).length,
    errors: errors.filter(({ trace }) => trace === null).length,
    findings: review.findings.length,
    used: last === undefined ? 0 : last.pagesUsed,
    pages: last === undefined || last.granule === 0 ? 0 : Math.round(last.size / last.granule),
    executed: review.coverage.filter(({ executed }) => executed).length,
    functions: review.coverage.length,
  };
}
