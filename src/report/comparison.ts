/** Two versions of a series as text or JSON. In: a `Comparison`. Knows nothing of files or terminals. */
import type { Finding, Review } from '../review/types';
import type { Comparison, FindingPair, PatchPair, WindowChange } from '../review/versions';
import { mailLine } from './places';
import type { Colour, Paint } from './plain';
import { painter, printable } from './plain';

interface FindingJson {
  readonly rule: string;
  readonly class: string;
  readonly severity: string;
  readonly message: string;
  readonly patch: number;
  readonly file: string | null;
  readonly function: string | null;
  readonly mailLine: number;
}

export interface ComparisonJson {
  readonly old: Comparison['old'];
  readonly new: Comparison['new'];
  readonly patches: readonly PatchPair[];
  readonly findings: readonly {
    readonly status: FindingPair['kind'];
    readonly old: FindingJson | null;
    readonly new: FindingJson | null;
  }[];
  readonly verdicts: Comparison['verdicts'];
  readonly windows: Comparison['windows'];
}

/** As JSON; the reviews give the places. */
export function comparisonJson(comparison: Comparison, old: Review, now: Review): ComparisonJson {
  const json = (review: Review, finding: Finding | null): FindingJson | null =>
    finding === null
      ? null
      : {
          rule: finding.rule,
          class: finding.class,
          severity: finding.severity,
          message: finding.message,
          patch: finding.patch,
          file: finding.file,
          function: finding.function,
          mailLine: mailLine(review.series, finding.at),
        };
  return {
    old: comparison.old,
    new: comparison.new,
    patches: comparison.patches,
    findings: comparison.findings.map((pair) => ({
      status: pair.kind,
      old: json(old, pair.old),
      new: json(now, pair.new),
    })),
    verdicts: comparison.verdicts,
    windows: comparison.windows,
  };
}

const PAIR: Readonly<Record<PatchPair['kind'], readonly [string, Colour]>> = {
  same: ['=', 'grey'],
  changed: ['!', 'yellow'],
  added: ['+', 'green'],
  dropped: ['-', 'red'],
};

const STATUS: Readonly<Record<FindingPair['kind'], Colour>> = {
  fixed: 'green',
  dropped: 'grey',
  kept: 'yellow',
  new: 'red',
};

/** The whole comparison, ending in a line feed. */
export function comparisonText(comparison: Comparison, options: { readonly colours: boolean }): string {
  const paint = painter(options.colours);
  const blocks = [
    [
      `${paint('bold', printable(comparison.new.subject))} ${paint('grey', `(v${comparison.old.version} → v${comparison.new.version})`)}`,
    ],
    comparison.patches.map((pair) => patchLine(pair, paint)),
    findingLines(comparison, paint),
    verdictLines(comparison, paint),
    windowLines(comparison, paint),
    [summaryOf(comparison)],
  ].filter((block) => block.length > 0);
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function patchLine(pair: PatchPair, paint: Paint): string {
  const [sign, colour] = PAIR[pair.kind];
  const number = (patch: number | null): string => (patch === null ? '-' : String(patch)).padStart(3);
  const lines =
    pair.kind === 'same'
      ? 'the same'
      : [...(pair.gained > 0 ? [`+${pair.gained}`] : []), ...(pair.lost > 0 ? [`-${pair.lost}`] : [])].join(' ');
  const how = pair.by === 'similarity' ? `, ${Math.round(pair.similarity * 100)} % alike` : '';
  const into = pair.into === null ? '' : paint('grey', `  now in patch ${pair.into}`);
  const was = pair.oldTitle === null ? '' : paint('grey', `  was “${printable(pair.oldTitle)}”`);
  return `${number(pair.old)} ${paint(colour, sign)} ${number(pair.new)}  ${printable(pair.title)}${paint('grey', lines === '' ? '' : `  (${lines}${how})`)}${was}${into}`;
}

function findingLines({ findings }: Comparison, paint: Paint): string[] {
  const order: readonly FindingPair['kind'][] = ['new', 'kept', 'fixed', 'dropped'];
  return order.flatMap((kind) =>
    findings
      .filter((pair) => pair.kind === kind)
      .map((pair) => {
        const finding = pair.new ?? pair.old;
        const at = `${pair.old === null ? '' : `patch ${pair.old.patch}`}${pair.old !== null && pair.new !== null ? ' → ' : ''}${pair.new === null ? '' : `patch ${pair.new.patch}`}`;
        return `${paint(STATUS[kind], kind.padEnd(7))} ${finding?.severity ?? ''} ${paint('grey', finding?.rule ?? '')}  ${printable(finding?.message ?? '')}  ${paint('grey', `${at}${finding?.function == null ? '' : `, ${finding.function}()`}`)}`;
      }),
  );
}

function verdictLines({ verdicts }: Comparison, paint: Paint): string[] {
  if (verdicts.length === 0) return [];
  return [
    paint('bold', 'After the last patch'),
    ...verdicts.map(
      (change) =>
        `  ${change.old ?? 'not tried'} → ${change.new ?? 'not tried'}: ${printable(`${change.scenario} on ${change.machine}`)}`,
    ),
  ];
}

function windowLines({ windows }: Comparison, paint: Paint): string[] {
  if (windows.length === 0) return [];
  const usage = (one: WindowChange['old']): string => {
    if (one === null) return 'no window';
    const total = one.granule > 0 ? Math.floor(one.size / one.granule) : 0;
    return `${one.pagesUsed} of ${total} pages used, ${one.pagesNeeded} needed, at 0x${one.base.toString(16)}`;
  };
  return [
    paint('bold', 'MSI IOVA window after the last patch'),
    ...grouped(
      windows.map((change) => [
        `${usage(change.old)} → ${usage(change.new)}`,
        `${change.scenario} on ${change.machine}`,
      ]),
    ),
  ];
}

/** Rows of the same text under one, with what they are about. */
function grouped(rows: readonly (readonly [string, string])[]): string[] {
  const about = new Map<string, string[]>();
  for (const [text, subject] of rows) about.set(text, [...(about.get(text) ?? []), subject]);
  return [...about].map(([text, [first = '', ...more]]) => {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    return `  ${text}: ${printable(first)}${others}`;
  });
}

/** `2 fixed, 3 kept, 1 new`. */
export function summaryOf({ findings }: Comparison): string {
  const count = (kind: FindingPair['kind']): number => findings.filter((pair) => pair.kind === kind).length;
  const parts = (['fixed', 'kept', 'new', 'dropped'] as const)
    .filter((kind) => count(kind) > 0)
    .map((kind) => `${count(kind)} ${kind}`);
  return parts.length === 0 ? 'No findings in either version.' : `Findings: ${parts.join(', ')}.`;
}
