/**
 * Corrections files beside what is under review. Comes in: the documents of a subject. Goes out: the files that count for them, their
 * texts (as typed, where one is open), and when one of them changed.
 */
import * as vscode from 'vscode';
import { FOLDER_SIDECAR, SIDECAR } from '../review/corrections-file';

export interface SidecarText {
  readonly uri: vscode.Uri;
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
}

/** The files that count for some documents, the one that is written to last. */
export function sidecarsOf(uris: readonly vscode.Uri[]): readonly vscode.Uri[] {
  const stored = uris.filter(({ scheme }) => scheme !== 'untitled');
  const own = stored.map((uri) => uri.with({ path: `${uri.path}${SIDECAR}` }));
  const [first] = stored;
  return stored.length > 1 && first !== undefined ? [...own, vscode.Uri.joinPath(first, '..', FOLDER_SIDECAR)] : own;
}

export function sidecarName(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri, false);
}

/** Null when there is no such file. */
export async function sidecarText(uri: vscode.Uri): Promise<string | null> {
  const key = uri.toString();
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === key);
  if (open !== undefined && !open.isClosed) return open.getText();
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return null;
  }
}

export async function sidecarTexts(uris: readonly vscode.Uri[]): Promise<readonly SidecarText[]> {
  const all = await Promise.all(
    sidecarsOf(uris).map(async (uri) => ({ uri, name: sidecarName(uri), text: await sidecarText(uri) })),
  );
  return all.flatMap(({ uri, name, text }) => (text === null ? [] : [{ uri, name, text }]));
}

/** Calls with the file whenever one was written, typed into, made or deleted. */
export function onSidecarChange(changed: (uri: vscode.Uri) => void): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(`**/*${SIDECAR}`);
  const concerns = (uri: vscode.Uri): void => {
    if (uri.path.endsWith(SIDECAR)) changed(uri);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(changed),
    watcher.onDidCreate(changed),
    watcher.onDidDelete(changed),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) concerns(document.uri);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => concerns(document.uri)),
  );
}
