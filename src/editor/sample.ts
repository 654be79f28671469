/** The bundled sample series: where it lies, and the command that opens it. */
import * as vscode from 'vscode';
import { COMMANDS } from './names';

const FOLDER = 'samples';

/** The sample's mboxes, first version first; empty when none is bundled. */
async function samples(context: vscode.ExtensionContext): Promise<readonly vscode.Uri[]> {
  const folder = vscode.Uri.joinPath(context.extensionUri, FOLDER);
  try {
    const entries = await vscode.workspace.fs.readDirectory(folder);
    return entries
      .filter(([name, type]) => type === vscode.FileType.File && name.endsWith('.mbox'))
      .map(([name]) => vscode.Uri.joinPath(folder, name))
      .sort((a, b) => a.path.localeCompare(b.path));
  } catch {
    return [];
  }
}

export function registerSample(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.openSample, async () => {
      const [first] = await samples(context);
      if (first === undefined) {
        void vscode.window.showErrorMessage(vscode.l10n.t('The sample series is missing from this installation.'));
        return;
      }
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(first), { preview: false });
    }),
  );
}
