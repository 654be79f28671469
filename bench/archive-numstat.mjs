// Reads every mail of an mbox and compares the file, add and delete counts of each [PATCH] mail with `git apply --numstat`.
//   node bench/archive-numstat.mjs ARCHIVE.mbox [--sample N] [--show N] [--jobs N]
// Prints the counts; exit 1 when a mail threw or a count differs.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const {
  values: options,
  positionals: [archive],
} = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    show: { type: 'string', default: '10' },
    jobs: { type: 'string', default: '2' },
  },
});
if (!archive) {
  console.error('usage: node bench/archive-numstat.mjs ARCHIVE.mbox [--sample N] [--show N] [--jobs N]');
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'doorbell-numstat-'));
const root = new URL('..', import.meta.url).pathname;
await build({
  stdin: {
    contents:
      "export { splitMails, isFromLine } from './src/series/mbox'; export { readKey, readMail } from './src/series/mail'; export { parseChange } from './src/patch/parse';",
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile: join(work, 'core.mjs'),
  logLevel: 'error',
});
const { splitMails, readKey, readMail, parseChange } = await import(join(work, 'core.mjs'));

/** Pieces of the archive that end between two mails. */
function* pieces(path) {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  let rest = Buffer.alloc(0);
  for (let offset = 0; offset < size; ) {
    const block = Buffer.alloc(Math.min(16 << 20, size - offset));
    offset += readSync(file, block, 0, block.length, offset);
    const whole = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    const slices = splitMails(whole);
    const last = offset < size ? slices.pop() : undefined;
    yield { bytes: whole, slices };
    // Keep the last, perhaps cut, mail with its separator.
    rest = last ? Buffer.from(whole.subarray(whole.lastIndexOf(10, last.start - 2) + 1)) : Buffer.alloc(0);
  }
  closeSync(file);
}

/** `git apply --numstat` on a text: rows of [added, deleted, name], or null when git refuses it. */
function numstat(text) {
  return new Promise((resolve) => {
    const git = spawn('git', ['apply', '--numstat', '-z', '-'], {
      cwd: work,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, GIT_DIR: join(work, 'none'), GIT_CEILING_DIRECTORIES: work },
    });
    const out = [];
    git.stdout.on('data', (chunk) => out.push(chunk));
    git.stdin.on('error', () => {});
    git.on('close', (code) => {
      if (code !== 0) return resolve(null);
      const fields = Buffer.concat(out).toString().split('\0');
      const rows = [];
      for (const entry of fields) {
        const match = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(entry);
        if (match) rows.push({ added: match[1], deleted: match[2], path: match[3] });
      }
      resolve(rows);
    });
    git.stdin.end(text);
  });
}

const counts = {
  mails: 0,
  patches: 0,
  withDiff: 0,
  decoded: 0,
  threw: 0,
  accepted: 0,
  equal: 0,
  differ: 0,
  refused: 0,
  refusedSilent: 0,
  damaged: 0,
  acceptedDamaged: 0,
};
const shown = [];
const every = options.sample ? Number(options.sample) : 1;
const busy = new Set();
const started = Date.now();
let reading = 0;

for (const { bytes, slices } of pieces(archive)) {
  for (const slice of slices) {
    counts.mails++;
    if (counts.mails % every !== 0) continue;
    const from = performance.now();
    let message, change, key;
    try {
      key = readKey(bytes, slice, 'archive');
      ({ message } = await readMail(bytes, slice, 'mboxrd', 'archive', 0, 0));
      change = parseChange(message);
    } catch (problem) {
      counts.threw++;
      if (shown.length < Number(options.show)) shown.push(`threw: ${key?.id}: ${problem?.stack}`);
      continue;
    } finally {
      reading += performance.now() - from;
    }
    if (!key?.tag || key.reply) continue;
    counts.patches++;
    if (message.decoded) counts.decoded++;
    if (change.damage.length > 0) counts.damaged++;
    const text = `${message.lines.slice(message.bodyLine - 1).join('\n')}\n`;
    if (change.files.length > 0) counts.withDiff++;
    const run = numstat(text).then((rows) => {
      busy.delete(run);
      if (rows === null) {
        counts.refused++;
        if (change.files.length > 0 && change.damage.length === 0) counts.refusedSilent++;
        return;
      }
      const ours = change.files
        .filter((file) => !file.combined)
        .map((file) =>
          file.binary
            ? { added: '-', deleted: '-', path: file.path }
            : { added: `${file.added}`, deleted: `${file.deleted}`, path: file.path },
        );
      counts.accepted++;
      if (change.damage.length > 0) counts.acceptedDamaged++;
      const equal =
        rows.length === ours.length &&
        rows.every(
          (row, i) =>
            row.added === ours[i].added &&
            row.deleted === ours[i].deleted &&
            (row.path === ours[i].path || ours[i].path.endsWith(row.path)),
        );
      if (equal) counts.equal++;
      else {
        counts.differ++;
        if (shown.length < Number(options.show)) {
          const key = ({ added, deleted, path }) => `${added}\t${deleted}\t${path}`;
          shown.push(
            `differs: ${message.id} ${message.subject}\n  git  ${rows
              .map(key)
              .filter((row, i) => row !== (ours[i] && key(ours[i])))
              .slice(0, 3)
              .join(' | ')} (${rows.length})\n  ours ${ours
              .map(key)
              .filter((row, i) => row !== (rows[i] && key(rows[i])))
              .slice(0, 3)
              .join(' | ')} (${ours.length})`,
          );
        }
      }
    });
    busy.add(run);
    if (busy.size >= Number(options.jobs)) await Promise.race(busy);
  }
}
await Promise.all(busy);
rmSync(work, { recursive: true, force: true });
for (const line of shown) console.log(line);
console.log(
  `mails ${counts.mails}, read every ${every}; [PATCH] mails ${counts.patches}, with a diff ${counts.withDiff}, decoded ${counts.decoded}, threw ${counts.threw}`,
);
console.log(
  `git accepts ${counts.accepted}: equal ${counts.equal}, differ ${counts.differ}, of which we call ${counts.acceptedDamaged} damaged`,
);
console.log(
  `git refuses ${counts.refused} (no diff, or corrupt), of which we read ${counts.refusedSilent} without damage; damaged in all ${counts.damaged}`,
);
console.log(`reading ${(reading / 1000).toFixed(1)} s of ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = counts.threw + counts.differ > 0 ? 1 : 0;
