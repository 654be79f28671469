/**
 * Speed of going back: `node bench/machine-snapshot.mjs [STEPS]`. One step is mark, a write of a device, hash, undo, on each preset with vectors
 * allocated to all devices; beside it the bytes of a snapshot after twenty such writes. Goal: hundreds of thousands a second, under 2 KiB.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const steps = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), 'doorbell-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, 'snapshot.mjs');
await build({
  stdin: {
    contents: `export { createPlatform } from './host/platforms';
      export { emitWrite } from './machine/emit';
      export { hashMachine } from './machine/machine';
      export { machinePresets } from './machine/presets';
      export { markState, openLog, snapshotBytes, takeSnapshot, undoTo } from './machine/snapshot';`,
    resolveDir: join(here, '../src'),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  outfile,
});
const {
  createPlatform,
  emitWrite,
  hashMachine,
  machinePresets,
  markState,
  openLog,
  snapshotBytes,
  takeSnapshot,
  undoTo,
} = await import(pathToFileURL(outfile).href);

console.log(`load average ${loadavg()[0].toFixed(2)}`);
for (const spec of machinePresets) {
  const platform = createPlatform(spec);
  const { machine } = platform.state;
  const vectors = spec.devices.flatMap((device) => platform.allocateVectors(device.requesterId, 4) ?? []);
  const log = openLog(machine);
  const before = hashMachine(machine);
  let seen = 0;
  const run = (count) => {
    for (let i = 0; i < count; i++) {
      const vector = vectors[i % vectors.length];
      const here = markState(log);
      emitWrite(machine, vector.requesterId, vector.address, vector.data, 4);
      if (hashMachine(machine) !== before) seen++;
      undoTo(log, here);
      log.lengths.length = here;
    }
  };
  run(steps / 5);
  seen = 0;
  const start = performance.now();
  run(steps);
  const rate = (steps * 1000) / (performance.now() - start);
  for (const vector of vectors) emitWrite(machine, vector.requesterId, vector.address, vector.data, 4);
  const bytes = snapshotBytes(takeSnapshot(log));
  const sound = seen === steps && undoTo(log, 0) && hashMachine(machine) === before;
  if (!sound) process.exitCode = 1;
  console.log(
    `${spec.id.padEnd(30)} ${(rate / 1000).toFixed(0).padStart(5)} k steps/s   ${String(bytes).padStart(5)} bytes${sound ? '' : '   NOT BACK'}`,
  );
}
