/** The extension is there, and starts, in a real extension host. What it then does is the other suites' matter. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

suite('harness', () => {
  test('the extension under development is installed', () => {
    assert.ok(vscode.extensions.getExtension('doorbell.doorbell'));
  });

  test('it activates without an error', async () => {
    const extension = vscode.extensions.getExtension('doorbell.doorbell');
    await extension?.activate();
    assert.equal(extension?.isActive, true);
  });

  test('its texts are found: no key of package.nls.json is shown in place of one', () => {
    const manifest = JSON.stringify(vscode.extensions.getExtension('doorbell.doorbell')?.packageJSON);
    assert.ok(manifest.includes('"Open Series…"'));
    assert.deepEqual(manifest.match(/"%[^"%]+%"/g) ?? [], []);
  });

  test('the workspace is a copy of the samples', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const files = await vscode.workspace.fs.readDirectory(folder.uri);
    assert.ok(
      files.some(([name]) => name.endsWith('.mbox')),
      `no .mbox among ${files.map(([name]) => name).join(', ')}`,
    );
  });
});
