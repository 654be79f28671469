/**
 * How well and how fast the front end reads real patches: `node bench/front-end.mjs FILE.mbox… [--kernel DIR]… [--limit N] [--show N]`.
 * Prints the share of hunks that parse clean, of touched functions known in full, spliced or as fragments, and the times.
 * `--kernel` names a git folder that may have the blobs of the diffs (several may be named); `--limit` stops after N patch mails; `--show` prints N functions that were not read clean.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { grammars, loadCore } from './core.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kernel: { type: 'string', multiple: true }, limit: { type: 'string' }, show: { type: 'string' } },
});
if (positionals.length === 0) {
  console.error('usage: node bench/front-end.mjs FILE.mbox… [--kernel DIR]… [--limit N] [--show N]');
  process.exit(2);
}
const limit = Number(values.limit ?? Number.POSITIVE_INFINITY);
let show = Number(values.show ?? 0);

const core = await loadCore(`
  export { createFrontEnd } from './src/code/front-end';
  export { begin, amend } from './src/code/bodies';
  export { wantedBlobs } from './src/code/whole-file';
  export { openBlobs } from './src/node/blobs';
  export { hunkUnit } from './src/code/hunk-unit';
  export { readSeries } from './src/series/read';
  export { parseChange } from './src/patch/parse';
`);

const started = performance.now();
const frontEnd = await core.createFrontEnd(grammars());
const setUp = performance.now() - started;

const empty = { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() };
const count = {
  mails: 0,
  hunks: 0,
  clean: 0,
  lines: 0,
  functions: 0,
  full: 0,
  patch: 0,
  stitched: 0,
  blob: 0,
  beforeKnown: 0,
  beforeWanted: 0,
  asked: 0,
  found: 0,
  fragment: 0,
  unread: 0,
  removed: 0,
  whole: 0,
  wholeClean: 0,
};
/** Milliseconds of this process on a processor: the machine may be busy with other things. */
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const store = values.kernel === undefined ? null : core.openBlobs(values.kernel);
let fetching = 0;
let time = 0;
let worst = { ms: 0, subject: '', lines: 0 };
const isWholeClean = (program) => program.nodes.every((node) => node.kind !== 'unknown');

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

for (const file of positionals)
  for (const bytes of parts(file)) {
    if (count.mails >= limit) break;
    const all = await core.readSeries([{ name: file, bytes }]);
    for (const series of all) {
      if (count.mails >= limit) break;
      const changes = series.patches.map((patch) => core.parseChange(series.messages[patch.message]));
      let blobs = null;
      if (store !== null) {
        const from = performance.now();
        blobs = await store.fetch(core.wantedBlobs(changes));
        fetching += performance.now() - from;
        count.asked += blobs.size;
        for (const answer of blobs.values()) if (answer.kind === 'text') count.found++;
      }
      let known = core.begin({ set: empty, texts: new Map(), blobs });
      let spent = 0;
      let lines = 0;
      for (const change of changes) {
        const message = series.messages[change.message];
        count.mails++;
        const from = cpu();
        known = core.amend(known, change, message, frontEnd, 'x');
        spent += cpu() - from;
        for (const touched of known.touched) {
          if (touched.removed) {
            count.removed++;
            continue;
          }
          count.functions++;
          const before = touched.before();
          if (before !== null) count.beforeWanted++;
          if (before !== null && before.evidence !== 'fragment') count.beforeKnown++;
          if (touched.program === null) {
            count.unread++;
            if (show-- > 0)
              console.log(
                `unread ${touched.file} ${touched.name}: ${touched.reason} (${message.subject}, line ${touched.at.line})`,
              );
          } else if (touched.evidence === 'full') {
            count.full++;
            count[touched.source]++;
            count.whole++;
            if (isWholeClean(touched.program)) count.wholeClean++;
            else if (show-- > 0) {
              const node = touched.program.nodes.find((one) => one.kind === 'unknown');
              console.log(`unknown in ${touched.name}: ${node.text} (${message.id}, line ${node.at.line})`);
            }
          } else count.fragment++;
        }
        for (const one of change.files) {
          if (!/\.[ch]$/.test(one.path) || one.combined) continue;
          for (const hunk of one.hunks) {
            lines += hunk.lines.length;
            count.hunks++;
            const unit = core.hunkUnit(frontEnd, one.path, hunk, change.message);
            if (unit.clean) count.clean++;
            else if (show-- > 0) console.log(`hunk of ${one.path} (${message.id}, line ${hunk.line}): ${unit.trouble}`);
          }
        }
      }
      count.lines += lines;
      time += spent;
      if (spent > worst.ms) worst = { ms: spent, subject: series.subject, lines };
    }
  }
const percent = (part, whole) => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
console.log(`set-up                ${setUp.toFixed(0)} ms`);
console.log(`mails                 ${count.mails}, ${count.lines} hunk lines, ${count.hunks} hunks of C`);
console.log(`hunks clean           ${percent(count.clean, count.hunks)}`);
console.log(`functions touched     ${count.functions} (and ${count.removed} removed)`);
console.log(
  `  full                ${percent(count.full, count.functions)} (in the patch ${count.patch}, stitched ${count.stitched}, by a blob ${count.blob}); without unknown nodes ${percent(count.wholeClean, count.whole)}`,
);
console.log(`  fragments           ${percent(count.fragment, count.functions)}`);
console.log(`  unread              ${percent(count.unread, count.functions)}`);
console.log(
  `functions before      ${count.beforeWanted} known, ${percent(count.beforeKnown, count.beforeWanted)} of them in full`,
);
if (store !== null) {
  console.log(`blobs                 ${count.found} of ${count.asked} found in ${fetching.toFixed(0)} ms`);
  for (const problem of store.problems()) console.log(problem);
  store.close();
}
console.log(
  `processor time        ${time.toFixed(0)} ms, ${(time / Math.max(count.functions, 1)).toFixed(3)} ms a function, ${((1000 * time) / Math.max(count.lines, 1)).toFixed(1)} ms a 1,000 lines`,
);
console.log(`slowest series        ${worst.ms.toFixed(0)} ms for ${worst.lines} hunk lines: ${worst.subject}`);
