// Reviews a whole mbox with the built command line: wall time, peak memory, findings by class.
//   node bench/archive-review.mjs ARCHIVE.mbox [--jobs N] [--cli dist/cli.js] [--out REVIEWS.jsonl]
// Goal: an archive of 30,000 mails with --jobs 2 in under 120 s and 600 MB. Peak memory is the kernel's VmHWM of the process, worker threads included (Linux).
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const {
  values: options,
  positionals: [archive],
} = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string', default: '2' }, cli: { type: 'string' }, out: { type: 'string' } },
});
if (!archive) {
  console.error(
    'usage: node bench/archive-review.mjs ARCHIVE.mbox [--jobs N] [--cli dist/cli.js] [--out REVIEWS.jsonl]',
  );
  process.exit(2);
}

const cli = options.cli ?? path.join(path.dirname(new URL(import.meta.url).pathname), '../dist/cli.js');
const started = performance.now();
const child = spawn(
  process.execPath,
  [cli, 'review', archive, '--format', 'jsonl', '--jobs', options.jobs, '--fail-on', 'never'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
let peak = 0;
/** Seconds of processor time, all threads. */
let cpu = 0;
const watch = setInterval(() => {
  try {
    peak = Math.max(
      peak,
      Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
    );
    const ticks = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    cpu = (Number(ticks[11]) + Number(ticks[12])) / 100;
  } catch {
    // The process has just ended.
  }
}, 200);

const classes = new Map();
const damage = new Map();
const functions = { all: 0, full: 0, spliced: 0, fragment: 0, executed: 0 };
let series = 0;
let patches = 0;
let withFindings = 0;
let first = 0;
const out = options.out ? createWriteStream(options.out) : null;
const add = (map, key, n = 1) => map.set(key, (map.get(key) ?? 0) + n);
for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (series++ === 0) first = performance.now() - started;
  out?.write(`${line}\n`);
  const review = JSON.parse(line);
  patches += review.series.patches.length;
  if (review.findings.length > 0) withFindings++;
  for (const finding of review.findings) add(classes, `${finding.class} ${finding.rule} ${finding.severity}`);
  for (const one of review.series.damage) add(damage, one.code);
  functions.all += review.coverage.functions;
  for (const key of ['full', 'spliced', 'fragment', 'executed']) functions[key] += review.coverage[key];
}
const status = child.exitCode ?? (await new Promise((resolve) => child.on('close', resolve)));
clearInterval(watch);
out?.end();
const seconds = (ms) => (ms / 1000).toFixed(1);
console.log(
  `exit ${status}; wall ${seconds(performance.now() - started)} s, processor ${cpu.toFixed(1)} s, first report after ${seconds(first)} s, peak memory ${Math.round(peak / 1024)} MB, jobs ${options.jobs}`,
);
console.log(`series ${series}, patches ${patches}, series with findings ${withFindings}`);
console.log(
  `changed functions ${functions.all}: full ${functions.full}, spliced ${functions.spliced}, fragment ${functions.fragment}; executed ${functions.executed}`,
);
for (const [title, map] of [
  ['finding', classes],
  ['damage', damage],
])
  for (const [key, count] of [...map].sort((a, b) => b[1] - a[1]))
    console.log(`${title} ${String(count).padStart(6)}  ${key}`);
process.exitCode = status === 0 || status === 2 ? 0 : 1;
