/**
 * One mail: from a slice of bytes to a `Message`. Header lines and identity-encoded bodies are shown as they stand; encoded bodies are decoded with a map
 * from each shown line to its raw line.
 */
import { decodeText } from './charset';
import type { HeaderBlock } from './header';
import { addressField, decodedField, field, idList, parseAddresses, parseDate, readHeaderBlock } from './header';
import { textOfHtml } from './html';
import type { MailSlice, Quoting } from './mbox';
import { lineEnd, nextLine, unescapeFromLines } from './mbox';
import type { TextPart } from './parts';
import { textParts } from './parts';
import { parseSubject } from './subject';
import { decodeBase64, decodeQuotedPrintable } from './transfer';
import type { Address, Message, PatchTag } from './types';
import { mendMojibake, readWebCopy } from './webcopy';

/** What grouping needs to know of a mail: small enough to keep for a whole archive. */
export interface MailKey {
  readonly id: string;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly title: string;
  readonly tag: PatchTag | null;
  /** The subject opens with `Re:`. */
  readonly reply: boolean;
  /** Sender's address, or name where there is no address; lower case. */
  readonly sender: string;
  readonly date: number | null;
  /** A diff stands in the raw text (an encoded body does not show it). Looked for only where the subject does not tell patch from talk. */
  readonly hasDiff: boolean;
}

export interface MailDamage {
  readonly code: string;
  readonly message: string;
  /** 1-based shown line. */
  readonly line: number;
}

type Kind =
  | { readonly kind: 'mail'; readonly block: HeaderBlock }
  | { readonly kind: 'web copy'; readonly title: string; readonly from: string; readonly date: string }
  | { readonly kind: 'diff' }
  | { readonly kind: 'nothing' };

/** Bytes at the start of a mail that tell a web copy. */
const OPENING = 4096;

function kindOf(bytes: Uint8Array, slice: MailSlice): Kind {
  const block = readHeaderBlock(bytes, slice.start, slice.end);
  if (block && ['from', 'subject', 'message-id', 'date', 'received'].some((name) => block.fields.has(name)))
    return { kind: 'mail', block };
  const opening = decodeText(bytes.subarray(slice.start, Math.min(slice.end, slice.start + OPENING)), null).text.split(
    /\r?\n/,
  );
  const copy = readWebCopy(opening);
  if (copy) return { kind: 'web copy', title: copy.title, from: copy.from, date: copy.date };
  return hasDiff(bytes, slice.start, slice.end) ? { kind: 'diff' } : { kind: 'nothing' };
}

/** Reads what grouping needs; null when the slice is neither a mail nor a diff. `name` stands for the title of a bare diff. */
export function readKey(bytes: Uint8Array, slice: MailSlice, name: string): MailKey | null {
  const kind = kindOf(bytes, slice);
  if (kind.kind === 'nothing') return null;
  const head = headOf(kind, name, false);
  const subject = parseSubject(head.subject);
  return {
    id: head.id,
    inReplyTo: head.inReplyTo,
    references: head.references,
    ...subject,
    sender: (head.from.address || head.from.name).toLowerCase(),
    date: head.date,
    hasDiff: kind.kind === 'diff' || (subject.tag === null && !subject.reply && hasDiff(bytes, slice.start, slice.end)),
  };
}

type Head = Pick<Message, 'id' | 'subject' | 'from' | 'to' | 'cc' | 'date' | 'inReplyTo' | 'references'>;

/** `recipients` false leaves `to` and `cc` empty: grouping has no use for them. */
function headOf(kind: Kind, name: string, recipients: boolean): Head {
  const nobody: Address = { name: '', address: '' };
  if (kind.kind !== 'mail') {
    const copy = kind.kind === 'web copy' ? kind : null;
    return {
      id: '',
      subject: copy ? (mendMojibake([copy.title])[0] ?? copy.title) : name,
      from: (copy && (parseAddresses(copy.from)[0] ?? { name: copy.from, address: '' })) || nobody,
      to: [],
      cc: [],
      date: copy ? parseDate(copy.date) : null,
      inReplyTo: null,
      references: [],
    };
  }
  const { block } = kind;
  const references = (block.fields.get('references') ?? []).flatMap(idList);
  return {
    id: idList(field(block, 'message-id'))[0] ?? '',
    subject: decodedField(block, 'subject').replace(/\s+/g, ' ').trim(),
    from: addressField(block, 'from')[0] ?? nobody,
    to: recipients ? addressField(block, 'to') : [],
    cc: recipients ? addressField(block, 'cc') : [],
    date: parseDate(field(block, 'date')),
    inReplyTo: idList(field(block, 'in-reply-to'))[0] ?? null,
    references,
  };
}

/** Reads one mail in full. `name` stands for the subject of a bare diff; damage is in shown lines. */
export function readMail(
  bytes: Uint8Array,
  slice: MailSlice,
  quoting: Quoting,
  name: string,
  index: number,
  source: number,
): { readonly message: Message; readonly damage: readonly MailDamage[] } {
  const kind = kindOf(bytes, slice);
  const head = headOf(kind, name, true);
  const damage: MailDamage[] = [];
  const body =
    kind.kind === 'mail' ? readBody(bytes, slice, kind.block, quoting, damage) : readBare(bytes, slice, kind, damage);
  if (kind.kind === 'mail') {
    const { block } = kind;
    if (block.badLine !== null)
      damage.push({
        code: 'bad-header',
        message: 'This line is no header line; the text of the mail is taken to start here.',
        line: block.badLine,
      });
    if (head.date === null && field(block, 'date') !== '')
      damage.push({
        code: 'bad-date',
        message: `The date cannot be read: ${field(block, 'date').slice(0, 60)}.`,
        line: 1,
      });
  }
  return {
    message: { index, ...head, tag: parseSubject(head.subject).tag, ...body, source, sourceLine: slice.line },
    damage,
  };
}

type Body = Pick<Message, 'lines' | 'bodyLine' | 'decoded' | 'rawLines'>;

function readBare(bytes: Uint8Array, slice: MailSlice, kind: Kind, damage: MailDamage[]): Body {
  const decoded = decodeText(bytes.subarray(slice.start, slice.end), null);
  reportCharset(decoded, null, 1, damage);
  const lines = splitLines(decoded.text);
  if (kind.kind !== 'web copy') return { lines, bodyLine: 1, decoded: decoded.changed, rawLines: null };
  const mended = mendMojibake(lines);
  return {
    lines: mended,
    bodyLine: (readWebCopy(lines)?.bodyIndex ?? 0) + 1,
    decoded: decoded.changed || mended !== lines,
    rawLines: null,
  };
}

function readBody(
  bytes: Uint8Array,
  slice: MailSlice,
  block: HeaderBlock,
  quoting: Quoting,
  damage: MailDamage[],
): Body {
  const parts = textParts(bytes, block, slice.end);
  for (const part of parts)
    if (part.unknownEncoding !== null)
      damage.push({
        code: 'unknown-encoding',
        message: `The transfer encoding “${part.unknownEncoding}” is not known; the text is shown as it stands.`,
        line: part.line,
      });
  if (parts.length === 0 && block.bodyStart < slice.end)
    damage.push({ code: 'no-text', message: 'The mail holds no text part.', line: block.bodyLine });
  if (parts.every((part) => part.encoding === 'identity' && part.type !== 'text/html')) {
    const whole = bytes.subarray(slice.start, slice.end);
    const charset = parts[0]?.charset ?? null;
    const decoded = decodeText(whole, charset);
    reportCharset(decoded, charset, 1, damage);
    const lines = splitLines(decoded.text);
    unescapeFromLines(lines, block.bodyLine - 1, quoting);
    // The head of a part is no text of the mail.
    const bodyLine = Math.max(block.bodyLine, parts[0]?.line ?? 0);
    return { lines, bodyLine, decoded: decoded.changed, rawLines: null };
  }
  const lines = splitLines(decodeText(bytes.subarray(slice.start, block.bodyStart), null).text).slice(
    0,
    block.bodyLine - 1,
  );
  const raw: number[] = lines.map((_, i) => i + 1);
  for (const part of parts) {
    const piece = decodePart(bytes, part, lines.length + 1, damage);
    unescapeFromLines(piece.lines, 0, part.encoding === 'base64' ? 'none' : quoting);
    piece.lines.forEach((line, i) => {
      lines.push(line);
      raw.push(piece.rawLines[i] ?? part.line);
    });
  }
  return {
    lines,
    bodyLine: block.bodyLine,
    decoded: true,
    rawLines: raw.every((line, i) => line === i + 1) ? null : Int32Array.from(raw),
  };
}

function decodePart(
  bytes: Uint8Array,
  part: TextPart,
  firstShown: number,
  damage: MailDamage[],
): { lines: string[]; rawLines: readonly number[] } {
  const content = bytes.subarray(part.start, part.end);
  const transfer =
    part.encoding === 'base64'
      ? decodeBase64(content, part.line)
      : part.encoding === 'quoted-printable'
        ? decodeQuotedPrintable(content, part.line)
        : { bytes: content, rawLines: null, badLine: null };
  const decoded = decodeText(transfer.bytes, part.charset);
  reportCharset(decoded, part.charset, firstShown, damage);
  if (part.type === 'text/html') {
    damage.push({
      code: 'html-only',
      message: 'The mail holds HTML only; its text is shown, and a patch in it may be damaged.',
      line: firstShown,
    });
    return { lines: splitLines(textOfHtml(decoded.text)), rawLines: [] };
  }
  const lines = splitLines(decoded.text);
  const rawLines = transfer.rawLines ?? lines.map((_, i) => part.line + i);
  if (transfer.badLine !== null) {
    const bad = transfer.badLine;
    const shown = rawLines.findIndex((line) => line >= bad);
    damage.push({
      code: 'bad-encoding',
      message: `The ${part.encoding} text is broken in line ${bad} of the mail.`,
      line: firstShown + Math.max(shown, 0),
    });
  }
  return { lines, rawLines };
}

function reportCharset(
  decoded: ReturnType<typeof decodeText>,
  charset: string | null,
  firstShown: number,
  damage: MailDamage[],
): void {
  if (decoded.unknownCharset)
    damage.push({ code: 'unknown-charset', message: `The charset “${charset ?? ''}” is not known.`, line: firstShown });
  else if (decoded.badLine !== null)
    damage.push({
      code: 'bad-charset',
      message: `This line is not valid ${charset ?? 'UTF-8'}; it is read as windows-1252.`,
      line: firstShown + decoded.badLine,
    });
}

/** Lines without their ends; the end of the last line opens no further one. */
function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (text.includes('\r'))
    for (let i = 0; i < lines.length; i++) if (lines[i]?.endsWith('\r')) lines[i] = (lines[i] ?? '').slice(0, -1);
  return lines;
}

/** Does a line of the raw bytes open a diff: `diff --git `, or `--- ` followed by `+++ `? */
export function hasDiff(bytes: Uint8Array, start: number, end: number): boolean {
  for (let offset = start; offset < end; offset = nextLine(bytes, offset)) {
    const first = bytes[offset];
    if (first === 100 && matches(bytes, offset, 'diff --git ')) return true;
    if (first === 45 && matches(bytes, offset, '--- ')) {
      const next = lineEnd(bytes, offset) + 1;
      if (next < end && matches(bytes, next, '+++ ')) return true;
    }
  }
  return false;
}

function matches(bytes: Uint8Array, offset: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[offset + i] !== word.charCodeAt(i)) return false;
  return true;
}
