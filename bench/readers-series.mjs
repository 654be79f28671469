// Start-up and review of one generated series of 16 patches and 4,000 diff lines with the built command line.
//   node bench/readers-series.mjs [--runs N] [--cli dist/cli.js] [--write FILE.mbox]
// Goal: under 0.5 s wall, start-up included.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, cli: { type: 'string' }, write: { type: 'string' } },
});
const cli = options.cli ?? path.join(path.dirname(new URL(import.meta.url).pathname), '../dist/cli.js');
const PATCHES = 16;
const LINES = 250;

/** One new file's worth of plausible driver code: functions of ten lines. */
function code(k) {
  const lines = [];
  for (let i = 0; lines.length < LINES; i++)
    lines.push(
      `static int part${k}_step${i}(struct part_device *pdev, unsigned int count)`,
      '{',
      '\tint ret;',
      '',
      '\tif (!pdev || count > PART_MAX)',
      '\t\treturn -EINVAL;',
      `\tret = part_setup(pdev, count + ${i});`,
      '\tif (ret)',
      '\t\tgoto out_free;',
      '\treturn 0;',
      'out_free:',
      '\tpart_release(pdev);',
      '\treturn ret;',
      '}',
      '',
    );
  return lines.slice(0, LINES - (LINES % 15));
}

const mails = Array.from({ length: PATCHES }, (_, i) => {
  const k = i + 1;
  const body = code(k);
  const file = `drivers/vfio/part${k}.c`;
  return [
    'From mboxrd@z Thu Jan  1 00:00:00 1970',
    'From: A Author <author@example.org>',
    `Date: Tue, 26 Jan 2016 13:12:${String(k).padStart(2, '0')} +0000`,
    `Subject: [PATCH ${k}/${PATCHES}] vfio: add part ${k}`,
    `Message-ID: <part${k}@example.org>`,
    ...(k > 1 ? ['In-Reply-To: <part1@example.org>'] : []),
    '',
    'Adds another part.',
    '---',
    '',
    `diff --git a/${file} b/${file}`,
    'new file mode 100644',
    'index 0000000..1111111',
    '--- /dev/null',
    `+++ b/${file}`,
    `@@ -0,0 +1,${body.length} @@`,
    ...body.map((line) => `+${line}`),
    '-- ',
    '2.5.0',
    '',
    '',
  ].join('\n');
});

const folder = mkdtempSync(path.join(tmpdir(), 'doorbell-series-'));
const file = options.write ?? path.join(folder, 'series.mbox');
writeFileSync(file, mails.join(''));
const times = [];
for (let run = 0; run < Number(options.runs); run++) {
  const started = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [cli, 'review', file, '--format', 'json', '--fail-on', 'never'],
    { maxBuffer: 1 << 28 },
  );
  times.push(performance.now() - started);
  if (status !== 0) {
    console.error(stderr.toString());
    process.exitCode = 1;
  }
}
rmSync(folder, { recursive: true, force: true });
times.sort((a, b) => a - b);
console.log(
  `${PATCHES} patches, ${mails.join('').split('\n').length} lines: best ${times[0].toFixed(0)} ms, median ${times[times.length >> 1].toFixed(0)} ms of ${times.length} runs`,
);
