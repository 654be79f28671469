/**
 * Speed of the explorer: `node bench/explorer.mjs [TURNS]`. Each search begins with nothing known, so that the time has all in it: making the
 * configurations on the platform, trying where messages end, and the states themselves. Goal: 200,000 states per second with two guests, a
 * state under 2 KB. Told by the clock and by the processor's time of the whole process (compiler and collector with it): on a shared machine the second
 * says what the search costs. Best of the turns.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const turns = Number(process.argv[2] ?? 5);
const GOAL = 200_000;

const folder = mkdtempSync(join(tmpdir(), 'doorbell-bench-'));
const bundle = join(folder, 'explorer.mjs');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await build({
  stdin: {
    contents: `export { machinePreset } from './machine/presets';
      export { problemOf } from './scenario/explorer/problem';
      export { search } from './scenario/explorer/search';
      export { parseScenario } from './scenario/parse';`,
    resolveDir: join(here, '../src'),
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  outfile: bundle,
});
const { machinePreset, problemOf, search, parseScenario } = await import(pathToFileURL(bundle).href);

const guest = (name, device) => ({ name, kind: 'guest', devices: [device] });
/** Two guests that enable, move, mask and disable their vectors over and over. */
const busy = (turnsOfLife) => ({
  id: 'busy',
  title: 'busy',
  shows: 'busy',
  machines: ['arm64-smmuv3-its'],
  unsafeInterrupts: true,
  agents: [guest('Guest A', 'nic-vf0'), guest('Guest B', 'nic-vf1')],
  watch: ['I1'],
  steps: ['Guest A', 'Guest B'].flatMap((agent) => [
    { stage: 'attach', agent },
    ...Array.from({ length: turnsOfLife }, (_, i) => [
      { stage: 'enable', agent, count: 2 + (i % 3) },
      { stage: 'affinity', agent, vector: 1, cpu: 1 + (i % 3) },
      { stage: 'mask', agent },
      { stage: 'unmask', agent },
      { stage: 'disable', agent },
    ]).flat(),
    { stage: 'release', agent },
  ]),
});
const library = (id) => readFileSync(join(here, `../src/scenario/library/${id}.scenario.json`), 'utf8');
const cases = [
  ['two guests, library (its)', library('two-guests-its'), 'arm64-smmuv3-its'],
  ['two guests, library (x86)', library('two-guests-x86'), 'x86-vtd'],
  ['two guests, 4 lives (its)', JSON.stringify(busy(4)), 'arm64-smmuv3-its'],
  ['two guests, 2 lives (x86)', JSON.stringify(busy(2)), 'x86-vtd'],
];
let large = false;
let worst = Number.POSITIVE_INFINITY;
for (const [name, text, machine] of cases) {
  const parsed = parseScenario(text);
  if (parsed.kind !== 'scenario') throw new Error(`${name}: ${parsed.errors[0].message}`);
  let best = Number.POSITIVE_INFINITY;
  let processor = Number.POSITIVE_INFINITY;
  let coverage = null;
  let bytes = 0;
  for (let turn = 0; turn < turns; turn++) {
    const started = performance.now();
    const used = process.cpuUsage();
    const one = search(problemOf(parsed.scenario, machinePreset(machine)));
    while (one.advance(100_000));
    best = Math.min(best, performance.now() - started);
    const { user, system } = process.cpuUsage(used);
    processor = Math.min(processor, (user + system) / 1000);
    coverage = one.coverage();
    bytes = one.bytesPerState();
  }
  const perSecond = (ms) => Math.round(coverage.states / (ms / 1000));
  if (coverage.states > 10_000) worst = Math.min(worst, perSecond(best));
  if (bytes >= 2048) large = true;
  console.log(
    `${name.padEnd(28)} ${String(coverage.states).padStart(8)} states ${String(coverage.configurations).padStart(6)} configurations  ${coverage.extent.padEnd(9)} ${best.toFixed(0).padStart(6)} ms ${perSecond(best).toLocaleString('en').padStart(10)} states/s   processor ${processor.toFixed(0).padStart(6)} ms ${perSecond(processor).toLocaleString('en').padStart(10)} states/s   ${bytes} bytes a state`,
  );
}
console.log(
  `goal ${GOAL.toLocaleString('en')} states/s by the clock on searches above 10,000 states: ${worst >= GOAL ? 'met' : 'missed'}; under 2 KB a state: ${large ? 'missed' : 'met'}`,
);
