/**
 * The items of a file image: which functions, types and tables its runs of lines show, whole or in part, and which of them a
 * line belongs to.
 */

import type { FileImage, Run } from './file-image';
import { type Item, labelNamed, sectionItem, topLevel } from './top-level';
import type { SourceLine } from './types';

export interface PlacedItem extends Item {
  readonly run: Run;
  /** Line numbers in the file, 1-based, inclusive. */
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly items: readonly PlacedItem[];
}

/** An item shows itself whole when head, braces and end are in sight. */
export function isWhole(item: Item): boolean {
  return item.started && item.ended;
}

export function layoutOf(image: FileImage): Layout {
  const items: PlacedItem[] = [];
  for (const run of image.runs) {
    const texts = run.lines.map((line) => line.text);
    for (const item of topLevel(texts, run.start === 1)) {
      const named =
        item.started || run.section === null
          ? item
          : {
              ...item,
              ...(behindLabel(items, run.section.text, texts.slice(item.first, item.last + 1)) ??
                enclosing(item, run.section.text)),
            };
      items.push({ ...named, run, from: run.start + item.first, to: run.start + item.last });
    }
  }
  return { items };
}

const WHOLE = new WeakMap<readonly SourceLine[], Layout>();

/** The items of a file known in full; kept as long as its lines are. */
export function layoutOfWhole(lines: readonly SourceLine[]): Layout {
  const known = WHOLE.get(lines);
  if (known !== undefined) return known;
  const layout = layoutOf({ runs: lines.length === 0 ? [] : [{ start: 1, lines, section: null }] });
  WHOLE.set(lines, layout);
  return layout;
}

/** A stretch of lines that a change replaces: numbers of the first and last old line, 1-based, and by how many lines the file grows. */
export interface Replaced {
  readonly first: number;
  readonly last: number;
  readonly grown: number;
}

/**
 * The items after a change of a file whose items before are known: those around the stretch are read anew, the others move. Null when
 * what was read anew does not end where the others go on: then all is to be read.
 */
export function layoutAfter(
  before: Layout,
  lines: readonly SourceLine[],
  { first, last, grown }: Replaced,
): Layout | null {
  const { items } = before;
  const from = Math.max(items.findIndex((item) => item.to >= first) - 1, 0);
  const behind = items.findIndex((item) => item.from > last);
  const until = items[behind];
  if (items.length === 0 || until === undefined) return null;
  const start = from === 0 ? 1 : (items[from]?.from ?? 1);
  const end = until.to + grown;
  const run: Run = { start: 1, lines, section: null };
  const moved = (item: PlacedItem, by: number): PlacedItem => ({
    ...item,
    run,
    first: item.first + by,
    last: item.last + by,
    open: item.open < 0 ? item.open : item.open + by,
    from: item.from + by,
    to: item.to + by,
  });
  const anew = topLevel(
    lines.slice(start - 1, end).map((line) => line.text),
    true,
  ).map((item): PlacedItem => moved({ ...item, run, from: item.first + 1, to: item.last + 1 }, start - 1));
  const seam = anew.at(-1);
  if (seam === undefined || seam.to !== end || seam.from !== until.from + grown || !seam.ended) return null;
  return {
    items: [
      ...items.slice(0, from).map((item) => moved(item, 0)),
      ...anew,
      ...items.slice(behind + 1).map((item) => moved(item, grown)),
    ],
  };
}

/** Says what the items of a whole file are, so that nobody reads it for them. */
export function knowLayout(lines: readonly SourceLine[], layout: Layout): void {
  WHOLE.set(lines, layout);
}

/** The same items over lines of the same text at other places. */
export function overLines(layout: Layout, lines: readonly SourceLine[]): Layout {
  const run: Run = { start: 1, lines, section: null };
  return { items: layout.items.map((item) => ({ ...item, run })) };
}

/**
 * The function that a hunk headed by a label stands in: the one right above, if its end is not in sight and it jumps to that label, or to one in the hunk. Where no
 * rule for C is set, `git diff` takes any word at the start of a line for the section, and so the labels of the kernel's unwinding. Null when the section is no
 * label, or nothing in sight says whose.
 */
function behindLabel(
  above: readonly PlacedItem[],
  section: string,
  lines: readonly string[],
): Pick<Item, 'kind' | 'name'> | null {
  const heading = labelNamed(section);
  const last = above.at(-1);
  if (heading === null || last === undefined || last.ended || last.kind !== 'function' || last.name === null)
    return null;
  const labels = new Set([heading, ...lines.flatMap((line) => labelNamed(line) ?? [])]);
  for (let at = above.length - 1; at >= 0; at--) {
    const item = above[at];
    if (item === undefined || item.name !== last.name || item.kind !== 'function') return null;
    if (linesOf(item).some((line) => labels.has(/\bgoto\s+(\w+)\s*;/.exec(line.text)?.[1] ?? '')))
      return { kind: 'function', name: last.name };
  }
  return null;
}

/** What a hunk's section says of a cut item. The section may be stale: what looks like a list of values is in no function. */
function enclosing(item: Item, section: string): Pick<Item, 'kind' | 'name'> {
  const named = sectionItem(section);
  return item.kind === 'table' && named.kind === 'function' ? { kind: 'table', name: null } : named;
}

/** The item that holds a line of the file; null for a line between items, or one nobody has seen. */
export function itemAt(layout: Layout, line: number): PlacedItem | null {
  let low = 0;
  let high = layout.items.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const item = layout.items[middle];
    if (item === undefined) return null;
    if (line < item.from) high = middle - 1;
    else if (line > item.to) low = middle + 1;
    else return item;
  }
  return null;
}

export function linesOf(item: PlacedItem): readonly SourceLine[] {
  return item.run.lines.slice(item.first, item.last + 1);
}
