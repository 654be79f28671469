/**
 * Scenario files (`*.scenario.json`): a new one from what is on screen, run when it is saved, with what is wrong and what is not as
 * expected in Problems at its line.
 */
import * as vscode from 'vscode';
import type { Trace } from '../scenario/types';
import type { Analyst, Played } from './analyst';
import { showRuns, working } from './commands';
import { addressOf, traceOfScenario } from './links';
import { COMMANDS, LINKS, SOURCE } from './names';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { draftOf } from './scenario-draft';
import { type Gap, gapsOf } from './scenario-gaps';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';
import type { TopologyPanel } from './topology-panel';

interface Deps {
  readonly store: ReviewStore;
  readonly selection: SelectionStore;
  readonly titles: ScenarioTitles;
  readonly analyst: Analyst;
  readonly panel: TopologyPanel;
  readonly subjectInView: () => Subject | undefined;
}

const FILE = /\.scenario\.json$/;
const SELECTOR: vscode.DocumentSelector = { pattern: '**/*.scenario.json' };

const isScenarioFile = (document: vscode.TextDocument): boolean => FILE.test(document.uri.path);

function sentenceOf(gap: Gap): string {
  if (gap.kind === 'violation')
    return vscode.l10n.t('{0}: {1} (on {2})', gap.invariant, plain(gap.message), gap.designs.join(', '));
  const said = vscode.l10n.t(
    '{0} on {1}: {2}, expected {3}',
    gap.design,
    plain(gap.machine),
    gap.verdict,
    gap.expected,
  );
  return gap.why === '' ? said : `${said}. ${plain(gap.why)}`;
}

/** What a run says of the file, as entries of Problems. */
function problemsOf(document: vscode.TextDocument, text: string, played: Played): vscode.Diagnostic[] {
  const entries = played.errors.map(({ line, column, endLine, endColumn, message, code }) => {
    const range = new vscode.Range(line - 1, column, endLine - 1, endColumn);
    const entry = new vscode.Diagnostic(range, plain(message), vscode.DiagnosticSeverity.Error);
    entry.code = code;
    return entry;
  });
  if (played.scenario !== null)
    for (const gap of gapsOf(text, played.scenario, played.runs)) {
      const start = document.positionAt(gap.at.offset);
      const end = document.positionAt(gap.at.offset + gap.at.length);
      const severity =
        gap.kind === 'unexpected' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Information;
      entries.push(new vscode.Diagnostic(new vscode.Range(start, end), sentenceOf(gap), severity));
    }
  for (const entry of entries) entry.source = SOURCE;
  return entries;
}

/** Where a new scenario starts: the run behind what was clicked, the selected one, or the one the series is opened on. */
async function traceToStartFrom(deps: Deps, given: unknown): Promise<Trace | undefined> {
  const address = addressOf(given);
  const subject = deps.store.subjects().find(({ key }) => key === address.subject) ?? deps.subjectInView();
  const review = subject?.reviews[address.series ?? 0];
  if (review === undefined) return undefined;
  const finding = review.findings.find(({ id }) => id === address.finding);
  if (finding?.trace !== undefined && finding.trace !== null) return review.traces[finding.trace];
  const selected = address.scenario === undefined ? deps.selection.get() : null;
  const scenario = address.scenario ?? selected?.scenario;
  const machine = address.machine ?? selected?.machine;
  if (scenario !== undefined) return traceOfScenario(review, scenario, machine);
  const first = review.findings.find(({ trace }) => trace !== null)?.trace;
  return first === undefined || first === null ? undefined : review.traces[first];
}

async function newScenario(deps: Deps, given: unknown): Promise<void> {
  const waiting = new vscode.CancellationTokenSource();
  try {
    const trace = await traceToStartFrom(deps, given);
    // Without a series: the first scenario of the library, which says what each part is.
    const id = trace?.scenario.replace(/\[.*$/, '') ?? (await deps.titles.all())[0]?.id;
    const scenario = id === undefined ? null : await deps.analyst.scenario(id, waiting.token);
    if (scenario === null) {
      void vscode.window.showWarningMessage(vscode.l10n.t('There is no scenario to start from.'));
      return;
    }
    const text = draftOf(scenario, trace === undefined ? {} : { machine: trace.machine, design: trace.design });
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.path ?? '';
    const used = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.path));
    let path = `${folder}/${scenario.id}-of-mine.scenario.json`;
    for (let n = 2; used.has(path); n++) path = `${folder}/${scenario.id}-of-mine-${n}.scenario.json`;
    const uri = vscode.Uri.from({ scheme: 'untitled', path });
    const document = await vscode.workspace.openTextDocument(uri);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(0, 0), text);
    await vscode.workspace.applyEdit(edit);
    await vscode.window.showTextDocument(document, { preview: false });
  } finally {
    waiting.dispose();
  }
}

export function registerScenarioFiles(context: vscode.ExtensionContext, deps: Deps): void {
  const problems = vscode.languages.createDiagnosticCollection('doorbell-scenarios');
  const running = new Map<string, vscode.CancellationTokenSource>();

  /** Runs the text as it is; null when something newer took its place. */
  const play = async (document: vscode.TextDocument, visible: boolean): Promise<Played | null> => {
    const key = document.uri.toString();
    running.get(key)?.cancel();
    const source = new vscode.CancellationTokenSource();
    running.set(key, source);
    const text = document.getText();
    const version = document.version;
    const work = (token: vscode.CancellationToken): Promise<Played | null> => {
      token.onCancellationRequested(() => source.cancel());
      return deps.analyst.play(text, source.token);
    };
    const title = vscode.l10n.t('Running {0}', plain(vscode.workspace.asRelativePath(document.uri)));
    try {
      const played = visible
        ? await working(title, work)
        : await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, (_, token) =>
            work(token),
          );
      if (played === null || document.isClosed || document.version !== version) return null;
      problems.set(document.uri, problemsOf(document, text, played));
      return played;
    } finally {
      if (running.get(key) === source) running.delete(key);
      source.dispose();
    }
  };

  context.subscriptions.push(
    problems,
    vscode.commands.registerCommand(COMMANDS.newScenario, (given: unknown) => newScenario(deps, given)),
    vscode.commands.registerCommand(LINKS.runScenarioFile, async (given: unknown) => {
      const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
      const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri?.toString());
      if (document === undefined || !isScenarioFile(document)) return;
      const played = await play(document, true);
      if (played === null) return;
      if (played.errors.length > 0) await vscode.commands.executeCommand('workbench.actions.view.problems');
      else showRuns(deps, played.runs);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (isScenarioFile(document)) void play(document, false);
    }),
    vscode.workspace.onDidCloseTextDocument((document) => problems.delete(document.uri)),
    vscode.languages.registerCodeLensProvider(SELECTOR, {
      provideCodeLenses: (document) => [
        new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
          title: `▶ ${vscode.l10n.t('Run')}`,
          command: LINKS.runScenarioFile,
          arguments: [document.uri],
        }),
      ],
    }),
  );
}
