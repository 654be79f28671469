/** The built-in designs as they were read when the product was built: `designs.jsonl.br` beside the running bundle, one line of JSON a design. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { PreparedSet } from '../host/prepared';
import type { ProgramSet } from '../host/types';
import { fromPrepared } from './engine';

/** The file's lines by folder. Most of one design's text is that of another: together they are a fourth of what they are apart. */
const read = new Map<string, readonly string[]>();

function linesIn(folder: URL): readonly string[] {
  const known = read.get(folder.href);
  if (known) return known;
  const lines = brotliDecompressSync(readFileSync(new URL('designs.jsonl.br', folder)))
    .toString()
    .split('\n');
  read.set(folder.href, lines);
  return lines;
}

/** The programs of a design; null when there is no such file, or not one that can be read: then the C is read anew. */
export function preparedDesign(name: string, folder: URL = new URL('.', import.meta.url)): ProgramSet | null {
  try {
    const start = `{"name":${JSON.stringify(name)},`;
    const line = linesIn(folder).find((one) => one.startsWith(start));
    return line === undefined ? null : fromPrepared(JSON.parse(line) as PreparedSet);
  } catch {
    return null;
  }
}
