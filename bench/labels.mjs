// Holds what the built command line finds against defects that human reviewers found: recall by class and by what it takes to see
// them, and findings on patches that reviewers found clean.
//   node bench/labels.mjs LABELS.json MBOX… [--cli dist/cli.js] [--kernel DIR] [--missed]
// LABELS.json: { defects: [{ patch_id, class, function, mail_line, detect, what }], clean: [{ patch_id }] }; the mboxes hold the
// labelled mails and the rest of their series. A hit is a finding on the same mail, of the same class family, in the same function
// or within 8 lines; other mails of a series are context. Goals: 45 % of `diff`, 30 % of diff + tree + semantic, 40 % of isolation +
// window; at most 0.15 findings at warning or error a clean patch.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const {
  values: options,
  positionals: [labelFile, ...mboxes],
} = parseArgs({
  allowPositionals: true,
  options: {
    cli: { type: 'string' },
    kernel: { type: 'string', multiple: true, default: [] },
    missed: { type: 'boolean', default: false },
  },
});
if (!labelFile || mboxes.length === 0) {
  console.error('usage: node bench/labels.mjs LABELS.json MBOX… [--cli dist/cli.js] [--kernel DIR] [--missed]');
  process.exit(2);
}
const NEAR_LINES = 8;
const labels = JSON.parse(readFileSync(labelFile, 'utf8'));
const cli = options.cli ?? path.join(path.dirname(new URL(import.meta.url).pathname), '../dist/cli.js');
const bare = (/** @type {string} */ id) => id.replace(/^<|>$/g, '');

const wanted = new Set([...labels.defects, ...labels.clean].map((label) => bare(label.patch_id)));
/** @type {Map<string, any[]>} findings by message-id */
const findings = new Map();
const reviewed = new Set();
for (const mbox of mboxes) {
  const kernels = options.kernel.flatMap((directory) => ['--kernel', directory]);
  const child = spawn(
    process.execPath,
    [cli, 'review', mbox, '--format', 'jsonl', '--jobs', '2', '--fail-on', 'never', ...kernels],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
    const review = JSON.parse(line);
    for (const patch of review.series.patches) {
      const id = bare(patch.messageId ?? '');
      if (!wanted.has(id)) continue;
      reviewed.add(id);
      // A mail that stands in two readings of a thread is counted once: the last reading.
      findings.set(
        id,
        review.findings.filter((/** @type {any} */ finding) => bare(finding.messageId ?? '') === id),
      );
    }
  }
}
const unread = [...wanted].filter((id) => !reviewed.has(id));
if (unread.length > 0) console.log(`${unread.length} labelled mails were not read as patches: ${unread.join(' ')}`);

const family = (/** @type {{ class: string }} */ label) => label.class.split('.')[0] ?? '';
const hits = (/** @type {any} */ label) =>
  (findings.get(bare(label.patch_id)) ?? []).filter(
    (finding) =>
      finding.class === family(label) &&
      ((finding.function !== null && finding.function === label.function) ||
        Math.abs(finding.mailLine - label.mail_line) <= NEAR_LINES),
  );

/** @param {string} name @param {readonly any[]} of */
function row(name, of) {
  const found = of.filter((label) => hits(label).length > 0).length;
  const share = of.length === 0 ? '' : `${((100 * found) / of.length).toFixed(0)} %`;
  console.log(`${name.padEnd(34)} ${String(found).padStart(4)} of ${String(of.length).padStart(4)}  ${share}`);
}
const defects = labels.defects;
for (const one of [...new Set(defects.map(family))].sort())
  row(
    one,
    defects.filter((/** @type {any} */ label) => family(label) === one),
  );
for (const detect of ['diff', 'tree', 'semantic', 'human'])
  row(
    `seen from: ${detect}`,
    defects.filter((/** @type {any} */ label) => label.detect === detect),
  );
row(
  'diff + tree + semantic',
  defects.filter((/** @type {any} */ label) => label.detect !== 'human'),
);
row(
  'isolation + window',
  defects.filter((/** @type {any} */ label) => ['isolation', 'window'].includes(family(label))),
);

const loud = (/** @type {any} */ finding) => finding.severity !== 'info';
const onClean = labels.clean.flatMap((/** @type {any} */ label) =>
  (findings.get(bare(label.patch_id)) ?? []).filter(loud),
);
const rate = (onClean.length / labels.clean.length).toFixed(2);
console.log(`findings at warning or error on ${labels.clean.length} clean patches: ${onClean.length}, ${rate} a patch`);
for (const finding of onClean)
  console.log(`  ${finding.messageId} ${finding.rule} ${finding.function}: ${finding.message}`);
const all = defects.flatMap((/** @type {any} */ label) => findings.get(bare(label.patch_id)) ?? []);
console.log(`findings on labelled mails in all: ${new Set(all).size}`);

if (options.missed)
  for (const label of defects) {
    const found = hits(label);
    if (found.length > 0) console.log(`hit    ${label.class} ${label.patch_id} ${label.function}: ${found[0].rule}`);
    else console.log(`missed ${label.class} [${label.detect}] ${label.patch_id} ${label.function}: ${label.what}`);
  }
