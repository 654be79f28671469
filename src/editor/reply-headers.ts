/**
 * The headers of a review mail that its author may have changed since it was composed: whom it goes to and what it answers. Comes in:
 * the text of the mail. Goes out: who and what. Knows no VS Code.
 */

export interface ReplyHeaders {
  /** Addresses without names, in order. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Message-ID without angle brackets; '' when there is none. */
  readonly inReplyTo: string;
}

/** Reads the headers above the first blank line, folded lines joined. */
export function replyHeaders(text: string): ReplyHeaders {
  const [head = ''] = text.replaceAll('\r\n', '\n').split('\n\n', 1);
  const value = (name: string): string => {
    const found = new RegExp(`^${name}:[ \\t]*((?:.|\\n[ \\t])*)`, 'im').exec(head);
    return found?.[1]?.replace(/\n[ \t]+/g, ' ').trim() ?? '';
  };
  return {
    to: addresses(value('To')),
    cc: addresses(value('Cc')),
    inReplyTo: value('In-Reply-To').replace(/[<>\s]/g, ''),
  };
}

/** The addresses of a list of mailboxes: commas in quoted names do not separate. */
function addresses(list: string): string[] {
  const boxes = list.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  return boxes
    .map((box) => /<([^<>]*)>/.exec(box.replace(/"(?:[^"\\]|\\.)*"/g, ''))?.[1] ?? box)
    .map((address) => address.trim())
    .filter((address) => /^[^\s<>"]+@[^\s<>"]+$/.test(address));
}
