/**
 * The nodes of one function while it is lowered: drafts joined by edges and jumps, then numbered in the order of the text.
 */
import type { Place } from '../place';
import { fold, type Reading, UNSEEN_TEXT } from './expressions';
import type { ProgramNode } from './types';

type Draft = ProgramNode | { readonly kind: 'jump'; next: number };

/** `next` of a node behind which nothing is known. */
export const NOWHERE = -1;

export class Builder {
  readonly drafts: Draft[] = [];
  /** Offset in the text, for numbering the nodes in the order they are written. */
  readonly offsets: number[] = [];
  readonly labels = new Map<string, number>();
  readonly placed = new Set<string>();
  /** For each label what is to be undone there; null where the function undoes nothing by itself. */
  scopes: ReadonlyMap<string, ReadonlySet<number>> | null = null;
  /** For each variable that cleans up, what tells whether it holds something: a name, or null; and whether it may be an error pointer. */
  readonly holdings = new Map<string, { readonly test: string | null; readonly mayBeError: boolean }>();
  constructor(readonly reading: Reading) {}

  add(node: ProgramNode, offset: number): number {
    this.drafts.push(node);
    this.offsets.push(offset);
    return this.drafts.length - 1;
  }
  jump(): { readonly index: number; lead(next: number): void } {
    const draft = { kind: 'jump' as const, next: NOWHERE };
    this.drafts.push(draft);
    this.offsets.push(0);
    return {
      index: this.drafts.length - 1,
      lead: (next) => {
        draft.next = next;
      },
    };
  }
  unknown(text: string, next: number, start: number, end: number): number {
    const short = fold(text);
    return this.add(
      {
        kind: 'unknown',
        text: short.length > 120 ? `${short.slice(0, 117)}...` : short,
        next,
        at: this.reading.place(start, end),
        ...(text === UNSEEN_TEXT ? { gap: true } : {}),
      },
      start,
    );
  }
  label(text: string): number {
    const known = this.labels.get(text);
    if (known !== undefined) return known;
    const target = this.jump();
    this.labels.set(text, target.index);
    return target.index;
  }
  place(label: string, entry: number): number {
    const target = this.drafts[this.label(label)];
    if (target?.kind === 'jump' && !this.placed.has(label)) {
      target.next = entry;
      this.placed.add(label);
    }
    return entry;
  }
}

/** Drops jumps and what nothing leads to, and numbers the rest in the order of the text. */
export function numbered(
  builder: Builder,
  entry: number,
  endOffset: number,
  end: Place,
): { nodes: ProgramNode[]; entry: number } {
  const { drafts, offsets } = builder;
  let endless = NOWHERE;
  const resolve = (index: number): number => {
    let at = index;
    for (let hops = 0; hops <= drafts.length; hops++) {
      const draft = drafts[at];
      if (draft === undefined) return NOWHERE;
      if (draft.kind !== 'jump') return at;
      at = draft.next;
    }
    if (endless === NOWHERE) {
      drafts.push({ kind: 'unknown', text: 'a loop without an end', next: NOWHERE, at: end });
      offsets.push(endOffset);
      endless = drafts.length - 1;
    }
    return endless;
  };
  const seen = new Set<number>();
  const follow = (from: number): void => {
    const work = [from];
    while (work.length > 0) {
      const index = work.pop() ?? NOWHERE;
      const draft = drafts[index];
      if (draft === undefined || draft.kind === 'jump' || seen.has(index)) continue;
      seen.add(index);
      for (const next of successors(draft)) work.push(resolve(next));
    }
  };
  follow(resolve(entry));
  leadBehindGaps(builder, seen, resolve, follow);
  const order = [...seen].sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0) || b - a);
  const numbers = new Map(order.map((index, position) => [index, position]));
  const to = (index: number): number => numbers.get(resolve(index)) ?? NOWHERE;
  const nodes: ProgramNode[] = [];
  for (const index of order) {
    const draft = drafts[index];
    if (draft === undefined || draft.kind === 'jump') continue;
    nodes.push(renumber(draft, to));
  }
  return { nodes, entry: to(entry) };
}

/**
 * Lines out of sight may hold a label or a case: what stands behind a gap is run although all ways in front of the gap have ended. The way there
 * leaves from the gap before it, under a condition nobody knows.
 */
function leadBehindGaps(
  { drafts, offsets }: Builder,
  seen: ReadonlySet<number>,
  resolve: (index: number) => number,
  follow: (from: number) => void,
): void {
  const gaps = drafts
    .flatMap((draft, index) => (draft.kind === 'unknown' && draft.gap ? [index] : []))
    .sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0));
  let before: number | null = null;
  for (const gap of gaps) {
    const from = before === null ? undefined : drafts[before];
    if (before !== null && from?.kind === 'unknown' && !seen.has(gap) && leadsToText(drafts, resolve, gap)) {
      const offset = offsets[before] ?? 0;
      const branch: Draft = {
        kind: 'branch',
        condition: { kind: 'unknown', text: UNSEEN_TEXT },
        then: from.next,
        otherwise: gap,
        loop: false,
        at: from.at,
      };
      drafts.push(branch);
      offsets.push(offset);
      drafts[before] = { ...from, next: drafts.length - 1 };
      follow(drafts.length - 1);
    }
    if (seen.has(gap)) before = gap;
  }
}

/** Does anything but gaps and the function's end stand behind a gap? */
function leadsToText(drafts: readonly Draft[], resolve: (index: number) => number, gap: number): boolean {
  let at = gap;
  for (let hops = 0; hops <= drafts.length; hops++) {
    const draft = drafts[at];
    if (draft === undefined || draft.kind === 'jump') return false;
    if (draft.kind !== 'unknown' || !draft.gap) return draft.kind !== 'return' || draft.value !== null;
    at = resolve(draft.next);
  }
  return false;
}

function renumber(node: ProgramNode, to: (index: number) => number): ProgramNode {
  switch (node.kind) {
    case 'branch':
      return { ...node, then: to(node.then), otherwise: to(node.otherwise) };
    case 'each':
      return { ...node, body: to(node.body), next: to(node.next) };
    case 'switch':
      return {
        ...node,
        cases: node.cases.map((one) => ({ value: one.value, next: to(one.next) })),
        otherwise: to(node.otherwise),
      };
    case 'return':
      return node;
    default:
      return { ...node, next: to(node.next) };
  }
}

/** Where a node may lead, in the order: taken, not taken. Empty for a return. */
export function successors(node: ProgramNode): readonly number[] {
  switch (node.kind) {
    case 'branch':
      return [node.then, node.otherwise];
    case 'each':
      return [node.body, node.next];
    case 'switch':
      return [...node.cases.map((one) => one.next), node.otherwise];
    case 'return':
      return [];
    default:
      return [node.next];
  }
}
