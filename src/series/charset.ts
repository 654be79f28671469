/** Bytes to text, honestly: what could not be decoded as declared is decoded as it can be, and said. */

export interface Decoded {
  readonly text: string;
  /** True when the text is not what an editor that reads UTF-8 would show. */
  readonly changed: boolean;
  /** 0-based line of the first byte that did not fit the charset, or null. */
  readonly badLine: number | null;
  /** True when the declared charset is not one we know. */
  readonly unknownCharset: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const western = new TextDecoder('windows-1252');

/**
 * Decodes one body or part. ASCII and valid UTF-8 pass as they are unless another charset is declared. Where UTF-8 is declared (or
 * nothing is) and a line is not valid UTF-8, that line alone is read as windows-1252.
 */
export function decodeText(bytes: Uint8Array, charset: string | null): Decoded {
  const label = normal(charset);
  if (isAscii(bytes) && !/^(iso-2022|utf-16|utf-32|hz)/.test(label)) return plain(utf8.decode(bytes));
  if (label !== 'utf-8' && label !== 'us-ascii') {
    try {
      const text = new TextDecoder(label, { fatal: true }).decode(bytes);
      return { text, changed: true, badLine: null, unknownCharset: false };
    } catch (problem) {
      // RangeError: unknown label. TypeError: bytes that do not fit it.
      const unknownCharset = problem instanceof RangeError;
      const best = byLine(bytes);
      return { ...best, unknownCharset, badLine: best.badLine ?? (unknownCharset ? null : 0) };
    }
  }
  try {
    return plain(utf8.decode(bytes));
  } catch {
    return byLine(bytes);
  }
}

function plain(text: string): Decoded {
  return { text, changed: false, badLine: null, unknownCharset: false };
}

function byLine(bytes: Uint8Array): Decoded {
  const lines: string[] = [];
  let badLine: number | null = null;
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    const piece = bytes.subarray(start, end);
    try {
      lines.push(utf8.decode(piece));
    } catch {
      badLine ??= lines.length;
      lines.push(western.decode(piece));
    }
    start = end + 1;
  }
  return { text: lines.join('\n'), changed: badLine !== null, badLine, unknownCharset: false };
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}

function normal(charset: string | null): string {
  const label = (charset ?? 'utf-8').trim().toLowerCase();
  if (
    label === '' ||
    label === 'utf8' ||
    label === 'unknown-8bit' ||
    label === '8bit' ||
    label === 'x-unknown' ||
    label === 'default_charset'
  )
    return 'utf-8';
  if (label === 'ascii' || label === 'ansi_x3.4-1968' || label === 'us-ascii') return 'us-ascii';
  return label;
}

/** UTF-8 bytes of a source that opens with a UTF-16 byte order mark; the same bytes otherwise (without a UTF-8 mark). */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return new TextEncoder().encode(new TextDecoder('utf-16le').decode(bytes));
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return new TextEncoder().encode(new TextDecoder('utf-16be').decode(bytes));
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  return bytes;
}
