// What needs no running: types, lint, format, layers. Each counts as one test of the suite `check`.
import path from 'node:path';
import { isMain, root, run } from './steps.mjs';

const bin = (/** @type {string} */ file) => path.join(root, 'node_modules', file);

/** @type {readonly { name: string, program: string, args: readonly string[] }[]} */
const checks = [
  { name: 'types', program: bin('typescript/bin/tsc'), args: ['--noEmit', '-p', '.'] },
  {
    name: 'lint',
    program: bin('@biomejs/biome/bin/biome'),
    args: ['lint', '--error-on-warnings', '--max-diagnostics=50'],
  },
  { name: 'format', program: bin('@biomejs/biome/bin/biome'), args: ['format', '--max-diagnostics=5'] },
  {
    name: 'layers',
    program: path.join(root, 'tools/layers.mjs'),
    args: [],
  },
  // Each sentence of the editor has its place in the bundle for translators.
  { name: 'translations', program: path.join(root, 'tools/l10n.mjs'), args: ['--check'] },
];

/** Runs all checks, one after the other, and prints what they found. */
export async function runChecks() {
  const failing = [];
  for (const { name, program, args } of checks) {
    const { code, output } = await run(process.execPath, [program, ...args]);
    console.log(`  ${code === 0 ? '✓' : '✗'} ${name}`);
    if (code === 0) continue;
    failing.push(name);
    console.log(output.replace(/^/gm, '    '));
  }
  return { passed: checks.length - failing.length, failed: failing.length, failing };
}

if (isMain(import.meta.url)) process.exitCode = (await runChecks()).failed > 0 ? 1 : 0;
