/**
 * The reviewer's comments over reloads: kept with the workspace, because VS Code's own threads are neither stored nor listed.
 */
import * as vscode from 'vscode';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import { commentOn, type KeptComment, mailKey, readKept } from './kept-comments';

export interface CommentStore {
  /** Those on one mail, in the order they were written. */
  of(message: Message): readonly KeptComment[];
  /** The mails of a series that have comments, in order. */
  mails(review: Review): readonly Message[];
  /** @param line 1-based line of the mail. The very same comment is not kept twice. */
  add(message: Message, line: number, text: string): void;
  change(id: string, text: string): void;
  remove(id: string): void;
  readonly onDidChange: vscode.Event<void>;
}

const KEY = 'doorbell.comments';

export function registerCommentStore(context: vscode.ExtensionContext): CommentStore {
  const changed = new vscode.EventEmitter<void>();
  context.subscriptions.push(changed);
  let kept = readKept(context.workspaceState.get<unknown>(KEY));
  const keep = (next: readonly KeptComment[]): void => {
    kept = next;
    void context.workspaceState.update(KEY, kept);
    changed.fire();
  };
  const of = (message: Message): readonly KeptComment[] => {
    const key = mailKey(message);
    return kept.filter(({ mail }) => mail === key);
  };
  return {
    of,
    mails: (review) => review.series.messages.filter((message) => of(message).length > 0),
    add(message, line, text) {
      if (text.trim() === '') return;
      const comment = commentOn(message, line, text, crypto.randomUUID());
      const known = of(message).some(({ hash, text: other }) => hash === comment.hash && other === comment.text);
      if (!known) keep([...kept, comment]);
    },
    change(id, text) {
      if (text.trim() === '') return;
      keep(kept.map((one) => (one.id === id ? { ...one, text } : one)));
    },
    remove: (id) => keep(kept.filter((one) => one.id !== id)),
    onDidChange: changed.event,
  };
}
