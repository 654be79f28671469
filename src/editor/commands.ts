/** The commands of the palette. Each can be cancelled, and says what came of it. */
import * as vscode from 'vscode';
import type { DesignRun } from '../protocol';
import type { Review } from '../review/types';
import type { Verdict } from '../scenario/types';
import type { Analyst, Progress } from './analyst';
import { traceOfScenario } from './links';
import { SHAPES, worstVerdict } from './marks';
import { COMMANDS, LANGUAGE } from './names';
import { place } from './places';
import { plain } from './plain-text';
import { isReviewable, type ReviewStore, type Subject } from './review-store';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';
import { chooseWhenSeveral } from './series-choice';
import { type TopologyPanel, verdictOf } from './topology-panel';

interface Deps {
  readonly store: ReviewStore;
  readonly selection: SelectionStore;
  readonly titles: ScenarioTitles;
  readonly analyst: Analyst;
  readonly panel: TopologyPanel;
  readonly subjectInView: () => Subject | undefined;
}

/** Names that a patch mail's file has. */
const MAIL_FILE = /\.(mbox|mbx|eml|patch|diff)$/i;

const SHAPE: Readonly<Record<Verdict, string>> = {
  violated: SHAPES.violated,
  holds: SHAPES.holds,
  undecided: SHAPES.undecided,
  'n/a': '·',
};

/** Work with a progress notification that can be cancelled. */
export function working<T>(
  title: string,
  work: (token: vscode.CancellationToken, progress: Progress) => Promise<T>,
): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (shown, token) => {
      let before = 0;
      return work(token, (done, total, text) => {
        const share = total > 0 ? (100 * done) / total : 0;
        shown.report({ message: plain(text), increment: Math.max(0, share - before) });
        before = Math.max(before, share);
      });
    },
  );
}

/** The files of a folder that may hold patch mails, in order of their names. */
async function mailsIn(folder: vscode.Uri): Promise<vscode.Uri[]> {
  const entries = await vscode.workspace.fs.readDirectory(folder);
  return entries
    .filter(([name, type]) => (type & vscode.FileType.File) !== 0 && MAIL_FILE.test(name))
    .map(([name]) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => vscode.Uri.joinPath(folder, name));
}

async function chooseFiles(): Promise<readonly vscode.Uri[] | undefined> {
  const files = {
    label: `$(file) ${vscode.l10n.t('Files…')}`,
    detail: vscode.l10n.t('An mbox, a mail, or the files of git format-patch'),
    folder: false,
  };
  const folder = {
    label: `$(folder) ${vscode.l10n.t('Folder…')}`,
    detail: vscode.l10n.t('All patch files of one folder, as one series'),
    folder: true,
  };
  const picked = await vscode.window.showQuickPick([files, folder], {
    title: vscode.l10n.t('Open a patch series'),
    placeHolder: vscode.l10n.t('Where is it?'),
  });
  if (picked === undefined) return undefined;
  return vscode.window.showOpenDialog({
    canSelectFiles: !picked.folder,
    canSelectFolders: picked.folder,
    canSelectMany: !picked.folder,
    title: vscode.l10n.t('Open a patch series'),
    ...(picked.folder
      ? {}
      : {
          filters: {
            [vscode.l10n.t('Patch mails')]: ['mbox', 'mbx', 'eml', 'patch', 'diff'],
            [vscode.l10n.t('All files')]: ['*'],
          },
        }),
  });
}

const MEGABYTE = 1024 * 1024;
/** Size from which VS Code gives a text to no extension, in bytes. */
const LARGEST = 50 * MEGABYTE;

async function openSeries(deps: Deps, given: unknown): Promise<void> {
  const chosen =
    given instanceof vscode.Uri
      ? [given]
      : Array.isArray(given) && given.every((uri) => uri instanceof vscode.Uri)
        ? given
        : await chooseFiles();
  if (chosen === undefined || chosen.length === 0) return;
  const uris: vscode.Uri[] = [];
  for (const uri of chosen) {
    const stat = await vscode.workspace.fs.stat(uri);
    if ((stat.type & vscode.FileType.Directory) !== 0) uris.push(...(await mailsIn(uri)));
    else if (stat.size > LARGEST) {
      void vscode.window.showWarningMessage(
        vscode.l10n.t(
          '{0} has {1} MB, and VS Code hands texts of more than 50 MB to no extension. The command line reads it: doorbell review FILE',
          plain(vscode.workspace.asRelativePath(uri)),
          Math.round(stat.size / MEGABYTE),
        ),
      );
      return;
    } else uris.push(uri);
  }
  const [first] = uris;
  if (first === undefined) {
    void vscode.window.showWarningMessage(vscode.l10n.t('No .mbox, .eml or .patch file is in this folder.'));
    return;
  }
  const subject =
    uris.length > 1
      ? await working(vscode.l10n.t('Reviewing the series'), (token, progress) =>
          deps.store.open(uris, token, progress),
        )
      : undefined;
  const document = await vscode.workspace.openTextDocument(first);
  const shown =
    document.languageId === 'plaintext' ? await vscode.languages.setTextDocumentLanguage(document, LANGUAGE) : document;
  await vscode.window.showTextDocument(shown, { preview: false });
  void chooseWhenSeveral(deps.store, first);
  if (uris.length > 1 && subject?.reviews.length === 0)
    void vscode.window.showWarningMessage(vscode.l10n.t('No patch mail was found in these files.'));
  if (uris.length === 1 && deps.store.subjectOf(first) === undefined && !isReviewable(shown))
    void vscode.window.showWarningMessage(
      vscode.l10n.t('{0} holds no patch mail.', plain(vscode.workspace.asRelativePath(first))),
    );
}

/** One line per verdict: `3 violated · 1 undecided · 20 hold`. */
function tally(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict): number => verdicts.filter((other) => other === verdict).length;
  const parts = [
    count('violated') > 0 ? vscode.l10n.t('{0} violated', count('violated')) : '',
    count('undecided') > 0 ? vscode.l10n.t('{0} undecided', count('undecided')) : '',
    vscode.l10n.t('{0} hold', count('holds')),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

/** Shows runs of built-in designs in the panel, a violated one first. */
export function showRuns(deps: { readonly panel: TopologyPanel }, runs: readonly DesignRun[]): void {
  const traces = runs.flatMap((run) => run.traces.map((trace) => ({ trace, verdict: verdictOf(trace) })));
  const first = traces.find(({ verdict }) => verdict === 'violated') ?? traces[0];
  if (first !== undefined)
    deps.panel.show({
      subject: null,
      review: null,
      trace: first.trace,
      event: first.trace.violations[0]?.event ?? 0,
      runs: traces,
    });
}

async function runScenario(deps: Deps, given: unknown): Promise<void> {
  const subject = deps.subjectInView();
  const review = subject?.reviews[0];
  let id = typeof given === 'string' ? given : undefined;
  if (id === undefined) {
    const all = await deps.titles.all();
    const tried = new Set(review?.matrix.map(({ scenario }) => scenario));
    const known = [...new Set([...tried, ...all.map(({ id: one }) => one)])];
    const items = known.map((one) => {
      const summary = all.find((scenario) => scenario.id === one);
      const verdict =
        review === undefined
          ? undefined
          : worstVerdict(review.matrix.filter(({ scenario }) => scenario === one).map((cell) => cell.verdict));
      return {
        label: plain(deps.titles.titleOf(one)),
        description: verdict === undefined || !tried.has(one) ? '' : `${SHAPE[verdict]} ${verdict}`,
        detail: plain(summary?.shows ?? ''),
        id: one,
      };
    });
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Run a scenario'),
      placeHolder: review === undefined ? vscode.l10n.t('On the built-in designs') : plain(review.series.subject),
      matchOnDetail: true,
    });
    if (picked === undefined) return;
    id = picked.id;
  }
  const scenario = id;
  if (subject !== undefined && review?.matrix.some((cell) => cell.scenario === scenario) === true) {
    await working(vscode.l10n.t('Running {0}', plain(deps.titles.titleOf(scenario))), (token, progress) =>
      deps.store.again(subject.key, token, progress),
    );
    const now = deps.store.subjects().find(({ key }) => key === subject.key);
    const renewed = now?.reviews[0];
    const trace = renewed === undefined ? undefined : traceOfScenario(renewed, scenario, undefined);
    if (now === undefined || renewed === undefined || trace === undefined) return;
    deps.selection.set({ scenario, machine: trace.machine });
    deps.panel.show({ subject: now, review: renewed, trace, event: trace.violations[0]?.event ?? 0 });
    return;
  }
  const runs = await working(vscode.l10n.t('Running {0}', plain(deps.titles.titleOf(scenario))), (token, progress) =>
    deps.analyst.run(scenario, null, token, progress),
  );
  if (runs === null) return;
  showRuns(deps, runs);
  void vscode.window.showInformationMessage(
    `${plain(deps.titles.titleOf(scenario))}: ${runs.map((run) => `${run.design} ${SHAPE[run.verdict]}`).join(', ')}`,
  );
}

async function runAll(deps: Deps): Promise<void> {
  const subject = deps.subjectInView();
  if (subject !== undefined) {
    await working(vscode.l10n.t('Running all scenarios'), (token, progress) =>
      deps.store.again(subject.key, token, progress),
    );
    const cells =
      deps.store
        .subjects()
        .find(({ key }) => key === subject.key)
        ?.reviews.flatMap((review: Review) => review.matrix) ?? [];
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} runs: {1}', cells.length, tally(cells.map(({ verdict }) => verdict))),
    );
    return;
  }
  const all = await deps.titles.all();
  const runs = await working(vscode.l10n.t('Running all scenarios'), async (token, progress) => {
    const done: DesignRun[] = [];
    for (const [at, scenario] of all.entries()) {
      progress(at, all.length, scenario.title);
      const some = await deps.analyst.run(scenario.id, null, token);
      if (some === null) return null;
      done.push(...some);
    }
    return done;
  });
  if (runs === null) return;
  showRuns(deps, runs);
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{0} runs: {1}', runs.length, tally(runs.map(({ verdict }) => verdict))),
  );
}

/** Moves the cursor to the next or previous marked line of the document, around its ends. */
async function step(deps: Deps, direction: 1 | -1): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return;
  const subject = deps.store.subjectOf(editor.document.uri);
  if (subject === undefined) return;
  const starts = subject.reviews
    .flatMap((review) => review.findings.map((finding) => place(subject, review, finding.at)))
    .flatMap((there) =>
      there !== null && there.uri.toString() === editor.document.uri.toString() ? [there.range.start] : [],
    )
    .sort((a, b) => a.compareTo(b) * direction);
  const here = editor.selection.active.line;
  const start = starts.find(({ line }) => (line - here) * direction > 0) ?? starts[0];
  if (start === undefined) return;
  editor.selection = new vscode.Selection(start, start);
  const range = new vscode.Range(start, start);
  const scrolled = editor.visibleRanges.some((visible) => visible.contains(range)) ? undefined : scrolls(editor);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  // A hover that is shown before the text has moved is taken away by the movement.
  await scrolled;
  await vscode.commands.executeCommand('editor.action.showHover');
}

/** Until the editor shows other lines, at most half a second. */
function scrolls(editor: vscode.TextEditor): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(limit);
      listener.dispose();
      resolve();
    };
    const limit = setTimeout(end, 500);
    const listener = vscode.window.onDidChangeTextEditorVisibleRanges((event) => {
      if (event.textEditor === editor) end();
    });
  });
}

export function registerCommands(context: vscode.ExtensionContext, deps: Deps): void {
  const keyOf = (node: unknown): string | undefined => {
    const key =
      typeof node === 'object' && node !== null && 'subject' in node
        ? (node.subject as { readonly key?: string }).key
        : undefined;
    return key ?? deps.subjectInView()?.key;
  };
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.openSeries, (given: unknown) => openSeries(deps, given)),
    vscode.commands.registerCommand(COMMANDS.runScenario, (given: unknown) => runScenario(deps, given)),
    vscode.commands.registerCommand(COMMANDS.runAllScenarios, () => runAll(deps)),
    vscode.commands.registerCommand(COMMANDS.showTopology, () => deps.panel.open()),
    vscode.commands.registerCommand(COMMANDS.compareTraces, () => deps.panel.compare()),
    vscode.commands.registerCommand(COMMANDS.reviewAgain, async (node: unknown) => {
      const key = keyOf(node);
      if (key !== undefined) await deps.store.again(key);
    }),
    vscode.commands.registerCommand(COMMANDS.closeSeries, (node: unknown) => {
      const key = keyOf(node);
      if (key !== undefined) deps.store.close(key);
    }),
    vscode.commands.registerCommand(COMMANDS.nextFinding, () => step(deps, 1)),
    vscode.commands.registerCommand(COMMANDS.previousFinding, () => step(deps, -1)),
  );
}
