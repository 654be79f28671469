/**
 * Read-only documents of mails that had to be decoded (base64, quoted-printable, another charset): `doorbell:` URIs.
 */
import * as vscode from 'vscode';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import { SCHEME } from './names';
import type { Reviewed } from './places';
import type { ReviewStore } from './review-store';

/** The document of one message. Its path is made for the tab's title; what it holds is named in the query. */
export function decodedUri(reviewed: Reviewed, review: Review, message: Message): vscode.Uri {
  const title =
    message.subject
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'mail';
  const query = new URLSearchParams({
    of: reviewed.key,
    series: String(reviewed.reviews.indexOf(review)),
    message: String(message.index),
  });
  return vscode.Uri.from({ scheme: SCHEME, path: `/${title}.eml`, query: query.toString() });
}

export function registerDecodedMail(context: vscode.ExtensionContext, deps: { readonly store: ReviewStore }): void {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const messageOf = (uri: vscode.Uri): Message | undefined => {
    const query = new URLSearchParams(uri.query);
    const reviewed = deps.store.subjects().find(({ key }) => key === query.get('of'));
    return reviewed?.reviews[Number(query.get('series'))]?.series.messages[Number(query.get('message'))];
  };
  context.subscriptions.push(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) =>
        messageOf(uri)?.lines.join('\n') ?? vscode.l10n.t('This mail is no longer under review.'),
    }),
    deps.store.onDidReview(() => {
      for (const document of vscode.workspace.textDocuments)
        if (document.uri.scheme === SCHEME) changed.fire(document.uri);
    }),
  );
}
