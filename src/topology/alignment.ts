/**
 * Two traces event by event: which event of one is which of the other. In: two traces. Out: rows in the order of both, each with an
 * event of either or of both. Events are the same when kind, actor, function and sentence are, addresses and numbers left out: what
 * differs in them is then told as a changed value. Knows nothing of drawing.
 */
import { diffArrays } from 'diff';
import type { Trace, TraceEvent } from '../scenario/types';
import { isQuiet, violationsAt } from './steps';

export interface Row {
  /** Index of the event in each trace; null: it has none there. Never both null. */
  readonly left: number | null;
  readonly right: number | null;
  /** `same`: word for word. `changed`: the same event with other values. */
  readonly kind: 'same' | 'changed' | 'left' | 'right';
}

/** Differences that are looked for at most; traces further apart than that have nothing to show beside each other. */
const FARTHEST = 4000;

/** What an event is, without its values. */
function keyOf({ kind, actor, function: name, text }: TraceEvent): string {
  return `${kind}|${actor}|${name ?? ''}|${text.replace(/0x[0-9a-f]+|\d+/gi, '#')}`;
}

function sameValues(a: TraceEvent, b: TraceEvent): boolean {
  return (
    a.text === b.text &&
    a.changes.length === b.changes.length &&
    a.changes.every((change, i) => {
      const other = b.changes[i];
      return other?.path === change.path && other.before === change.before && other.after === change.after;
    })
  );
}

/** The longest common sequence of events, and what stands between on either side. */
export function align(left: Trace, right: Trace): Row[] {
  const parts = diffArrays(left.events.map(keyOf), right.events.map(keyOf), { maxEditLength: FARTHEST });
  if (parts === undefined)
    return [
      ...left.events.map(({ index }): Row => ({ left: index, right: null, kind: 'left' })),
      ...right.events.map(({ index }): Row => ({ left: null, right: index, kind: 'right' })),
    ];
  const rows: Row[] = [];
  let i = 0;
  let j = 0;
  for (const { removed, added, count = 0 } of parts)
    for (let n = 0; n < count; n++) {
      if (removed) rows.push({ left: i++, right: null, kind: 'left' });
      else if (added) rows.push({ left: null, right: j++, kind: 'right' });
      else {
        const [a, b] = [left.events[i], right.events[j]];
        const same = a !== undefined && b !== undefined && sameValues(a, b);
        rows.push({ left: i++, right: j++, kind: same ? 'same' : 'changed' });
      }
    }
  return rows;
}

/** What a list of rows shows: a row, or how many alike are folded, and the first of them. */
export type Shown =
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'fold'; readonly first: number; readonly count: number };

/** True for a row that breaks an invariant on one side and not on the other, or in another way. */
export function breaksApart(left: Trace, right: Trace, row: Row): boolean {
  const told = (trace: Trace, index: number | null): string =>
    index === null
      ? ''
      : violationsAt(trace, index)
          .map(({ invariant }) => invariant)
          .join(' ');
  return told(left, row.left) !== told(right, row.right);
}

/** True for a row that shows what tells the traces apart. */
export function tellsApart(left: Trace, right: Trace, row: Row): boolean {
  return row.kind !== 'same' || breaksApart(left, right, row);
}

/** Rows that say little on both sides. */
function quietRow(left: Trace, right: Trace, row: Row): boolean {
  const quiet = (trace: Trace, index: number | null): boolean => {
    const event = index === null ? undefined : trace.events[index];
    return event === undefined || (isQuiet(event) && violationsAt(trace, event.index).length === 0);
  };
  return quiet(left, row.left) && quiet(right, row.right);
}

/**
 * The rows to list: quiet ones left out unless `calls`, and those that are the same on both sides folded, but for stages, the
 * current row and those in `opened` (first rows of folds).
 */
export function shownRows(
  left: Trace,
  right: Trace,
  rows: readonly Row[],
  {
    calls,
    current,
    opened,
  }: { readonly calls: boolean; readonly current: number; readonly opened: ReadonlySet<number> },
): Shown[] {
  const shown: Shown[] = [];
  let fold: number[] = [];
  const flush = (): void => {
    const [first] = fold;
    if (first === undefined) return;
    // A fold of one row would be as long as the row.
    if (fold.length === 1 || opened.has(first)) shown.push(...fold.map((row): Shown => ({ kind: 'row', row })));
    else shown.push({ kind: 'fold', first, count: fold.length });
    fold = [];
  };
  rows.forEach((row, index) => {
    const kept = index === current || tellsApart(left, right, row);
    if (!calls && index !== current && quietRow(left, right, row)) return;
    const stage = row.left !== null && left.events[row.left]?.kind === 'stage';
    if (!kept && !stage) {
      fold.push(index);
      return;
    }
    flush();
    shown.push({ kind: 'row', row: index });
  });
  flush();
  return shown;
}

/** The event of a side at a row: its own, or the last before it; -1 before the first. */
export function eventAt(rows: readonly Row[], row: number, side: 'left' | 'right'): number {
  for (let at = Math.min(row, rows.length - 1); at >= 0; at--) {
    const event = rows[at]?.[side];
    if (event !== null && event !== undefined) return event;
  }
  return -1;
}

/** The row of an event; 0 when there is none. */
export function rowOf(rows: readonly Row[], side: 'left' | 'right', event: number): number {
  return Math.max(
    0,
    rows.findIndex((row) => row[side] === event),
  );
}

/** The next row after the current one that tells the traces apart and is not quiet, going round; null when there is none. */
export function nextDifference(left: Trace, right: Trace, rows: readonly Row[], current: number): number | null {
  const apart = rows.flatMap((row, index) =>
    tellsApart(left, right, row) && !quietRow(left, right, row) ? [index] : [],
  );
  // A run of rows on one side is one difference: its first row stands for it.
  const starts = apart.filter((index, at) => apart[at - 1] !== index - 1);
  return starts.find((index) => index > current) ?? starts[0] ?? null;
}
