/**
 * The width of a tab in mails and replies: eight columns, as the kernel counts. The manifest says so for our languages; a window that opens a document before it has
 * read the manifests of its extensions never hears it, and shows the editor's own width. Whoever set another width for the language keeps it.
 */
import * as vscode from 'vscode';
import { LANGUAGE, REPLY_LANGUAGE } from './names';

/** Columns of a tab: Documentation/process/coding-style.rst, Indentation. */
const KERNEL_TAB = 8;

/** The width the user set for the language of a document, or the kernel's. */
function widthFor(document: vscode.TextDocument): number {
  const set = vscode.workspace.getConfiguration('editor', document).inspect<number>('tabSize');
  return set?.workspaceFolderLanguageValue ?? set?.workspaceLanguageValue ?? set?.globalLanguageValue ?? KERNEL_TAB;
}

export function registerTabWidth(context: vscode.ExtensionContext): void {
  // Once for each document: what the user changes afterwards stays.
  const seen = new WeakSet<vscode.TextDocument>();
  const mend = (editors: readonly vscode.TextEditor[]): void => {
    for (const editor of editors) {
      const { languageId } = editor.document;
      if ((languageId !== LANGUAGE && languageId !== REPLY_LANGUAGE) || seen.has(editor.document)) continue;
      seen.add(editor.document);
      const width = widthFor(editor.document);
      if (editor.options.tabSize !== width) editor.options = { tabSize: width, insertSpaces: false };
    }
  };
  context.subscriptions.push(vscode.window.onDidChangeVisibleTextEditors(mend));
  mend(vscode.window.visibleTextEditors);
}
