// The core for a benchmark: bundled from src/ on the spot, and its front end.
// Comes in: what to export, as lines of TypeScript. Goes out: the module; nothing is left on disk.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} contents e.g. `export { readSeries } from './src/series/read';` @returns {Promise<any>} */
export async function loadCore(contents) {
  const folder = mkdtempSync(join(tmpdir(), 'db-bench-'));
  const outfile = join(folder, 'core.mjs');
  const stdin = { contents, resolveDir: root, loader: /** @type {const} */ ('ts') };
  try {
    await build({ stdin, bundle: true, format: 'esm', platform: 'node', outfile, logLevel: 'error' });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The two grammars that `createFrontEnd` needs, as bytes. */
export function grammars() {
  const wasm = (/** @type {string} */ file) => readFileSync(join(root, 'node_modules', file));
  return {
    treeSitter: wasm('web-tree-sitter/web-tree-sitter.wasm'),
    c: wasm('tree-sitter-c/tree-sitter-c.wasm'),
  };
}
