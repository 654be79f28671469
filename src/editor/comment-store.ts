/**
 * The reviewer's comments over reloads: in the file beside the series, as corrections are, because VS Code's own threads are neither stored nor listed. What is no
 * file (a clipboard, a git range), and what a file cannot take, is kept with the workspace. What is shown changes at once; the file follows.
 */
import * as vscode from 'vscode';
import { addComments, changeComment, removeComment } from '../review/comments-file';
import { commentsIn } from '../review/reviewer-comments';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import { commentOn, fileComment, identified, type KeptComment, mailKey, quoted, readKept } from './kept-comments';
import { plain } from './plain-text';
import type { ReviewStore, Subject } from './review-store';
import { changeSidecar, type Writing } from './sidecar-writing';
import { onSidecarChange, sidecarName, sidecarsOf, sidecarText } from './sidecars';

export interface CommentStore {
  /** Those on one mail, in the order they were written. */
  of(message: Message): readonly KeptComment[];
  /** The mails of a series that have comments, in order. */
  mails(review: Review): readonly Message[];
  /** @param line 1-based line of the mail. The very same comment is not kept twice. */
  add(message: Message, line: number, text: string): void;
  /** @returns false when there is no such comment any more */
  change(id: string, text: string): boolean;
  remove(id: string): void;
  readonly onDidChange: vscode.Event<void>;
}

const KEY = 'doorbell.comments';

interface File {
  readonly uri: vscode.Uri;
  comments: readonly KeptComment[];
  /** Changes that are not written yet: until then what is on disk is older than this. */
  pending: number;
}

export function registerCommentStore(
  context: vscode.ExtensionContext,
  { store }: { readonly store: ReviewStore },
): CommentStore {
  const changed = new vscode.EventEmitter<void>();
  const files = new Map<string, File>();
  let here = readKept(context.workspaceState.get<unknown>(KEY));

  const keepHere = (next: readonly KeptComment[]): void => {
    if (next.length === here.length && next.every((one, i) => one === here[i])) return;
    here = next;
    void context.workspaceState.update(KEY, here);
  };
  const all = (): readonly KeptComment[] => [...[...files.values()].flatMap(({ comments }) => comments), ...here];
  const of = (message: Message): readonly KeptComment[] => {
    const key = mailKey(message);
    const mine = all().filter(({ mail }) => mail === key);
    return mine.filter(
      (one, i) => !mine.slice(0, i).some((other) => other.hash === one.hash && other.text === one.text),
    );
  };

  const fileOf = (uri: vscode.Uri): File => {
    const known = files.get(uri.toString());
    if (known !== undefined) return known;
    const file: File = { uri, comments: [], pending: 0 };
    files.set(uri.toString(), file);
    return file;
  };
  const subjectOf = (message: Message): Subject | undefined => {
    const key = mailKey(message);
    const holding = (test: (one: Message) => boolean): Subject | undefined =>
      store.subjects().find(({ reviews }) => reviews.some(({ series }) => series.messages.some(test)));
    return holding((one) => one === message) ?? holding((one) => mailKey(one) === key);
  };
  /** The file that takes the comments of a subject; null: none can. What the extension brings is gone with its next version. */
  const takes = (subject: Subject): vscode.Uri | null => {
    const uri = sidecarsOf([...subject.uris.values()]).at(-1);
    if (uri === undefined || vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== true) return null;
    return uri.toString().startsWith(`${context.extensionUri.toString()}/`) ? null : uri;
  };

  const reread = async (file: File): Promise<void> => {
    const text = await sidecarText(file.uri);
    if (file.pending > 0) return;
    // While somebody types in it, it may be no JSON for a moment.
    const read = text === null ? [] : commentsIn(text);
    if (read === null) return;
    const next = identified(file.comments, read, () => crypto.randomUUID());
    if (next.length === file.comments.length && next.every((one, i) => one === file.comments[i])) return;
    file.comments = next;
    changed.fire();
  };
  const write = async (file: File, change: Parameters<typeof changeSidecar>[1], failed: () => void): Promise<void> => {
    file.pending++;
    const writing = await changeSidecar(file.uri, change);
    file.pending--;
    if (writing.kind !== 'written') {
      failed();
      changed.fire();
      tell(file.uri, writing);
    }
    await reread(file);
  };
  const tell = (uri: vscode.Uri, writing: Writing): void => {
    const why = writing.kind === 'refused' ? writing.why : vscode.l10n.t('{0} could not be written.', sidecarName(uri));
    void vscode.window.showWarningMessage(vscode.l10n.t('{0} Your comments stay, on this machine.', plain(why)));
  };
  const put = (file: File, comments: readonly KeptComment[]): void => {
    file.comments = [...file.comments, ...comments];
    const change = (text: string, name: string) => addComments(text, name, comments.map(fileComment));
    void write(file, change, () => {
      file.comments = file.comments.filter((one) => !comments.includes(one));
      keepHere([...here, ...comments]);
    });
  };

  const follow = (): void => {
    const wanted = new Map(
      store
        .subjects()
        .flatMap(({ uris }) => sidecarsOf([...uris.values()]).map((uri) => [uri.toString(), uri] as const)),
    );
    for (const [key, { pending }] of files) if (!wanted.has(key) && pending === 0) files.delete(key);
    for (const uri of wanted.values()) void reread(fileOf(uri));
  };
  context.subscriptions.push(
    changed,
    store.onDidReview(follow),
    onSidecarChange((uri) => {
      const file = files.get(uri.toString());
      if (file !== undefined) void reread(file);
    }),
  );
  follow();

  const holding = (id: string): File | undefined =>
    [...files.values()].find(({ comments }) => comments.some((one) => one.id === id));

  return {
    of,
    mails: (review) => review.series.messages.filter((message) => of(message).length > 0),
    add(message, line, text) {
      if (text.trim() === '') return;
      const comment = commentOn(message, line, text, crypto.randomUUID());
      if (of(message).some(({ hash, text: other }) => hash === comment.hash && other === comment.text)) return;
      const subject = subjectOf(message);
      const uri = subject === undefined ? null : takes(subject);
      if (subject === undefined || uri === null) keepHere([...here, comment]);
      else {
        // What had to wait goes along.
        const mails = subject.reviews.flatMap(({ series }) => series.messages);
        const waiting = here.flatMap((one) => {
          const mail = mails.find((other) => mailKey(other) === one.mail);
          const whole = mail === undefined ? null : quoted(one, mail.lines);
          return whole === null ? [] : [whole];
        });
        keepHere(here.filter(({ id }) => !waiting.some((one) => one.id === id)));
        put(fileOf(uri), [...waiting, comment]);
      }
      changed.fire();
    },
    change(id, text) {
      const file = holding(id);
      const before = (file?.comments ?? here).find((one) => one.id === id);
      if (before === undefined) return false;
      if (text.trim() === '' || text === before.text) return true;
      const after = { ...before, text };
      const replaced = (one: KeptComment): KeptComment => (one.id === id ? after : one);
      if (file === undefined) keepHere(here.map(replaced));
      else {
        file.comments = file.comments.map(replaced);
        const edit = (source: string, name: string) => changeComment(source, name, fileComment(before), text);
        void write(file, edit, () => {
          file.comments = file.comments.map((one) => (one === after ? before : one));
          keepHere([...here, { ...after, id: crypto.randomUUID() }]);
        });
      }
      changed.fire();
      return true;
    },
    remove(id) {
      const file = holding(id);
      const gone = file?.comments.find((one) => one.id === id);
      if (file === undefined || gone === undefined) keepHere(here.filter((one) => one.id !== id));
      else {
        file.comments = file.comments.filter((one) => one !== gone);
        const edit = (source: string, name: string) => removeComment(source, name, fileComment(gone));
        void write(file, edit, () => {
          file.comments = [...file.comments, gone];
        });
      }
      changed.fire();
    },
    onDidChange: changed.event,
  };
}
