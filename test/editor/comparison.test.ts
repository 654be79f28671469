/** Two traces held against each other, by command, from a finding, and across an edit. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, LINKS } from '../../src/editor/names';
import { closeAll, diagnostics, doorbell, LIMIT, show, until, workspaceFile } from './host';

const sample = workspaceFile('msi-window-v1.mbox');

suite('two traces', function () {
  this.timeout(LIMIT);
  suiteSetup(async () => {
    await show(sample);
    await diagnostics(sample, 'the findings', (found) => found.length > 8);
  });
  suiteTeardown(closeAll);

  test('a finding is held against the run before its patch', async () => {
    const { store, panel } = await doorbell();
    const subject = store.subjectOf(sample);
    const [review] = subject?.reviews ?? [];
    const finding = review?.findings.find(({ rule }) => rule === 'window-leak');
    const own = finding?.trace == null ? undefined : review?.traces[finding.trace];
    assert.ok(subject && finding && own);
    assert.equal(own.prefix, 7);
    await vscode.commands.executeCommand(LINKS.compareBefore, { subject: subject.key, series: 0, finding: finding.id });
    const shown = await until('both traces', [panel.onDidDisplay], () => {
      const now = panel.displayed();
      return now?.against == null ? undefined : { trace: now.trace, against: now.against };
    });
    assert.equal(shown.trace.id, own.id);
    assert.equal(shown.against.scenario, own.scenario);
    assert.equal(shown.against.machine, own.machine);
    assert.ok(shown.against.prefix < own.prefix);
    assert.equal(shown.against.violations.length, 0);
  });

  test('a new review keeps both on display', async () => {
    const { store, panel } = await doorbell();
    const before = panel.displayed();
    assert.ok(before?.against);
    await vscode.commands.executeCommand(COMMANDS.reviewAgain);
    await until('both traces of the new review', [panel.onDidDisplay, store.onDidReview], () => {
      const now = panel.displayed();
      return now?.trace !== before.trace && now?.against != null && now.against !== before.against;
    });
    assert.equal(panel.displayed()?.trace.id, before.trace.id);
  });
});
