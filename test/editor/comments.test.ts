/** The reviewer's comments in the file beside the series: written there, read from there, and nothing of theirs lost whatever the file becomes. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { THREADS } from '../../src/editor/names';
import { commentsIn } from '../../src/review/reviewer-comments';
import type { Message } from '../../src/series/types';
import { closeAll, doorbell, LIMIT, readText, show, smallMail, until, workspaceFile, write } from './host';

const mail = (name: string): string => smallMail(name, 'vfio: map the doorbell');

suite('comments beside the series', function () {
  this.timeout(2 * LIMIT);
  teardown(closeAll);

  /** A series of its own for each test, on screen and reviewed. */
  const opened = async (name: string) => {
    const uri = await write(`${name}.mbox`, mail(name));
    const document = await show(uri);
    const { store, comments, threads } = await doorbell();
    const message = await until(
      'a review',
      [store.onDidReview],
      () => store.subjectOf(uri)?.state === 'ready' && store.subjectOf(uri)?.reviews[0]?.series.messages[0],
    );
    const at = message.lines.indexOf('+int b;') + 1;
    return {
      uri,
      document,
      message,
      at,
      store,
      comments,
      threads,
      sidecar: workspaceFile(`${name}.mbox.doorbell.json`),
    };
  };
  /** Until the file holds what is expected. */
  const holds = async (sidecar: vscode.Uri, texts: readonly string[]): Promise<string> => {
    const watcher = vscode.workspace.createFileSystemWatcher('**/*.doorbell.json');
    try {
      return await until(
        `${texts.length} comments in ${sidecar.path}`,
        [watcher.onDidChange, watcher.onDidCreate, vscode.workspace.onDidSaveTextDocument],
        async () => {
          const text = await readText(sidecar).catch(() => '');
          const found = commentsIn(text)?.map((one) => one.text);
          return JSON.stringify(found) === JSON.stringify(texts) && text;
        },
      );
    } finally {
      watcher.dispose();
    }
  };
  const textsOf = async (message: Message): Promise<readonly string[]> => {
    const { comments } = await doorbell();
    return comments.of(message).map(({ text }) => text);
  };

  test('are written, changed and taken away there, beside what else the file says, and ask for no new review', async () => {
    const sidecar = await write('beside.mbox.doorbell.json', '{\n  // kept\n  "design": "v4.5"\n}\n');
    const { message, at, comments, store, uri } = await opened('beside');
    const review = store.subjectOf(uri)?.reviews[0];
    comments.add(message, at, 'Static?\nOr not.');
    comments.add(message, 1, 'Two at once.');
    assert.deepEqual(await textsOf(message), ['Static?\nOr not.', 'Two at once.']);
    const text = await holds(sidecar, ['Static?\nOr not.', 'Two at once.']);
    assert.match(text, /\/\/ kept/);
    assert.match(text, /"line": "\+int b;"/);
    assert.match(text, /"mail": "beside@example\.org"/);
    const [first, second] = comments.of(message);
    assert.ok(first && second);
    assert.equal(comments.change(first.id, 'Static.'), true);
    await holds(sidecar, ['Static.', 'Two at once.']);
    comments.remove(second.id);
    assert.match(await holds(sidecar, ['Static.']), /"design": "v4\.5"/);
    assert.equal(store.subjectOf(uri)?.state, 'ready');
    assert.equal(store.subjectOf(uri)?.reviews[0], review);
  });

  test('come back with the series, at the line of their text wherever it stands', async () => {
    const { message, at, comments, threads, sidecar, uri } = await opened('again');
    comments.add(message, at, 'Static?');
    await holds(sidecar, ['Static?']);
    await closeAll();
    await until('nothing of it', [threads.onDidChange], () => threads.threads().length === 0);
    await vscode.workspace.fs.writeFile(
      uri,
      new TextEncoder().encode(mail('again').replace('Maps it.', 'Maps it.\nAs it must be.\n')),
    );
    const document = await show(uri);
    const [thread] = await until('its thread', [threads.onDidChange], () => {
      const all = threads.threads();
      return all.length > 0 && all;
    });
    assert.equal(thread?.comments[0]?.body, 'Static?');
    assert.equal(document.lineAt(thread?.range?.start.line ?? 0).text, '+int b;');
  });

  test('that others write into the file are shown, and what was being changed meanwhile is kept beside them', async () => {
    const { message, at, comments, threads, sidecar } = await opened('shared');
    comments.add(message, at, 'Mine.');
    const text = await holds(sidecar, ['Mine.']);
    const [thread] = threads.threads();
    const [own] = thread?.comments ?? [];
    assert.ok(thread && own);
    await vscode.commands.executeCommand(THREADS.edit, own);
    assert.equal(thread.comments[0]?.mode, vscode.CommentMode.Editing);
    await vscode.workspace.fs.writeFile(sidecar, new TextEncoder().encode(text.replace('Mine.', 'Theirs.')));
    await until('the other text', [comments.onDidChange], async () => (await textsOf(message))[0] === 'Theirs.');
    await vscode.commands.executeCommand(THREADS.save, { ...thread.comments[0], body: 'Mine, longer.' });
    await holds(sidecar, ['Theirs.', 'Mine, longer.']);
    assert.deepEqual(await textsOf(message), ['Theirs.', 'Mine, longer.']);
  });

  test('stay when the file cannot be read, and go there once it can', async () => {
    const { message, at, comments, sidecar } = await opened('broken');
    await write('broken.mbox.doorbell.json', '{\n  "dismissed": [\n');
    comments.add(message, at, 'Static?');
    await until('the refusal', [comments.onDidChange], async () => (await textsOf(message)).length === 1);
    const [before] = comments.of(message);
    assert.equal(before?.text, 'Static?');
    assert.equal(await readText(sidecar), '{\n  "dismissed": [\n');
    await write('broken.mbox.doorbell.json', '{}\n');
    comments.add(message, 1, 'Another.');
    await holds(sidecar, ['Static?', 'Another.']);
    assert.deepEqual(await textsOf(message), ['Static?', 'Another.']);
  });

  test('on what is no file are kept all the same', async () => {
    const document = await vscode.workspace.openTextDocument({
      language: 'doorbell-series',
      content: mail('untitled'),
    });
    await vscode.window.showTextDocument(document);
    const { store, comments, threads } = await doorbell();
    const message = await until(
      'a review',
      [store.onDidReview],
      () => store.subjectOf(document.uri)?.reviews[0]?.series.messages[0],
    );
    comments.add(message, 1, 'Static?');
    const [thread] = threads.threads();
    assert.equal(thread?.comments[0]?.body, 'Static?');
    for (const { id } of comments.of(message)) comments.remove(id);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });
});
