// How long a review of the sample series takes: in the command line from start to end, and in the editor's worker for a first review, for a
// series whose every patch is new to a warm worker, and again after an edit in one patch.
//   node bench/review-sample.mjs [FILE.mbox] [--runs N] [--dist dist]
// Goals: a series of 16 patches under 0.7 s warm; after an edit in one patch under 60 ms. Medians; the machine's load is printed beside them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const {
  values: options,
  positionals: [file],
} = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, dist: { type: 'string' } },
});
const root = path.join(path.dirname(new URL(import.meta.url).pathname), '..');
const dist = path.resolve(options.dist ?? path.join(root, 'dist'));
const mbox = file ?? path.join(root, 'samples/msi-window-v1.mbox');
const runs = Number(options.runs);

/** @param {number[]} times */
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
/** @param {string} what @param {number[]} times @param {number[]} [busy] */
const say = (what, times, busy) =>
  console.log(
    `${what.padEnd(52)} ${median(times).toFixed(0).padStart(6)} ms${busy ? ` ${median(busy).toFixed(0).padStart(6)} ms of processor` : ''}`,
  );

const commandLine = [];
for (let i = 0; i < runs; i++) {
  const began = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(dist, 'cli.js'), 'review', mbox, '--format', 'json', '--fail-on', 'never'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  if (status !== 0) throw new Error(String(stderr));
  commandLine.push(performance.now() - began);
}
say('command line, a process of its own', commandLine);

const worker = new Worker(path.join(dist, 'review-worker.js'), { workerData: null });
let id = 0;
/** @param {string} text @returns {Promise<{ wall: number, busy: number }>} milliseconds */
function review(text) {
  const mine = ++id;
  const began = performance.now();
  const before = process.cpuUsage();
  worker.postMessage({
    kind: 'review',
    id: mine,
    sources: [{ name: 'series.mbox', bytes: new TextEncoder().encode(text) }],
  });
  return new Promise((resolve, reject) => {
    const heard = (/** @type {any} */ answer) => {
      if (answer.id !== mine || answer.kind === 'progress') return;
      worker.off('message', heard);
      const { user, system } = process.cpuUsage(before);
      if (answer.kind === 'reviews') resolve({ wall: performance.now() - began, busy: (user + system) / 1000 });
      else reject(new Error(answer.message ?? answer.kind));
    };
    worker.on('message', heard);
  });
}

/** @param {string} what @param {readonly string[]} texts */
async function measure(what, texts) {
  const times = [];
  for (const text of texts) times.push(await review(text));
  say(
    what,
    times.map((time) => time.wall),
    times.map((time) => time.busy),
  );
  return times;
}

const text = readFileSync(mbox, 'utf8');
/** Added lines of C that are statements: where an edit makes a difference that must be run again. */
const edits = [...text.matchAll(/^\+\t[^\n]*;$/gm)].map((match) => match.index + match[0].length);
let nth = 0;
/** @param {number} at */
const edited = (at) => `${text.slice(0, at)} barrier(${++nth});${text.slice(at)}`;
/** @param {number} at */
const repeated = (at) => Array.from({ length: runs }, () => edited(edits.at(at) ?? 0));

await measure('worker, first review', [text]);
await measure('worker, warm, edit in the first code of the series', repeated(0));
await measure('worker, the same text again', [text, ...Array.from({ length: runs }, () => text)]);
await measure('worker, edit in the last code of the series', repeated(-1));
const places = Array.from({ length: 16 }, (_, i) => edits[Math.floor((edits.length * i) / 16)] ?? 0);
const all = await measure('worker, edits all over the series, the middle one', places.map(edited));
say(
  'worker, edits all over the series, the slowest',
  [Math.max(...all.map((time) => time.wall))],
  [Math.max(...all.map((time) => time.busy))],
);
console.log(`load ${loadavg()[0]?.toFixed(1)}, ${runs} runs each, ${path.basename(mbox)}`);
await worker.terminate();
