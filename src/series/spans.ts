/** From a shown line of a message to where it stands outside: in the raw mail, in the source the user has open. Lines are 1-based unless said. */
import type { Span } from '../place';
import type { Message, Series } from './types';

/** Raw mail line of a shown line; lines beyond the mail count on from its last. */
export function rawLine(message: Message, line: number): number {
  if (!message.rawLines) return line;
  const last = message.rawLines.length;
  if (last === 0) return line;
  return line <= last ? (message.rawLines[Math.max(line, 1) - 1] ?? line) : (message.rawLines[last - 1] ?? line);
}

/** First shown line whose raw line is `raw` or later; the last shown line when none is. */
export function shownLine(message: Message, raw: number): number {
  if (!message.rawLines) return Math.min(Math.max(raw, 1), Math.max(message.lines.length, 1));
  const found = message.rawLines.findIndex((line) => line >= raw);
  return found < 0 ? Math.max(message.lines.length, 1) : found + 1;
}

/** 0-based line of the source at which a shown line stands (for a decoded mail: the raw line it was decoded from). */
export function sourceLine(message: Message, line: number): number {
  return message.sourceLine + rawLine(message, line) - 1;
}

/** The message and shown line at a 0-based line of a source; null between mails. */
export function messageAt(
  series: Series,
  source: number,
  line: number,
): { readonly message: Message; readonly line: number } | null {
  for (const message of series.messages) {
    if (message.source !== source || line < message.sourceLine) continue;
    const raw = line - message.sourceLine + 1;
    if (raw <= rawLine(message, message.lines.length)) return { message, line: shownLine(message, raw) };
  }
  return null;
}

/** Text of a span; lines joined by line feeds. */
export function spanText(series: Series, span: Span): string {
  const lines = series.messages[span.message]?.lines.slice(span.line - 1, span.endLine) ?? [];
  if (lines.length === 0) return '';
  if (lines.length === 1) return (lines[0] ?? '').slice(span.column, span.endColumn);
  return [
    (lines[0] ?? '').slice(span.column),
    ...lines.slice(1, -1),
    (lines.at(-1) ?? '').slice(0, span.endColumn),
  ].join('\n');
}

/** A span over one whole line. */
export function wholeLine(message: Message, line: number): Span {
  return { message: message.index, line, column: 0, endLine: line, endColumn: message.lines[line - 1]?.length ?? 0 };
}
