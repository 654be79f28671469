/** Scenario files: begun from what is on screen, run when saved; exploring; machines read from dumps. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeAll, diagnostics, doorbell, LIMIT, ours, show, until, workspaceFile, write } from './host';

const sample = workspaceFile('msi-window-v1.mbox');
const active = (): vscode.TextDocument | undefined => vscode.window.activeTextEditor?.document;
const SCENARIO = `{
  "id": "mine",
  "title": "Mine",
  "shows": "A guest's own vector arrives.",
  "reference": "None.",
  "rows": [],
  "machines": ["arm64-smmuv3-gicv2m"],
  "unsafeInterrupts": true,
  "agents": [{ "name": "Guest A", "kind": "guest", "devices": ["nic-vf0"] }],
  "steps": [
    { "stage": "attach", "agent": "Guest A" },
    { "stage": "enable", "agent": "Guest A" },
    { "stage": "fire", "agent": "Guest A" }
  ],
  "watch": ["I3"],
  "expected": { "cookie": "violated" }
}
`;

suite('scenario authoring', function () {
  this.timeout(LIMIT);
  suiteTeardown(closeAll);

  test('a new scenario begins with that of the series on screen, and can be run', async () => {
    await show(sample);
    await diagnostics(sample, 'the findings', (found) => found.length > 0);
    await vscode.commands.executeCommand('doorbell.newScenario');
    const draft = active();
    assert.ok(draft);
    assert.ok(draft.uri.path.endsWith('.scenario.json'), draft.uri.toString());
    assert.equal(draft.languageId, 'jsonc');
    const file = JSON.parse(draft.getText()) as { machines: unknown[]; steps: unknown[]; expected: object };
    assert.equal(file.machines.length, 1);
    assert.ok(file.steps.length > 0);
    assert.equal(Object.keys(file.expected).length, 1);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  test('saving runs it: what is wrong and what is not as expected stand at their lines', async () => {
    const uri = await write('mine.scenario.json', SCENARIO);
    const document = await show(uri);
    const lensesAt = async () =>
      (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri)).map(
        ({ command }) => command?.command,
      );
    assert.ok((await lensesAt()).includes('doorbell.runScenarioFile'));
    const replace = async (from: string, to: string): Promise<void> => {
      const at = document.getText().indexOf(from);
      assert.ok(at >= 0);
      const edit = new vscode.WorkspaceEdit();
      edit.replace(uri, new vscode.Range(document.positionAt(at), document.positionAt(at + from.length)), to);
      await vscode.workspace.applyEdit(edit);
      await document.save();
    };
    const textAt = ({ range }: vscode.Diagnostic): string => document.lineAt(range.start.line).text.trim();
    const events = [vscode.languages.onDidChangeDiagnostics];
    await replace('"Mine"', '"Mine too"');
    const [gap] = await until('an unmet expectation', events, () => ours(uri).length > 0 && ours(uri));
    assert.equal(gap && textAt(gap), '"expected": { "cookie": "violated" }');
    assert.equal(gap?.severity, vscode.DiagnosticSeverity.Error);
    await replace('"violated"', '"holds"');
    await until('no problem', events, () => ours(uri).length === 0);
    await replace('"fire"', '"fires"');
    const [wrong] = await until('an error', events, () => ours(uri).length > 0 && ours(uri));
    assert.match(wrong ? textAt(wrong) : '', /"fires"/);
  });

  test('exploring shows what was looked at', async () => {
    await closeAll();
    await vscode.commands.executeCommand('doorbell.explore', 'own-interrupt');
    const document = active();
    assert.equal(document?.languageId, 'markdown');
    assert.match(document.getText(), /states/);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  test('a dump that is none opens nothing, and says why', async () => {
    await closeAll();
    await vscode.commands.executeCommand('doorbell.importMachine', await write('dump.txt', 'nothing of a host\n'));
    assert.equal(active(), undefined);
  });

  test('assistants are given a review, a run, and an explanation, as text', async () => {
    await show(sample);
    await diagnostics(sample, 'the findings', (found) => found.length > 0);
    await doorbell();
    const names = vscode.lm.tools.map(({ name }) => name).filter((name) => name.startsWith('doorbell_'));
    assert.deepEqual(names.sort(), ['doorbell_explainFinding', 'doorbell_reviewSeries', 'doorbell_runScenario']);
    const ask = async (name: string, input: object): Promise<string> => {
      const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      return result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
    };
    const review = await ask('doorbell_reviewSeries', { file: 'msi-window-v1.mbox' });
    assert.equal(review, await ask('doorbell_reviewSeries', {}));
    const [, id] = /\[id ([^\]]+)\]/.exec(review) ?? [];
    assert.ok(id, review.slice(0, 2000));
    assert.match(await ask('doorbell_explainFinding', { finding: id }), /Rule: /);
    assert.match(await ask('doorbell_runScenario', { scenario: 'own-interrupt', design: 'cookie' }), /cookie: holds/);
    await assert.rejects(ask('doorbell_reviewSeries', { file: '../../etc/passwd' }));
  });
});
