/** The bundled series in a real extension host: opened, edited, closed. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, diagnostics, doorbell, hoverAt, LIMIT, ours, readText, show, until, workspaceFile } from './host';

interface Planted {
  readonly defects: readonly {
    readonly id: string;
    readonly version: number;
    readonly patch: number;
    readonly line: string;
  }[];
}

const sample = workspaceFile('msi-window-v1.mbox');

/** 0-based line of the document that holds this text in the mail of that patch. */
function lineOf(document: vscode.TextDocument, patch: number, text: string): number {
  const lines = document.getText().split(/\r?\n/);
  const subject = lines.findIndex((line) => line.startsWith(`Subject: [PATCH ${String(patch).padStart(2, '0')}/`));
  assert.notEqual(subject, -1, `no mail of patch ${patch}`);
  const found = lines.findIndex((line, at) => at > subject && line.replace(/^[+ ]/, '').trim() === text.trim());
  assert.notEqual(found, -1, `no line “${text}” in patch ${patch}`);
  return found;
}

const enough = (found: readonly vscode.Diagnostic[]): boolean => found.length >= 8;

suite('the sample', function () {
  this.timeout(LIMIT);
  let document: vscode.TextDocument;
  suiteSetup(async () => {
    document = await show(sample);
  });
  suiteTeardown(closeAll);

  test('is a mail of ours, with tabs as the kernel has them', () => {
    assert.equal(document.languageId, 'doorbell-series');
    assert.equal(vscode.window.activeTextEditor?.options.tabSize, 8);
  });

  test('has an entry in Problems at each finding, eight planted lines among them', async () => {
    const found = await diagnostics(sample, 'the findings', enough);
    const { store } = await doorbell();
    const review = store.subjectOf(sample)?.reviews[0];
    assert.ok(review);
    const lines = new Set(found.map(({ range }) => range.start.line));
    for (const { at, id } of review.findings) {
      const message = review.series.messages[at.message];
      assert.ok(message && lines.has(message.sourceLine + at.line - 1), id);
    }
    const planted = JSON.parse(await readText(workspaceFile('planted.json'))) as Planted;
    const marked = planted.defects.filter(
      ({ version, patch, line }) => version === 1 && lines.has(lineOf(document, patch, line)),
    );
    assert.ok(marked.length >= 8, marked.map(({ id }) => id).join(', '));
  });

  test('entries name their rule and lead along the trace', async () => {
    const found = await diagnostics(sample, 'the findings', enough);
    for (const { code, message } of found) {
      assert.ok(typeof code === 'object' && code.target.scheme === 'command', message);
    }
    const related = found.flatMap(({ relatedInformation = [] }) => relatedInformation);
    assert.ok(related.length > 0);
    for (const { location, message } of related) {
      assert.equal(location.uri.toString(), sample.toString());
      assert.match(message, /^\d+\/10: ./);
      assert.ok(location.range.start.line < document.lineCount);
    }
  });

  test('the hover gives reasons, a document to read, and links to go on', async () => {
    const { store } = await doorbell();
    await diagnostics(sample, 'the findings', enough);
    const review = store.subjectOf(sample)?.reviews[0];
    const finding = review?.findings.find(
      ({ trace, why, file }) => file !== null && trace !== null && why.some(({ reference }) => reference !== null),
    );
    assert.ok(review && finding);
    const message = review.series.messages[finding.at.message];
    assert.ok(message);
    const hover = await hoverAt(sample, message.sourceLine + finding.at.line - 1, finding.at.column);
    assert.match(hover, /\*because\*/);
    const bare = (text: string): string => text.replace(/[\\`]/g, '');
    assert.ok(bare(hover).includes(finding.message));
    // Over the squiggle VS Code says it above already.
    const atMark = await hoverAt(sample, message.sourceLine + finding.at.line - 1, 0);
    assert.match(atMark, /\*because\*/);
    assert.ok(!bare(atMark).includes(finding.message));
    for (const { reference } of finding.why)
      if (reference !== null) assert.ok(bare(hover).includes(reference), reference);
    for (const command of ['showTrace', 'runScenarioOf', 'aboutRule'])
      assert.ok(hover.includes(`(command:doorbell.${command}?`), `${command} in ${hover}`);
  });

  test('the hover explains a term of the field, and only where it stands', async () => {
    await diagnostics(sample, 'the findings', enough);
    const line = document
      .getText()
      .split(/\r?\n/)
      .findIndex((text) => text.includes("controller's doorbell"));
    const column = document.lineAt(line).text.indexOf('doorbell');
    const hover = await hoverAt(sample, line, column);
    assert.match(hover, /register of an MSI controller/);
    assert.match(hover, /vfio/);
    assert.doesNotMatch(await hoverAt(sample, line, 0), /register of an MSI controller/);
  });

  test('lenses stand over hunks: step of the path, run, topology', async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      sample,
      10_000,
    );
    const titles = lenses.map(({ command }) => command?.title ?? '');
    assert.ok(
      titles.some((title) => /step \d+ of \d+/.test(title)),
      titles.join('\n'),
    );
    assert.ok(titles.some((title) => title.startsWith('▶ Run')));
    for (const { range, command } of lenses) {
      assert.match(document.lineAt(range.start.line).text, /^@@ /);
      if (command?.command) assert.ok((await vscode.commands.getCommands(true)).includes(command.command));
    }
  });

  test('the outline has mails, their files, and hunks', async () => {
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      sample,
    );
    assert.equal(symbols.length, 11);
    const file = symbols[4]?.children.find(({ name }) => name.includes('vfio_iommu_type1.c'));
    assert.ok(file);
    assert.ok(file.children.length > 0);
    assert.match(document.lineAt(file.children[0]?.range.start.line ?? 0).text, /^@@ /);
  });

  test('a deleted line takes its entry along, and brings it back when it returns', async () => {
    const before = await diagnostics(sample, 'the findings', enough);
    const line = lineOf(document, 7, 'vfio_msi_release_doorbells(vdev, vdev->num_ctx);');
    const rule = (found: readonly vscode.Diagnostic[]): string[] =>
      found.map(({ code, range }) => `${range.start.line} ${typeof code === 'object' ? code.value : code}`).sort();
    const at = before.filter(({ range }) => range.start.line === line);
    assert.ok(at.length > 0);
    const text = document.lineAt(line).text;
    const gone = new vscode.WorkspaceEdit();
    gone.delete(sample, document.lineAt(line).rangeIncludingLineBreak);
    assert.ok(await vscode.workspace.applyEdit(gone));
    // At once, before any review: nothing points at what is no longer there.
    await until('no entry on the text that moved up', [vscode.languages.onDidChangeDiagnostics], () =>
      ours(sample).every(({ range }) => range.start.line !== line),
    );
    const meanwhile = await diagnostics(sample, 'a review of the shortened text', (found) =>
      found.every(({ range }) => range.end.line < document.lineCount),
    );
    assert.ok(meanwhile.every(({ range }) => range.start.line !== line));
    const back = new vscode.WorkspaceEdit();
    back.insert(sample, new vscode.Position(line, 0), `${text}\n`);
    assert.ok(await vscode.workspace.applyEdit(back));
    const after = await diagnostics(sample, 'the entry that was there before', (found) =>
      found.some(({ range }) => range.start.line === line),
    );
    assert.deepEqual(rule(after), rule(before));
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  test('entries move with the text at once, before it is reviewed anew', async () => {
    const { store } = await doorbell();
    const before = await diagnostics(sample, 'the findings', enough);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(sample, new vscode.Position(0, 0), '\n\n');
    const moved = until(
      'moved entries while the review is still old',
      [vscode.languages.onDidChangeDiagnostics],
      () => {
        const now = ours(sample);
        const shifted =
          now.length === before.length && now[0]?.range.start.line === (before[0]?.range.start.line ?? 0) + 2;
        return shifted && store.subjectOf(sample)?.state === 'reviewing';
      },
    );
    assert.ok(await vscode.workspace.applyEdit(edit));
    await moved;
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await diagnostics(sample, 'the entries where they were', (found) => found.length === before.length);
  });

  test('closing it clears Problems', async () => {
    await closeAll();
    const { store } = await doorbell();
    await until(
      'no entry left',
      [vscode.languages.onDidChangeDiagnostics, store.onDidReview],
      () => ours(sample).length === 0 && store.subjectOf(sample) === undefined,
    );
  });
});
