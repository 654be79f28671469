/** Series that are no files: the clipboard, a range of git, several series in one mbox; and what is refused. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { closeAll, doorbell, LIMIT, readText, until, workspaceFile } from './host';

const sample = workspaceFile('msi-window-v1.mbox');
const active = (): vscode.TextDocument | undefined => vscode.window.activeTextEditor?.document;

/** The review of the document on screen once there is one. */
async function reviewed(scheme: string, holds: (name: string) => boolean) {
  const { store } = await doorbell();
  return until('a review', [store.onDidReview, vscode.window.onDidChangeActiveTextEditor], () => {
    const document = active();
    if (document?.uri.scheme !== scheme || !holds(document.uri.path)) return undefined;
    const subject = store.subjectOf(document.uri);
    return subject?.state === 'ready' && subject.reviews.length > 0 ? subject : undefined;
  });
}

suite('opening a series that is no file', function () {
  this.timeout(LIMIT);
  teardown(closeAll);

  test('the clipboard’s mbox is shown read-only and reviewed', async () => {
    await vscode.env.clipboard.writeText(await readText(sample));
    await vscode.commands.executeCommand('doorbell.openClipboard');
    const { reviews } = await reviewed('doorbell-series', (name) => name === '/clipboard.mbox');
    assert.equal(reviews[0]?.series.total, 10);
    assert.equal(active()?.isUntitled, false);
  });

  test('a clipboard without a mail opens nothing', async () => {
    await vscode.env.clipboard.writeText('not a mail');
    await vscode.commands.executeCommand('doorbell.openClipboard');
    assert.equal(active(), undefined);
  });

  test('a range of git is written as its patches', async () => {
    const folder = workspaceFile('checkout').fsPath;
    mkdirSync(folder, { recursive: true });
    const git = (...args: string[]): string =>
      execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
        cwd: folder,
        encoding: 'utf8',
      });
    git('init', '--quiet');
    writeFileSync(path.join(folder, 'a.c'), 'int a;\n');
    git('add', 'a.c');
    git('commit', '--quiet', '--message', 'first');
    for (const name of ['b', 'c']) {
      writeFileSync(path.join(folder, 'a.c'), `int a;\nint ${name};\n`);
      git('commit', '--quiet', '--all', '--message', `vfio: add ${name}`);
    }
    const given = { folder: vscode.Uri.file(folder), range: 'HEAD~2..HEAD' };
    await vscode.commands.executeCommand('doorbell.reviewGitRange', given);
    const { reviews } = await reviewed('doorbell-series', (name) => name.startsWith('/HEAD'));
    assert.deepEqual(
      reviews[0]?.series.patches.map(({ title }) => title),
      ['vfio: add b', 'vfio: add c'],
    );
    // What could be an option of git's is refused, and nothing is written.
    const there = path.join(folder, 'stolen');
    await vscode.commands.executeCommand('doorbell.reviewGitRange', { ...given, range: `--output=${there}..HEAD` });
    await assert.rejects(Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(there))));
  });

  test('an mbox with two series is reviewed as two', async () => {
    const one = (await readText(sample)).replaceAll(/^(Message-ID|In-Reply-To|References): </gim, '$1: <other-');
    await vscode.env.clipboard.writeText(`${await readText(sample)}\n${one.replaceAll('PATCH', 'PATCH RFC')}`);
    await vscode.commands.executeCommand('doorbell.openClipboard');
    const subject = await until('two reviews', [(await doorbell()).store.onDidReview], async () => {
      const now = (await doorbell()).store.subjectOf(active()?.uri ?? sample);
      return now?.reviews.length === 2 && now;
    });
    assert.equal(subject.reviews.length, 2);
    await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
  });
});
