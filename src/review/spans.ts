import type { Change, FileChange, HunkLine } from '../patch/types';
import type { Place, Span } from '../place';
import type { Message, Series } from '../series/types';

/** The bare span of a place in the series; null for a place in a design or a blob. */
export function spanOf(place: Place | null | undefined): Span | null {
  if (place?.kind !== 'message') return null;
  return {
    message: place.message,
    line: place.line,
    column: place.column,
    endLine: place.endLine,
    endColumn: place.endColumn,
  };
}

/** The text of a line of a message without its diff mark, from the first to the last non-blank column. */
export function lineSpan(message: Message, line: number): Span {
  const text = message.lines[line - 1] ?? '';
  const mark = /^[+\- ]/.test(text) ? 1 : 0;
  const lead = text.slice(mark).length - text.slice(mark).trimStart().length;
  return {
    message: message.index,
    line,
    column: mark + lead,
    endLine: line,
    endColumn: Math.max(mark + lead, text.trimEnd().length),
  };
}

/** 1-based patch that a message is, 0 when it is none of the patches. */
export function patchOf(series: Series, message: number): number {
  return series.patches.find((patch) => patch.message === message)?.index ?? 0;
}

/** File, hunk line and line number in the new file of a line of a patch mail; null outside the hunks. */
export function hunkLineAt(
  change: Change | undefined,
  line: number,
): { readonly file: FileChange; readonly hunkLine: HunkLine } | null {
  for (const file of change?.files ?? []) {
    if (line < file.line || line > file.endLine) continue;
    for (const hunk of file.hunks)
      for (const hunkLine of hunk.lines) if (hunkLine.line === line) return { file, hunkLine };
  }
  return null;
}
