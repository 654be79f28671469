/**
 * A review as text for a terminal or a log. In: a `Review`. Out: lines. Everything that stems from a mail is made printable; colours only when asked for.
 */
import type { Finding, Review, Severity } from '../review/types';
import type { Verdict } from '../scenario/types';
import { claimLines, claimSummary } from './claims';
import { coverageOf } from './json';
import { allDamage, mailLine, messageId } from './places';
import type { Colour, Paint } from './plain';
import { asClause, painter, printable, shortened } from './plain';

export interface TextOptions {
  readonly colours: boolean;
}

const COLOUR: Readonly<Record<Severity, Colour>> = { error: 'red', warning: 'yellow', info: 'blue' };

/** The whole review, ending in a line feed. */
export function reviewText(review: Review, options: TextOptions): string {
  const paint = painter(options.colours);
  const blocks = [
    [headLine(review, paint)],
    damageLines(review, paint),
    ...review.findings.map((finding) => findingLines(review, finding, paint)),
    claimLines(review, paint),
    dismissedLines(review, paint),
    windowLines(review, paint),
    matrixLines(review, paint),
    coverageLines(review, paint),
    [summary(review, paint)],
  ].filter((block) => block.length > 0);
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function headLine({ series }: Review, paint: Paint): string {
  const count = series.patches.length;
  const parts = [
    ...(series.version > 1 ? [`v${series.version}`] : []),
    count === 0 ? 'no patch' : count === 1 ? '1 patch' : `${count} patches`,
    ...(series.messages.length > count
      ? [series.messages.length === 1 ? '1 mail' : `${series.messages.length} mails`]
      : []),
  ];
  return `${paint('bold', printable(series.subject))} ${paint('grey', `(${parts.join(', ')})`)}`;
}

function damageLines(review: Review, paint: Paint): string[] {
  return allDamage(review).map(({ code, message, at }) => {
    const where = at
      ? ` ${paint('grey', `${printable(shortened(messageId(review.series, at.message), 60))} mail line ${mailLine(review.series, at)}`)}`
      : '';
    return `${paint('yellow', 'damage')} ${code}  ${printable(message)}${where}`;
  });
}

function findingLines(review: Review, finding: Finding, paint: Paint): string[] {
  const { series } = review;
  const patch =
    finding.patch > 0
      ? `patch ${finding.patch}/${Math.max(series.total, series.patches.length)}`
      : finding.at.message === series.cover
        ? 'cover'
        : 'answer';
  const place =
    finding.file === null ? `mail line ${mailLine(series, finding.at)}` : `${finding.file}:${finding.fileLine ?? '?'}`;
  const line = series.messages[finding.at.message]?.lines[finding.at.line - 1] ?? '';
  const lines = [
    `${paint('bold', `${patch} ${printable(place)}`)}  ${paint(COLOUR[finding.severity], finding.severity)} ${paint('grey', finding.rule)}  ${printable(finding.message)}`,
    `    ${paint('grey', `${mailLine(series, finding.at)} |`)} ${printable(line)}`,
  ];
  finding.why.forEach(({ text, reference }) => {
    lines.push(
      `      because ${printable(asClause(text))}${reference === null ? '' : paint('grey', `  [${printable(reference)}]`)}`,
    );
  });
  if (finding.state !== null) lines.push(`      state: ${printable(finding.state)}`);
  for (const related of finding.related) {
    const quoted = series.messages[related.at.message]?.lines[related.at.line - 1] ?? '';
    lines.push(
      `      see ${related.patch === 0 ? 'mail' : `patch ${related.patch}`} line ${mailLine(series, related.at)}: ${printable(related.message)}`,
    );
    lines.push(`          ${paint('grey', `| ${printable(quoted)}`)}`);
  }
  const history = [
    ...(finding.introducedBy > 0 && finding.introducedBy !== finding.patch
      ? [`since patch ${finding.introducedBy}`]
      : []),
    ...(finding.fixedBy === null ? [] : [`fixed by patch ${finding.fixedBy}`]),
    ...(finding.evidence === 'full' ? [] : [`evidence: ${finding.evidence}`]),
    ...(finding.trace === null ? [] : [`trace ${finding.trace}`]),
  ];
  if (history.length > 0) lines.push(`      ${paint('grey', printable(history.join(' · ')))}`);
  return lines;
}

function dismissedLines({ corrections, series }: Review, paint: Paint): string[] {
  return (corrections?.dismissed ?? []).map(({ finding, reason }) => {
    const patch = finding.patch > 0 ? `patch ${finding.patch} ` : '';
    return paint(
      'grey',
      `dismissed ${finding.rule}  ${patch}mail line ${mailLine(series, finding.at)}${finding.function === null ? '' : ` ${printable(finding.function)}()`}: ${printable(reason)}`,
    );
  });
}

/** Only what the series moves: a window that stays as it was on the base says nothing of the patches. Equal figures share a line. */
function windowLines({ windows }: Review, paint: Paint): string[] {
  const last = new Map<string, string>();
  const scenes = new Map<string, string[]>();
  for (const window of windows) {
    const total = window.granule > 0 ? Math.floor(window.size / window.granule) : 0;
    const figures = `${window.pagesUsed} of ${total} pages used, ${window.pagesNeeded} needed  at 0x${window.base.toString(16)}, ${window.size / 1024} KiB in pages of ${window.granule / 1024} KiB`;
    const scene = `${window.scenario} on ${window.machine}`;
    const before = last.get(scene);
    last.set(scene, figures);
    if (before === figures || (before === undefined && window.patch === 0)) continue;
    const text = `after patch ${window.patch}  ${figures}`;
    const line = `  ${window.pagesNeeded > total ? paint('red', text) : text}`;
    scenes.set(line, [...(scenes.get(line) ?? []), scene]);
  }
  if (scenes.size === 0) return [];
  return [
    paint('bold', 'MSI IOVA window'),
    ...[...scenes].map(([line, [first = '', ...more]]) => {
      const told = more.length === 0 ? first : `${first} and ${more.length} more`;
      return `${line}  ${paint('grey', printable(told))}`;
    }),
  ];
}

const SIGN: Readonly<Record<Verdict, readonly [string, Colour]>> = {
  holds: ['+', 'green'],
  violated: ['!', 'red'],
  undecided: ['?', 'yellow'],
  'n/a': ['-', 'grey'],
};

function matrixLines({ matrix }: Review, paint: Paint): string[] {
  if (matrix.length === 0) return [];
  const rows = new Map<string, (Verdict | undefined)[]>();
  for (const cell of matrix) {
    const name = `${cell.scenario} on ${cell.machine}`;
    const row = rows.get(name) ?? [];
    row[cell.prefix] = cell.verdict;
    rows.set(name, row);
  }
  const told = [...rows].filter(([, row]) => tells(row));
  const still = [...rows].filter(([, row]) => !tells(row)).map(([, row]) => row[0]);
  const quiet = (['holds', 'violated', 'undecided', 'n/a'] as const)
    .map((verdict) => [verdict, still.filter((one) => one === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} × ${verdict}`);
  const width = Math.max(0, ...told.map(([name]) => printable(name).length));
  return [
    `${paint('bold', 'After each patch')} ${paint('grey', '(base first; + holds, ! violated, ? undecided, - does not apply)')}`,
    ...told.map(([name, row]) => {
      const cells = Array.from(row, (verdict) =>
        verdict === undefined ? ' ' : paint(SIGN[verdict][1], SIGN[verdict][0]),
      );
      return `  ${printable(name).padEnd(width)}  ${cells.join(' ')}`;
    }),
    ...(quiet.length > 0 ? [paint('grey', `  the same from the base to the last patch: ${quiet.join(', ')}`)] : []),
  ];
}

/** A row that the series changes. One that is the same from the base on is not the series' doing. */
function tells(row: readonly (Verdict | undefined)[]): boolean {
  return row.some((verdict) => verdict !== row[0]);
}

function coverageLines(review: Review, paint: Paint): string[] {
  if (review.series.patches.length === 0 || (review.coverage.length === 0 && review.choices.length === 0)) return [];
  const { functions, full, spliced, fragment, executed, sources, reasons } = coverageOf(review);
  const whole = (
    [
      ['blob', 'by a checkout'],
      ['stitched', 'by several patches'],
    ] as const
  ).flatMap(([source, how]) => ((sources[source] ?? 0) > 0 ? [`${sources[source]} ${how}`] : []));
  const sorted = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
  return [
    `${paint('bold', 'Coverage')}  ${functions} changed ${functions === 1 ? 'function' : 'functions'}: ${full} full${whole.length === 0 ? '' : ` (${whole.join(', ')})`}, ${spliced} spliced, ${fragment} fragment; ${executed} executed`,
    ...sorted.map(([reason, count]) => `  ${count} × ${printable(reason)}`),
    ...review.choices.map(({ what, value, because }) =>
      paint('grey', `  ${what}: ${printable(value)}, because ${printable(because)}`),
    ),
  ];
}

function summary(review: Review, paint: Paint): string {
  const { findings, series } = review;
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  if (findings.length === 0)
    return series.patches.length > 0
      ? paint('green', 'No findings.')
      : review.claims.length === 0
        ? 'No patch to review.'
        : `No patch to review. ${claimSummary(review)}.`;
  const parts = (['error', 'warning', 'info'] as const).filter((severity) => count(severity) > 0);
  return parts
    .map((severity) =>
      paint(
        COLOUR[severity],
        `${count(severity)} ${severity}${count(severity) === 1 || severity === 'info' ? '' : 's'}`,
      ),
    )
    .join(', ');
}
