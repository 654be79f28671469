/** `⚡ 2 violations · window 3/256 · 14/16 functions executed` of the series on screen. A click shows the tree. */
import * as vscode from 'vscode';
import { summary } from './marks';
import { VIEWS } from './names';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import type { SelectionStore } from './selection';

/** The subject that the user looks at: of the active editor, or else the only one there is. */
export function subjectInView(store: ReviewStore): Subject | undefined {
  const active = vscode.window.activeTextEditor;
  const own = active === undefined ? undefined : store.subjectOf(active.document.uri);
  if (own !== undefined) return own;
  for (const editor of vscode.window.visibleTextEditors) {
    const subject = store.subjectOf(editor.document.uri);
    if (subject !== undefined) return subject;
  }
  return store.subjects()[0];
}

/** The text for one subject, without icon. Exported for the tests. */
export function statusText(subject: Subject, selection: SelectionStore): string {
  const sums = subject.reviews.map((review) => summary(review, selection.get()));
  const total = (pick: (sum: (typeof sums)[number]) => number): number => sums.reduce((all, sum) => all + pick(sum), 0);
  const violations = total((sum) => sum.violations);
  const executed = total((sum) => sum.executed);
  // Of what nothing ran, nothing is known to hold.
  const parts = [
    violations === 0
      ? executed === 0
        ? vscode.l10n.t('nothing executed')
        : vscode.l10n.t('no violation')
      : violations === 1
        ? vscode.l10n.t('1 violation')
        : vscode.l10n.t('{0} violations', violations),
  ];
  const errors = total((sum) => sum.errors);
  if (errors > 0) parts.push(errors === 1 ? vscode.l10n.t('1 error') : vscode.l10n.t('{0} errors', errors));
  const window = sums.find((sum) => sum.pages > 0);
  if (window !== undefined) parts.push(vscode.l10n.t('window {0}/{1}', window.used, window.pages));
  const functions = total((sum) => sum.functions);
  if (functions > 0) parts.push(vscode.l10n.t('{0}/{1} functions executed', executed, functions));
  return parts.join(' · ');
}

export function registerStatusBar(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly selection: SelectionStore },
): void {
  const item = vscode.window.createStatusBarItem('doorbell.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Doorbell';
  item.command = `${VIEWS.review}.focus`;
  const show = (): void => {
    const subject = subjectInView(deps.store);
    if (subject === undefined) {
      item.hide();
      return;
    }
    const [review] = subject.reviews;
    item.tooltip = review === undefined ? undefined : plain(review.series.subject);
    if (subject.state === 'failed') {
      item.text = `$(error) ${vscode.l10n.t('Doorbell could not review this')}`;
      item.tooltip = plain(subject.why ?? '');
    } else if (review === undefined || (subject.early && subject.state === 'reviewing')) {
      if (subject.state === 'ready') {
        item.hide();
        return;
      }
      item.text = `$(sync~spin) ${vscode.l10n.t('reviewing…')}`;
    } else item.text = `$(zap) ${statusText(subject, deps.selection)}`;
    item.accessibilityInformation = { label: `Doorbell: ${item.text.replace(/\$\([^)]*\) /, '')}` };
    item.show();
  };
  context.subscriptions.push(
    item,
    deps.store.onDidReview(show),
    deps.store.onDidMove(show),
    deps.selection.onDidChange(show),
    vscode.window.onDidChangeActiveTextEditor(show),
    vscode.window.onDidChangeVisibleTextEditors(show),
  );
  show();
}
