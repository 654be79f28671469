/** Dismissing findings and comparing versions, as a quick fix and as commands. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, LINKS } from '../../src/editor/names';
import { closeAll, diagnostics, doorbell, LIMIT, ours, readText, show, until, workspaceFile, write } from './host';

/** A small series: its review runs no scenario. */
const mail = (version: number, line: string): string =>
  [
    'From mboxrd@z Thu Jan  1 00:00:00 1970',
    'From: A Author <a@example.org>',
    `Subject: [PATCH v${version}] win: Clear it`,
    'Date: Mon, 4 Jan 2021 10:00:00 +0000',
    `Message-ID: <v${version}@x>`,
    '',
    'Why.',
    '---',
    '',
    'diff --git a/drivers/iommu/win.c b/drivers/iommu/win.c',
    '--- a/drivers/iommu/win.c',
    '+++ b/drivers/iommu/win.c',
    '@@ -10,3 +10,4 @@ static int win_open(struct win *w)',
    ' \tint ret;',
    ' ',
    `+\t${line}`,
    ' \treturn ret;',
    '-- ',
    '2.30.0',
    '',
    '',
  ].join('\n');
const BROKEN = 'memset(w, 0, sizeof(*w);';
const RULE = 'unbalanced-statement';
const rules = (found: readonly vscode.Diagnostic[]) =>
  found.map(({ code }) => (typeof code === 'object' ? String(code.value) : String(code)));

suite('corrections', function () {
  // The first review waits for the extension and its worker to start.
  this.timeout(2 * LIMIT);
  teardown(closeAll);

  const remove = async (uri: vscode.Uri): Promise<void> => {
    try {
      await vscode.workspace.fs.delete(uri);
    } catch {
      // It was not there.
    }
  };

  test('a quick fix dismisses a finding, keeps what the file says, and can be taken back', async () => {
    const file = await write('corrected.mbox', mail(1, BROKEN));
    const sidecar = workspaceFile('corrected.mbox.doorbell.json');
    const old = '{\n  // kept\n  "design": "v4.5"\n}\n';
    await write('corrected.mbox.doorbell.json', old);
    await show(file);
    const [entry] = await diagnostics(file, 'the finding', (found) => rules(found).includes(RULE));
    assert.ok(entry);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      file,
      entry.range,
    );
    const dismiss = actions.find(({ command }) => command?.command === LINKS.dismiss);
    assert.match(dismiss?.title ?? '', /^Dismiss: /);
    await vscode.commands.executeCommand(LINKS.dismiss, ...(dismiss?.command?.arguments ?? []), 'a macro closes it');
    await diagnostics(file, 'no finding', (found) => !rules(found).includes(RULE));
    const written = await readText(sidecar);
    assert.match(written, /\/\/ kept/);
    assert.match(written, /"reason": "a macro closes it"/);

    const { store } = await doorbell();
    const subject = store.subjectOf(file);
    const dismissed = subject?.reviews[0]?.corrections?.dismissed[0];
    assert.equal(dismissed?.reason, 'a macro closes it');
    await vscode.commands.executeCommand(LINKS.restoreFinding, {
      subject: subject?.key,
      series: 0,
      finding: dismissed?.finding.id,
    });
    await diagnostics(file, 'the finding again', (found) => rules(found).includes(RULE));
    assert.match(await readText(sidecar), /\/\/ kept/);
    await closeAll();
    await remove(sidecar);
    await remove(file);
  });

  test('a file with a mistake is marked where it stands, and is not written to', async () => {
    const file = await write('mistaken.mbox', mail(1, BROKEN));
    const sidecar = await write('mistaken.mbox.doorbell.json', '{\n  "dismissed": [\n');
    await show(file);
    const found = await diagnostics(file, 'the finding', (all) => rules(all).includes(RULE));
    assert.ok(found.length > 0);
    const [problem] = await until('the mistake in Problems', [vscode.languages.onDidChangeDiagnostics], () =>
      ours(sidecar).length > 0 ? ours(sidecar) : undefined,
    );
    assert.equal(problem?.severity, vscode.DiagnosticSeverity.Error);
    const { store } = await doorbell();
    const subject = store.subjectOf(file);
    const finding = subject?.reviews[0]?.findings.find(({ rule }) => rule === RULE);
    await vscode.commands.executeCommand(
      LINKS.dismiss,
      { subject: subject?.key, series: 0, finding: finding?.id },
      'why',
    );
    assert.equal(await readText(sidecar), '{\n  "dismissed": [\n');
    await closeAll();
    await remove(sidecar);
    await remove(file);
  });

  test('Compare with Another Version… shows what was fixed', async () => {
    const old = await write('older.mbox', mail(1, BROKEN));
    const now = await write('newer.mbox', mail(2, 'memset(w, 0, sizeof(*w));'));
    await show(now);
    const { store, versions } = await doorbell();
    await until('a review', [store.onDidReview], () => store.subjectOf(now)?.state === 'ready');
    await vscode.commands.executeCommand(COMMANDS.compareVersions, old);
    const [comparison] = versions.compared();
    assert.deepEqual([comparison?.old.version, comparison?.new.version], [1, 2]);
    assert.deepEqual(
      comparison?.findings.map((pair) => `${pair.kind} ${pair.old?.rule}`),
      [`fixed ${RULE}`],
    );
    await closeAll();
    await remove(old);
    await remove(now);
  });
});
