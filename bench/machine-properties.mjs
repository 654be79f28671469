/**
 * A million runs of the machine's property tests: `node bench/machine-properties.mjs [RUNS]`. The same properties as in CI, which does ten
 * thousand: any tables and any writes, any ITS commands, any driver calls, short and long ways, any replay rows. Ends with an error when one fails.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const runs = Number(process.argv[2] ?? 1_000_000);
if (!Number.isInteger(runs) || runs < 1) {
  console.error('RUNS is a whole number above 0');
  process.exit(2);
}
const start = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    'test/core/machine/properties.test.ts',
    '--testTimeout=0',
    '--reporter=verbose',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, DOORBELL_PROPERTY_RUNS: String(runs) } },
);
console.log(`${runs} runs in ${((performance.now() - start) / 1000).toFixed(0)} s`);
process.exitCode = status ?? 1;
