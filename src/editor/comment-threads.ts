/**
 * Comments on the lines of mails under review: the reviewer's own, to write, change and delete, and what others answered in the
 * thread, to read. The threads are made anew from what is kept whenever lines move; they hold nothing that is nowhere else.
 */
import * as vscode from 'vscode';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import { answersOf } from './answers';
import type { CommentStore } from './comment-store';
import { anchorOf } from './kept-comments';
import { SETTINGS, THREADS } from './names';
import { lineAt, place } from './places';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { isOn, onSettingChange } from './settings';

/** One of the reviewer's own comments as VS Code shows it. */
interface OwnComment extends vscode.Comment {
  readonly kept: string;
}

interface Wanted {
  readonly uri: vscode.Uri;
  readonly line: number;
  readonly own: boolean;
  readonly label: string;
  readonly comments: vscode.Comment[];
}

export interface CommentThreads {
  /** What stands on screen; for the tests. */
  threads(): readonly vscode.CommentThread[];
  readonly onDidChange: vscode.Event<void>;
  /** Shows the threads of one line opened. */
  open(uri: vscode.Uri, line: number): void;
}

const lineSpan = (message: Message, line: number) => ({
  message: message.index,
  line,
  column: 0,
  endLine: line,
  endColumn: 0,
});

function isOwn(value: unknown): value is OwnComment {
  return typeof value === 'object' && value !== null && 'kept' in value && typeof value.kept === 'string';
}

function isReply(value: unknown): value is vscode.CommentReply {
  return typeof value === 'object' && value !== null && 'thread' in value && 'text' in value;
}

/** A mail's text as a comment: indented as it was, with no invisible characters. As a string it is never taken for markup. */
function shown(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^[ \t]*/.exec(line)?.[0] ?? '') + plain(line))
    .join('\n');
}

export function registerCommentThreads(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly comments: CommentStore },
): CommentThreads {
  const controller = vscode.comments.createCommentController('doorbell', vscode.l10n.t('Doorbell'));
  controller.options = {
    prompt: vscode.l10n.t('Comment on this line'),
    placeHolder: vscode.l10n.t('Kept beside the series, for the reply'),
  };
  controller.commentingRangeProvider = {
    provideCommentingRanges(document) {
      const subject = deps.store.subjectOf(document.uri);
      if (subject === undefined || subject.reviews.length === 0) return [];
      return [new vscode.Range(0, 0, Math.max(0, document.lineCount - 1), 0)];
    },
  };
  const threads = new Map<string, vscode.CommentThread>();
  const drawn = new vscode.EventEmitter<void>();

  const ownOn = (subject: Subject, review: Review, message: Message, wanted: Map<string, Wanted>): void => {
    for (const kept of deps.comments.of(message)) {
      const anchor = anchorOf(kept, message.lines);
      const there = place(subject, review, lineSpan(message, anchor.line));
      if (there === null) continue;
      const line = there.range.start.line;
      const comment: OwnComment = {
        kept: kept.id,
        body: kept.text,
        mode: vscode.CommentMode.Preview,
        author: { name: vscode.l10n.t('You') },
        contextValue: 'own',
        ...(anchor.found ? {} : { label: vscode.l10n.t('this line has changed') }),
      };
      add(wanted, { uri: there.uri, line, own: true, label: vscode.l10n.t('Comment for the reply') }, comment);
    }
  };
  const answersOn = (subject: Subject, review: Review, wanted: Map<string, Wanted>): void => {
    for (const answer of answersOf(review)) {
      const there = place(subject, review, lineSpan(answer.message, answer.line));
      if (there === null) continue;
      const comment: vscode.Comment = {
        body: shown(answer.text),
        mode: vscode.CommentMode.Preview,
        author: { name: plain(answer.who) },
        contextValue: 'answer',
        ...(answer.date === null ? {} : { timestamp: new Date(answer.date) }),
      };
      const line = there.range.start.line;
      add(wanted, { uri: there.uri, line, own: false, label: vscode.l10n.t('Answered in the thread') }, comment);
    }
  };
  const add = (wanted: Map<string, Wanted>, of: Omit<Wanted, 'comments'>, comment: vscode.Comment): void => {
    const key = `${of.own ? 'own' : 'answer'} ${of.line} ${of.uri.toString()}`;
    const entry = wanted.get(key) ?? { ...of, comments: [] };
    entry.comments.push(comment);
    wanted.set(key, entry);
  };

  const draw = (): void => {
    const wanted = new Map<string, Wanted>();
    for (const subject of deps.store.subjects())
      for (const review of subject.reviews) {
        for (const message of deps.comments.mails(review)) ownOn(subject, review, message, wanted);
        if (isOn(SETTINGS.answers)) answersOn(subject, review, wanted);
      }
    for (const [key, thread] of threads)
      if (!wanted.has(key)) {
        thread.dispose();
        threads.delete(key);
      }
    for (const [key, { uri, line, own, label, comments }] of wanted) {
      const before = threads.get(key);
      if (before !== undefined) {
        // A comment that is being changed is not taken out of its author's hands.
        if (before.comments.some(({ mode }) => mode === vscode.CommentMode.Editing)) continue;
        if (!sameComments(before.comments, comments)) before.comments = comments;
        continue;
      }
      const thread = controller.createCommentThread(uri, new vscode.Range(line, 0, line, 0), comments);
      thread.canReply = own;
      thread.label = label;
      thread.contextValue = own ? 'own' : 'answer';
      thread.collapsibleState = vscode.CommentThreadCollapsibleState.Collapsed;
      threads.set(key, thread);
    }
    drawn.fire();
  };

  const mode = (value: unknown, next: vscode.CommentMode): void => {
    if (!isOwn(value)) return;
    for (const thread of threads.values())
      if (thread.comments.some((one) => isOwn(one) && one.kept === value.kept))
        thread.comments = thread.comments.map((one) =>
          isOwn(one) && one.kept === value.kept ? { ...one, mode: next } : one,
        );
  };

  context.subscriptions.push(
    controller,
    drawn,
    deps.store.onDidReview(draw),
    deps.store.onDidMove(draw),
    deps.comments.onDidChange(draw),
    onSettingChange(draw),
    vscode.commands.registerCommand(THREADS.add, (value: unknown) => {
      if (!isReply(value)) return;
      const { thread, text } = value;
      const line = thread.range?.start.line;
      const subject = deps.store.subjectOf(thread.uri);
      const at = line === undefined || subject === undefined ? null : lineAt(thread.uri, subject, line);
      // What was typed stays in its box where it belongs to no mail.
      if (at === null) {
        void vscode.window.showWarningMessage(vscode.l10n.t('This line belongs to no mail under review.'));
        return;
      }
      if (![...threads.values()].includes(thread)) thread.dispose();
      deps.comments.add(at.message, at.line, text);
      if (line !== undefined) open(thread.uri, line);
    }),
    vscode.commands.registerCommand(THREADS.edit, (value: unknown) => mode(value, vscode.CommentMode.Editing)),
    vscode.commands.registerCommand(THREADS.cancel, (value: unknown) => {
      mode(value, vscode.CommentMode.Preview);
      draw();
    }),
    vscode.commands.registerCommand(THREADS.save, (value: unknown) => {
      if (!isOwn(value)) return;
      const text = typeof value.body === 'string' ? value.body : value.body.value;
      const thread = [...threads.values()].find(({ comments }) =>
        comments.some((one) => isOwn(one) && one.kept === value.kept),
      );
      if (!deps.comments.change(value.kept, text)) {
        // Somebody changed the file meanwhile: what was written here is a comment of its own.
        const line = thread?.range?.start.line;
        const subject = thread === undefined ? undefined : deps.store.subjectOf(thread.uri);
        const at =
          thread === undefined || line === undefined || subject === undefined
            ? null
            : lineAt(thread.uri, subject, line);
        if (at === null) {
          void vscode.window.showWarningMessage(vscode.l10n.t('This line belongs to no mail under review.'));
          return;
        }
        deps.comments.add(at.message, at.line, text);
      }
      mode(value, vscode.CommentMode.Preview);
      draw();
    }),
    vscode.commands.registerCommand(THREADS.remove, (value: unknown) => {
      if (isOwn(value)) deps.comments.remove(value.kept);
    }),
  );
  const open = (uri: vscode.Uri, line: number): void => {
    for (const [key, thread] of threads)
      if (key.endsWith(` ${line} ${uri.toString()}`))
        thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
  };
  draw();
  return { threads: () => [...threads.values()], onDidChange: drawn.event, open };
}

function sameComments(a: readonly vscode.Comment[], b: readonly vscode.Comment[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i];
      return other !== undefined && one.body === other.body && one.label === other.label && one.mode === other.mode;
    })
  );
}
