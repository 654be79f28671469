/**
 * Makes the compact rows of this directory from recorded sets: `node test/fidelity/pack.mjs DIRECTORY`, one folder a set with `*.jsonl.gz`.
 * Every third or fourth row is taken, so that all files and kinds are met and a clone stays small.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const source = process.argv[2];
if (source === undefined) {
  console.error('usage: node test/fidelity/pack.mjs DIRECTORY');
  process.exit(2);
}

const { outputFiles } = await build({
  stdin: {
    contents: `export { packVtdRow } from './vtd-ir'; export { packItsEpisode } from './its'; export { packSmmuRow } from './smmuv3';
      export { packAmdRow } from './amd-ir';
      export { packRiscvRow } from './riscv-msi';`,
    resolveDir: join(here, '../../src/machine/replay'),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(outputFiles[0].text).toString('base64');
const { packVtdRow, packItsEpisode, packSmmuRow, packAmdRow, packRiscvRow } = await import(
  `data:text/javascript;base64,${code}`
);

for (const [set, pack, step] of [
  ['vtd-ir', packVtdRow, 4],
  ['its', packItsEpisode, 3],
  ['smmuv3', packSmmuRow, 3],
  ['amd-ir', packAmdRow, 4],
  ['riscv-msi', packRiscvRow, 4],
]) {
  const folder = join(source, set);
  const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl.gz'));
  const lines = files.sort().flatMap((file) =>
    gunzipSync(readFileSync(join(folder, file)))
      .toString()
      .trim()
      .split('\n'),
  );
  const packed = lines.filter((_, i) => i % step === 0).map((line) => pack(JSON.parse(line)));
  if (packed.includes(null)) throw new Error(`${pathToFileURL(folder)}: a row cannot be read`);
  mkdirSync(join(here, set), { recursive: true });
  const bytes = gzipSync(`${packed.map((row) => JSON.stringify(row)).join('\n')}\n`, { level: 9 });
  writeFileSync(join(here, set, 'part.jsonl.gz'), bytes);
  console.log(`${set}: ${packed.length} of ${lines.length} rows, ${bytes.length} bytes`);
}
