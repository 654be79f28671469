/** Where things stand, as reports say it: which patch a message is, which raw mail line a span is at, who wrote it. */
import type { Damage, Span } from '../place';
import type { Review } from '../review/types';
import { rawLine } from '../series/spans';
import type { Message, Series } from '../series/types';

/** 1-based patch of a message; 0 for a mail outside the patches. Answers belong to no patch. */
export function patchOf(series: Series, message: number): number {
  return series.patches.find((patch) => patch.message === message)?.index ?? 0;
}

/** 1-based line in the raw mail at which a span starts. */
export function mailLine(series: Series, span: Pick<Span, 'message' | 'line'>): number {
  const message = series.messages[span.message];
  return message ? rawLine(message, span.line) : span.line;
}

export function messageId(series: Series, message: number): string {
  return series.messages[message]?.id ?? '';
}

/** The author as `Name <address>`: the `From:` line that opens the body where there is one, as git takes it, else the mail's sender. */
export function authorOf(message: Message): string {
  for (let i = message.bodyLine - 1; i < message.lines.length; i++) {
    const line = message.lines[i] ?? '';
    if (line.trim() === '') continue;
    const inBody = /^From:\s*(.+<[^<>\s]+@[^<>\s]+>)\s*$/.exec(line);
    if (inBody) return inBody[1] ?? '';
    break;
  }
  const { name, address } = message.from;
  if (address === '') return name;
  return name === '' ? address : `${name} <${address}>`;
}

/** All damage of a review, each once: of the series, of the diffs, of the review itself. */
export function allDamage(review: Review): Damage[] {
  const seen = new Set<string>();
  return [...review.series.damage, ...review.changes.flatMap((change) => change.damage), ...review.damage].filter(
    (damage) => {
      const key = `${damage.code}|${damage.at?.message}|${damage.at?.line}|${damage.message}`;
      return !seen.has(key) && seen.add(key) !== null;
    },
  );
}
