/**
 * An mbox too large to hold: read once for its headers, then mail by mail. In: paths. Out: the keys of all mails with their places, and the bytes
 * of a mail when it is asked for.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { MailKey } from '../series/mail';
import type { Quoting } from '../series/mbox';
import type { LocatedMail } from '../series/read';
import { isFromLine, MAX_MAIL, nextLine, quotingOf, readKey, splitMails } from './engine';

/** Where a mail stands in a file. */
export interface StoredMail {
  readonly key: MailKey;
  /** Index into the files that were indexed. */
  readonly file: number;
  /** Bytes. */
  readonly start: number;
  readonly end: number;
  /** 0-based line of the file at `start`. */
  readonly line: number;
  readonly quoting: Quoting;
}

export interface MboxFile {
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

export interface MboxIndex {
  readonly mails: readonly StoredMail[];
  /** One sentence for each thing that could not be read. */
  readonly damage: readonly string[];
}

/** Bytes read at once. */
const PIECE = 8 * 1024 * 1024;

/** Reads every header of the files; `progress` is told the bytes read so far over all files. */
export function indexMboxes(files: readonly MboxFile[], progress: (bytes: number) => void = () => {}): MboxIndex {
  const mails: StoredMail[] = [];
  const damage: string[] = [];
  let before = 0;
  files.forEach((file, index) => {
    indexOne(file, index, mails, damage, (bytes) => progress(before + bytes));
    before += file.size;
  });
  return { mails, damage };
}

function indexOne(
  file: MboxFile,
  index: number,
  mails: StoredMail[],
  damage: string[],
  progress: (bytes: number) => void,
): void {
  const handle = openSync(file.path, 'r');
  try {
    let quoting: Quoting | null = null;
    let rest = new Uint8Array(0);
    /** Byte offset and 0-based line of the file at the start of `rest`. */
    let offset = 0;
    let line = 0;
    let unreadable = 0;
    for (let position = 0; position < file.size; ) {
      const piece = new Uint8Array(rest.length + Math.min(PIECE, file.size - position));
      piece.set(rest);
      const got = readSync(handle, piece, rest.length, piece.length - rest.length, position);
      if (got === 0) break;
      position += got;
      const bytes = piece.subarray(0, rest.length + got);
      quoting ??= quotingOf(bytes);
      const last = position >= file.size;
      const slices = splitMails(bytes);
      // The last mail may go on in the next piece: it stays, with its separator.
      const open = last ? undefined : slices.pop();
      for (const slice of slices) {
        if (slice.end - slice.start > MAX_MAIL) {
          damage.push(
            `The mail at line ${line + slice.line + 1} of ${file.name} is larger than ${MAX_MAIL / (1024 * 1024)} MB and is passed over.`,
          );
          continue;
        }
        const key = readKey(bytes, slice, file.name);
        if (key)
          mails.push({
            key: detached(key),
            file: index,
            start: offset + slice.start,
            end: offset + slice.end,
            line: line + slice.line,
            quoting,
          });
        else unreadable++;
      }
      progress(position);
      if (!open) break;
      let keep = Math.max(bytes.lastIndexOf(10, open.start - 2) + 1, 0);
      let keepLine = open.line - 1;
      if (bytes.length - keep > 2 * MAX_MAIL) {
        damage.push(
          `The mail at line ${line + open.line + 1} of ${file.name} is larger than ${MAX_MAIL / (1024 * 1024)} MB; what follows it is read from the next separator on.`,
        );
        const skipped = skipToSeparator(handle, file.size, position);
        keepLine = open.line + countLines(bytes.subarray(open.start)) + skipped.lines;
        keep = bytes.length;
        offset = skipped.position;
        position = skipped.position;
      } else offset += keep;
      line += keepLine;
      // A copy, so that the piece can go.
      rest = bytes.slice(keep);
    }
    if (unreadable > 0) damage.push(`${unreadable} pieces of ${file.name} are neither a mail nor a patch.`);
  } finally {
    closeSync(handle);
  }
}

function skipToSeparator(handle: number, size: number, from: number): { position: number; lines: number } {
  let lines = 0;
  const block = new Uint8Array(PIECE);
  for (let position = from; position < size; ) {
    const got = readSync(handle, block, 0, block.length, position);
    if (got === 0) break;
    const bytes = block.subarray(0, got);
    let offset = 0;
    for (let next = nextLine(bytes, 0); next < got; next = nextLine(bytes, next)) {
      lines++;
      offset = next;
      if (isFromLine(bytes, next)) return { position: position + next, lines };
    }
    position += offset > 0 ? offset : got;
  }
  return { position: size, lines };
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) lines++;
  return lines;
}

/** The key without ties to the header text it was cut from, so that this text can be freed. */
function detached(key: MailKey): MailKey {
  return JSON.parse(JSON.stringify(key)) as MailKey;
}

/** Opens the files for reading single mails. */
export function openMailStore(files: readonly { readonly path: string }[]): {
  read(mail: StoredMail): LocatedMail;
  close(): void;
} {
  const handles = files.map((file) => openSync(file.path, 'r'));
  return {
    read(mail) {
      const bytes = new Uint8Array(mail.end - mail.start);
      const handle = handles[mail.file];
      const got = handle === undefined ? 0 : readSync(handle, bytes, 0, bytes.length, mail.start);
      return {
        key: mail.key,
        bytes: bytes.subarray(0, got),
        slice: { start: 0, end: got, line: mail.line },
        quoting: mail.quoting,
        source: mail.file,
      };
    },
    close() {
      for (const handle of handles) closeSync(handle);
    },
  };
}
