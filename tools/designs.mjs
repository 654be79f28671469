// Reads the built-in designs with the product's own front end and writes their programs as JSON, a line for each design.
// Comes in: src/host/designs. Goes out: DIST/designs.jsonl.br, which the command line and the review worker load when needed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import * as esbuild from 'esbuild';
import { root } from './steps.mjs';

const require = createRequire(import.meta.url);
const name = 'designs.jsonl.br';

const program = `
export { createFrontEnd } from './src/code/front-end';
export { designs } from './src/host/designs/index';
export { prepare } from './src/host/prepared';
export { programSet } from './src/host/programs';
`;

/**
 * @param {string} dist where to write
 * @param {esbuild.BuildOptions} options how bundles for Node are made
 * @returns {Promise<readonly { file: string, bytes: number }[]>} what was written, in bytes
 */
export async function writeDesigns(dist, options) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'doorbell-'));
  try {
    const outfile = path.join(scratch, 'designs.cjs');
    await esbuild.build({
      ...options,
      stdin: { contents: program, resolveDir: root, loader: 'ts', sourcefile: 'designs.ts' },
      mainFields: ['module', 'main'],
      outfile,
    });
    const { createFrontEnd, designs, prepare, programSet } = require(outfile);
    const frontEnd = await createFrontEnd({
      treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
      c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
    });
    const lines = designs.map((design) => JSON.stringify(prepare(programSet(design, frontEnd))));
    // The window spans all lines, for they have most in common. The highest quality takes fifty times as long for a seventh less.
    const packed = brotliCompressSync(lines.join('\n'), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
    });
    writeFileSync(path.join(dist, name), packed);
    return [{ file: `dist/${name}`, bytes: packed.length }];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
