// How long the editor takes, measured in a real extension host: activation, first marks, the whole review, an edit, and the longest turns of the host's event
// loop, for the sample and for a series of 30 patches with 10,000 added lines that is made here.
//   node bench/editor.mjs [--no-build] [--json]
// Goals: activation 60 ms; first marks 100 ms after opening; marks follow an edit within 200 ms of the last key; no turn of the host's thread over 50 ms.
// Wall time holds on an idle machine alone: the processor time of the host's thread and of its process stand beside it, and the load below.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '@vscode/test-electron';
import * as esbuild from 'esbuild';
import { build, forNode } from '../tools/build.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const flags = process.argv.slice(2);

/** One function of 24 lines: locks, an allocation, a loop, an error path. @param {string} name */
const functionText = (name) => `static int ${name}(struct vfio_pci_device *vdev, unsigned int count)
{
	struct ${name}_entry *entries;
	unsigned int i;
	int ret = 0;

	entries = kcalloc(count, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;

	mutex_lock(&vdev->igate);
	for (i = 0; i < count; i++) {
		entries[i].index = i;
		ret = ${name}_prepare(vdev, &entries[i]);
		if (ret)
			break;
	}
	mutex_unlock(&vdev->igate);

	if (ret)
		kfree(entries);
	else
		vdev->${name} = entries;
	return ret;
}

`;

/** Each patch adds a file of 14 functions: 30 × 14 × 24 lines. */
function largeSeries(patches = 30, functions = 14) {
  const mails = [];
  for (let patch = 1; patch <= patches; patch++) {
    const body = Array.from({ length: functions }, (_, i) => functionText(`part${patch}_step${i}`)).join('');
    const lines = body.trimEnd().split('\n');
    const file = `drivers/vfio/pci/part${patch}.c`;
    mails.push(`From ${'a'.repeat(40)} Mon Sep 17 00:00:00 2001
From: A Author <author@example.org>
Date: Mon, 11 Jan 2016 10:${String(patch).padStart(2, '0')}:00 +0000
Subject: [PATCH ${String(patch).padStart(2, '0')}/${patches}] vfio/pci: add part ${patch}
Message-ID: <large-${patch}@example.org>
${patch > 1 ? 'In-Reply-To: <large-1@example.org>\n' : ''}
Add part ${patch}.

Signed-off-by: A Author <author@example.org>
---
 ${file} | ${lines.length} ++++
 1 file changed, ${lines.length} insertions(+)

diff --git a/${file} b/${file}
new file mode 100644
index 000000000000..1111111111${patch}
--- /dev/null
+++ b/${file}
@@ -0,0 +1,${lines.length} @@
${lines.map((line) => `+${line}`).join('\n')}
-- 
2.39.0

`);
  }
  return mails.join('');
}

if (!flags.includes('--no-build')) await build();
const out = path.join(root, 'out/bench');
await esbuild.build({
  ...forNode,
  absWorkingDir: root,
  entryPoints: [{ in: path.join(root, 'bench/editor/index.ts'), out: 'index' }],
  outdir: out,
});
const workspace = mkdtempSync(path.join(tmpdir(), 'db-be-'));
copyFileSync(path.join(root, 'samples/msi-window-v1.mbox'), path.join(workspace, 'sample.mbox'));
writeFileSync(path.join(workspace, 'large.mbox'), largeSeries());
mkdirSync(path.join(root, 'test-results'), { recursive: true });
const result = path.join(root, 'test-results/bench-editor.json');
rmSync(result, { force: true });
try {
  await runTests({
    extensionDevelopmentPath: root,
    extensionTestsPath: path.join(out, 'index'),
    vscodeExecutablePath: process.env.DOORBELL_TEST_VSCODE ?? path.join(root, 'tools/code.mjs'),
    launchArgs: [workspace, '--disable-extensions'],
    extensionTestsEnv: { DOORBELL_BENCH_RESULT: result },
  });
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
if (!existsSync(result)) throw new Error('the extension host ended without figures');
const figures = JSON.parse(readFileSync(result, 'utf8'));
if (flags.includes('--json')) console.log(JSON.stringify(figures, null, 2));

const ms = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;
const row = (/** @type {string} */ what, /** @type {string} */ text) => console.log(`${what.padEnd(40)} ${text}`);
row('activation', `${ms(figures.activation.wall)}, ${ms(figures.activation.host)} of the host's processor`);
for (const [name, one] of [
  ['sample', figures.sample],
  ['30 patches, 10,000 lines', figures.large],
]) {
  const said = (/** @type {{ wall: number, host: number, process: number }} */ time) =>
    `${ms(time.wall)}, ${ms(time.host)} of the host's processor, ${ms(time.process)} with the worker's`;
  row(`${name}: first marks`, said(one.times.firstMarks));
  row(`${name}: whole review`, said(one.times.whole));
  row(`${name}: after the last key`, `${ms(one.edit.wall)}, ${ms(one.edit.process)} of processor with the worker's`);
  for (const [when, turns] of [
    ['opening', one.turns],
    ['typing', one.edit.turns],
  ]) {
    const over = turns.over50.map(ms).join(', ') || 'none';
    row(`${name}: longest turn, ${when}`, `${ms(turns.longestProcessor)} of processor; over 50 ms: ${over}`);
  }
}
row(
  'load',
  loadavg()
    .map((load) => load.toFixed(1))
    .join(' '),
);
