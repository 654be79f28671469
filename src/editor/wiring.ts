/**
 * Wires the surfaces to the one review they all read. Comes in: what the place we run in can do. Each surface is a file of this folder;
 * none knows another but through what it is handed here.
 */
import * as vscode from 'vscode';
import type { RunProgram } from '../node/run-program';
import { createAnalyst, type StartWorker } from './analyst';
import { registerClaims } from './claims';
import { registerCommands } from './commands';
import { type CommentStore, registerCommentStore } from './comment-store';
import { type CommentThreads, registerCommentThreads } from './comment-threads';
import { registerCorrections } from './corrections';
import { registerDecodedMail } from './decoded-mail';
import { registerDecorations } from './decorations';
import { registerDiagnostics } from './diagnostics';
import { registerExploration } from './exploration';
import { registerHovers } from './hovers';
import { registerLanguageModelTools } from './language-model-tools';
import { registerLinks } from './links';
import { registerOpenFetched } from './open-fetched';
import { registerOutline } from './outline';
import { registerPathLens } from './path-lens';
import { registerReply } from './reply-document';
import { registerReviewStore } from './review-store';
import { registerReviewTree } from './review-tree';
import { registerSample } from './sample';
import { registerScenarioFiles } from './scenario-files';
import { registerScenarioTests, type ScenarioTests } from './scenario-tests';
import { registerScenarioTitles } from './scenario-titles';
import { registerSelection } from './selection';
import { registerSeriesChoice } from './series-choice';
import { registerSeriesDocuments } from './series-documents';
import { sidecarsWritten } from './sidecar-writing';
import { registerStatusBar, subjectInView } from './status-bar';
import { registerTabWidth } from './tab-width';
import { registerTermHovers } from './term-hovers';
import { registerTopologyPanel, type TopologyPanel } from './topology-panel';
import { registerVersions } from './versions';
import { registerWindowUsage } from './window-usage';

export { sidecarsWritten };

/** What the tests read; other extensions may too: it is a view of the newest reviews. */
export interface DoorbellApi {
  readonly store: ReturnType<typeof registerReviewStore>;
  readonly tests: ScenarioTests;
  readonly comments: CommentStore;
  readonly threads: CommentThreads;
  readonly versions: ReturnType<typeof registerVersions>;
  readonly panel: TopologyPanel;
}

/** What differs between the desktop and a browser. */
export interface Surroundings {
  readonly startWorker: StartWorker;
  /** Null where no program can be run. */
  readonly run: RunProgram | null;
  readonly checkouts: () => Promise<readonly string[]>;
}

export function wire(context: vscode.ExtensionContext, { startWorker, run, checkouts }: Surroundings): DoorbellApi {
  const log = vscode.window.createOutputChannel('Doorbell', { log: true });
  const analyst = createAnalyst(startWorker);
  context.subscriptions.push(log, analyst);

  const store = registerReviewStore(context, { analyst, log, checkouts });
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
  registerTabWidth(context);
  const panel = registerTopologyPanel(context, {
    store,
    selection,
    titles,
    analyst,
    versions: (review) => versions.others(review),
    log,
    subjectInView: inView,
  });
  registerLinks(context, { store, selection, panel });
  registerCommands(context, { store, selection, titles, analyst, panel, subjectInView: inView });
  registerSample(context);
  const documents = registerSeriesDocuments(context);
  registerOpenFetched(context, { store, documents, run });
  registerSeriesChoice(context, { subjectInView: inView });
  registerScenarioFiles(context, { store, selection, titles, analyst, panel, subjectInView: inView });
  registerExploration(context, { titles, analyst, selection });
  registerLanguageModelTools(context, { store, analyst, subjectInView: inView });
  const comments = registerCommentStore(context, { store });
  const threads = registerCommentThreads(context, { store, comments });
  registerReply(context, { store, comments, threads, subjectInView: inView });
  registerCorrections(context, { store, subjectInView: inView });
  const versions = registerVersions(context, { store, analyst, subjectInView: inView });
  return { store, tests, comments, threads, versions, panel };
}
