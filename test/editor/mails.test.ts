/** Mails as they come: of another kind, hostile, encoded; and a worker that dies over them. */
import assert from 'node:assert/strict';
import type { Worker } from 'node:worker_threads';
import * as vscode from 'vscode';
import {
  closeAll,
  diagnostics,
  doorbell,
  hoverAt,
  LIMIT,
  ours,
  readText,
  show,
  until,
  workspaceFile,
  write,
} from './host';

// Node tells of each worker thread that starts; this file is loaded before the extension starts its own.
const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

const sampleText = (): Promise<string> => readText(workspaceFile('msi-window-v1.mbox'));

/** The mail of one patch of the sample, without its mbox line. */
async function mailOf(patch: number): Promise<string> {
  const mails = (await sampleText()).split(/^From [0-9a-f]{40} .*\n/m).slice(1);
  const mail = mails[patch];
  assert.ok(mail);
  return mail;
}

suite('mails of all kinds', function () {
  this.timeout(LIMIT);
  teardown(closeAll);

  test('a patch file stays a diff, and is reviewed', async () => {
    const file = await write('single.patch', `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001\n${await mailOf(4)}`);
    const document = await show(file);
    assert.equal(document.languageId, 'diff');
    await diagnostics(file, 'the findings of one patch', (found) => found.length > 0);
  });

  test('a tab of a mail is eight columns wide, until the user wants another width', async () => {
    const file = await write('tabs.mbox', await sampleText());
    await show(file);
    const options = (): vscode.TextEditorOptions | undefined =>
      vscode.window.visibleTextEditors.find((one) => one.document.uri.path === file.path)?.options;
    const told = [vscode.window.onDidChangeTextEditorOptions, vscode.window.onDidChangeVisibleTextEditors];
    await until('eight columns', told, () => options()?.tabSize === 8);
    assert.equal(options()?.insertSpaces, false);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    editor.options = { tabSize: 4 };
    await until('the width of the user', told, () => options()?.tabSize === 4);
  });

  test('a bare diff and any other text are left alone', async () => {
    const { store } = await doorbell();
    const file = await write('bare.diff', '--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n');
    assert.equal((await show(file)).languageId, 'diff');
    assert.equal(store.subjectOf(file), undefined);
  });

  test('markup, escape sequences and turned text in a mail stay text', async () => {
    const evil =
      '<img src=x onerror=alert(1)> [go](command:workbench.action.quit) $(zap) \u001b[31mred \u202eevil\u202c `x`';
    const file = await write(
      'hostile.mbox',
      (await sampleText())
        .replaceAll(/^(Subject: \[PATCH \d\d\/10\]) (.*)$/gm, `$1 $2 ${evil.replaceAll('$', '$$$$')}`)
        .replace(
          'All doorbell mappings are removed',
          `${evil.replaceAll('$', '$$$$')} All doorbell mappings are removed`,
        ),
    );
    const document = await show(file);
    const found = await diagnostics(file, 'the findings', (some) => some.length >= 8);
    const unseen = /[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/;
    for (const { message, relatedInformation = [] } of found)
      for (const text of [message, ...relatedInformation.map((related) => related.message)])
        assert.doesNotMatch(text, unseen);
    for (const line of new Set(found.map(({ range }) => range.start.line))) {
      const hover = await hoverAt(file, line);
      assert.match(hover, /command:doorbell\./);
      assert.doesNotMatch(hover, /<img|\]\(command:(?!doorbell\.)|(?<!\\)\$\(/);
      assert.doesNotMatch(hover, unseen);
    }
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      file,
    );
    assert.ok(symbols.length > 0);
    for (const { name } of symbols) assert.doesNotMatch(name, unseen);
    assert.ok(document.getText().includes('\u202e'));
  });

  test('an encoded mail is read, and shown decoded where its lines cannot be', async () => {
    const { store } = await doorbell();
    const encoded = (await sampleText()).split(/^(?=From [0-9a-f]{40} )/m).map((mail) => {
      const cut = mail.indexOf('\n\n');
      const body = Buffer.from(mail.slice(cut + 2))
        .toString('base64')
        .replace(/.{76}/g, '$&\n');
      const header = 'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64';
      return `${mail.slice(0, cut)}\nMIME-Version: 1.0\n${header}\n\n${body}\n\n`;
    });
    const file = await write('encoded.mbox', encoded.join(''));
    await show(file);
    const [uri] = await until(
      'entries on the decoded mail',
      [vscode.languages.onDidChangeDiagnostics, store.onDidReview],
      () =>
        vscode.languages
          .getDiagnostics()
          .find(([one, found]) => one.scheme === 'doorbell' && found.some(({ source }) => source === 'Doorbell')),
    );
    const decoded = await show(uri);
    assert.equal(decoded.languageId, 'doorbell-series');
    const [first] = ours(uri);
    assert.ok(first);
    assert.doesNotMatch(decoded.getText(), /[A-Za-z0-9+/]{70}/);
    assert.notEqual(decoded.lineAt(first.range.start.line).text.trim(), '');
    assert.match(await hoverAt(uri, first.range.start.line), /command:doorbell\.aboutRule/);
  });

  test('a worker that dies is started again, and the text reviewed all the same', async () => {
    const file = workspaceFile('msi-window-v1.mbox');
    const { store } = await doorbell();
    await show(file);
    const before = await diagnostics(file, 'the findings', (found) => found.length >= 8);
    const subject = store.subjectOf(file);
    assert.ok(subject);
    const alive = workers.filter(({ threadId }) => threadId > 0);
    assert.ok(alive.length > 0, 'no worker thread was seen');
    const again = store.again(subject.key);
    for (const worker of alive) await worker.terminate();
    await again;
    const after = store.subjectOf(file);
    assert.equal(after?.state, 'ready');
    assert.equal(ours(file).length, before.length);
    assert.ok(workers.length > alive.length, 'no new worker was started');
  });
});
