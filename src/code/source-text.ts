/**
 * Lines joined to one text, and the way back: from offsets in the text to places.
 */
import type { Place } from '../place';
import type { SourceLine } from './types';

export interface SourceText {
  readonly lines: readonly SourceLine[];
  /** The lines joined by `\n`. */
  readonly text: string;
  /** 0-based line of an offset; offsets behind the end give the last line. */
  lineOf(offset: number): number;
  /** Offset at which a 0-based line starts. */
  startOf(line: number): number;
  /** The place of the units `start` (inclusive) to `end` (exclusive). `added` is that of the line it starts on. */
  place(start: number, end: number): Place;
}

const NOWHERE: Place = { kind: 'design', file: '', line: 1 };

export function sourceText(lines: readonly SourceLine[]): SourceText {
  const starts = new Int32Array(lines.length + 1);
  const texts: string[] = [];
  let offset = 0;
  for (let i = 0; i < lines.length; i++) {
    starts[i] = offset;
    const text = (lines[i]?.text ?? '').replace(/[\r\n\0]/g, ' ');
    texts.push(text);
    offset += text.length + 1;
  }
  starts[lines.length] = offset;
  const text = texts.join('\n');

  function startOf(line: number): number {
    return starts[line] ?? text.length;
  }
  /** Places are asked for in clusters: the last line found is tried first. */
  let recent = 0;
  function lineOf(at: number): number {
    if (at >= startOf(recent) && recent < lines.length && at < startOf(recent + 1)) return recent;
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (startOf(middle) <= at) low = middle;
      else high = middle - 1;
    }
    recent = Math.max(low, 0);
    return recent;
  }
  function lengthOf(line: number): number {
    return texts[line]?.length ?? 0;
  }
  function place(start: number, end: number): Place {
    const first = lineOf(start);
    const at = lines[first]?.at;
    if (at === undefined) return NOWHERE;
    if (at.kind !== 'message') return at;
    const from = Math.min(Math.max(start - startOf(first), 0), lengthOf(first));
    let last = lineOf(Math.max(end - 1, start));
    let lastAt = lines[last]?.at;
    // A span never leaves its message, and never runs backwards: a body may be stitched from several mails.
    while (last > first && (lastAt?.kind !== 'message' || lastAt.message !== at.message || lastAt.line < at.line)) {
      last--;
      lastAt = lines[last]?.at;
    }
    const endsAt = lastAt?.kind === 'message' ? lastAt : at;
    const to = Math.min(Math.max(end - startOf(last), last === first ? from : 0), lengthOf(last));
    return {
      kind: 'message',
      message: at.message,
      line: at.line,
      column: at.column + from,
      endLine: endsAt.line,
      endColumn: endsAt.column + to,
      added: at.added,
    };
  }
  return { lines, text, lineOf, startOf, place };
}
