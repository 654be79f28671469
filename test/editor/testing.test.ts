/** The Testing view: scenarios of the series under review as tests. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { scenarioRows } from '../../src/editor/scenario-outcomes';
import { messagesOf } from '../../src/editor/scenario-tests';
import { closeAll, diagnostics, doorbell, LIMIT, show, until, workspaceFile } from './host';

const sample = workspaceFile('msi-window-v1.mbox');

suite('the Testing view', function () {
  this.timeout(LIMIT);
  suiteSetup(() => show(sample));
  suiteTeardown(closeAll);

  test('has a test for each scenario after each patch', async () => {
    await diagnostics(sample, 'the findings', (found) => found.length > 0);
    const { store, tests } = await doorbell();
    const subject = store.subjectOf(sample);
    assert.ok(subject);
    const [review] = subject.reviews;
    assert.ok(review);
    const top = tests.items.get(subject.key);
    assert.equal(top?.children.size, new Set(review.matrix.map(({ scenario }) => scenario)).size);
    for (const [, row] of top?.children ?? []) assert.equal(row.children.size, review.series.total + 1, row.label);
  });

  test('a failure says what the finding says, at its line', async () => {
    const { store } = await doorbell();
    const subject = store.subjectOf(sample);
    const [review] = subject?.reviews ?? [];
    assert.ok(subject && review);
    const failed = scenarioRows(review).flatMap(({ outcomes }) => outcomes.filter(({ kind }) => kind === 'failed'));
    assert.ok(failed.length > 0);
    const withFindings = failed.filter(({ findings }) => findings.length > 0);
    assert.ok(withFindings.length > 0);
    const messages: readonly vscode.TestMessage[] = withFindings.flatMap((one) => messagesOf(subject, review, one));
    for (const message of messages) {
      assert.equal(message.location?.uri.toString(), sample.toString());
      assert.ok(message.message instanceof vscode.MarkdownString);
      assert.ok(message.message.value.length > 20);
    }
  });

  test('running them reviews the series anew', async () => {
    const { store, tests } = await doorbell();
    const old = store.subjectOf(sample)?.reviews[0];
    const never = new vscode.CancellationTokenSource();
    await tests.profile.runHandler(new vscode.TestRunRequest(), never.token);
    await until('a new review', [store.onDidReview], () => {
      const now = store.subjectOf(sample);
      return now?.state === 'ready' && now.reviews[0] !== old;
    });
  });

  test('closing the series takes its tests away', async () => {
    await closeAll();
    const { store, tests } = await doorbell();
    await until('no tests', [store.onDidReview, store.onDidMove], () => tests.items.size === 0);
  });
});
