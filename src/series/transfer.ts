/**
 * Content-Transfer-Encoding (RFC 2045 sections 6.7 and 6.8) with a source map: for every line of the decoded text, the raw line at
 * which its first byte stands. General mail libraries decode, but do not say from where.
 */

export interface TransferDecoded {
  readonly bytes: Uint8Array;
  /** Raw line (in the unit of `firstLine`) of each decoded line. */
  readonly rawLines: number[];
  /** Raw line of the first byte that does not belong to the encoding, or null. */
  readonly badLine: number | null;
}

const LF = 10;
const CR = 13;
const EQUALS = 61;
const UNDERSCORE = 95;

/**
 * Decodes base64; `firstLine` is the raw line at which `bytes` starts. A line that holds anything else is skipped and reported, unless
 * it stands behind the end of the data: lists append a footer in clear text.
 */
export function decodeBase64(bytes: Uint8Array, firstLine: number): TransferDecoded {
  const out = new Uint8Array(Math.ceil((bytes.length * 3) / 4));
  const rawLines = [firstLine];
  let size = 0;
  let raw = firstLine;
  let badLine: number | null = null;
  let buffer = 0;
  let bits = 0;
  let lineOpen = false;
  let padded = false;
  for (let start = 0; start < bytes.length; raw++) {
    const found = bytes.indexOf(LF, start);
    const next = found < 0 ? bytes.length : found + 1;
    let stop = found < 0 ? bytes.length : found;
    while (stop > start && isBlank(bytes[stop - 1])) stop--;
    while (stop > start && isBlank(bytes[start])) start++;
    const foreign = !isBase64(bytes, start, stop);
    if (padded && (stop === start || foreign)) break;
    if (foreign && bytes[start] === UNDERSCORE) break;
    if (foreign) badLine ??= raw;
    else
      for (let i = start; i < stop; i++) {
        const value = base64Value(bytes[i] ?? 0);
        if (value < 0) {
          padded = true;
          buffer = 0;
          bits = 0;
          continue;
        }
        padded = false;
        buffer = ((buffer << 6) | value) & 0xffffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        const decoded = (buffer >> bits) & 0xff;
        if (!lineOpen) rawLines[rawLines.length - 1] = raw;
        lineOpen = decoded !== LF;
        out[size++] = decoded;
        if (decoded === LF) rawLines.push(raw);
      }
    start = next;
  }
  return { bytes: out.subarray(0, size), rawLines, badLine };
}

/** Decodes quoted-printable; an `=` that starts no valid escape is kept as it is. */
export function decodeQuotedPrintable(bytes: Uint8Array, firstLine: number): TransferDecoded {
  const out = new Uint8Array(bytes.length);
  const rawLines = [firstLine];
  let size = 0;
  let raw = firstLine;
  let badLine: number | null = null;
  let lineOpen = false;
  const emit = (byte: number) => {
    if (!lineOpen) rawLines[rawLines.length - 1] = raw;
    lineOpen = byte !== LF;
    out[size++] = byte;
    if (byte === LF) rawLines.push(raw);
  };
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const lineStop = found < 0 ? bytes.length : found;
    let stop = lineStop;
    while (stop > start && (bytes[stop - 1] === CR || bytes[stop - 1] === 32 || bytes[stop - 1] === 9)) stop--;
    const soft = stop > start && bytes[stop - 1] === EQUALS;
    if (soft) stop--;
    for (let i = start; i < stop; i++) {
      const byte = bytes[i] ?? 0;
      if (byte !== EQUALS) {
        emit(byte);
        continue;
      }
      const high = hexValue(bytes[i + 1] ?? 0);
      const low = hexValue(bytes[i + 2] ?? 0);
      if (i + 2 < stop && high >= 0 && low >= 0) {
        emit(high * 16 + low);
        i += 2;
      } else {
        badLine ??= raw;
        emit(byte);
      }
    }
    if (!soft && found >= 0) emit(LF);
    raw++;
    start = lineStop + 1;
  }
  return { bytes: out.subarray(0, size), rawLines, badLine };
}

function base64Value(byte: number): number {
  if (byte >= 65 && byte <= 90) return byte - 65;
  if (byte >= 97 && byte <= 122) return byte - 71;
  if (byte >= 48 && byte <= 57) return byte + 4;
  if (byte === 43) return 62;
  return byte === 47 ? 63 : -1;
}

function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  if (byte >= 65 && byte <= 70) return byte - 55;
  return byte >= 97 && byte <= 102 ? byte - 87 : -1;
}

function isBase64(bytes: Uint8Array, start: number, stop: number): boolean {
  for (let i = start; i < stop; i++) if (base64Value(bytes[i] ?? 0) < 0 && bytes[i] !== EQUALS) return false;
  return true;
}

function isBlank(byte: number | undefined): boolean {
  return byte === CR || byte === 32 || byte === 9;
}
