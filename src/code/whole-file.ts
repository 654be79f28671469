/**
 * Files known in full: the blob that a diff's `index` line names, with the hunks of the series on top. In: the blobs that the user's
 * checkouts have, one file's change. Out: the file before and after it, or why it cannot be had. Knows no git: blobs are handed in by id.
 */
import type { Change, FileChange, Hunk, HunkLine } from '../patch/types';
import { placeOf, sourceLineOf } from './file-image';
import { knowLayout, layoutAfter, layoutOfWhole, overLines } from './layout';
import type { SourceLine } from './types';

/** What the checkouts say of one blob id. */
export type BlobAnswer =
  | { readonly kind: 'text'; readonly text: string }
  /** No checkout has it; several blobs start with the abbreviated id; too large or not text. */
  | { readonly kind: 'missing' | 'ambiguous' | 'unreadable' };

/** Answers by id, as the `index` lines write it. Null: the user named no checkout. */
export type Blobs = ReadonlyMap<string, BlobAnswer> | null;

export interface WholeFile {
  readonly lines: readonly SourceLine[];
  /** The id it has now, as written; null when the diff that made it named none. */
  readonly blob: string | null;
  /** True when a blob stands behind it; false for a file that the series made. */
  readonly checkout: boolean;
}

export interface WholeChange {
  /** Null for a file that the change adds. */
  readonly before: WholeFile | null;
  /** Null for a file that the change deletes. */
  readonly after: WholeFile | null;
}

/** Either both images, or half a sentence that says why not; null: there was no checkout to ask. */
export type WholeOutcome =
  | { readonly kind: 'whole'; readonly change: WholeChange }
  | { readonly kind: 'unknown'; readonly why: string | null };

const CODE = /\.[ch]$/;

function isId(id: string | null): id is string {
  return id !== null && /^[0-9a-f]{4,64}$/.test(id) && !/^0+$/.test(id);
}

/** The ids to ask the checkouts for: those of C files that are changed, before and after. */
export function wantedBlobs(changes: readonly Change[]): string[] {
  const ids = new Set<string>();
  for (const change of changes)
    for (const file of change.files) {
      if (!CODE.test(file.path) || file.binary || file.combined || file.kind === 'add') continue;
      for (const id of [file.oldBlob, file.newBlob]) if (isId(id)) ids.add(id);
    }
  return [...ids];
}

/** Two ids of which either may be abbreviated name the same blob. */
function sameBlob(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function linesOfBlob(path: string, text: string): SourceLine[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => ({
    text: line.endsWith('\r') ? line.slice(0, -1) : line,
    at: { kind: 'blob', file: path, line: index + 1 },
  }));
}

/** The same line, but for what a mail may have done to it: blanks at the end, tabs, an encoding. */
function sameLine(a: string, b: string): boolean {
  return a === b || plain(a) === plain(b);
}

function plain(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, ' ').trim();
}

/** 0-based index of the first old line of a hunk; one that shows no old line stands behind its number. */
function oldIndex(hunk: Hunk): number {
  return hunk.oldCount === 0 ? hunk.oldStart : hunk.oldStart - 1;
}

/**
 * The hunks of one file applied where they say. The lines they show take the place in the mail, unless an earlier mail wrote them.
 * Null when a hunk is damaged or the lines are not those of the file.
 */
export function applyWhole(
  lines: readonly SourceLine[],
  hunks: readonly Hunk[],
  message: number,
): { readonly before: readonly SourceLine[]; readonly after: readonly SourceLine[] } | null {
  const before: SourceLine[] = [];
  const after: SourceLine[] = [];
  let at = 0;
  for (const hunk of hunks) {
    const start = oldIndex(hunk);
    if (!hunk.complete || start < at || start > lines.length) return null;
    for (; at < start; at++) keep(lines[at], before, after);
    for (const line of hunk.lines) {
      if (line.kind === 'add') {
        after.push(sourceLineOf(line, message));
        continue;
      }
      const known = lines[at++];
      if (known === undefined || !sameLine(known.text, line.text)) return null;
      const shown = known.at.kind === 'message' ? known : { text: known.text, at: contextPlace(line, message) };
      before.push(shown);
      if (line.kind === 'context') after.push(shown);
    }
  }
  for (; at < lines.length; at++) keep(lines[at], before, after);
  return { before, after };
}

function contextPlace(line: HunkLine, message: number): SourceLine['at'] {
  return placeOf({ ...line, kind: 'context' }, message);
}

function keep(line: SourceLine | undefined, ...into: SourceLine[][]): void {
  if (line !== undefined) for (const lines of into) lines.push(line);
}

const TURNED: Readonly<Record<HunkLine['kind'], HunkLine['kind']>> = {
  add: 'delete',
  delete: 'add',
  context: 'context',
};

/** The same hunk from the new file to the old one. */
function turned(hunk: Hunk): Hunk {
  return {
    ...hunk,
    oldStart: hunk.newStart,
    oldCount: hunk.newCount,
    newStart: hunk.oldStart,
    newCount: hunk.oldCount,
    lines: hunk.lines.map((line) => ({ ...line, kind: TURNED[line.kind] })),
  };
}

/**
 * A change of one file whose old text is known: by what an earlier patch of the series left, by the blob it starts from, or by the
 * blob it ends with, from which its hunks are taken back.
 */
export function wholeChange(
  known: ReadonlyMap<string, WholeFile>,
  blobs: Blobs,
  file: FileChange,
  message: number,
): WholeOutcome {
  if (file.kind === 'add') {
    const made = applyWhole([], file.hunks, message);
    if (made === null || blobs === null) return { kind: 'unknown', why: null };
    return {
      kind: 'whole',
      change: { before: null, after: { lines: made.after, blob: file.newBlob, checkout: false } },
    };
  }
  const from = file.oldPath ?? file.path;
  const earlier = known.get(from);
  const fits = earlier !== undefined && sameVersion(earlier, file);
  let why: string | null = null;
  const starts: { readonly checkout: boolean; readonly lines: () => readonly SourceLine[] | null }[] = [
    { checkout: true, lines: () => textOf(blobs, file.oldBlob, from) },
    { checkout: true, lines: () => beforeOf(blobs, file, from, message) },
  ];
  if (earlier !== undefined) starts.splice(fits ? 0 : 2, 0, { checkout: earlier.checkout, lines: () => earlier.lines });
  for (const start of starts) {
    const lines = start.lines();
    if (lines === null) continue;
    const { checkout } = start;
    const applied = applyWhole(lines, file.hunks, message);
    if (applied === null) {
      why = 'its hunks do not fit the blob that its index line names';
      continue;
    }
    keepItems(lines, applied.before, applied.after, file.hunks);
    return {
      kind: 'whole',
      change: {
        before: { lines: applied.before, blob: file.oldBlob, checkout },
        after: file.kind === 'delete' ? null : { lines: applied.after, blob: file.newBlob, checkout },
      },
    };
  }
  return { kind: 'unknown', why: blobs === null ? null : (why ?? reasonOf(blobs, file.oldBlob)) };
}

/** The items of the old lines are those of the image before, and most of those after: they are not looked for again. */
function keepItems(
  old: readonly SourceLine[],
  before: readonly SourceLine[],
  after: readonly SourceLine[],
  hunks: readonly Hunk[],
): void {
  const layout = overLines(layoutOfWhole(old), before);
  knowLayout(before, layout);
  const last = hunks.at(-1);
  const first = hunks[0];
  // A comment that a change opens or closes reaches beyond its lines.
  const sides = (['add', 'delete'] as const).map((kind) =>
    hunks.flatMap((hunk) => hunk.lines.flatMap((line) => (line.kind === kind ? [line.text] : []))).join('\n'),
  );
  const even = sides.every((text) => text.split('/*').length === text.split('*/').length);
  if (first === undefined || last === undefined || !even) return;
  const changed = {
    first: oldIndex(first),
    last: oldIndex(last) + last.oldCount + 1,
    grown: after.length - before.length,
  };
  const now = layoutAfter(layout, after, changed);
  if (now !== null) knowLayout(after, now);
}

/** Without ids nobody can tell: then the hunks decide. */
function sameVersion(earlier: WholeFile, file: FileChange): boolean {
  return !isId(earlier.blob) || !isId(file.oldBlob) || sameBlob(earlier.blob, file.oldBlob);
}

function textOf(blobs: Blobs, id: string | null, path: string): SourceLine[] | null {
  const answer = isId(id) ? blobs?.get(id) : undefined;
  return answer?.kind === 'text' ? linesOfBlob(path, answer.text) : null;
}

function beforeOf(blobs: Blobs, file: FileChange, path: string, message: number): SourceLine[] | null {
  const lines = textOf(blobs, file.newBlob, path);
  if (lines === null) return null;
  const back = applyWhole(lines, file.hunks.map(turned), message);
  return back === null ? null : linesOfBlob(path, back.after.map((line) => line.text).join('\n'));
}

function reasonOf(blobs: ReadonlyMap<string, BlobAnswer>, id: string | null): string {
  if (!isId(id)) return 'its diff names no blob';
  switch (blobs.get(id)?.kind) {
    case 'ambiguous':
      return 'the blob id of its index line is too short to be one blob of the checkout';
    case 'unreadable':
      return 'the blob that its index line names is too large or no text';
    default:
      return 'no checkout has the blob that its index line names';
  }
}
