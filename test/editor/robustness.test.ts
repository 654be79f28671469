/** What may happen to a file under review: it goes away, or it has a name that means something elsewhere. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import * as vscode from 'vscode';
import { closeAll, doorbell, LIMIT, readText, show, smallMail, until, workspaceFile, write } from './host';

const MAIL = smallMail('hostile', '[click](command:doorbell.closeSeries) $(bug) \u202eltr \u001b[31m');

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

  test('may have any name and subject', async () => {
    const uri = await write('$(x) [a](b) --output=c %41 #?.mbox', MAIL);
    await show(uri);
    const { store } = await doorbell();
    const subject = await until('a review', [store.onDidReview], () => {
      const now = store.subjectOf(uri);
      return now !== undefined && now.reviews.length > 0 && now;
    });
    assert.equal(subject.reviews[0]?.series.patches.length, 1);
    assert.equal(await readText(workspaceFile('$(x) [a](b) --output=c %41 #?.mbox')), MAIL);
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
