/**
 * Files, folders and standard input for the readers. In: what the user named. Out: bytes, or the place of an mbox that is too large to hold, or one sentence that says why
 * not. Knows nothing of mail beyond its first bytes.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isFromLine } from '../series/mbox';
import { MAX_INPUT } from '../series/read';
import { recognise, refusal } from '../series/recognise';
import type { Source } from '../series/types';

export type Input =
  | { readonly kind: 'source'; readonly source: Source }
  /** Read piece by piece. `size` in bytes. */
  | { readonly kind: 'large mbox'; readonly name: string; readonly path: string; readonly size: number }
  | { readonly kind: 'refused'; readonly message: string };

/** Files larger than this are not held in memory, in bytes. */
const IN_MEMORY = 16 * 1024 * 1024;
/** Files of a folder that are read. */
const MAX_FILES = 2000;
const MAIL_NAME = /\.(?:patch|diff|eml|mbox|mail|txt)$/i;
const SERIES_NAME = /^\d{4}-/;

/** Opens what the user named: files, folders (their patches and mails, by name), `-` for standard input. Never throws for what the user named. */
export async function openInputs(
  names: readonly string[],
  stdin: AsyncIterable<Uint8Array | string>,
): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const name of names) {
    if (name === '-') inputs.push(await readStream(stdin));
    else inputs.push(...(await openPath(name)));
  }
  return inputs;
}

async function openPath(name: string): Promise<Input[]> {
  try {
    const found = await stat(name);
    if (found.isDirectory()) return await openFolder(name);
    if (found.isFile() || found.isFIFO()) return [await openFile(name, found.isFile() ? found.size : null)];
    return [refused(`${name} is neither a file nor a folder.`)];
  } catch (problem) {
    return [refused(reason(name, problem))];
  }
}

async function openFolder(name: string): Promise<Input[]> {
  const entries = await readdir(name, { withFileTypes: true });
  const files = entries
    .filter(
      (entry) =>
        (entry.isFile() || entry.isSymbolicLink()) && (MAIL_NAME.test(entry.name) || SERIES_NAME.test(entry.name)),
    )
    .map((entry) => path.join(name, entry.name));
  // A maildir keeps its mails one level down, under names of its own.
  for (const inner of entries.filter((entry) => entry.isDirectory() && (entry.name === 'cur' || entry.name === 'new')))
    for (const entry of await readdir(path.join(name, inner.name), { withFileTypes: true }))
      if (entry.isFile()) files.push(path.join(name, inner.name, entry.name));
  if (files.length === 0) return [refused(`${name} holds no .patch, .diff, .eml, .mbox or .txt file.`)];
  if (files.length > MAX_FILES)
    return [
      refused(`${name} holds ${files.length} files; at most ${MAX_FILES} are read. Put them into one mbox instead.`),
    ];
  files.sort((a, b) => (a < b ? -1 : 1));
  const inputs: Input[] = [];
  for (const file of files) {
    try {
      inputs.push(await openFile(file, (await stat(file)).size));
    } catch (problem) {
      inputs.push(refused(reason(file, problem)));
    }
  }
  return inputs;
}

/** `size` null: not known, a pipe. */
async function openFile(name: string, size: number | null): Promise<Input> {
  const handle = await open(name, constants.O_RDONLY);
  try {
    if (size === null) return await readStream(handle.createReadStream({ autoClose: false }), name);
    if (size > IN_MEMORY) return await openLarge(handle, name, size);
    return { kind: 'source', source: { name, bytes: await readAll(handle, size) } };
  } finally {
    await handle.close();
  }
}

async function readAll(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function openLarge(handle: FileHandle, name: string, size: number): Promise<Input> {
  const head = new Uint8Array(8192);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const bytes = head.subarray(0, bytesRead);
  const why = refusal(recognise(bytes), name);
  if (why !== null) return refused(why);
  let start = 0;
  while (start < bytes.length && (bytes[start] === 10 || bytes[start] === 13)) start++;
  if (isFromLine(bytes, start)) return { kind: 'large mbox', name, path: path.resolve(name), size };
  return refused(
    `${name} has ${megabytes(size)} and is not an mbox; a single mail or patch of at most ${megabytes(IN_MEMORY)} is read.`,
  );
}

async function readStream(stream: AsyncIterable<Uint8Array | string>, name = 'standard input'): Promise<Input> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
      size += bytes.length;
      if (size > MAX_INPUT)
        return refused(`${name} brings more than ${megabytes(MAX_INPUT)}; write it to a file and name that.`);
      pieces.push(bytes);
    }
  } catch (problem) {
    return refused(reason(name, problem));
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return { kind: 'source', source: { name, bytes } };
}

function refused(message: string): Input {
  return { kind: 'refused', message };
}

/** One sentence for an error of the operating system. */
export function reason(name: string, problem: unknown): string {
  const code = problem instanceof Error && 'code' in problem ? String(problem.code) : '';
  const known = REASONS[code];
  return known === undefined ? `${name} cannot be read (${code || String(problem)}).` : `${name} ${known}.`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  EISDIR: 'is a folder',
  ELOOP: 'is a symbolic link that leads back to itself',
  ENOTDIR: 'does not exist: a part of the path is no folder',
  ENAMETOOLONG: 'is too long a name',
  EIO: 'cannot be read: the device reports an error',
};

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MB`;
}
