/** Two commands of the palette for machines: look at all orders of a scenario's steps, and read a machine from what a host tells. */
import * as vscode from 'vscode';
import { importMachineFrom } from '../scenario/host-dump/machine';
import type { Analyst } from './analyst';
import { working } from './commands';
import { explorationText } from './exploration-text';
import { COMMANDS } from './names';
import { plain } from './plain-text';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';

interface Deps {
  readonly titles: ScenarioTitles;
  readonly analyst: Analyst;
  readonly selection: SelectionStore;
}

/** A dump of one host is far smaller. Bytes. */
const LARGEST = 16 << 20;

async function explore(deps: Deps, given: unknown): Promise<void> {
  let id = typeof given === 'string' ? given : undefined;
  if (id === undefined) {
    const selected = deps.selection.get()?.scenario.replace(/\[.*$/, '');
    const all = [...(await deps.titles.all())].sort((a, b) => Number(b.id === selected) - Number(a.id === selected));
    const picked = await vscode.window.showQuickPick(
      all.map((one) => ({ label: plain(one.title), detail: plain(one.shows), id: one.id })),
      {
        title: vscode.l10n.t('Explore for violations'),
        placeHolder: vscode.l10n.t('Whose steps, in every order?'),
        matchOnDetail: true,
      },
    );
    id = picked?.id;
  }
  if (id === undefined) return;
  const scenario = id;
  const title = deps.titles.titleOf(scenario);
  const results = await working(vscode.l10n.t('Exploring {0}', plain(title)), (token, progress) =>
    deps.analyst.explore(scenario, token, progress),
  );
  if (results === null) return;
  const content = explorationText(title, results, (sentence, ...values) => vscode.l10n.t(sentence, ...values));
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document, { preview: false });
}

/** The files themselves, and those of folders among them. */
async function filesOf(chosen: readonly vscode.Uri[]): Promise<vscode.Uri[]> {
  const files: vscode.Uri[] = [];
  for (const uri of chosen) {
    const { type } = await vscode.workspace.fs.stat(uri);
    if ((type & vscode.FileType.Directory) === 0) files.push(uri);
    else
      for (const [name, kind] of (await vscode.workspace.fs.readDirectory(uri)).sort())
        if ((kind & vscode.FileType.File) !== 0) files.push(vscode.Uri.joinPath(uri, name));
  }
  return files;
}

async function importMachine(given: unknown): Promise<void> {
  const chosen =
    given instanceof vscode.Uri
      ? [given]
      : await vscode.window.showOpenDialog({
          canSelectMany: true,
          canSelectFiles: true,
          title: vscode.l10n.t('The dump of a host: output of lspci -Dvvnn, dmesg, /proc/iomem'),
        });
  if (chosen === undefined) return;
  const imported = await working(vscode.l10n.t('Reading the dump'), async (token, progress) => {
    const uris = await filesOf(chosen);
    const files: { name: string; text: string }[] = [];
    for (const [at, uri] of uris.entries()) {
      if (token.isCancellationRequested) return null;
      const name = vscode.workspace.asRelativePath(uri, false);
      progress(at, uris.length, name);
      if ((await vscode.workspace.fs.stat(uri)).size > LARGEST) {
        void vscode.window.showWarningMessage(vscode.l10n.t('{0} is too large to be a dump of one host.', plain(name)));
        return null;
      }
      files.push({ name, text: new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)) });
    }
    return importMachineFrom(files, 'imported-host');
  });
  if (imported === null) return;
  if (imported.kind === 'errors') {
    const [first] = imported.errors;
    const where = first === undefined || first.line === 0 ? '' : `${first.file}:${first.line}: `;
    void vscode.window.showWarningMessage(
      vscode.l10n.t('No machine could be read: {0}', plain(`${where}${first?.message ?? ''}`)),
    );
    return;
  }
  const notes = imported.notes.map((note) => `// ${plain(note)}\n`).join('');
  const content = `${notes}${JSON.stringify(imported.machine, null, 2)}\n`;
  const document = await vscode.workspace.openTextDocument({ language: 'jsonc', content });
  await vscode.window.showTextDocument(document, { preview: false });
}

export function registerExploration(context: vscode.ExtensionContext, deps: Deps): void {
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.explore, (given: unknown) => explore(deps, given)),
    vscode.commands.registerCommand(COMMANDS.importMachine, (given: unknown) => importMachine(given)),
  );
}
