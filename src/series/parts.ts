/** The parts of a mail that hold text to show (RFC 2046): where each stands in the bytes, how it is encoded. Nothing is copied. */

import type { HeaderBlock } from './header';
import { decodedField, field, parseContentType, readHeaderBlock } from './header';
import { ascii, lineEnd, nextLine } from './mbox';

export interface TextPart {
  /** Byte offsets of the part's content. */
  readonly start: number;
  readonly end: number;
  /** 1-based mail line at `start`. */
  readonly line: number;
  readonly type: string;
  readonly charset: string | null;
  readonly encoding: 'identity' | 'base64' | 'quoted-printable';
  /** The Content-Transfer-Encoding as written, when it is none we know. */
  readonly unknownEncoding: string | null;
}

const MAX_DEPTH = 12;
/** Parts of one multipart that are looked at. */
const MAX_PARTS = 200;
const PATCH_NAME = /\.(?:patch|diff|txt)$/i;

/**
 * Lists the text parts of a mail in order: plain text and attached patches; of alternatives only the plain one; an HTML part only when
 * there is nothing else. `block` is the mail's own header.
 */
export function textParts(bytes: Uint8Array, block: HeaderBlock, end: number): TextPart[] {
  const found = collect(bytes, block, block.bodyStart, end, block.bodyLine, 0);
  const plain = found.filter((part) => part.type !== 'text/html');
  return plain.length > 0 ? plain : found;
}

function collect(
  bytes: Uint8Array,
  block: HeaderBlock,
  start: number,
  end: number,
  line: number,
  depth: number,
): TextPart[] {
  const content = parseContentType(field(block, 'content-type'));
  const boundary = content.parameters.boundary;
  if (content.type.startsWith('multipart/') && boundary !== undefined && boundary !== '' && depth < MAX_DEPTH) {
    const parts = cutAtBoundary(bytes, start, end, line, boundary).flatMap((piece) => {
      const inner = readHeaderBlock(bytes, piece.start, piece.end) ?? emptyBlock(bytes, piece.start, piece.end);
      return collect(bytes, inner, inner.bodyStart, piece.end, piece.line + inner.bodyLine - 1, depth + 1);
    });
    if (parts.length > 0) {
      if (content.type !== 'multipart/alternative') return parts;
      const plain = parts.filter((part) => part.type !== 'text/html');
      return plain.length > 0 ? plain : parts.slice(0, 1);
    }
    // No boundary was found: the text is shown as it stands.
  } else if (!content.type.startsWith('text/') && !content.type.startsWith('multipart/')) {
    const disposition = parseContentType(field(block, 'content-disposition'));
    const name = disposition.parameters.filename ?? content.parameters.name ?? '';
    const patch = /(?:^|[/+-])(?:x-)?(?:patch|diff)$/.test(content.type) || PATCH_NAME.test(name);
    // Nonsense types (`text`, `plain`) of a whole mail still mean text.
    if (depth > 0 ? !patch : content.type.includes('/') && !patch && !/pgp/.test(content.type)) return [];
  } else if (depth > 0 && content.type === 'text/html' && /^attachment/i.test(field(block, 'content-disposition')))
    return [];
  const encoding = decodedField(block, 'content-transfer-encoding').trim().toLowerCase();
  const known = encoding === 'base64' || encoding === 'quoted-printable' ? encoding : 'identity';
  const usual = known !== 'identity' || encoding === '' || /^(7-?bits?|8-?bits?|binary|plain|none)$/.test(encoding);
  return [
    {
      start,
      end,
      line,
      type: content.type,
      charset: content.parameters.charset ?? null,
      encoding: known,
      unknownEncoding: usual ? null : encoding,
    },
  ];
}

function emptyBlock(bytes: Uint8Array, start: number, end: number): HeaderBlock {
  // A part without headers starts with the blank line that ends them.
  const blank = lineEnd(bytes, start) - start <= 1;
  return {
    fields: new Map(),
    bodyStart: blank ? Math.min(nextLine(bytes, start), end) : start,
    bodyLine: blank ? 2 : 1,
    badLine: null,
  };
}

function cutAtBoundary(
  bytes: Uint8Array,
  start: number,
  end: number,
  line: number,
  boundary: string,
): { start: number; end: number; line: number }[] {
  const pieces: { start: number; end: number; line: number }[] = [];
  const mark = `--${boundary}`;
  let open = -1;
  let openLine = 0;
  let at = line;
  for (let offset = start; offset < end && pieces.length < MAX_PARTS; at++) {
    const stop = Math.min(lineEnd(bytes, offset), end);
    if (bytes[offset] === 45 && bytes[offset + 1] === 45) {
      const text = ascii(bytes, offset, Math.min(stop, offset + mark.length + 4)).trimEnd();
      if (text === mark || text === `${mark}--`) {
        // The line end before a boundary belongs to the boundary.
        if (open >= 0)
          pieces.push({
            start: open,
            end: Math.max(open, offset - (bytes[offset - 2] === 13 ? 2 : 1)),
            line: openLine,
          });
        open = text === mark ? Math.min(nextLine(bytes, offset), end) : -1;
        openLine = at + 1;
      }
    }
    offset = Math.min(nextLine(bytes, offset), end);
  }
  if (open >= 0 && open < end) pieces.push({ start: open, end, line: openLine });
  return pieces;
}
