/**
 * Lays the hunks of a function over a body that says the same in other, fewer lines: a design's condensed program. Context and
 * deleted lines are anchored on lines of the body, in order; added lines go in next to the nearest anchor; anchored deleted
 * lines go out. Knows no grammar: the front end judges what comes out.
 */
import type { HunkLine } from '../patch/types';
import { sourceLineOf } from './file-image';
import { maskLines } from './top-level';
import type { SourceLine } from './types';

export interface Spliced {
  readonly lines: readonly SourceLine[];
  /** How many context or deleted lines found their line in the body. */
  readonly anchors: number;
  /** Some added line had no line next to it that surely stands in the body: where it went is a guess. */
  readonly loose: boolean;
}

/** A stretch of one function as one hunk shows it. */
export type Piece = readonly HunkLine[];

interface Features {
  readonly norm: string;
  readonly callees: readonly string[];
  readonly assigned: string | null;
  readonly label: string | null;
  readonly jump: boolean;
  /** Says too little to be an anchor by itself: `}`, `else`, `return ret;`. */
  readonly trivial: boolean;
}

const NO_CALLEES =
  /^(?:if|for|while|switch|return|sizeof|likely|unlikely|IS_ERR|PTR_ERR|ERR_PTR|WARN_ON|BUG_ON|container_of|dev_err|dev_warn|dev_dbg|dev_info|pr_err|pr_warn|pr_info|pr_debug|kfree|min|max|typeof|defined)$/;

function featuresOf(line: string): Features {
  const norm = line
    .replace(/\s+/g, ' ')
    .replace(/ ?([()[\]{};,]) ?/g, '$1')
    .trim();
  const callees: string[] = [];
  for (const match of line.matchAll(/([A-Za-z_]\w*)\s*\(/g)) {
    const name = match[1] ?? '';
    if (!NO_CALLEES.test(name)) callees.push(name);
  }
  const assigned =
    /^\s*(?:[A-Za-z_][\w\s*]*?[\s*])?([A-Za-z_][\w.[\]]*(?:->[\w.[\]]+)*)\s*[-+|&]?=(?!=)/.exec(line)?.[1] ?? null;
  const label = /^\s*([A-Za-z_]\w*)\s*:(?!:)/.exec(line)?.[1] ?? /^\s*case\s+(\w+)\s*:/.exec(line)?.[1] ?? null;
  const jump = /^\s*(?:goto\s+\w+|return\b[^;]*|break|continue)\s*;/.test(line);
  const trivial =
    norm.length < 4 ||
    /^(?:\}?else\{?|\}|\{|do\{|break;|continue;|return(?: \w+| -\w+)?;|goto \w+;|if\((?:!?\w+|\w+ ?< ?0)\)\{?|int (?:ret|i|err|rc);|default:)$/.test(
      norm,
    );
  return { norm, callees, assigned, label, jump, trivial };
}

/** How well a hunk's line and a body's line stand for the same; 0: not at all. At or above 1 it holds alone. */
function likeness(a: Features, b: Features, unique: ReadonlySet<string>): number {
  if (a.norm === '' || b.norm === '') return 0;
  if (a.norm === b.norm) return !a.trivial ? 4 : unique.has(a.norm) ? 1.2 : 0.6;
  if (a.label !== null || b.label !== null) return a.label === b.label ? 2 : 0;
  const shared = a.callees.filter((name) => b.callees.includes(name)).length;
  if (shared > 0)
    return (
      1.5 +
      shared / Math.max(a.callees.length, b.callees.length) +
      (a.assigned !== null && a.assigned === b.assigned ? 0.3 : 0)
    );
  if (a.assigned !== null && a.assigned === b.assigned && a.assigned.length > 3) return 1;
  if (a.jump && b.jump) return 0.3;
  return 0;
}

/** The best order-preserving pairing: for each line of `a`, the index in `b`, or −1. */
function align(
  a: readonly Features[],
  b: readonly Features[],
  unique: ReadonlySet<string>,
): { pairs: Int32Array; score: number } {
  const width = b.length + 1;
  const best = new Float64Array((a.length + 1) * width);
  const scores = new Float64Array(a.length * b.length);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const left = a[i];
      const right = b[j];
      const score = left === undefined || right === undefined ? 0 : likeness(left, right, unique);
      scores[i * b.length + j] = score;
      const take = score > 0 ? score + (best[(i + 1) * width + j + 1] ?? 0) : -1;
      best[i * width + j] = Math.max(take, best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0);
    }
  }
  const pairs = new Int32Array(a.length).fill(-1);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const here = best[i * width + j] ?? 0;
    const score = scores[i * b.length + j] ?? 0;
    if (score > 0 && here === score + (best[(i + 1) * width + j + 1] ?? 0)) {
      pairs[i] = j;
      i++;
      j++;
    } else if (here === (best[(i + 1) * width + j] ?? 0)) i++;
    else j++;
  }
  return { pairs, score: best[0] ?? 0 };
}

/** Last line of the statement that starts on a line: its parentheses are closed, and it ends as a statement or a head does. */
function statementEnd(bare: readonly string[], first: number): number {
  let depth = 0;
  for (let i = first; i < bare.length && i < first + 12; i++) {
    for (const unit of bare[i] ?? '') {
      if (unit === '(') depth++;
      else if (unit === ')') depth--;
    }
    if (depth <= 0 && /[;{}:)]\s*$|^\s*$|\b(?:else|do)\s*$/.test(bare[i] ?? '')) return i;
  }
  return first;
}

/**
 * Last body line that goes with a deleted one: the end of its statement, and where that is the head of a branch whose deleted statement the
 * body says in other words, what hangs on it.
 */
function takenWith(bare: readonly string[], pair: number, next: HunkLine | undefined, nextPair: number): number {
  const end = statementEnd(bare, pair);
  if (next?.kind !== 'delete' || nextPair >= 0 || !/^\s*if\b/.test(bare[pair] ?? '')) return end;
  return hangingEnd(bare, end);
}

/** Which anchor an added line follows: the nearest one, or always the one in front of it or behind it, where there is one. */
export type Preference = 'nearest' | 'before' | 'behind';

/** Null when nothing of the hunks can be found in the body, or when the body is too long to compare (over 2,000 lines). */
export function splice(
  body: readonly SourceLine[],
  pieces: readonly Piece[],
  message: number,
  prefer: Preference,
): Spliced | null {
  const all = pieces.flat();
  if (body.length > 2000 || all.length > 2000) return null;
  const bodyBare = maskLines(body.map((line) => line.text));
  const bodyFeatures = bodyBare.map(featuresOf);
  const old = all.filter((line) => line.kind !== 'add');
  const oldFeatures = maskLines(old.map((line) => line.text)).map(featuresOf);
  const unique = uniqueNorms(oldFeatures, bodyFeatures);
  const { pairs } = align(oldFeatures, bodyFeatures, unique);
  settle(pairs, oldFeatures, bodyFeatures, unique);
  let anchors = 0;
  let strong = 0;
  for (let i = 0; i < pairs.length; i++) {
    if ((pairs[i] ?? -1) < 0) continue;
    anchors++;
    const features = oldFeatures[i];
    if (features !== undefined && (!features.trivial || unique.has(features.norm))) strong++;
  }
  if (strong === 0) return null;

  /** Lines to put in behind a body line; −1: in front of the first. */
  const inserts = new Map<number, SourceLine[]>();
  const removed = new Set<number>();
  const sure = surely(pairs, oldFeatures, bodyFeatures);
  let loose = false;
  let oldIndex = -1;
  /** Index into `old` of the first line of the piece. */
  let pieceStart = 0;
  for (const piece of pieces) {
    const pieceEnd = pieceStart + piece.filter((line) => line.kind !== 'add').length;
    for (let at = 0; at < piece.length; at++) {
      const line = piece[at];
      if (line === undefined) continue;
      if (line.kind !== 'add') {
        oldIndex++;
        const pair = pairs[oldIndex] ?? -1;
        if (line.kind === 'delete' && pair >= 0) {
          const last = takenWith(bodyBare, pair, piece[at + 1], pairs[oldIndex + 1] ?? -1);
          for (let i = pair; i <= last; i++) if (i === pair || !pairs.includes(i)) removed.add(i);
        }
        continue;
      }
      const target = insertionPoint(
        oldIndex,
        pieceStart,
        pieceEnd,
        pairs,
        bodyBare,
        removed,
        closes(piece, at) ? 'behind' : prefer,
      );
      if (line.text.trim() !== '' && !settled(oldIndex, pieceStart, pieceEnd, oldFeatures, sure)) loose = true;
      const list = inserts.get(target);
      const added = sourceLineOf(line, message);
      if (list === undefined) inserts.set(target, [added]);
      else list.push(added);
    }
    pieceStart = pieceEnd;
    oldIndex = pieceEnd - 1;
  }
  const lines: SourceLine[] = [...(inserts.get(-1) ?? [])];
  for (let i = 0; i < body.length; i++) {
    const line = body[i];
    if (line !== undefined && !removed.has(i)) lines.push(line);
    lines.push(...(inserts.get(i) ?? []));
  }
  return { lines, anchors, loose };
}

/**
 * Which old lines surely stand for the body line they were paired with: those that say enough, and are found no oftener in the hunks than
 * in the body; and what hangs next to such a one.
 */
function surely(pairs: Int32Array, old: readonly Features[], body: readonly Features[]): boolean[] {
  const times = (features: readonly Features[], norm: string): number =>
    features.reduce((sum, one) => sum + (one.norm === norm ? 1 : 0), 0);
  const sure = old.map((features, i) => {
    const pair = pairs[i] ?? -1;
    if (pair < 0 || features.trivial) return false;
    return features.norm !== body[pair]?.norm || times(old, features.norm) <= times(body, features.norm);
  });
  for (const step of [1, -1])
    for (let i = step > 0 ? 0 : old.length - 1; i >= 0 && i < old.length; i += step)
      if (sure[i] === true && (pairs[i + step] ?? -1) === (pairs[i] ?? 0) + step && (pairs[i + step] ?? -1) >= 0)
        sure[i + step] = true;
  return sure;
}

/** Is the old line in front of an added one, or the one behind it, surely in the body? Blank lines are looked past. */
function settled(
  previous: number,
  start: number,
  end: number,
  old: readonly Features[],
  sure: readonly boolean[],
): boolean {
  let before = previous;
  while (before >= start && old[before]?.norm === '') before--;
  let behind = previous + 1;
  while (behind < end && old[behind]?.norm === '') behind++;
  return (before >= start && sure[before] === true) || (behind < end && sure[behind] === true);
}

/** The added lines around `at` close more than they open on the way: `} else if (…) {`, which goes in front of a closing brace. */
function closes(piece: Piece, at: number): boolean {
  let first = at;
  while (piece[first - 1]?.kind === 'add') first--;
  let depth = 0;
  for (let i = first; piece[i]?.kind === 'add'; i++) {
    for (const unit of piece[i]?.text ?? '') {
      if (unit === '{') depth++;
      else if (unit === '}' && --depth < 0) return true;
    }
  }
  return false;
}

/** Short lines that stand once in the body and once in the hunks: they say enough. */
function uniqueNorms(old: readonly Features[], body: readonly Features[]): ReadonlySet<string> {
  const count = (features: readonly Features[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const { norm } of features) if (norm.length >= 8) counts.set(norm, (counts.get(norm) ?? 0) + 1);
    return counts;
  };
  const inBody = count(body);
  return new Set(
    [...count(old)].filter(([norm, times]) => times === 1 && inBody.get(norm) === 1).map(([norm]) => norm),
  );
}

/** Lines of the hunk that the body may lack between two that stand in both. */
const SKIPPED = 4;

/** Keeps the pairs that hold alone, and pairs anew what says little by standing next to them: braces, jumps, tests of `ret`. */
function settle(
  pairs: Int32Array,
  old: readonly Features[],
  body: readonly Features[],
  unique: ReadonlySet<string>,
): void {
  const score = (i: number, j: number): number => {
    const a = old[i];
    const b = body[j];
    return a === undefined || b === undefined ? 0 : likeness(a, b, unique);
  };
  const holds: number[] = [];
  for (let i = 0; i < pairs.length; i++) {
    if ((pairs[i] ?? -1) >= 0 && score(i, pairs[i] ?? -1) >= 1) holds.push(i);
    else pairs[i] = -1;
  }
  for (const hold of holds) {
    for (const step of [1, -1]) {
      let j = (pairs[hold] ?? 0) + step;
      let skipped = 0;
      for (let i = hold + step; i >= 0 && i < pairs.length && (pairs[i] ?? -1) < 0 && skipped < SKIPPED; i += step) {
        if (old[i]?.norm === '') continue;
        while (body[j]?.norm === '') j += step;
        if (j < 0 || j >= body.length || pairs.includes(j)) break;
        if (score(i, j) > 0) {
          pairs[i] = j;
          j += step;
        } else skipped++;
      }
    }
  }
}

/** The body line behind which an added line goes: `previous` is the index of the last old line in front of it. */
function insertionPoint(
  previous: number,
  start: number,
  end: number,
  pairs: Int32Array,
  bare: readonly string[],
  removed: ReadonlySet<number>,
  prefer: Preference,
): number {
  let before = previous;
  while (before >= start && (pairs[before] ?? -1) < 0) before--;
  let behind = previous + 1;
  while (behind < end && (pairs[behind] ?? -1) < 0) behind++;
  const hasBefore = before >= start;
  const hasBehind = behind < end;
  const nearer = previous - before <= behind - previous - 1;
  if (hasBefore && (!hasBehind || prefer === 'before' || (prefer === 'nearest' && nearer))) {
    const pair = pairs[before] ?? 0;
    if (before === previous || removed.has(pair))
      return removed.has(pair) ? statementEnd(bare, pair) : statementOrLine(bare, pair, before === previous);
    // Lines stand between that the body does not have: behind the whole statement, and behind what hangs on it.
    return hangingEnd(bare, statementEnd(bare, pair));
  }
  if (hasBehind) return (pairs[behind] ?? 0) - 1;
  // No anchor in this piece: next to the nearest one of another piece.
  for (let i = start - 1; i >= 0; i--) {
    const pair = pairs[i] ?? -1;
    if (pair >= 0) return hangingEnd(bare, statementEnd(bare, pair));
  }
  for (let i = end; i < pairs.length; i++) {
    const pair = pairs[i] ?? -1;
    if (pair >= 0) return pair - 1;
  }
  return bare.length - 2;
}

function statementOrLine(bare: readonly string[], pair: number, direct: boolean): number {
  const end = statementEnd(bare, pair);
  return direct ? end : hangingEnd(bare, end);
}

/** Behind an `if (…)` without braces hangs one statement. */
function hangingEnd(bare: readonly string[], end: number): number {
  let last = end;
  for (
    let hops = 0;
    hops < 4 &&
    /(?:\)|\belse)\s*$/.test(bare[last] ?? '') &&
    /^\s*(?:if|else|for|while|\w*for_each\w*)\b|^\s*\}\s*else\b/.test(headLine(bare, last));
    hops++
  ) {
    if (last + 1 >= bare.length) break;
    last = statementEnd(bare, last + 1);
  }
  return last;
}

/** The line on which the statement ending on `last` began, by its parentheses. */
function headLine(bare: readonly string[], last: number): string {
  let depth = 0;
  for (let i = last; i >= 0 && i > last - 12; i--) {
    const line = bare[i] ?? '';
    for (const unit of line) {
      if (unit === '(') depth++;
      else if (unit === ')') depth--;
    }
    if (depth >= 0) return line;
  }
  return bare[last] ?? '';
}
