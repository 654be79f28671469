/**
 * Makes the compact rows of recorded kernels: `node test/fidelity/pack-eras.mjs DIRECTORY`, one folder a kernel with its tables as JSON.
 * All rows are taken, but sequences of calls from one platform of each kind only: the others repeat them.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const source = process.argv[2];
if (source === undefined) {
  console.error('usage: node test/fidelity/pack-eras.mjs DIRECTORY');
  process.exit(2);
}

const { outputFiles } = await build({
  entryPoints: [join(here, '../../src/host/replay/index.ts')],
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(outputFiles[0].text).toString('base64');
const { eras, readEra } = await import(`data:text/javascript;base64,${code}`);

/** What makes two platforms run a sequence the same way. */
const kindOf = ({ architecture, iommu, controller, remapping }) => [architecture, iommu, controller, remapping].join();

for (const { name } of eras) {
  const folder = join(source, name);
  const files = Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
  );
  const met = new Set();
  const rows = readEra(files).filter((row) => {
    if (row.table !== 'set-irqs' && row.table !== 'iommufd') return true;
    const key = `${row.profile ?? row.table} ${kindOf(row.platform)}`;
    if (met.has(key)) return false;
    met.add(key);
    return true;
  });
  mkdirSync(join(here, name), { recursive: true });
  const bytes = gzipSync(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`, { level: 9 });
  writeFileSync(join(here, name, 'part.jsonl.gz'), bytes);
  console.log(`${name}: ${rows.length} rows, ${bytes.length} bytes`);
}
