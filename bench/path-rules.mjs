/**
 * What the rules on paths and on patches say of real patches, without the model:
 * `node bench/path-rules.mjs FILE.mbox… [--limit N] [--rule ID,ID…] [--every K]`. Prints the findings of each rule for 1,000 changed functions, the processor time, and of every K-th finding (`--every K`) the
 * lines of the mail around it.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { grammars, loadCore } from './core.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string' },
    rule: { type: 'string' },
    every: { type: 'string' },
    around: { type: 'string', default: '14' },
  },
});
if (positionals.length === 0) {
  console.error('usage: node bench/path-rules.mjs FILE.mbox… [--limit MAILS] [--rule ID] [--every K] [--around LINES]');
  process.exit(2);
}
const limit = Number(values.limit ?? Number.POSITIVE_INFINITY);
const every = Number(values.every ?? 0);
const around = Number(values.around);

const core = await loadCore(`
  export { createFrontEnd } from './src/code/front-end';
  export { begin, amend } from './src/code/bodies';
  export { patchHits, pathHits } from './src/review/rules';
  export { isOwn } from './src/review/patch-findings';
  export { readSeries } from './src/series/read';
  export { parseChange } from './src/patch/parse';
`);
const frontEnd = await core.createFrontEnd(grammars());

const empty = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
const count = { mails: 0, functions: 0, findings: 0 };
const rules = new Map();
/** Milliseconds of this process on a processor. */
const cpu = () => process.cpuUsage().user / 1000;
let time = 0;
const wanted = values.rule === undefined ? null : new Set(values.rule.split(','));
function take(hit, message, touched, change) {
  if ((wanted !== null && !wanted.has(hit.rule.id)) || !core.isOwn(hit, change)) return;
  rules.set(hit.rule.id, (rules.get(hit.rule.id) ?? 0) + 1);
  if (every > 0 && count.findings % every === 0) show(hit, message, touched);
  count.findings++;
}
let worst = { ms: 0, name: '' };

/** A large mbox in parts of at most 48 MB, each cut where a mail begins. */
function* parts(file) {
  const handle = openSync(file, 'r');
  const { size } = fstatSync(handle);
  let at = 0;
  while (at < size) {
    const bytes = Buffer.alloc(Math.min(48 << 20, size - at));
    readSync(handle, bytes, 0, bytes.length, at);
    const cut = at + bytes.length < size ? bytes.lastIndexOf('\n\nFrom ') + 2 : bytes.length;
    yield bytes.subarray(0, cut > 1 ? cut : bytes.length);
    at += cut > 1 ? cut : bytes.length;
  }
  closeSync(handle);
}

function show(hit, message, touched) {
  console.log(`\n=== ${hit.rule.id} · ${touched.evidence} · ${touched.file} · ${message.id} · ${message.subject}`);
  console.log(`    ${hit.message}`);
  const places = [hit.at, ...hit.related.map((one) => one.at)].filter((at) => at.kind === 'message');
  for (const one of hit.related) if (one.at.kind === 'message') console.log(`    ${one.message}: line ${one.at.line}`);
  const lines = places.filter((at) => at.message === message.index).map((at) => at.line);
  if (lines.length === 0) return;
  const from = Math.max(Math.min(...lines) - around, 1);
  const to = Math.min(Math.max(...lines) + around, from + 120);
  for (let line = from; line <= to; line++)
    console.log(`${lines.includes(line) ? '>' : ' '}${line} ${message.lines[line - 1] ?? ''}`);
}

for (const file of positionals)
  for (const bytes of parts(file)) {
    if (count.mails >= limit) break;
    for (const series of await core.readSeries([{ name: file, bytes }])) {
      if (count.mails >= limit) break;
      const changes = series.patches.map((patch) => core.parseChange(series.messages[patch.message]));
      let known = core.begin({ set: empty, texts: new Map() });
      for (const change of changes) {
        const message = series.messages[change.message];
        count.mails++;
        const before = known;
        known = core.amend(known, change, message, frontEnd, 'x');
        for (const touched of known.touched) {
          if (touched.removed) continue;
          count.functions++;
          if (touched.program === null) continue;
          const from = cpu();
          const hits = core.pathHits(touched.program, touched.before, known.set);
          const spent = cpu() - from;
          time += spent;
          if (spent > worst.ms) worst = { ms: spent, name: `${touched.name} (${message.id})` };
          for (const hit of hits) take(hit, message, touched, change);
        }
        if (before === known) continue;
        for (const hit of core.patchHits({ change, message, before, after: known }))
          take(hit, message, { evidence: 'patch', file: hit.file }, change);
      }
    }
  }
console.log(`\nmails ${count.mails}, changed functions ${count.functions}, findings ${count.findings}`);
for (const [id, number] of [...rules].sort((a, b) => b[1] - a[1]))
  console.log(
    `${String(number).padStart(6)} ${((1000 * number) / count.functions).toFixed(2).padStart(7)} in 1,000  ${id}`,
  );
console.log(
  `rules ${time.toFixed(0)} ms, ${(time / Math.max(count.functions, 1)).toFixed(3)} ms a function; longest ${worst.ms.toFixed(0)} ms: ${worst.name}`,
);
