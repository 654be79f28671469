/**
 * Where one mail ends and the next begins. In: the bytes of a source. Out: slices of them, nothing is copied.
 * Knows nothing of headers beyond their shape.
 */

/** How lines that start with `From ` were made harmless: `>From ` only (mboxo), `>>From ` too (mboxrd), not at all. */
export type Quoting = 'mboxo' | 'mboxrd' | 'none';

export interface MailSlice {
  /** Byte offset of the mail's first line, behind the `From ` line. */
  readonly start: number;
  /** Byte offset behind its last line. */
  readonly end: number;
  /** 0-based line of the source at which `start` stands. */
  readonly line: number;
}

const LF = 10;
const FROM_LINE =
  /^From (?:\S.*? +)?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2}|\d{1,2} +[A-Z][a-z]{2}).*\d{4}/;
const HEADER_LINE = /^(?:[!-9;-~]+:|>From )/;

/** Is the line at `offset` an mbox separator: `From ADDRESS DATE`, followed by a header? */
export function isFromLine(bytes: Uint8Array, offset: number): boolean {
  if (
    !(
      bytes[offset] === 70 &&
      bytes[offset + 1] === 114 &&
      bytes[offset + 2] === 111 &&
      bytes[offset + 3] === 109 &&
      bytes[offset + 4] === 32
    )
  )
    return false;
  const end = lineEnd(bytes, offset);
  if (!FROM_LINE.test(ascii(bytes, offset, Math.min(end, offset + 200)))) return false;
  if (end >= bytes.length) return false;
  return HEADER_LINE.test(ascii(bytes, end + 1, Math.min(bytes.length, end + 121)));
}

/**
 * Cuts an mbox at its `From ` lines. A source that does not open with one is a single mail: one slice over everything.
 * Blank lines before the first separator are skipped.
 */
export function splitMails(bytes: Uint8Array, from = 0): MailSlice[] {
  let offset = from;
  let line = 0;
  while (offset < bytes.length && (bytes[offset] === LF || bytes[offset] === 13)) {
    if (bytes[offset] === LF) line++;
    offset++;
  }
  if (!isFromLine(bytes, offset)) return [{ start: offset, end: bytes.length, line }];
  const slices: MailSlice[] = [];
  let start = -1;
  let startLine = 0;
  while (offset < bytes.length) {
    const next = nextLine(bytes, offset);
    if (bytes[offset] === 70 && isFromLine(bytes, offset)) {
      if (start >= 0) slices.push({ start, end: trimBlankLine(bytes, start, offset), line: startLine });
      start = next;
      startLine = line + 1;
    }
    offset = next;
    line++;
  }
  if (start >= 0) slices.push({ start, end: trimBlankLine(bytes, start, bytes.length), line: startLine });
  return slices;
}

/**
 * Tells how an mbox escapes `From `. public-inbox writes its name into the separator; otherwise a `>>From ` line between lines that are
 * quoted less deeply was escaped (mboxrd), one between lines quoted as deeply is an answer's quote (mboxo). `git format-patch` escapes nothing.
 */
export function quotingOf(bytes: Uint8Array): Quoting {
  const first = ascii(bytes, 0, Math.min(bytes.length, 200)).trimStart();
  if (!first.startsWith('From ')) return 'none';
  if (/^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001/.test(first)) return 'none';
  if (first.startsWith('From mboxrd@')) return 'mboxrd';
  let escaped = 0;
  let quoted = 0;
  for (let offset = bytes.indexOf(62); offset >= 0 && offset < bytes.length; offset = bytes.indexOf(62, offset)) {
    const depth = quoteDepth(bytes, offset);
    const lineStart = offset === 0 || bytes[offset - 1] === LF;
    if (lineStart && depth >= 2 && isFromWord(bytes, offset + depth)) {
      const before = offset < 2 ? 0 : quoteDepth(bytes, bytes.lastIndexOf(LF, offset - 2) + 1);
      const after = quoteDepth(bytes, nextLine(bytes, offset));
      if (Math.max(before, after) >= depth) quoted++;
      else escaped++;
    }
    offset += depth;
  }
  return quoted > escaped ? 'mboxo' : 'mboxrd';
}

/** Takes the escape off the lines of one mail, in place. `from` is the 0-based index at which the body starts. */
export function unescapeFromLines(lines: string[], from: number, quoting: Quoting): void {
  if (quoting === 'none') return;
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.charCodeAt(0) !== 62) continue;
    if (
      quoting === 'mboxrd'
        ? /^>+From /.test(line)
        : line.startsWith('>From ') && !(quotes(lines[i - 1]) && quotes(lines[i + 1]))
    )
      lines[i] = line.slice(1);
  }
}

function quotes(line: string | undefined): boolean {
  return line?.startsWith('>') ?? false;
}

function quoteDepth(bytes: Uint8Array, offset: number): number {
  let depth = 0;
  while (bytes[offset + depth] === 62) depth++;
  return depth;
}

function isFromWord(bytes: Uint8Array, offset: number): boolean {
  return ascii(bytes, offset, Math.min(bytes.length, offset + 5)) === 'From ';
}

/** The blank line that an mbox puts between two mails belongs to neither. */
function trimBlankLine(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 2 && bytes[end - 1] === LF && bytes[end - 2] === LF) return end - 1;
  if (end - start >= 4 && bytes[end - 1] === LF && bytes[end - 2] === 13 && bytes[end - 3] === LF) return end - 2;
  return end;
}

/** Offset of the LF that ends the line at `offset`, or the length of the input. */
export function lineEnd(bytes: Uint8Array, offset: number): number {
  const end = bytes.indexOf(LF, offset);
  return end < 0 ? bytes.length : end;
}

/** Offset of the line after the one at `offset`, or the length of the input. */
export function nextLine(bytes: Uint8Array, offset: number): number {
  const end = bytes.indexOf(LF, offset);
  return end < 0 ? bytes.length : end + 1;
}

/** Bytes as text, one character a byte. For short pieces: headers, first lines. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
