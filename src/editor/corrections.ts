/**
 * Dismissing findings: a quick fix on their entries in Problems asks for the reason and writes it into the corrections file beside the
 * series; what is wrong with such a file, or meets nothing any more, is an entry in Problems on the file itself.
 */
import * as vscode from 'vscode';
import { type CorrectionProblem, type Dismissal, dismissalOf } from '../review/corrections';
import { addDismissal, EMPTY_FILE, type FileChange, removeDismissal } from '../review/corrections-file';
import type { Finding, Review } from '../review/types';
import { COMMANDS, LINKS, SOURCE } from './names';
import { place } from './places';
import { clipped, plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { changeSidecar } from './sidecar-writing';
import { sidecarName, sidecarsOf, sidecarText } from './sidecars';

interface Found {
  readonly subject: Subject;
  readonly review: Review;
  readonly finding: Finding;
}

/** All findings of a review, dismissed ones too, in the order in which they count. */
function allFindings(review: Review): readonly Finding[] {
  const dismissed = review.corrections?.dismissed.map(({ finding }) => finding) ?? [];
  return [...review.findings, ...dismissed].sort((a, b) => a.patch - b.patch || a.at.line - b.at.line);
}

function findingsAt(store: ReviewStore, document: vscode.TextDocument, range: vscode.Range): Found[] {
  const subject = store.subjectOf(document.uri);
  if (subject === undefined) return [];
  const found: Found[] = [];
  for (const review of subject.reviews)
    for (const finding of review.findings) {
      const there = place(subject, review, finding.at);
      if (
        there?.uri.toString() === document.uri.toString() &&
        there.range.start.line >= range.start.line &&
        there.range.start.line <= range.end.line
      )
        found.push({ subject, review, finding });
    }
  return found;
}

/** What a command names: by key and number in a link, by value in a row of a tree. */
interface Named {
  readonly subject?: unknown;
  readonly series?: unknown;
  readonly review?: unknown;
  readonly finding?: unknown;
}

/** The text itself, or that of the value's own member. */
function keyIn(value: unknown, member: 'key' | 'id'): unknown {
  return typeof value === 'object' && value !== null && member in value
    ? (value as Readonly<Record<string, unknown>>)[member]
    : value;
}

function byName(store: ReviewStore, value: unknown): Found | undefined {
  const named: Named = typeof value === 'object' && value !== null ? value : {};
  const subject = store.subjects().find(({ key }) => key === keyIn(named.subject, 'key'));
  const review =
    subject?.reviews.find((one) => one === named.review) ??
    subject?.reviews[typeof named.series === 'number' ? named.series : 0];
  const id = keyIn(named.finding, 'id');
  const finding = review === undefined ? undefined : allFindings(review).find((one) => one.id === id);
  return subject === undefined || review === undefined || finding === undefined
    ? undefined
    : { subject, review, finding };
}

async function changeFile(
  store: ReviewStore,
  subject: Subject,
  change: (text: string, name: string) => FileChange,
): Promise<vscode.Uri | undefined> {
  const uri = sidecarsOf([...subject.uris.values()]).at(-1);
  if (uri === undefined) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('Save the series first: its corrections are kept in a file beside it.'),
    );
    return undefined;
  }
  const writing = await changeSidecar(uri, change);
  if (writing.kind !== 'written') {
    void vscode.window.showErrorMessage(
      writing.kind === 'refused' ? plain(writing.why) : vscode.l10n.t('{0} could not be written.', sidecarName(uri)),
    );
    return undefined;
  }
  await store.again(subject.key);
  return uri;
}

async function dismiss(store: ReviewStore, { subject, review, finding }: Found, given: unknown): Promise<void> {
  const reason =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Dismiss: {0}', plain(finding.title)),
          prompt: vscode.l10n.t('Why? The reason is kept with the dismissal, beside the series.'),
          placeHolder: plain(finding.short),
          ignoreFocusOut: true,
          validateInput: (text) => (text.trim() === '' ? vscode.l10n.t('A dismissal needs its reason.') : undefined),
        });
  if (reason === undefined || reason.trim() === '') return;
  const dismissal = dismissalOf(review.series, allFindings(review), finding, reason.trim());
  if (dismissal === null) return;
  const uri = await changeFile(store, subject, (text, name) => addDismissal(text, name, dismissal));
  if (uri === undefined) return;
  const undo = vscode.l10n.t('Undo');
  const open = vscode.l10n.t('Open {0}', sidecarName(uri));
  void vscode.window
    .showInformationMessage(vscode.l10n.t('Dismissed: {0}', clipped(plain(finding.short), 80)), undo, open)
    .then(async (chosen) => {
      if (chosen === undo) await takeBack(store, subject.key, dismissal);
      else if (chosen === open) await vscode.window.showTextDocument(uri);
    });
}

async function takeBack(store: ReviewStore, key: string, dismissal: Omit<Dismissal, 'at'>): Promise<void> {
  const subject = store.subjects().find((one) => one.key === key);
  if (subject !== undefined) await changeFile(store, subject, (text, name) => removeDismissal(text, name, dismissal));
}

/** Takes back the dismissal of a finding, whether it was written with its occurrence and its patch or without. */
async function restore(store: ReviewStore, { subject, review, finding }: Found): Promise<void> {
  const dismissal = dismissalOf(review.series, allFindings(review), finding, '');
  if (dismissal === null) return;
  await changeFile(store, subject, (text, name) => {
    let last: FileChange = { kind: 'refused', why: '' };
    for (const patch of [dismissal.patch, null])
      for (const occurrence of [dismissal.occurrence, null]) {
        last = removeDismissal(text, name, { ...dismissal, patch, occurrence });
        if (last.kind === 'edits') return last;
      }
    return last;
  });
}

async function openFile(subject: Subject | undefined): Promise<void> {
  const uri = subject === undefined ? undefined : sidecarsOf([...subject.uris.values()]).at(-1);
  if (uri === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a series first.'));
    return;
  }
  if ((await sidecarText(uri)) === null) {
    const edit = new vscode.WorkspaceEdit();
    edit.createFile(uri, { contents: new TextEncoder().encode(EMPTY_FILE), ignoreIfExists: true });
    await vscode.workspace.applyEdit(edit);
  }
  await vscode.window.showTextDocument(uri);
}

function problemsOf(
  store: ReviewStore,
): Map<string, { readonly uri: vscode.Uri; readonly diagnostics: vscode.Diagnostic[] }> {
  const entries = new Map<string, { readonly uri: vscode.Uri; readonly diagnostics: vscode.Diagnostic[] }>();
  for (const subject of store.subjects()) {
    const names = new Map(sidecarsOf([...subject.uris.values()]).map((uri) => [sidecarName(uri), uri]));
    const seen = new Set<string>();
    for (const problem of subject.reviews.flatMap((review) => review.corrections?.problems ?? [])) {
      const uri = names.get(problem.at.file);
      const key = `${problem.at.file}:${problem.at.line}:${problem.at.column}:${problem.message}`;
      if (uri === undefined || seen.has(key)) continue;
      seen.add(key);
      const entry = entries.get(uri.toString()) ?? { uri, diagnostics: [] };
      entry.diagnostics.push(diagnosticOf(problem));
      entries.set(uri.toString(), entry);
    }
  }
  return entries;
}

function diagnosticOf({ kind, message, at }: CorrectionProblem): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(
    new vscode.Range(at.line - 1, at.column, at.line - 1, Math.max(at.endColumn, at.column + 1)),
    plain(message),
    kind === 'invalid' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Information,
  );
  diagnostic.source = SOURCE;
  diagnostic.code = kind === 'invalid' ? 'correction-invalid' : 'correction-unused';
  return diagnostic;
}

export function registerCorrections(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly subjectInView: () => Subject | undefined },
): void {
  const collection = vscode.languages.createDiagnosticCollection('doorbell-corrections');
  const publish = (): void => {
    const entries = problemsOf(deps.store);
    collection.clear();
    for (const { uri, diagnostics } of entries.values()) collection.set(uri, diagnostics);
  };
  const actions: vscode.CodeActionProvider = {
    provideCodeActions(document, range, { diagnostics }) {
      const rules = new Set(
        diagnostics.flatMap(({ source, code }) => (source === SOURCE && typeof code === 'object' ? [code.value] : [])),
      );
      return findingsAt(deps.store, document, range)
        .filter(({ finding }) => rules.has(finding.rule))
        .map(({ subject, review, finding }) => {
          const action = new vscode.CodeAction(
            vscode.l10n.t('Dismiss: {0}…', clipped(plain(finding.short), 60)),
            vscode.CodeActionKind.QuickFix,
          );
          action.diagnostics = diagnostics.filter(
            ({ code }) => typeof code === 'object' && code.value === finding.rule,
          );
          action.command = {
            title: action.title,
            command: LINKS.dismiss,
            arguments: [{ subject: subject.key, series: subject.reviews.indexOf(review), finding: finding.id }],
          };
          return action;
        });
    },
  };
  context.subscriptions.push(
    collection,
    deps.store.onDidReview(publish),
    vscode.languages.registerCodeActionsProvider({ pattern: '**' }, actions, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.commands.registerCommand(LINKS.dismiss, async (value: unknown, reason: unknown) => {
      const found = byName(deps.store, value);
      if (found !== undefined) await dismiss(deps.store, found, reason);
    }),
    vscode.commands.registerCommand(LINKS.restoreFinding, async (value: unknown) => {
      const found = byName(deps.store, value);
      if (found !== undefined) await restore(deps.store, found);
    }),
    vscode.commands.registerCommand(COMMANDS.openCorrections, () => openFile(deps.subjectInView())),
  );
  publish();
}
