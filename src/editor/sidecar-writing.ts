/**
 * Writes into the files beside what is under review, one change after the other. Comes in: a file and a change of its text. Goes out: whether it was written, and
 * why not. A file that is open is changed as its editor shows it, so that the change can be undone there.
 */
import * as vscode from 'vscode';
import type { FileChange } from '../review/corrections-file';
import { sidecarName, sidecarText } from './sidecars';

export type Writing = { readonly kind: 'written' | 'failed' } | { readonly kind: 'refused'; readonly why: string };

let last: Promise<unknown> = Promise.resolve();

async function apply(uri: vscode.Uri, change: (text: string, name: string) => FileChange): Promise<Writing> {
  const text = await sidecarText(uri);
  const changed = change(text ?? '', sidecarName(uri));
  if (changed.kind === 'refused') return changed;
  if (text === changed.text || (text === null && changed.text.trim() === '')) return { kind: 'written' };
  const edit = new vscode.WorkspaceEdit();
  if (text === null) edit.createFile(uri, { contents: new TextEncoder().encode(changed.text), ignoreIfExists: false });
  else {
    const document = await vscode.workspace.openTextDocument(uri);
    // An empty file that is there already is written like a text, from its beginning.
    const edits = text.trim() === '' ? [{ offset: 0, length: text.length, content: changed.text }] : changed.edits;
    for (const { offset, length, content } of edits)
      edit.replace(uri, new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)), content);
  }
  if (!(await vscode.workspace.applyEdit(edit))) return { kind: 'failed' };
  if (text === null) return { kind: 'written' };
  return (await (await vscode.workspace.openTextDocument(uri)).save()) ? { kind: 'written' } : { kind: 'failed' };
}

/** Changes a file once all changes before are written. Never throws. */
export function changeSidecar(uri: vscode.Uri, change: (text: string, name: string) => FileChange): Promise<Writing> {
  const mine = last.then(() => apply(uri, change)).catch((): Writing => ({ kind: 'failed' }));
  last = mine;
  return mine;
}

/** Until everything that was asked for so far is written. */
export async function sidecarsWritten(): Promise<void> {
  await last;
}
