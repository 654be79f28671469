/** What may happen to a file under review: it goes away, or it has a name that means something elsewhere. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import * as vscode from 'vscode';
import {
  closeAll,
  doorbell,
  hoverAt,
  LIMIT,
  ours,
  readText,
  show,
  smallMail,
  until,
  workspaceFile,
  write,
} from './host';

const MAIL = smallMail('hostile', '[click](command:doorbell.closeSeries) $(bug) \u202eltr \u001b[31m');

const HOSTILE_PATH = 'x$(bug)[here](command:doorbell.closeSeries).c';
/** Controls, and what turns or hides text. */
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

suite('a file under review', function () {
  this.timeout(LIMIT);
  teardown(closeAll);

  test('that is deleted leaves its text, its review and its comments', async () => {
    const uri = await write('gone.mbox', MAIL);
    const document = await show(uri);
    const { store, comments } = await doorbell();
    const message = await until(
      'a review',
      [store.onDidReview],
      () => store.subjectOf(uri)?.reviews[0]?.series.messages[0],
    );
    comments.add(message, message.lines.indexOf('+int b;') + 1, 'Kept.');
    await vscode.workspace.fs.delete(uri);
    await vscode.commands.executeCommand('doorbell.reviewAgain');
    assert.ok(document.getText().includes('+int b;'));
    assert.equal(comments.of(message).length, 1);
    await write('gone.mbox', MAIL);
    await vscode.commands.executeCommand('doorbell.reviewAgain');
    await until('the review again', [store.onDidReview], () => store.subjectOf(uri)?.state === 'ready');
    for (const { id } of comments.of(message)) comments.remove(id);
  });

  test('that is far too large is refused in words, and what is open stays', async () => {
    const uri = await write('open.mbox', MAIL);
    await show(uri);
    const { store } = await doorbell();
    await until('a review', [store.onDidReview], () => store.subjectOf(uri)?.state === 'ready');
    const large = workspaceFile('large.mbox');
    truncateSync((await write('large.mbox', MAIL)).fsPath, 200 * 1024 * 1024);
    await vscode.commands.executeCommand('doorbell.openSeries', large);
    assert.equal(store.subjectOf(large), undefined);
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), uri.toString());
    assert.equal(store.subjectOf(uri)?.reviews.length, 1);
    await vscode.workspace.fs.delete(large);
  });

  test('may have any name and subject, and what is shown of them is text', async () => {
    const name = '$(x) [a](b) --output=c %41 #?.mbox';
    const text = MAIL.replaceAll('a.c', HOSTILE_PATH)
      .replace('@@ -1,2 +1,3 @@', '@@ -10,3 +10,4 @@ static int win_open(struct win *w)')
      .replace(' int a;\n+int b;\n int c;\n', ' \tint ret;\n \n+\tmemset(w, 0, sizeof(*w);\n \treturn ret;\n');
    const uri = await write(name, text);
    await show(uri);
    const { store, tests } = await doorbell();
    const subject = await until('a review', [store.onDidReview], () => {
      const now = store.subjectOf(uri);
      return now?.state === 'ready' && now;
    });
    assert.equal(subject.reviews[0]?.series.patches.length, 1);
    assert.equal(await readText(workspaceFile(name)), text);
    const [problem] = ours(uri);
    assert.ok(problem);
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      uri,
    );
    const flat = (all: readonly vscode.DocumentSymbol[]): readonly string[] =>
      all.flatMap(({ name: one, detail, children }) => [one, detail, ...flat(children)]);
    const labels: string[] = [];
    tests.items.forEach(({ label, description }) => {
      labels.push(label, description ?? '');
    });
    const plainly = [problem.message, ...flat(symbols), ...labels];
    assert.ok(plainly.some((one) => one.includes('click')));
    // What is shown as text has no character that moves, hides or colours text.
    for (const one of plainly) assert.doesNotMatch(one, FORBIDDEN);
    const hover = await hoverAt(uri, problem.range.start.line, problem.range.start.character);
    assert.match(hover, /About this rule/);
    assert.doesNotMatch(hover, FORBIDDEN);
    // And what is shown as Markdown has no link but our own, and no icon of the mail's.
    const links = [...hover.matchAll(/(?<!\\)\]\(([^)\s]+)/g)].map(([, target]) => target ?? '');
    for (const target of links) assert.match(target, /^(command:doorbell\.(?!closeSeries)|https:)/);
    assert.doesNotMatch(hover, /(?<!\\)\$\(bug\)/);
  });
});

suite('the review worker', function () {
  this.timeout(3 * LIMIT);
  teardown(closeAll);

  interface Thread {
    readonly threadId: number;
    terminate(): Promise<number>;
  }
  const threads = (): readonly Thread[] =>
    (globalThis as unknown as { readonly doorbellThreads: Thread[] }).doorbellThreads;
  /** A thread that has ended has no id any more. */
  const living = () => threads().filter(({ threadId }) => threadId > 0);

  const reviewed = async () => {
    const uri = workspaceFile('msi-window-v1.mbox');
    await show(uri);
    const { store } = await doorbell();
    await until('the review', [store.onDidReview], () => store.subjectOf(uri)?.state === 'ready');
    return { uri, store };
  };

  test('that is killed in the middle of a review is replaced, and the review is made', async () => {
    const { uri, store } = await reviewed();
    const old = store.subjectOf(uri)?.reviews[0];
    const [thread, ...others] = living();
    assert.ok(thread);
    assert.equal(others.length, 0);
    const again = vscode.commands.executeCommand('doorbell.reviewAgain');
    await until('a review that runs', [store.onDidMove], () => store.subjectOf(uri)?.state === 'reviewing');
    await thread.terminate();
    await again;
    const now = store.subjectOf(uri);
    assert.equal(now?.state, 'ready');
    assert.notEqual(now.reviews[0], old);
    assert.deepEqual(
      now.reviews[0]?.findings.map(({ id }) => id),
      old?.findings.map(({ id }) => id),
    );
    assert.equal(living().length, 1);
    assert.notEqual(living()[0], thread);
  });

  test('that is killed again and again is given up with a word, and what is on screen stays; the next try succeeds', async () => {
    const { uri, store } = await reviewed();
    const text = vscode.window.activeTextEditor?.document.getText();
    const kill = (thread: Thread): void => void thread.terminate();
    process.on('worker', kill);
    try {
      for (const thread of living()) await thread.terminate();
      await vscode.commands.executeCommand('doorbell.reviewAgain');
      const failed = store.subjectOf(uri);
      assert.equal(failed?.state, 'failed');
      assert.match(failed.why ?? '', /worker/);
      assert.equal(vscode.window.activeTextEditor?.document.getText(), text);
    } finally {
      process.off('worker', kill);
    }
    await vscode.commands.executeCommand('doorbell.reviewAgain');
    const now = store.subjectOf(uri);
    assert.equal(now?.state, 'ready');
    assert.ok((now.reviews[0]?.findings.length ?? 0) > 0);
  });
});

suite('the topology panel', function () {
  this.timeout(2 * LIMIT);
  teardown(closeAll);

  test('comes back with a trace after it was closed', async () => {
    const uri = workspaceFile('msi-window-v1.mbox');
    await show(uri);
    const { store, panel } = await doorbell();
    await until('the review', [store.onDidReview], () => store.subjectOf(uri)?.state === 'ready');
    const tab = (): vscode.Tab | undefined =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .find(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.includes('doorbell.topology'));
    await vscode.commands.executeCommand('doorbell.showTopology');
    const first = await until('the panel', [vscode.window.tabGroups.onDidChangeTabs], tab);
    const before = panel.displayed()?.trace.id;
    assert.ok(before !== undefined);
    await vscode.window.tabGroups.close(first);
    await until('no panel', [vscode.window.tabGroups.onDidChangeTabs], () => tab() === undefined);
    await vscode.commands.executeCommand('doorbell.showTopology');
    await until('the panel again', [vscode.window.tabGroups.onDidChangeTabs], tab);
    assert.equal(panel.displayed()?.trace.id, before);
  });
});
