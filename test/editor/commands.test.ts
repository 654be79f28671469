/** The commands of the palette, called as other extensions and keys call them. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, LINKS } from '../../src/editor/names';
import { closeAll, diagnostics, doorbell, LIMIT, ours, readText, show, until, workspaceFile, write } from './host';

const topology = (): vscode.Tab | undefined =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .find(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('doorbell.topology'));

const topologyOpens = (): Promise<vscode.Tab> =>
  until('the topology panel', [vscode.window.tabGroups.onDidChangeTabs], topology);

suite('commands', function () {
  this.timeout(LIMIT);
  teardown(closeAll);

  test('all are there once the extension is', async () => {
    await doorbell();
    const known = await vscode.commands.getCommands(true);
    for (const id of [...Object.values(COMMANDS), ...Object.values(LINKS)]) assert.ok(known.includes(id), id);
  });

  test('Open Series… with a file shows it and reviews it', async () => {
    const file = workspaceFile('msi-window-v2.mbox');
    await vscode.commands.executeCommand(COMMANDS.openSeries, file);
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), file.toString());
    await diagnostics(file, 'a review', () => true);
    const { store } = await doorbell();
    assert.equal(store.subjectOf(file)?.reviews[0]?.series.version, 2);
  });

  test('Open Series… with a folder takes its mails as one series, until it is closed', async () => {
    const { store } = await doorbell();
    const mails = (await readText(workspaceFile('msi-window-v1.mbox'))).split(/^(?=From [0-9a-f]{40} )/m).slice(1);
    for (const [at, mail] of mails.entries()) await write(`parts/000${at}-part.patch`.replace('00010', '0010'), mail);
    await vscode.commands.executeCommand(COMMANDS.openSeries, workspaceFile('parts'));
    const first = workspaceFile('parts/0001-part.patch');
    const subject = store.subjectOf(first);
    assert.equal(subject?.reviews.length, 1);
    assert.equal(subject?.reviews[0]?.series.patches.length, 10);
    await closeAll();
    assert.ok(store.subjectOf(first));
    await vscode.commands.executeCommand(COMMANDS.closeSeries, { subject });
    assert.equal(store.subjectOf(first), undefined);
    assert.equal(ours(first).length, 0);
  });

  test('Open Sample shows the bundled series', async () => {
    await vscode.commands.executeCommand(COMMANDS.openSample);
    assert.match(vscode.window.activeTextEditor?.document.uri.path ?? '', /\/samples\/msi-window-v1\.mbox$/);
  });

  test('Run Scenario… without a series shows the designs’ runs in the panel', async () => {
    await vscode.commands.executeCommand(COMMANDS.runScenario, 'own-interrupt');
    await topologyOpens();
  });

  test('Run Scenario… on a series runs it there, and shows its trace', async () => {
    const file = workspaceFile('msi-window-v1.mbox');
    await show(file);
    await diagnostics(file, 'the findings', (found) => found.length > 0);
    await vscode.commands.executeCommand(COMMANDS.runScenario, 'own-interrupt');
    await topologyOpens();
  });

  test('Run All Scenarios reviews the series anew', async () => {
    const file = workspaceFile('msi-window-v1.mbox');
    await show(file);
    const before = await diagnostics(file, 'the findings', (found) => found.length > 0);
    const { store } = await doorbell();
    const old = store.subjectOf(file)?.reviews[0];
    await vscode.commands.executeCommand(COMMANDS.runAllScenarios);
    const now = store.subjectOf(file)?.reviews[0];
    assert.notEqual(now, old);
    assert.equal(now?.findings.length, old?.findings.length);
    assert.equal(ours(file).length, before.length);
  });

  test('Show Topology opens the panel beside the text', async () => {
    const file = workspaceFile('msi-window-v1.mbox');
    await show(file);
    await diagnostics(file, 'the findings', (found) => found.length > 0);
    await vscode.commands.executeCommand(COMMANDS.showTopology);
    const tab = await topologyOpens();
    assert.notEqual(tab.group.viewColumn, vscode.window.activeTextEditor?.viewColumn);
  });

  test('Go to Next Finding walks through the lines and around the end', async () => {
    const file = workspaceFile('msi-window-v1.mbox');
    await show(file);
    const found = await diagnostics(file, 'the findings', (some) => some.length > 0);
    const lines = [...new Set(found.map(({ range }) => range.start.line))].sort((a, b) => a - b);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    for (const line of [...lines, lines[0]]) {
      await vscode.commands.executeCommand(COMMANDS.nextFinding);
      assert.equal(editor.selection.active.line, line);
    }
  });

  test('links with stale or senseless arguments do no harm', async () => {
    for (const id of Object.values(LINKS))
      for (const argument of [undefined, null, 7, 'x', {}, { subject: 'gone', finding: 'none' }])
        await vscode.commands.executeCommand(id, argument);
  });
});
