/** The extension where Node runs it: on the desktop, and on a server. Nothing but what only Node can do is chosen here. */
import * as vscode from 'vscode';
import { runProgram } from '../node/run-program';
import { kernelFolders } from './kernel-folders';
import { type DoorbellApi, sidecarsWritten, wire } from './wiring';
import { workerThread } from './worker-thread';

export type { DoorbellApi };

export function activate(context: vscode.ExtensionContext): DoorbellApi {
  const worker = vscode.Uri.joinPath(context.extensionUri, 'dist', 'review-worker.js').fsPath;
  return wire(context, { startWorker: workerThread(worker), run: runProgram, checkouts: kernelFolders });
}

/** A comment that was just written reaches its file. */
export function deactivate(): Promise<void> {
  return sidecarsWritten();
}
