/**
 * The reviewer's own comments, as they are kept: by the mail they are about and the text of the line they stand under. Comes in: a
 * line of a mail, or what was stored. Goes out: comments, and the line each belongs to now. Knows no VS Code.
 */
import type { FileComment } from '../review/reviewer-comments';
import type { Message } from '../series/types';

export interface KeptComment {
  readonly id: string;
  /** Which mail: see `mailKey`. */
  readonly mail: string;
  /** Of the line's text: see `lineHash`. */
  readonly hash: string;
  /** 1-based line of the mail when it was written: decides between equal lines. */
  readonly line: number;
  readonly text: string;
  /** The line's text, blanks at the end left out; null for one that was kept before this was. */
  readonly quote: string | null;
}

/** Where a comment belongs now. */
export interface Anchor {
  /** 1-based line of the mail. */
  readonly line: number;
  /** False when no line has the commented text any more: then the line is the one that stands there now. */
  readonly found: boolean;
}

/** The mail's Message-ID, or its subject where it has none. */
export function mailKey(message: Pick<Message, 'id' | 'subject'>): string {
  return message.id === '' ? `subject:${message.subject}` : message.id;
}

/** 32 bits of FNV-1a over UTF-16 units, blanks at the end left out, as 8 hexadecimal digits. */
export function lineHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const unit of text.trimEnd()) hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** A comment on a line (1-based) of a mail. */
export function commentOn(message: Message, line: number, text: string, id: string): KeptComment {
  const quote = (message.lines[line - 1] ?? '').trimEnd();
  return { id, mail: mailKey(message), hash: lineHash(quote), line, text, quote };
}

/** As the file beside the series holds it. */
export function fileComment({ mail, line, text, quote }: KeptComment): FileComment {
  return { mail, line: quote ?? '', at: line, text };
}

/** The comment with the text of its line; null where the mail has no such line. */
export function quoted(comment: KeptComment, lines: readonly string[]): KeptComment | null {
  if (comment.quote !== null) return comment;
  const anchor = anchorOf(comment, lines);
  return anchor.found ? { ...comment, line: anchor.line, quote: (lines[anchor.line - 1] ?? '').trimEnd() } : null;
}

/** What a file holds now, each as the very comment it was before where it says the same. */
export function identified(
  before: readonly KeptComment[],
  now: readonly FileComment[],
  newId: () => string,
): readonly KeptComment[] {
  const left = [...before];
  return now.map(({ mail, line, at, text }) => {
    const quote = line.trimEnd();
    const same = left.findIndex(
      (one) => one.mail === mail && one.quote === quote && one.line === at && one.text === text,
    );
    const [known] = same < 0 ? [] : left.splice(same, 1);
    return known ?? { id: newId(), mail, hash: lineHash(quote), line: at, text, quote };
  });
}

/** The nearest line with the text that was commented; else the line that stands where it stood. */
export function anchorOf(comment: KeptComment, lines: readonly string[]): Anchor {
  const last = Math.max(1, lines.length);
  const hint = Math.min(Math.max(comment.line, 1), last);
  for (let away = 0; away < last; away++)
    for (const line of away === 0 ? [hint] : [hint - away, hint + away]) {
      const text = lines[line - 1];
      if (text !== undefined && lineHash(text) === comment.hash) return { line, found: true };
    }
  return { line: hint, found: false };
}

/** What a store held, as far as it is comments. Anything may come in. */
export function readKept(stored: unknown): readonly KeptComment[] {
  if (!Array.isArray(stored)) return [];
  return stored
    .filter(
      (one: unknown): one is Omit<KeptComment, 'quote'> =>
        typeof one === 'object' &&
        one !== null &&
        'id' in one &&
        typeof one.id === 'string' &&
        'mail' in one &&
        typeof one.mail === 'string' &&
        'hash' in one &&
        typeof one.hash === 'string' &&
        'line' in one &&
        typeof one.line === 'number' &&
        'text' in one &&
        typeof one.text === 'string',
    )
    .map((one) => ({ ...one, quote: 'quote' in one && typeof one.quote === 'string' ? one.quote : null }));
}
