/** One mbox may hold several series: which of them to go to. */
import * as vscode from 'vscode';
import { revealSpan } from './links';
import { summary } from './marks';
import { COMMANDS } from './names';
import { clipped } from './plain-text';
import type { ReviewStore, Subject } from './review-store';

/** Lets the user choose among the series of a subject and goes there; with one alone, nothing happens. */
export async function chooseSeries(subject: Subject): Promise<void> {
  if (subject.reviews.length < 2) return;
  const picked = await vscode.window.showQuickPick(
    subject.reviews.map((review) => ({
      label: clipped(review.series.subject, 100),
      description: `v${review.series.version} · ${vscode.l10n.t('{0} patches', review.series.patches.length)}`,
      detail: vscode.l10n.t('{0} findings', summary(review, null).findings),
      review,
    })),
    {
      title: vscode.l10n.t('{0} series in this file', subject.reviews.length),
      placeHolder: vscode.l10n.t('Which one to show?'),
    },
  );
  if (picked === undefined) return;
  const { review } = picked;
  const message = review.series.cover ?? review.series.patches[0]?.message ?? review.series.messages[0]?.index ?? 0;
  await revealSpan(subject, review, { message, line: 1, column: 0, endLine: 1, endColumn: 0 }, false);
}

/** After a document was opened: waits for its review, and asks when it holds several series. */
export async function chooseWhenSeveral(store: ReviewStore, uri: vscode.Uri): Promise<void> {
  const waiting = new vscode.CancellationTokenSource();
  try {
    const subject = await store.fresh(uri, waiting.token);
    if (subject !== undefined) await chooseSeries(subject);
  } finally {
    waiting.dispose();
  }
}

export function registerSeriesChoice(
  context: vscode.ExtensionContext,
  deps: { readonly subjectInView: () => Subject | undefined },
): void {
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.showSeries, async () => {
      const subject = deps.subjectInView();
      if (subject === undefined || subject.reviews.length < 2)
        void vscode.window.showInformationMessage(vscode.l10n.t('There is no other series in this file.'));
      else await chooseSeries(subject);
    }),
  );
}
