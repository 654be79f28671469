/** Where a line of a patch mail stands in the file that it changes. Knows no VS Code. */
import type { Change, FileChange, Hunk } from '../patch/types';
import type { Span } from '../place';
import type { Review } from '../review/types';
import type { Trace } from '../scenario/types';
import { fileName } from './plain-text';

export interface FileLine {
  readonly file: FileChange;
  readonly hunk: Hunk;
  /** 1-based, in the new file; in the old one for a removed line. */
  readonly line: number;
}

/** @param line 1-based line of the message; null when it is no line of a hunk */
export function fileLineOf(change: Change, line: number): FileLine | null {
  for (const file of change.files) {
    if (line < file.line || line > file.endLine) continue;
    for (const hunk of file.hunks) {
      const at = hunk.lines.find((candidate) => candidate.line === line);
      if (at !== undefined) return { file, hunk, line: at.newLine ?? at.oldLine ?? hunk.newStart };
    }
  }
  return null;
}

/** `7/10 vfio_pci_intrs.c:327`; for a line of prose `7/10 line 12`. */
export function spanLabel(review: Review, span: Span): string {
  const patch = review.series.patches.find(({ message }) => message === span.message);
  const name = patch === undefined ? 'mail' : `${patch.index}/${review.series.total}`;
  const change = review.changes.find(({ message }) => message === span.message);
  const at = change === undefined ? null : fileLineOf(change, span.line);
  return at === null ? `${name} line ${span.line}` : `${name} ${fileName(at.file.path)}:${at.line}`;
}

/** Last line of a hunk in the message, 1-based. */
export function hunkEnd(hunk: Hunk): number {
  return hunk.lines[hunk.lines.length - 1]?.line ?? hunk.line;
}

const indexes = new WeakMap<Review, ReadonlyMap<string, readonly Trace[]>>();

/** Traces that have an event on the given line of a message, violated ones first. */
export function tracesAt(review: Review, message: number, line: number): readonly Trace[] {
  let index = indexes.get(review);
  if (index === undefined) {
    const made = new Map<string, Trace[]>();
    const traces = Object.values(review.traces).sort(
      (a, b) => Number(b.violations.length > 0) - Number(a.violations.length > 0),
    );
    for (const trace of traces) {
      const seen = new Set<string>();
      for (const { at } of trace.events) if (at?.kind === 'message') seen.add(`${at.message}:${at.line}`);
      for (const key of seen) made.set(key, [...(made.get(key) ?? []), trace]);
    }
    index = made;
    indexes.set(review, index);
  }
  return index.get(`${message}:${line}`) ?? [];
}
