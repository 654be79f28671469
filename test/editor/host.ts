/** What the API tests share: documents opened as a person opens them, and waiting for conditions. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DoorbellApi } from '../../src/editor/extension';

/** Longest wait for one condition, in milliseconds; below the limit of a test, so that the message says what was missing. */
const PATIENCE = 50_000;

/** Limit of a test that reviews a series, in milliseconds: a machine may be busy with other things. */
export const LIMIT = 60_000;

export async function doorbell(): Promise<DoorbellApi> {
  const extension = vscode.extensions.getExtension<DoorbellApi>('doorbell.doorbell');
  assert.ok(extension);
  return extension.activate();
}

export function workspaceFile(name: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder);
  return vscode.Uri.joinPath(folder.uri, name);
}

export async function write(name: string, text: string): Promise<vscode.Uri> {
  const uri = workspaceFile(name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return uri;
}

export async function readText(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}

/** Opens a file in an editor, as a click in the explorer does. */
export async function show(uri: vscode.Uri): Promise<vscode.TextDocument> {
  await vscode.commands.executeCommand('vscode.open', uri);
  return until(`an editor of ${uri.path}`, [vscode.window.onDidChangeActiveTextEditor], () => {
    const document = vscode.window.activeTextEditor?.document;
    return document?.uri.toString() === uri.toString() ? document : undefined;
  });
}

export async function closeAll(): Promise<void> {
  // A changed document would ask whether to save it; tests leave none changed.
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Looks now, and again after each of the events, until there is something other than undefined or false. */
export function until<T>(
  what: string,
  events: readonly vscode.Event<never>[] | readonly vscode.Event<unknown>[],
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const listeners: vscode.Disposable[] = [];
    let over = false;
    const end = (go: () => void): void => {
      over = true;
      clearTimeout(limit);
      for (const listener of listeners) listener.dispose();
      go();
    };
    const limit = setTimeout(() => end(() => reject(new Error(`waited in vain for ${what}`))), PATIENCE);
    const check = async (): Promise<void> => {
      try {
        const found = await look();
        if (!over && found !== undefined && found !== false) end(() => resolve(found));
      } catch (error) {
        if (!over) end(() => reject(error));
      }
    };
    for (const event of events) listeners.push((event as vscode.Event<unknown>)(() => void check()));
    void check();
  });
}

export function ours(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Doorbell');
}

/** The document's entries in Problems, once its review is as new as its text and they satisfy the condition. */
export async function diagnostics(
  uri: vscode.Uri,
  what: string,
  holds: (found: readonly vscode.Diagnostic[]) => boolean,
): Promise<readonly vscode.Diagnostic[]> {
  const { store } = await doorbell();
  return until(what, [vscode.languages.onDidChangeDiagnostics, store.onDidReview, store.onDidMove], () => {
    if (store.subjectOf(uri)?.state !== 'ready') return undefined;
    const found = ours(uri);
    return holds(found) ? found : undefined;
  });
}

/** The Markdown of the hovers at a position, one string. */
export async function hoverAt(uri: vscode.Uri, line: number, character = 0): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    uri,
    new vscode.Position(line, character),
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (typeof content === 'string' ? content : content.value))
    .join('\n\n');
}

/** A mail with a small patch of its own file, which no rule says anything of. */
export const smallMail = (
  id: string,
  subject: string,
): string => `From aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa Mon Jan 11 00:00:00 2016
From: A Author <author@example.org>
Subject: [PATCH] ${subject}
Message-ID: <${id}@example.org>
Date: Mon, 11 Jan 2016 10:00:00 +0000

Maps it.
---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -1,2 +1,3 @@
 int a;
+int b;
 int c;
`;
