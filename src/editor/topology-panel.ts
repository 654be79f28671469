/**
 * The host of the topology panel: one webview beside the patch. It hands traces in, and turns the panel's clicks into
 * lines on screen. The page draws; it knows nothing of documents.
 */
import * as vscode from 'vscode';
import type { Against, EventLink, FromPanel, PanelState, Side, ToPanel, TraceChoice } from '../protocol';
import type { Review } from '../review/types';
import type { Trace, Verdict } from '../scenario/types';
import { WORDS } from '../topology/words';
import type { Analyst } from './analyst';
import { counterpart, counterpartsOf, type Found } from './counterparts';
import { revealSpan } from './links';
import { VIEWS } from './names';
import { spanLabel } from './patch-lines';
import { placeIn } from './places';
import { fileName } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import type { ScenarioTitles } from './scenario-titles';
import type { SelectionStore } from './selection';

/** What the panel shows: a series' trace, or traces of built-in designs without a series. */
export interface Showing {
  readonly subject: Subject | null;
  readonly review: Review | null;
  readonly trace: Trace;
  readonly event: number;
  /** Traces to choose from when there is no series. */
  readonly runs?: readonly { readonly trace: Trace; readonly verdict: Verdict }[];
}

export interface TopologyPanel {
  /** `against`: key of a counterpart to show beside it. */
  show(showing: Showing, against?: string): void;
  /** Asks what to hold the trace on display against, and shows both. */
  compare(): Promise<void>;
  /** Opens the panel on the series on screen, or says that there is none. */
  open(): void;
  /** What is on display, and what it is held against; null: nothing. */
  displayed(): { readonly trace: Trace; readonly against: Trace | null } | null;
  readonly onDidDisplay: vscode.Event<void>;
}

interface Deps {
  readonly store: ReviewStore;
  readonly selection: SelectionStore;
  readonly titles: ScenarioTitles;
  readonly analyst: Analyst;
  /** Other versions of a series that are known now. */
  readonly versions: (review: Review) => readonly Review[];
  readonly log: vscode.LogOutputChannel;
  readonly subjectInView: () => Subject | undefined;
}

function nonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, '');
}

/** The page. Nothing runs but our script; nothing is styled but by our sheet. */
function pageOf(webview: vscode.Webview, root: vscode.Uri): string {
  const script = webview.asWebviewUri(vscode.Uri.joinPath(root, 'dist', 'topology.js')).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(root, 'dist', 'topology.css')).toString();
  const key = nonce();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${key}'; font-src ${webview.cspSource}; img-src ${webview.cspSource}`;
  return `<!DOCTYPE html>
<html lang="${vscode.env.language.replace(/[^A-Za-z-]/g, '')}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${vscode.l10n.t('Topology')}</title>
<link rel="stylesheet" href="${style}">
</head>
<body><div id="topology"></div><script nonce="${key}" src="${script}"></script></body>
</html>`;
}

/** Verdict of one trace: a broken invariant, something left open, or neither. */
export function verdictOf(trace: Trace): Verdict {
  return trace.violations.length > 0 ? 'violated' : trace.undecided.length > 0 ? 'undecided' : 'holds';
}

/** The trace a series is opened on: the first error's that shows the violation itself, else any finding's, else the first that violates, else any. */
export function firstTrace(review: Review): Trace | undefined {
  const traceOf = ({ trace }: { readonly trace: string | null }) => (trace === null ? undefined : review.traces[trace]);
  const violates = (trace: Trace | undefined) => trace !== undefined && trace.violations.length > 0;
  const errors = review.findings.filter(({ severity }) => severity === 'error').map(traceOf);
  const all = Object.values(review.traces);
  return errors.find(violates) ?? review.findings.map(traceOf).find(violates) ?? all.find(violates) ?? all[0];
}

export function registerTopologyPanel(context: vscode.ExtensionContext, deps: Deps): TopologyPanel {
  let panel: vscode.WebviewPanel | null = null;
  let ready = false;
  let showing: Showing | null = null;
  /** What the trace on display is held against, and under which key. */
  let beside: (Found & { readonly key: string }) | null = null;
  let asking: vscode.CancellationTokenSource | null = null;
  const waiting: ToPanel[] = [];
  const traceLine = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
    borderColor: new vscode.ThemeColor('contrastActiveBorder'),
  });

  const post = (message: ToPanel): void => {
    if (panel === null) return;
    if (ready) void panel.webview.postMessage(message);
    else waiting.push(message);
  };

  const choicesOf = (now: Showing): TraceChoice[] => {
    const choice = (trace: Trace, verdict: Verdict, total: number): TraceChoice => ({
      id: trace.id,
      scenario: trace.scenario,
      title: deps.titles.titleOf(trace.scenario),
      machine: trace.machine,
      design: trace.design,
      prefix: trace.prefix,
      total,
      verdict,
      injected: trace.injected,
    });
    if (now.review !== null) {
      const { review } = now;
      return Object.values(review.traces).map((trace) => choice(trace, verdictOf(trace), review.series.total));
    }
    return (now.runs ?? []).map(({ trace, verdict }) => choice(trace, verdict, 0));
  };

  const linksOf = (review: Review | null, trace: Trace, opens: boolean): (EventLink | null)[] =>
    trace.events.map(({ at }) => {
      if (at === null) return null;
      if (at.kind === 'message') return review === null ? null : { label: spanLabel(review, at), opens };
      return { label: `${fileName(at.file)}:${at.line}`, opens: false };
    });

  const displayed = new vscode.EventEmitter<void>();
  const send = (): void => {
    displayed.fire();
    if (showing === null) {
      post({
        kind: 'empty',
        why: vscode.l10n.t('Open a patch series, or run a scenario, to see its devices, domains and interrupts here.'),
      });
      return;
    }
    post({ kind: 'choices', choices: choicesOf(showing), document: showing.subject?.key ?? null });
    const { review, trace, event } = showing;
    const against: Against | null =
      beside === null
        ? null
        : {
            key: beside.key,
            title: beside.title,
            earlier: beside.earlier,
            trace: beside.trace,
            links: linksOf(beside.review, beside.trace, ownOf(beside) !== null),
          };
    post({
      kind: 'trace',
      trace,
      links: linksOf(review, trace, true),
      event,
      counterparts: counterpartsOf(showing, deps),
      against,
    });
  };

  /** The review on screen that a counterpart's places belong to: that of the series itself, or of an older version in the same file. */
  const ownOf = ({ review }: Found): { readonly subject: Subject; readonly review: Review } | null => {
    if (showing === null || showing.subject === null || showing.review === null || review === null) return null;
    const { subject } = showing;
    if (subject.reviews.includes(review)) return { subject, review };
    // The same text reviewed again, for the sake of one run.
    return review.series.version === showing.review.series.version &&
      review.series.subject === showing.review.series.subject
      ? { subject, review: showing.review }
      : null;
  };

  /** Shows another trace beside the one on display, or it alone. */
  const holdAgainst = async (key: string | null): Promise<void> => {
    asking?.cancel();
    const display = showing;
    if (key === null || display === null) {
      beside = null;
      send();
      return;
    }
    const mine = new vscode.CancellationTokenSource();
    asking = mine;
    try {
      const found = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Running the scenario…') },
        () => counterpart(key, display, deps, mine.token),
      );
      if (mine.token.isCancellationRequested || showing?.trace !== display.trace) return;
      beside = found === undefined ? null : { ...found, key };
      if (found === undefined)
        void vscode.window.showInformationMessage(vscode.l10n.t('There is no such run to compare with.'));
      send();
    } catch (error) {
      deps.log.error(error instanceof Error ? error : String(error));
      void vscode.window.showWarningMessage(vscode.l10n.t('The run to compare with did not come to an end.'));
      send();
    } finally {
      mine.dispose();
      if (asking === mine) asking = null;
    }
  };

  const traceOf = (now: Showing, id: string): Trace | undefined =>
    now.review === null ? now.runs?.find(({ trace }) => trace.id === id)?.trace : now.review.traces[id];

  const clearLine = (): void => {
    for (const editor of vscode.window.visibleTextEditors) editor.setDecorations(traceLine, []);
  };

  /** Where an event of a trace stands in a document of ours; null for one of a built-in program. */
  const placeOfEvent = (event: number, side: Side) => {
    if (showing === null) return null;
    const where =
      side === 'own'
        ? showing.subject === null || showing.review === null
          ? null
          : { subject: showing.subject, review: showing.review }
        : beside === null
          ? null
          : ownOf(beside);
    const at = (side === 'own' ? showing : beside)?.trace.events[event]?.at;
    return where !== null && at?.kind === 'message' ? { ...where, at } : null;
  };

  const markLine = (event: number, side: Side = 'own'): void => {
    clearLine();
    const there = placeOfEvent(event, side);
    if (there === null) return;
    for (const editor of vscode.window.visibleTextEditors) {
      const range = placeIn(editor.document.uri, there.subject, there.review, there.at);
      if (range !== null) editor.setDecorations(traceLine, [range]);
    }
  };

  const reveal = async (id: string, event: number, side: Side): Promise<void> => {
    if (showing === null || (side === 'own' ? showing : beside)?.trace.id !== id) return;
    if (side === 'own') showing = { ...showing, event };
    const there = placeOfEvent(event, side);
    if (there !== null) await revealSpan(there.subject, there.review, there.at, true);
    markLine(event, side);
  };

  const choose = (id: string): void => {
    if (showing === null) return;
    const trace = traceOf(showing, id);
    if (trace === undefined) return;
    showing = { ...showing, trace, event: trace.violations[0]?.event ?? 0 };
    beside = null;
    if (showing.review !== null) deps.selection.set({ scenario: trace.scenario, machine: trace.machine });
    send();
  };

  const save = async (name: string, svg: string): Promise<void> => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const file = `${name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80) || 'topology'}.svg`;
    const target = await vscode.window.showSaveDialog({
      ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, file) }),
      filters: { SVG: ['svg'] },
    });
    if (target !== undefined) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(svg));
  };

  /** What the panel showed before it was hidden or the window reloaded, if it is still there. */
  const restore = (state: PanelState | null): void => {
    if (showing !== null || state === null) return;
    const subject = deps.store.subjects().find(({ key }) => key === state.document);
    const review = subject?.reviews.find(({ traces }) => state.trace !== null && traces[state.trace] !== undefined);
    const trace = state.trace === null ? undefined : review?.traces[state.trace];
    if (subject !== undefined && review !== undefined && trace !== undefined)
      showing = { subject, review, trace, event: Math.min(state.event, trace.events.length - 1) };
  };
  let remembered: PanelState | null = null;

  const heard = (message: FromPanel): void => {
    switch (message.kind) {
      case 'ready':
        remembered = message.state;
        restore(remembered);
        ready = true;
        post({ kind: 'words', words: Object.fromEntries(WORDS.map((word) => [word, vscode.l10n.t(word)])) });
        for (const kept of waiting.splice(0)) post(kept);
        send();
        if (showing !== null && beside === null && remembered !== null && remembered.against !== null)
          void holdAgainst(remembered.against);
        return;
      case 'compare':
        void holdAgainst(message.with);
        return;
      case 'choose':
        choose(message.trace);
        return;
      case 'reveal':
        void reveal(message.trace, message.event, message.side);
        return;
      case 'save':
        void save(message.name, message.svg);
        return;
      case 'failed':
        deps.log.error(`topology panel: ${message.message}`);
    }
  };

  const adopt = (made: vscode.WebviewPanel): void => {
    panel = made;
    ready = false;
    made.iconPath = vscode.Uri.joinPath(context.extensionUri, 'media', 'doorbell.svg');
    made.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(context.extensionUri, 'dist')],
    };
    made.webview.onDidReceiveMessage(heard, undefined, context.subscriptions);
    made.onDidDispose(() => {
      panel = null;
      ready = false;
      waiting.length = 0;
      clearLine();
    });
    made.webview.html = pageOf(made.webview, context.extensionUri);
  };

  const present = (): void => {
    if (panel === null)
      adopt(
        vscode.window.createWebviewPanel(
          VIEWS.topology,
          vscode.l10n.t('Topology'),
          { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
          {},
        ),
      );
    else panel.reveal(undefined, true);
  };

  /** A new review: the same scenario, machine and prefix is shown again, at the same event if it still has one. */
  const renew = (): void => {
    if (panel === null) return;
    if (showing === null) {
      restore(remembered);
      if (showing !== null) send();
      if (remembered !== null && showing !== null && remembered.against !== null) void holdAgainst(remembered.against);
      return;
    }
    if (showing.subject === null) return;
    const { subject: old, trace: before, event } = showing;
    const subject = deps.store.subjects().find(({ key }) => key === old.key);
    if (subject === undefined) {
      showing = null;
      beside = null;
      clearLine();
      send();
      return;
    }
    const index = showing.review === null ? 0 : Math.max(0, old.reviews.indexOf(showing.review));
    const review = subject.reviews[index] ?? subject.reviews[0];
    if (review === undefined || review === showing.review) return;
    const trace =
      review.traces[before.id] ??
      Object.values(review.traces).find(
        (other) =>
          other.scenario === before.scenario && other.machine === before.machine && other.prefix === before.prefix,
      ) ??
      firstTrace(review);
    showing =
      trace === undefined
        ? null
        : { subject, review, trace, event: Math.min(event, Math.max(0, trace.events.length - 1)) };
    const key = beside?.key;
    beside = null;
    if (key === undefined) send();
    else void holdAgainst(key);
  };

  const follow = (event: vscode.TextEditorSelectionChangeEvent): void => {
    const now = showing;
    if (panel === null || now === null || now.subject === null || now.review === null || event.kind === undefined)
      return;
    const { subject, review, trace } = now;
    const line = event.selections[0]?.active.line;
    const uri = event.textEditor.document.uri;
    const there = trace.events
      .filter(({ at }) => at?.kind === 'message' && placeIn(uri, subject, review, at)?.start.line === line)
      .map(({ index }) => index);
    if (there.length === 0 || there.includes(now.event)) return;
    const next = there.find((index) => index > now.event) ?? there[0] ?? 0;
    showing = { ...now, event: next };
    post({ kind: 'select', trace: trace.id, event: next });
    markLine(next);
  };

  context.subscriptions.push(
    traceLine,
    displayed,
    deps.store.onDidReview(renew),
    deps.titles.onDidLearn(() => {
      if (showing !== null)
        post({ kind: 'choices', choices: choicesOf(showing), document: showing.subject?.key ?? null });
    }),
    vscode.window.onDidChangeTextEditorSelection(follow),
    vscode.window.registerWebviewPanelSerializer(VIEWS.topology, {
      deserializeWebviewPanel(made, state: PanelState | null) {
        remembered = state ?? null;
        adopt(made);
        return Promise.resolve();
      },
    }),
    { dispose: () => panel?.dispose() },
  );

  return {
    displayed: () => (showing === null ? null : { trace: showing.trace, against: beside?.trace ?? null }),
    onDidDisplay: displayed.event,
    show(next, against) {
      showing = next;
      beside = null;
      present();
      send();
      if (against !== undefined) void holdAgainst(against);
      markLine(next.event);
    },
    async compare() {
      if (showing === null || panel === null) this.open();
      if (showing === null) return;
      const kinds = counterpartsOf(showing, deps);
      const picked = await vscode.window.showQuickPick(
        kinds.map(({ key, label, group }) => ({ label, description: group, key })),
        { title: vscode.l10n.t('Compare the trace with'), matchOnDescription: true },
      );
      if (picked !== undefined) await holdAgainst(picked.key);
    },
    open() {
      const subject = deps.subjectInView();
      const review = subject?.reviews[0];
      const selected = deps.selection.get();
      const trace =
        review === undefined
          ? undefined
          : (Object.values(review.traces).find(
              (other) =>
                other.scenario === selected?.scenario &&
                other.machine === selected.machine &&
                other.violations.length > 0,
            ) ?? firstTrace(review));
      if (subject !== undefined && review !== undefined && trace !== undefined)
        showing = { subject, review, trace, event: trace.violations[0]?.event ?? 0 };
      beside = null;
      present();
      send();
      if (showing !== null) markLine(showing.event);
    },
  };
}
