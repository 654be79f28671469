/** The two wasm modules of the C parser: they lie beside the running bundle. */
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import type { FrontEnd } from '../code/front-end';
import { createFrontEnd } from './engine';

/** Loads the front end; rejects when the installation is broken. */
export async function loadFrontEnd(folder: URL = new URL('.', import.meta.url)): Promise<FrontEnd> {
  const [treeSitter, c] = await Promise.all([
    readFile(new URL('web-tree-sitter.wasm', folder)),
    readFile(new URL('tree-sitter-c.wasm', folder)),
  ]);
  return createFrontEnd({ treeSitter, c });
}

/** Lets V8 compile wasm once, quickly, and not again while it runs: half the processor time of a review of a few thousand lines. Before `loadFrontEnd`. */
export function startFast(): void {
  setFlagsFromString('--liftoff-only');
}
