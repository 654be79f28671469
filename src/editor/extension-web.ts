/** The extension in a browser: no Node, no programs, no checkouts. The review worker is a Web Worker where one can be started. */
import * as vscode from 'vscode';
import { webWorker } from './web-worker';
import { type DoorbellApi, sidecarsWritten, wire } from './wiring';

export { type DoorbellApi, sidecarsWritten, wire };

export function activate(context: vscode.ExtensionContext): DoorbellApi {
  const read = (...path: string[]): Promise<Uint8Array> =>
    Promise.resolve(vscode.workspace.fs.readFile(vscode.Uri.joinPath(context.extensionUri, 'dist', ...path)));
  const load = async () => {
    const [script, treeSitter, c] = await Promise.all([
      read('web', 'review-worker.js'),
      read('web-tree-sitter.wasm'),
      read('tree-sitter-c.wasm'),
    ]);
    return { script: new TextDecoder().decode(script), treeSitter, c };
  };
  return wire(context, { startWorker: webWorker(load), run: null, checkouts: () => Promise.resolve([]) });
}

/** A comment that was just written reaches its file. */
export function deactivate(): Promise<void> {
  return sidecarsWritten();
}
