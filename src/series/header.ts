/** The header block of a mail: from bytes to fields, and from fields to what a series needs of them (RFC 5322, RFC 2047). */
import { addressParser, decodeWords } from 'postal-mime';
import { ascii, nextLine } from './mbox';
import type { Address } from './types';

export interface HeaderBlock {
  /** Lower-case name → unfolded values in order, undecoded; one character is one byte where the mail was not UTF-8. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Byte offset of the body, behind the blank line. */
  readonly bodyStart: number;
  /** 1-based line at which the body starts. */
  readonly bodyLine: number;
  /** 1-based line of the first line in the block that is no header, or null. */
  readonly badLine: number | null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const western = new TextDecoder('windows-1252');
/** Bytes of a header block that are read; real ones have a few kB, and what is beyond is passed over. */
const MAX_BLOCK = 128 * 1024;
/** Characters of a structured field (type, date) and of a list field that are looked at. */
const MAX_FIELD = 2048;
const MAX_LIST = 32 * 1024;
const NAME = /^([!-9;-~]+)[ \t]*:/;

/** Reads the header block at `start`; null when the first line there is no header line. */
export function readHeaderBlock(bytes: Uint8Array, start: number, end: number): HeaderBlock | null {
  if (!NAME.test(ascii(bytes, start, Math.min(end, start + 100)))) return null;
  const fields = new Map<string, string[]>();
  const stop = blockEnd(bytes, start, end);
  const readable = Math.min(stop, start + MAX_BLOCK);
  const lines = decode(bytes.subarray(start, readable)).split('\n');
  // A line cut by the limit counts when its name is whole.
  if (readable < stop && !/^[ \t]|^[!-9;-~]+:/.test(lines.at(-1) ?? '')) lines.pop();
  let current: string[] | null = null;
  for (const [index, line] of lines.entries()) {
    const text = stripReturn(line);
    // The last piece of the split is no line; any other empty one ends the block.
    if (text === '')
      return { fields, bodyStart: stop, bodyLine: index + (index === lines.length - 1 ? 1 : 2), badLine: null };
    const name = NAME.exec(text);
    if ((text.startsWith(' ') || text.startsWith('\t')) && current) {
      current[current.length - 1] += ` ${text.trim()}`;
    } else if (name) {
      const key = (name[1] ?? '').toLowerCase();
      current = fields.get(key) ?? [];
      current.push(text.slice(name[0].length).trim());
      fields.set(key, current);
    } else if (!text.startsWith('>From ') && !text.startsWith('From ')) {
      // A body without a blank line before it starts here.
      return { fields, bodyStart: lineStart(bytes, start, index), bodyLine: index + 1, badLine: index + 1 };
    }
  }
  let bodyLine = lines.length + 1;
  for (let at = lineStart(bytes, start, lines.length); at < stop; at = nextLine(bytes, at)) bodyLine++;
  return { fields, bodyStart: stop, bodyLine, badLine: null };
}

/** Offset behind the blank line that ends the block at `start`; `end` when there is none. */
function blockEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let offset = start; offset < end; ) {
    const next = Math.min(nextLine(bytes, offset), end);
    const length = next - offset;
    if (length === 1 || (length === 2 && bytes[offset] === 13)) return next;
    offset = next;
  }
  return end;
}

function lineStart(bytes: Uint8Array, start: number, line: number): number {
  let offset = start;
  for (let i = 0; i < line; i++) offset = nextLine(bytes, offset);
  return offset;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return western.decode(bytes);
  }
}

function stripReturn(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

/** First value of a field, undecoded; '' when absent. */
export function field(block: HeaderBlock, name: string): string {
  return (block.fields.get(name)?.[0] ?? '').slice(0, MAX_LIST);
}

/** A field's text with encoded words (RFC 2047) decoded. */
export function decodedField(block: HeaderBlock, name: string): string {
  const raw = field(block, name);
  return raw.includes('=?') ? decodeWords(raw) : raw;
}

/** All addresses of all fields of that name, groups laid flat. */
export function addressField(block: HeaderBlock, name: string): Address[] {
  return (block.fields.get(name) ?? []).flatMap((value) => parseAddresses(value));
}

/** Reads an address list; a part without an address keeps its text as name. */
export function parseAddresses(list: string): Address[] {
  const value = list.slice(0, MAX_LIST);
  // Archives disguise addresses: `name at example.org`.
  const plain = /^[^\s<>@]+ at [^\s<>@]+ \((.*)\)$/.exec(value)
    ? value.replace(/^(\S+) at (\S+) \((.*)\)$/, '$3 <$1@$2>')
    : value;
  return addressParser(plain, { flatten: true }).map((entry) => {
    const name = entry.name.includes('=?') ? decodeWords(entry.name) : entry.name;
    return { name: name.trim(), address: entry.address ?? '' };
  });
}

/** Message ids without angle brackets, in order. */
export function idList(list: string): string[] {
  const value = list.slice(-MAX_LIST);
  const bracketed = [...value.matchAll(/<\s*([^<>]+?)\s*>/g)].map((match) => (match[1] ?? '').replace(/\s+/g, ''));
  if (bracketed.length > 0) return bracketed;
  const bare = value.trim();
  return /^[^\s<>]+@[^\s<>]+$/.test(bare) ? [bare] : [];
}

/** Milliseconds since the epoch of a mail date, also as web archives write it (`Fri Jan 29 2016 - 14:33:33 EST`); null when unreadable. */
export function parseDate(value: string): number | null {
  const cleaned = value
    .slice(0, MAX_FIELD)
    .replace(/\([^)]*\)/g, '')
    .replace(/ - (?=\d{1,2}:)/, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (cleaned === '') return null;
  const time = Date.parse(cleaned);
  return Number.isNaN(time) ? null : time;
}

export interface ContentType {
  /** Lower case, `text/plain` when absent or unreadable. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Content-Type or Content-Disposition: the value, and its parameters with lower-case names (RFC 2045 section 5.1). */
export function parseContentType(text: string): ContentType {
  const value = text.slice(0, MAX_FIELD);
  const parameters: Record<string, string> = {};
  const head = value.split(';', 1)[0] ?? '';
  for (const match of value.matchAll(/;\s*([^\s=;]+?)\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g))
    parameters[(match[1] ?? '').toLowerCase()] = (match[2] ?? match[3] ?? '').replace(/\\(.)/g, '$1');
  const type = head
    .replace(/\([^)]*\)/g, '')
    .trim()
    .toLowerCase();
  return { type: type === '' ? 'text/plain' : type, parameters };
}
