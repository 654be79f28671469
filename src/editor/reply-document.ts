/**
 * The reply: from the reviewer's comments a mail in a document of its own, which the user edits, saves and sends by other means. Nothing
 * is sent here.
 */
import * as vscode from 'vscode';
import { commentOf, replyTo, sendCommand } from '../report/reply';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import type { CommentStore } from './comment-store';
import type { CommentThreads } from './comment-threads';
import { SELECTOR } from './hovers';
import { anchorOf } from './kept-comments';
import { addressOf } from './links';
import { COMMANDS, LINKS, REPLY_LANGUAGE } from './names';
import { lineAt, place, placeIn } from './places';
import { clipped, plain } from './plain-text';
import { replyHeaders } from './reply-headers';
import type { ReviewStore, Subject } from './review-store';

interface Deps {
  readonly store: ReviewStore;
  readonly comments: CommentStore;
  readonly threads: CommentThreads;
  readonly subjectInView: () => Subject | undefined;
}

interface Candidate {
  readonly review: Review;
  readonly message: Message;
}

function candidates(deps: Deps, subject: Subject): readonly Candidate[] {
  return subject.reviews.flatMap((review) => deps.comments.mails(review).map((message) => ({ review, message })));
}

/** The commented mail to answer: the one that the cursor stands in, the only one, or the one chosen. */
async function chooseMail(deps: Deps, subject: Subject, all: readonly Candidate[]): Promise<Candidate | undefined> {
  const editor = vscode.window.activeTextEditor;
  const here =
    editor === undefined ? null : lineAt(editor.document.uri, subject, editor.selection.active.line)?.message;
  const inView = all.find(({ message }) => message === here);
  if (inView !== undefined || all.length === 1) return inView ?? all[0];
  const picked = await vscode.window.showQuickPick(
    all.map((candidate) => ({
      label: clipped(candidate.message.subject, 100),
      description: vscode.l10n.t('{0} comments', deps.comments.of(candidate.message).length),
      candidate,
    })),
    { title: vscode.l10n.t('Compose a reply'), placeHolder: vscode.l10n.t('Which mail?') },
  );
  return picked?.candidate;
}

async function compose(deps: Deps): Promise<void> {
  const subject = deps.subjectInView();
  if (subject === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a patch series first.'));
    return;
  }
  const all = candidates(deps, subject);
  if (all.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t(
        'There is no comment yet: write one with the + beside a line, or take a finding over with “Add to reply”.',
      ),
    );
    return;
  }
  const chosen = await chooseMail(deps, subject, all);
  if (chosen === undefined) return;
  const { review, message } = chosen;
  const comments = deps.comments
    .of(message)
    .map((kept) => ({ line: anchorOf(kept, message.lines).line, text: kept.text }));
  const content = replyTo(review.series, message.index, comments).text;
  const document = await vscode.workspace.openTextDocument({ language: REPLY_LANGUAGE, content });
  await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
}

async function copySendCommand(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId !== REPLY_LANGUAGE) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Compose a reply first.'));
    return;
  }
  const file = document.isUntitled ? 'reply.eml' : document.uri.fsPath;
  await vscode.env.clipboard.writeText(sendCommand(replyHeaders(document.getText()), file));
  void vscode.window.showInformationMessage(
    document.isUntitled
      ? vscode.l10n.t('The git send-email line is copied. Save the reply as {0} before you run it.', file)
      : vscode.l10n.t('The git send-email line is copied.'),
  );
}

export function registerReply(context: vscode.ExtensionContext, deps: Deps): void {
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMANDS.composeReply, () => compose(deps)),
    vscode.commands.registerCommand(COMMANDS.copySendCommand, copySendCommand),
    vscode.commands.registerCommand(LINKS.addToReply, (value: unknown) => {
      const address = addressOf(value);
      const subject = deps.store.subjects().find(({ key }) => key === address.subject);
      const review = subject?.reviews[address.series ?? 0];
      const finding = review?.findings.find(({ id }) => id === address.finding);
      const message = finding === undefined ? undefined : review?.series.messages[finding.at.message];
      if (subject === undefined || review === undefined || finding === undefined || message === undefined) {
        void vscode.window.showInformationMessage(vscode.l10n.t('This series is no longer under review.'));
        return;
      }
      deps.comments.add(message, finding.at.line, commentOf(finding));
      const there = place(subject, review, finding.at);
      if (there !== null) deps.threads.open(there.uri, there.range.start.line);
    }),
    vscode.languages.registerCodeActionsProvider(
      SELECTOR,
      {
        provideCodeActions(document, range) {
          const subject = deps.store.subjectOf(document.uri);
          if (subject === undefined) return [];
          return subject.reviews.flatMap((review, series) =>
            review.findings.flatMap((finding) => {
              const at = placeIn(document.uri, subject, review, finding.at);
              if (at === null || at.start.line < range.start.line || at.start.line > range.end.line) return [];
              const title = vscode.l10n.t('Add to reply: {0}', clipped(finding.short, 60));
              const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
              action.command = {
                title: plain(title),
                command: LINKS.addToReply,
                arguments: [{ subject: subject.key, series, finding: finding.id }],
              };
              return [action];
            }),
          );
        },
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}
