/** Read-only documents of series that are no files: from the clipboard, from git, from b4. They live as long as the window. */
import * as vscode from 'vscode';
import { SERIES_SCHEME } from './names';
import { tabName } from './opening';

export interface SeriesDocuments {
  /** Shows a text as a document; the same name again shows the newer text in the same document. */
  show(name: string, text: string): Promise<vscode.TextDocument>;
}

export function registerSeriesDocuments(context: vscode.ExtensionContext): SeriesDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const texts = new Map<string, string>();
  context.subscriptions.push(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(SERIES_SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) =>
        texts.get(uri.toString()) ?? vscode.l10n.t('This series was not kept: open it again from where it came.'),
    }),
  );
  return {
    async show(name, text) {
      const uri = vscode.Uri.from({ scheme: SERIES_SCHEME, path: `/${tabName(name)}` });
      texts.set(uri.toString(), text);
      changed.fire(uri);
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, { preview: false });
      return document;
    },
  };
}
