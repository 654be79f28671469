/** The built-in designs as they were read when the product was built: `design-NAME.json` beside the running bundle. */
import { readFileSync } from 'node:fs';
import { fromPrepared, type PreparedSet } from '../host/prepared';
import type { ProgramSet } from '../host/types';

/** The programs of a design; null when there is no such file, or not one that can be read: then the C is read anew. */
export function preparedDesign(name: string, folder: URL = new URL('.', import.meta.url)): ProgramSet | null {
  try {
    return fromPrepared(JSON.parse(readFileSync(new URL(`design-${name}.json`, folder), 'utf8')) as PreparedSet);
  } catch {
    return null;
  }
}
