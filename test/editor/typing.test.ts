/** Someone types into a series: each mark stands at the line it is about, or is gone. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { markedLines } from '../../src/editor/decorations';
import { placeIn } from '../../src/editor/places';
import type { ReviewStore } from '../../src/editor/review-store';
import { closeAll, doorbell, LIMIT, show, until, write } from './host';

const patch = (number: number): string => `From ${'a'.repeat(40)} Mon Jan 11 00:00:00 2016
From: A Author <author@example.org>
Subject: [PATCH ${number}/2] win: Clear part ${number}
Message-ID: <typing-${number}@example.org>
Date: Mon, 11 Jan 2016 10:0${number}:00 +0000

Clears it.
---
diff --git a/drivers/iommu/win${number}.c b/drivers/iommu/win${number}.c
--- a/drivers/iommu/win${number}.c
+++ b/drivers/iommu/win${number}.c
@@ -10,4 +10,5 @@ static int win_open(struct win *w)
 \tint ret;
 
 \tret = win_count(w);
+\tmemset(w, 0, sizeof(*w);
 \treturn ret;
`;

/** What every finding that is placed now was said of, and what stands at its place. */
function compared(uri: vscode.Uri, store: ReviewStore, document: vscode.TextDocument) {
  const subject = store.subjectOf(uri);
  assert.ok(subject);
  return subject.reviews.flatMap((review) =>
    review.findings.flatMap(({ at }) => {
      const range = placeIn(uri, subject, review, at);
      if (range === null) return [];
      return [
        { said: review.series.messages[at.message]?.lines[at.line - 1], now: document.lineAt(range.start.line).text },
      ];
    }),
  );
}

suite('typing', function () {
  // 204 keys go to the workbench and back.
  this.timeout(5 * LIMIT);
  teardown(closeAll);

  test('204 keys leave no mark at a line it is not about, and the last review is of the last text', async () => {
    const uri = await write('typing.mbox', patch(1) + patch(2));
    const document = await show(uri);
    const { store } = await doorbell();
    const ready = () => store.subjectOf(uri)?.state === 'ready';
    await until('the review', [store.onDidReview], ready);
    const before = markedLines(uri, store);
    assert.equal(before.length, 2);
    const second = before[1]?.line;
    assert.ok(second !== undefined);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    // In turn: a new line above everything, a letter in it, one in the second marked line, and what was typed is taken back.
    const keys: readonly ((edit: vscode.TextEditorEdit) => void)[] = [
      (edit) => edit.insert(new vscode.Position(7, 0), '\n'),
      (edit) => edit.insert(new vscode.Position(7, 0), 'x'),
      (edit) => edit.insert(new vscode.Position(second + 1, 5), 'y'),
      (edit) => edit.delete(new vscode.Range(7, 0, 7, 1)),
      (edit) => edit.delete(new vscode.Range(second + 1, 5, second + 1, 6)),
      (edit) => edit.delete(new vscode.Range(7, 0, 8, 0)),
    ];
    let followed = 0;
    for (let key = 0; key < 204; key++) {
      const press = keys[key % keys.length];
      assert.ok(await editor.edit((edit) => press?.(edit)));
      for (const { said, now } of compared(uri, store, document)) {
        assert.equal(now, said, `after key ${key}`);
        followed++;
      }
      for (const { line } of markedLines(uri, store)) assert.match(document.lineAt(line).text, /^\+\tmemset/);
    }
    // The first finding's line is touched by none of them.
    assert.ok(followed >= 204, `${followed} places`);
    await until('the review of the last text', [store.onDidReview], ready);
    assert.equal(document.getText(), patch(1) + patch(2));
    assert.deepEqual(markedLines(uri, store), before);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });
});
