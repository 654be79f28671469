/**
 * The extension: wires the surfaces to the one review they all read. Comes in: documents and commands. Goes out: nothing
 * leaves the machine. Each surface is a file of this folder; none knows another but through what it is handed here.
 */
import * as vscode from 'vscode';
import { runProgram } from '../node/run-program';
import { createAnalyst } from './analyst';
import { registerClaims } from './claims';
import { registerCommands } from './commands';
import { type CommentStore, registerCommentStore } from './comment-store';
import { type CommentThreads, registerCommentThreads } from './comment-threads';
import { registerCorrections } from './corrections';
import { registerDecodedMail } from './decoded-mail';
import { registerDecorations } from './decorations';
import { registerDiagnostics } from './diagnostics';
import { registerHovers } from './hovers';
import { registerLinks } from './links';
import { registerOpenFetched } from './open-fetched';
import { registerOutline } from './outline';
import { registerPathLens } from './path-lens';
import { registerReply } from './reply-document';
import { registerReviewStore } from './review-store';
import { registerReviewTree } from './review-tree';
import { registerSample } from './sample';
import { registerScenarioTests } from './scenario-tests';
import { registerScenarioTitles } from './scenario-titles';
import { registerSelection } from './selection';
import { registerSeriesChoice } from './series-choice';
import { registerSeriesDocuments } from './series-documents';
import { registerStatusBar, subjectInView } from './status-bar';
import { registerTermHovers } from './term-hovers';
import { registerTopologyPanel } from './topology-panel';
import { registerVersions } from './versions';
import { registerWindowUsage } from './window-usage';
import { workerThread } from './worker-thread';

/** What the tests read; other extensions may too: it is a view of the newest reviews. */
export interface DoorbellApi {
  readonly store: ReturnType<typeof registerReviewStore>;
  readonly tests: vscode.TestController;
  readonly comments: CommentStore;
  readonly threads: CommentThreads;
  readonly versions: ReturnType<typeof registerVersions>;
}

export function activate(context: vscode.ExtensionContext): DoorbellApi {
  const log = vscode.window.createOutputChannel('Doorbell', { log: true });
  const analyst = createAnalyst(
    workerThread(vscode.Uri.joinPath(context.extensionUri, 'dist', 'review-worker.js').fsPath),
  );
  context.subscriptions.push(log, analyst);

  const store = registerReviewStore(context, { analyst, log });
  const selection = registerSelection(context);
  const titles = registerScenarioTitles(context, { analyst, log });
  const inView = () => subjectInView(store);

  registerDecorations(context, { store });
  registerWindowUsage(context, { store, selection });
  registerClaims(context, { store });
  registerDiagnostics(context, { store });
  registerHovers(context, { store, selection, titles });
  registerTermHovers(context, { store });
  registerPathLens(context, { store, titles });
  registerOutline(context);
  registerDecodedMail(context, { store });
  registerReviewTree(context, { store, selection, titles });
  const tests = registerScenarioTests(context, { store, titles });
  registerStatusBar(context, { store, selection });
  const panel = registerTopologyPanel(context, { store, selection, titles, log, subjectInView: inView });
  registerLinks(context, { store, selection, panel });
  registerCommands(context, { store, selection, titles, analyst, panel, subjectInView: inView });
  registerSample(context);
  const documents = registerSeriesDocuments(context);
  registerOpenFetched(context, { store, documents, run: runProgram });
  registerSeriesChoice(context, { subjectInView: inView });
  const comments = registerCommentStore(context);
  const threads = registerCommentThreads(context, { store, comments });
  registerReply(context, { store, comments, threads, subjectInView: inView });
  registerCorrections(context, { store, subjectInView: inView });
  const versions = registerVersions(context, { store, analyst, subjectInView: inView });
  return { store, tests, comments, threads, versions };
}

export function deactivate(): void {}
