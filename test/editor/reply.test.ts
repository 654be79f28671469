/** Comments on lines, what others answered, and the reply that is made of comments. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, diagnostics, doorbell, hoverAt, LIMIT, show, until, workspaceFile, write } from './host';

const sample = workspaceFile('msi-window-v1.mbox');
const ANSWER = `From bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb Mon Jan 11 00:00:00 2016
From: R Reader <reader@example.org>
Subject: Re: [PATCH] vfio: map the doorbell
Message-ID: <two@example.org>
In-Reply-To: <one@example.org>
Date: Mon, 11 Jan 2016 11:00:00 +0000

On Mon, A Author wrote:
> +int b;

Why **not** [static](command:doorbell.closeSeries)?
`;
const PATCH = `From aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Mon Jan 11 00:00:00 2016
From: A Author <author@example.org>
Subject: [PATCH] vfio: map the doorbell
Message-ID: <one@example.org>
Date: Mon, 11 Jan 2016 10:00:00 +0000

Maps it.
---
 a.c | 1 +
 1 file changed, 1 insertion(+)

diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@
 int a;
+int b;
 int c;
--
2.5.0

`;

suite('comments and reply', function () {
  this.timeout(LIMIT);
  suiteTeardown(closeAll);

  test('a finding becomes a comment at its line, and the comments a reply that answers its mail', async () => {
    await show(sample);
    const found = await diagnostics(sample, 'the findings', (all) => all.length > 0);
    const line = found[0]?.range.start.line ?? 0;
    const hover = await hoverAt(sample, line);
    const link = /command:doorbell\.addToReply\?([^)]*)/.exec(hover)?.[1];
    assert.ok(link, hover);
    const [address] = JSON.parse(decodeURIComponent(link)) as [unknown];
    await vscode.commands.executeCommand('doorbell.addToReply', address);
    // Twice is once.
    await vscode.commands.executeCommand('doorbell.addToReply', address);
    const { comments, threads, store } = await doorbell();
    const review = store.subjectOf(sample)?.reviews[0];
    assert.ok(review);
    const [mail] = comments.mails(review);
    assert.ok(mail);
    const kept = comments.of(mail);
    assert.equal(kept.length, 1);
    const [thread] = threads.threads();
    assert.equal(thread?.range?.start.line, line);
    assert.equal(thread?.comments[0]?.body, kept[0]?.text);

    await vscode.commands.executeCommand('doorbell.composeReply');
    const reply = vscode.window.activeTextEditor?.document;
    assert.equal(reply?.languageId, 'doorbell-reply');
    assert.match(reply.getText(), new RegExp(`^In-Reply-To: <${mail.id}>$`, 'm'));
    const marked = (mail.lines[(kept[0]?.line ?? 0) - 1] ?? '').trim();
    assert.ok(reply.getText().includes(marked));
    await vscode.commands.executeCommand('doorbell.copySendCommand');
    assert.match(await vscode.env.clipboard.readText(), /^git send-email '--in-reply-to=/);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    comments.remove(kept[0]?.id ?? '');
    await until('no thread', [comments.onDidChange], () => threads.threads().length === 0);
  });

  test('a comment goes with its line when lines are put above it', async () => {
    await closeAll();
    const uri = await write('commented.mbox', PATCH);
    const document = await show(uri);
    const { comments, threads, store } = await doorbell();
    const review = await until('a review', [store.onDidReview], () => store.subjectOf(uri)?.reviews[0]);
    const message = review.series.messages[0];
    assert.ok(message);
    const at = message.lines.indexOf('+int b;') + 1;
    comments.add(message, at, 'Static?');
    const line = () => threads.threads().map(({ range }) => range?.start.line);
    const before = line()[0] ?? 0;
    assert.equal(document.lineAt(before).text, '+int b;');
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(7, 0), 'One line more.\n');
    await vscode.workspace.applyEdit(edit);
    await until('the thread to move', [store.onDidMove, store.onDidReview], () => line()[0] === before + 1);
    await document.save();
    for (const { id } of comments.of(message)) comments.remove(id);
  });

  test('what was answered stands at the answered line as plain text, unless it is switched off', async () => {
    await closeAll();
    const uri = await write('answered.mbox', PATCH + ANSWER);
    const document = await show(uri);
    const { threads, store } = await doorbell();
    const [thread] = await until('a thread', [store.onDidReview], () => {
      const all = threads.threads().filter((one) => one.uri.toString() === uri.toString());
      return all.length > 0 && all;
    });
    assert.equal(document.lineAt(thread?.range?.start.line ?? 0).text, '+int b;');
    assert.equal(thread?.comments[0]?.author.name, 'R Reader');
    assert.equal(typeof thread?.comments[0]?.body, 'string');
    assert.equal(thread?.canReply, false);
    const settings = vscode.workspace.getConfiguration('doorbell');
    await settings.update('answers', false, vscode.ConfigurationTarget.Global);
    await until('no thread', [vscode.workspace.onDidChangeConfiguration], () => threads.threads().length === 0);
    await settings.update('answers', undefined, vscode.ConfigurationTarget.Global);
  });
});
