/** What may happen to a file under review: it goes away, or it has a name that means something elsewhere. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, doorbell, LIMIT, readText, show, until, workspaceFile, write } from './host';

const MAIL = `From aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Mon Jan 11 00:00:00 2016
From: A Author <author@example.org>
Subject: [PATCH] [click](command:doorbell.closeSeries) $(bug) \u202eltr \u001b[31m
Message-ID: <hostile@example.org>
Date: Mon, 11 Jan 2016 10:00:00 +0000

Maps it.
---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@
 int a;
+int b;
 int c;
`;

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
