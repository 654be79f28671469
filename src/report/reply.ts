/**
 * A review mail: the answer to one mail of a series, its lines quoted, the reviewer's comments under them. In: the series, the
 * mail, the comments with their lines. Out: the text of a mail that `git send-email` takes. Nothing is sent by anybody here.
 */
import type { Finding } from '../review/types';
import { remarks } from '../series/answers';
import type { Address, Message, Series } from '../series/types';
import { printable } from './plain';

export interface Comment {
  /** 1-based line of the answered mail that the comment stands under. */
  readonly line: number;
  /** Paragraphs of prose are wrapped; indented and quoted lines are left as they are. */
  readonly text: string;
}

export interface Reply {
  /** Headers, a blank line, and the body; lines end with a line feed. */
  readonly text: string;
  /** A command line for a POSIX shell that sends `FILE` as this answer. */
  readonly sendCommand: string;
}

/** Lines quoted above a commented line, at most; more only where as many stand in the mail twice, and a reader could not tell which is meant. */
const CONTEXT = [5, 10, 40, Number.POSITIVE_INFINITY];
/** Columns of prose. */
const WIDTH = 72;

const oneLine = (text: string) => printable(text.replace(/\s+/g, ' ').trim());

/** A header's text as ASCII: other characters become encoded words (RFC 2047), none longer than 75 characters. */
function headerText(text: string): string {
  const clean = oneLine(text);
  if (/^[\x20-\x7e]*$/.test(clean)) return clean;
  const words: string[] = [];
  let word = '';
  for (const character of clean) {
    const bytes = [...new TextEncoder().encode(character)];
    const encoded = /^[A-Za-z0-9]$/.test(character)
      ? character
      : character === ' '
        ? '_'
        : bytes.map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
    if (word.length + encoded.length > 60) {
      words.push(word);
      word = '';
    }
    word += encoded;
  }
  words.push(word);
  return words.map((one) => `=?UTF-8?Q?${one}?=`).join('\n ');
}

function mailbox({ name, address }: Address): string {
  const clean = oneLine(name);
  const safe = address.replace(/[^\x21-\x7e]|[<>,;"]/g, '');
  if (clean === '') return safe;
  const phrase = /^[\x20-\x7e]*$/.test(clean)
    ? /^[\w !#$%&'*+/=?^`{|}~-]*$/.test(clean)
      ? clean
      : `"${clean.replace(/["\\]/g, '\\$&')}"`
    : headerText(clean);
  return `${phrase} <${safe}>`;
}

/** A header of several items, folded so that no line grows past 76 columns where an item allows it. */
function folded(name: string, items: readonly string[], separator: string): string {
  let text = `${name}:`;
  let column = text.length;
  for (const [i, item] of items.entries()) {
    const end = i < items.length - 1 ? separator : '';
    if (i > 0 && column + 1 + item.length + end.length > 76) {
      text += `\n ${item}${end}`;
      column = 1 + item.length + end.length;
    } else {
      text += ` ${item}${end}`;
      column += 1 + item.length + end.length;
    }
  }
  return text;
}

/** Prose wrapped at 72 columns; a line that starts with a blank, a tab or `>` stays whole, and so does a word longer than that. */
export function wrapped(text: string): string[] {
  const lines: string[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    let line = '';
    for (const word of paragraph.join(' ').split(/ +/)) {
      if (line !== '' && line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    if (line !== '') lines.push(line);
    paragraph = [];
  };
  for (const raw of text.replace(/\r\n?/g, '\n').split('\n')) {
    if (raw.trim() === '') {
      flush();
      if (lines.length > 0 && lines.at(-1) !== '') lines.push('');
    } else if (/^[ \t>]/.test(raw)) {
      flush();
      lines.push(raw.trimEnd());
    } else paragraph.push(raw.trimEnd());
  }
  flush();
  while (lines.at(-1) === '') lines.pop();
  // A dash line would end the mail for its readers, and a line of `From ` starts another in an mbox.
  return lines.map((line) => (/^-- ?$/.test(line) ? ` ${line}` : line));
}

const quoted = (line: string) => (line === '' ? '>' : line.startsWith('>') ? `>${line}` : `> ${line}`);
const GAP = '> [...]';

/** The lines that belong above a commented one: at most `context` before it, not beyond its hunk or paragraph, and the hunk's own header. */
function above(message: Message, line: number, context: number): number[] {
  const shown: number[] = [];
  const text = (at: number) => message.lines[at - 1] ?? '';
  const inDiff = (at: number) => /^[ +\-\\]/.test(text(at)) || text(at) === '';
  let hunk = 0;
  for (let at = line; at >= message.bodyLine; at--) {
    if (/^@@ .* @@/.test(text(at))) {
      hunk = at;
      break;
    }
    if (!inDiff(at)) break;
  }
  const first = hunk > 0 ? hunk : message.bodyLine;
  for (let at = Math.max(first, line - context); at <= line; at++) {
    // Outside a hunk, a paragraph is what one comment is about.
    if (hunk === 0 && text(at).trim() === '' && at < line) shown.length = 0;
    else shown.push(at);
  }
  if (hunk > 0) {
    const file = fileHeader(message, hunk);
    return [...new Set([...(file > 0 ? [file] : []), hunk, ...shown])].sort((a, b) => a - b);
  }
  return shown;
}

/** The `+++` line (or `---` line of a deleted file) that a hunk belongs to; 0 when there is none. */
function fileHeader(message: Message, hunk: number): number {
  for (let at = hunk; at >= message.bodyLine; at--) {
    const text = message.lines[at - 1] ?? '';
    if (/^\+\+\+ (?!\/dev\/null)/.test(text)) return at;
    if (/^--- (?!\/dev\/null)/.test(text) && at < hunk) return at;
    if (/^diff --git /.test(text)) return at;
  }
  return 0;
}

function body(message: Message, sorted: readonly Comment[], context: number): string[] {
  const lines: string[] = [];
  const last = message.lines.length;
  /** The last line quoted so far. */
  let done = message.bodyLine - 1;
  for (const comment of sorted) {
    for (const at of above(message, comment.line, context)) {
      if (at <= done) continue;
      if (at > done + 1) lines.push(GAP);
      lines.push(quoted(message.lines[at - 1] ?? ''));
      done = at;
    }
    lines.push('', ...wrapped(comment.text), '');
  }
  if (lines.length > 0 && done < last) lines.push(GAP);
  return lines;
}

/** The body with as little quoted as lets a reader find each comment's line. */
function clearBody(message: Message, comments: readonly Comment[]): string[] {
  const inMail = (line: number) => Math.min(Math.max(line, message.bodyLine), message.lines.length);
  const sorted = comments
    .filter(({ text }) => text.trim() !== '')
    .map((comment) => ({ ...comment, line: inMail(comment.line) }))
    .sort((a, b) => a.line - b.line);
  const wanted = [...new Set(sorted.map(({ line }) => line))];
  let lines: string[] = [];
  for (const context of CONTEXT) {
    lines = body(message, sorted, context);
    const read = new Set(remarks({ lines, bodyLine: 1 }, message).map(({ at }) => at));
    if (wanted.every((line) => read.has(line))) break;
  }
  return lines;
}

/** `On Tue, 24 Nov 2026 10:00:00 +0000, NAME wrote:`, the date in UTC. */
function attribution({ date, from }: Message): string {
  const who = oneLine(from.name) || from.address || 'somebody';
  return date === null ? `${who} wrote:` : `On ${new Date(date).toUTCString().replace('GMT', '+0000')}, ${who} wrote:`;
}

const shellWord = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** The answer to one mail, with its comments inline. A comment beyond the mail's lines goes under its last one. */
export function replyTo(series: Series, message: number, comments: readonly Comment[], file = 'reply.eml'): Reply {
  const answered = series.messages[message];
  if (answered === undefined) throw new RangeError(`the series has no message ${message}`);
  const others = [...answered.to, ...answered.cc].filter(
    ({ address }, i, all) =>
      address !== '' &&
      address !== answered.from.address &&
      all.findIndex((other) => other.address.toLowerCase() === address.toLowerCase()) === i,
  );
  const id = answered.id === '' ? null : `<${oneLine(answered.id)}>`;
  const references =
    answered.references.length > 0 ? answered.references : answered.inReplyTo ? [answered.inReplyTo] : [];
  const subject = /^re:/i.test(answered.subject.trim()) ? answered.subject : `Re: ${answered.subject}`;
  const headers = [
    ...(answered.from.address === '' ? [] : [folded('To', [mailbox(answered.from)], ',')]),
    ...(others.length === 0 ? [] : [folded('Cc', others.map(mailbox), ',')]),
    `Subject: ${headerText(subject)}`,
    ...(id === null
      ? []
      : [`In-Reply-To: ${id}`, folded('References', [...references.map((one) => `<${bare(one)}>`), id], '')]),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  const text = `${[...headers, '', attribution(answered), ...clearBody(answered, comments)].join('\n')}\n`;
  const headersOf = {
    inReplyTo: id === null ? '' : bare(id),
    to: answered.from.address === '' ? [] : [answered.from.address],
    cc: others.map(({ address }) => address),
  };
  return { text, sendCommand: sendCommand(headersOf, file) };
}

/** The command line for a POSIX shell that sends `file`; `inReplyTo` without brackets, '' for none. */
export function sendCommand(
  headers: { readonly inReplyTo: string; readonly to: readonly string[]; readonly cc: readonly string[] },
  file: string,
): string {
  const words = [
    ...(headers.inReplyTo === '' ? [] : [`--in-reply-to=${bare(headers.inReplyTo)}`]),
    ...headers.to.map((address) => `--to=${bare(address)}`),
    ...headers.cc.map((address) => `--cc=${bare(address)}`),
    file.startsWith('-') ? `./${file}` : file,
  ];
  return ['git send-email', ...words.map(shellWord)].join(' ');
}

const bare = (text: string) => oneLine(text).replace(/[<>\s]/g, '');

/** A finding as a comment to start from: what happens, why it matters, where to read it. */
export function commentOf(finding: Finding): string {
  const sentence = (text: string) => (/[.!?:]$/.test(text) ? text : `${text}.`);
  const reasons = finding.why.map(
    ({ text, reference }) => `${sentence(text)}${reference === null ? '' : ` (${reference})`}`,
  );
  return [sentence(finding.message), ...reasons].map((text) => text.replace(/`/g, '')).join('\n\n');
}
