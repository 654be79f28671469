/**
 * Keeps one review per subject: a document on screen, or several files opened together. Comes in: documents, edits,
 * closings. Goes out: the newest review of each subject, and how its lines moved since. A result that is older than
 * the text is thrown away.
 */
import * as vscode from 'vscode';
import { reviewedPart } from '../review/reviewer-comments';
import type { Review, WantedRun } from '../review/types';
import type { Source } from '../series/types';
import type { Analyst, Early, Interest, Progress } from './analyst';
import { type LineMap, shifted } from './line-shift';
import { LANGUAGE, MAIL_LANGUAGES, SERIES_SCHEME } from './names';
import { holdsPatchMail } from './patch-mail';
import type { Reviewed } from './places';
import { onDesignChange, onKernelChange, wantedDesign } from './settings';
import { onSidecarChange, sidecarsOf, sidecarText, sidecarTexts } from './sidecars';

export interface Subject extends Reviewed {
  /** Opened by the user as a whole: it stays until it is closed as one. */
  readonly explicit: boolean;
  readonly state: 'reviewing' | 'ready' | 'failed';
  /** The reviews hold what the patches alone show: no scenario has run yet. */
  readonly early: boolean;
  /** Why it failed, one sentence; null otherwise. */
  readonly why: string | null;
}

export interface ReviewStore {
  subjects(): readonly Subject[];
  /** The subject that a document belongs to, be it a source or a decoded mail of ours. */
  subjectOf(uri: vscode.Uri): Subject | undefined;
  /** The subject once its review is as new as its text; undefined when there is none, or interest was lost. */
  fresh(uri: vscode.Uri, interest: Interest): Promise<Subject | undefined>;
  /** Reviews files together as one subject. */
  open(uris: readonly vscode.Uri[], interest: Interest, progress?: Progress): Promise<Subject | undefined>;
  close(key: string): void;
  /** Reviews a subject again from what its documents hold now. */
  again(key: string, interest?: Interest, progress?: Progress): Promise<void>;
  /** The subject's reviews of what its documents hold now, with the traces of these runs. Nothing on screen changes. Null: cancelled, or no such subject. */
  withRuns(key: string, keep: readonly WantedRun[], interest: Interest): Promise<readonly Review[] | null>;
  /** A new review, or none any more. */
  readonly onDidReview: vscode.Event<void>;
  /** Lines moved, or a review began; the reviews are the same. */
  readonly onDidMove: vscode.Event<void>;
}

/** Pause in typing after which the text is reviewed, in milliseconds. */
const PAUSE = 150;

interface Kept {
  readonly key: string;
  readonly explicit: boolean;
  readonly uris: Map<string, vscode.Uri>;
  readonly moved: Map<string, LineMap>;
  reviews: readonly Review[];
  state: Subject['state'];
  early: boolean;
  why: string | null;
  running: vscode.CancellationTokenSource | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  waiting: (() => void)[];
}

/** True for a document that we review unasked when it is on screen. */
export function isReviewable(document: vscode.TextDocument): boolean {
  if (document.languageId === LANGUAGE) return document.uri.scheme !== 'doorbell';
  if (!MAIL_LANGUAGES.some((language) => language === document.languageId)) return false;
  if (!['file', 'untitled', 'vscode-remote', 'vscode-vfs'].includes(document.uri.scheme)) return false;
  return holdsPatchMail(document.getText(new vscode.Range(0, 0, 2000, 0)));
}

/** What a tab shows as text, both sides of a comparison included. */
function shownBy({ input }: vscode.Tab): vscode.Uri[] {
  if (input instanceof vscode.TabInputText) return [input.uri];
  return input instanceof vscode.TabInputTextDiff ? [input.original, input.modified] : [];
}

function isShown(uri: vscode.Uri): boolean {
  const key = uri.toString();
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.flatMap(shownBy).some((other) => other.toString() === key),
  );
}

export function registerReviewStore(
  context: vscode.ExtensionContext,
  deps: {
    readonly analyst: Analyst;
    readonly log: vscode.LogOutputChannel;
    /** Git checkouts of the kernel that may be asked now. */
    readonly checkouts: () => Promise<readonly string[]>;
  },
): ReviewStore {
  const kept = new Map<string, Kept>();
  /** What the newest review read of the files beside series, by URI. */
  const heeded = new Map<string, string>();
  const reviewed = new vscode.EventEmitter<void>();
  const movedEvent = new vscode.EventEmitter<void>();
  const documentOf = (uri: vscode.Uri): vscode.TextDocument | undefined => {
    const key = uri.toString();
    return vscode.workspace.textDocuments.find((document) => document.uri.toString() === key);
  };

  const create = (uris: readonly vscode.Uri[], explicit: boolean): Kept => {
    const names = new Map<string, vscode.Uri>();
    for (const uri of uris) {
      const name = vscode.workspace.asRelativePath(uri, false);
      names.set(names.has(name) ? uri.toString(true) : name, uri);
    }
    const key = uris.map(String).join('\n');
    return {
      key,
      explicit,
      uris: names,
      moved: new Map(),
      reviews: [],
      state: 'reviewing',
      early: false,
      why: null,
      running: null,
      timer: undefined,
      waiting: [],
    };
  };

  /** The bytes of a document: as they are on disk while nothing was typed, so that its charset is still known. */
  const read = async (name: string, uri: vscode.Uri): Promise<Source> => {
    const document = documentOf(uri);
    if (document !== undefined && (document.isDirty || document.isUntitled || uri.scheme === SERIES_SCHEME))
      return { name, bytes: new TextEncoder().encode(document.getText()) };
    return { name, bytes: await vscode.workspace.fs.readFile(uri) };
  };

  /** Asks for reviews of what the documents of a subject hold now. */
  const ask = async (
    subject: Kept,
    interest: Interest,
    keep: readonly WantedRun[] = [],
    progress?: Progress,
    early?: Early,
  ): Promise<readonly Review[] | null> => {
    const sources = await Promise.all([...subject.uris].map(([name, uri]) => read(name, uri)));
    const design = wantedDesign();
    const beside = await sidecarTexts([...subject.uris.values()]);
    for (const uri of sidecarsOf([...subject.uris.values()])) heeded.delete(uri.toString());
    for (const { uri, text } of beside) heeded.set(uri.toString(), reviewedPart(text));
    const corrections = beside.map(({ name, text }) => ({ name, text }));
    const wishes = {
      ...(design === undefined ? {} : { design }),
      ...(corrections.length === 0 ? {} : { corrections }),
      ...(keep.length === 0 ? {} : { keep }),
    };
    return deps.analyst.review(sources, interest, wishes, progress, await deps.checkouts(), early);
  };

  const review = async (subject: Kept, interest?: Interest, progress?: Progress): Promise<void> => {
    clearTimeout(subject.timer);
    subject.timer = undefined;
    subject.running?.cancel();
    const running = new vscode.CancellationTokenSource();
    const link = interest?.onCancellationRequested(() => running.cancel());
    subject.running = running;
    subject.state = 'reviewing';
    movedEvent.fire();
    const versions = new Map([...subject.uris.values()].map((uri) => [uri.toString(), documentOf(uri)?.version]));
    try {
      const began = Date.now();
      const isOld = (): boolean =>
        [...subject.uris.values()].some(
          (uri) =>
            versions.get(uri.toString()) !== documentOf(uri)?.version &&
            documentOf(uri) !== undefined &&
            versions.get(uri.toString()) !== undefined,
        );
      // Where nothing is shown yet, what is known first is shown first.
      const early: Early = (first) => {
        if (running.token.isCancellationRequested || isOld() || kept.get(subject.key) !== subject) return;
        subject.reviews = first;
        subject.early = true;
        subject.moved.clear();
        reviewed.fire();
      };
      const first = subject.reviews.length === 0 || subject.early;
      const reviews = await ask(subject, running.token, [], progress, first ? early : undefined);
      const old = isOld();
      if (reviews === null || running.token.isCancellationRequested || old || !kept.has(subject.key)) {
        // Cancelled by the user, with nothing newer on its way: what was known before stands.
        if (reviews === null && subject.running === running && subject.timer === undefined) subject.state = 'ready';
        return;
      }
      deps.log.debug(`${subject.uris.size} source(s) reviewed in ${Date.now() - began} ms: ${reviews.length} series`);
      subject.reviews = reviews;
      subject.early = false;
      subject.state = 'ready';
      subject.why = null;
    } catch (error) {
      if (running.token.isCancellationRequested || !kept.has(subject.key)) return;
      deps.log.error(error instanceof Error ? error : String(error));
      subject.reviews = [];
      subject.early = false;
      subject.state = 'failed';
      subject.why = error instanceof Error ? error.message : String(error);
    } finally {
      link?.dispose();
      running.dispose();
      if (subject.running === running) {
        subject.running = null;
        for (const go of subject.waiting.splice(0)) go();
      }
    }
    subject.moved.clear();
    reviewed.fire();
  };

  const withSource = (uri: vscode.Uri): Kept[] => {
    const key = uri.toString();
    return [...kept.values()].filter((subject) => [...subject.uris.values()].some((other) => other.toString() === key));
  };

  const consider = (document: vscode.TextDocument): void => {
    if (withSource(document.uri).length > 0 || !isReviewable(document)) return;
    const subject = create([document.uri], false);
    kept.set(subject.key, subject);
    void review(subject);
  };

  const drop = (subject: Kept): void => {
    clearTimeout(subject.timer);
    subject.running?.cancel();
    kept.delete(subject.key);
    for (const go of subject.waiting.splice(0)) go();
    reviewed.fire();
  };

  const leave = (uri: vscode.Uri): void => {
    for (const subject of withSource(uri)) if (!subject.explicit) drop(subject);
  };

  const edited = (event: vscode.TextDocumentChangeEvent): void => {
    if (event.contentChanges.length === 0) return;
    const subjects = withSource(event.document.uri);
    if (subjects.length === 0) consider(event.document);
    for (const subject of subjects) {
      const key = event.document.uri.toString();
      const length = (line: number): number =>
        line < event.document.lineCount ? event.document.lineAt(line).text.length : -1;
      const grown = event.contentChanges.reduce(
        (sum, { range, text }) => sum + text.split('\n').length - 1 - (range.end.line - range.start.line),
        0,
      );
      subject.moved.set(
        key,
        shifted(subject.moved.get(key) ?? null, event.document.lineCount - grown, event.contentChanges, length),
      );
      subject.running?.cancel();
      subject.state = 'reviewing';
      clearTimeout(subject.timer);
      subject.timer = setTimeout(() => void review(subject), PAUSE);
    }
    if (subjects.length > 0) movedEvent.fire();
  };

  /** A corrections file that counts for a subject was written or is being typed: comments in it ask for no review. */
  const corrected = async (uri: vscode.Uri): Promise<void> => {
    const part = reviewedPart((await sidecarText(uri)) ?? '');
    if (part === (heeded.get(uri.toString()) ?? '')) return;
    heeded.set(uri.toString(), part);
    for (const subject of kept.values()) {
      if (!sidecarsOf([...subject.uris.values()]).some((other) => other.toString() === uri.toString())) continue;
      subject.running?.cancel();
      subject.state = 'reviewing';
      clearTimeout(subject.timer);
      subject.timer = setTimeout(() => void review(subject), PAUSE);
    }
  };

  context.subscriptions.push(
    reviewed,
    movedEvent,
    onSidecarChange((uri) => void corrected(uri)),
    onKernelChange(() => {
      for (const subject of kept.values()) void review(subject);
    }),
    vscode.workspace.onDidChangeTextDocument(edited),
    vscode.workspace.onDidOpenTextDocument(consider),
    onDesignChange(() => {
      for (const subject of kept.values()) void review(subject);
    }),
    vscode.workspace.onDidCloseTextDocument((document) => leave(document.uri)),
    // VS Code keeps a document that was opened by a command for minutes after its last tab; what nobody sees has no say.
    vscode.window.tabGroups.onDidChangeTabs(({ opened, closed }) => {
      for (const uri of closed.flatMap(shownBy)) if (!isShown(uri)) leave(uri);
      for (const uri of opened.flatMap(shownBy)) {
        const document = documentOf(uri);
        if (document !== undefined) consider(document);
      }
    }),
    {
      dispose: () => {
        for (const subject of kept.values()) clearTimeout(subject.timer);
      },
    },
  );
  for (const document of vscode.workspace.textDocuments) consider(document);

  const subjectOf = (uri: vscode.Uri): Kept | undefined => {
    if (uri.scheme === 'doorbell') return kept.get(new URLSearchParams(uri.query).get('of') ?? '');
    const all = withSource(uri);
    return all.find((subject) => subject.explicit) ?? all[0];
  };

  return {
    subjects: () => [...kept.values()],
    subjectOf,
    async fresh(uri, interest) {
      for (let subject = subjectOf(uri); subject !== undefined; subject = subjectOf(uri)) {
        if (interest.isCancellationRequested) return undefined;
        if (subject.state !== 'reviewing') return subject;
        const waiting = subject.waiting;
        await new Promise<void>((go) => {
          waiting.push(go);
          interest.onCancellationRequested(go);
        });
      }
      return undefined;
    },
    async open(uris, interest, progress) {
      const subject = create(uris, uris.length > 1);
      const before = kept.get(subject.key);
      if (before !== undefined) return before;
      for (const uri of uris) for (const other of withSource(uri)) if (!other.explicit) drop(other);
      kept.set(subject.key, subject);
      await review(subject, interest, progress);
      return kept.get(subject.key);
    },
    close(key) {
      const subject = kept.get(key);
      if (subject !== undefined) drop(subject);
    },
    async again(key, interest, progress) {
      const subject = kept.get(key);
      if (subject !== undefined) await review(subject, interest, progress);
    },
    async withRuns(key, keep, interest) {
      const subject = kept.get(key);
      return subject === undefined ? null : ask(subject, interest, keep);
    },
    onDidReview: reviewed.event,
    onDidMove: movedEvent.event,
  };
}
