/**
 * From a span of a review to a range of a document the user can see. An undecoded mail stands in its document as it
 * is; a decoded one is shown in a read-only document of ours, unless the raw text has the very same line.
 */
import * as vscode from 'vscode';
import type { Span } from '../place';
import type { Review } from '../review/types';
import type { Message } from '../series/types';
import { decodedUri } from './decoded-mail';
import { type LineMap, lineNow } from './line-shift';

/** What places need to know of a reviewed subject. */
export interface Reviewed {
  readonly key: string;
  /** The reviewed documents, by the name that `Series.sources` holds. */
  readonly uris: ReadonlyMap<string, vscode.Uri>;
  readonly reviews: readonly Review[];
  /** How lines moved since the review, by URI. */
  readonly moved: ReadonlyMap<string, LineMap>;
}

export interface Placed {
  readonly uri: vscode.Uri;
  readonly range: vscode.Range;
}

/** The document's URI in which the message came. */
export function sourceOf(reviewed: Reviewed, review: Review, message: Message): vscode.Uri | null {
  const name = review.series.sources[message.source];
  return name === undefined ? null : (reviewed.uris.get(name) ?? null);
}

function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
  const key = uri.toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === key);
}

/** 0-based line of the source at which a message's line (1-based, as shown) stands, or null when no single line holds it. */
function sourceLine(message: Message, line: number): number | null {
  if (message.rawLines === null) return message.sourceLine + line - 1;
  const raw = message.rawLines[line - 1];
  return raw === undefined || raw < 1 ? null : message.sourceLine + raw - 1;
}

/**
 * Where to go to see the span. Null when its text was edited since the review, or its document is unknown.
 */
export function place(reviewed: Reviewed, review: Review, span: Span): Placed | null {
  const message = review.series.messages[span.message];
  if (message === undefined) return null;
  const uri = sourceOf(reviewed, review, message);
  if (uri === null) return null;
  const there = inSource(reviewed, uri, message, span);
  if (there === 'elsewhere')
    return { uri: decodedUri(reviewed, review, message), range: spanRange(span, span.line - 1) };
  return there === null ? null : { uri, range: there };
}

/** The span's range within one given document (the source itself, or our document of a decoded mail), or null. */
export function placeIn(document: vscode.Uri, reviewed: Reviewed, review: Review, span: Span): vscode.Range | null {
  const message = review.series.messages[span.message];
  if (message === undefined) return null;
  const uri = sourceOf(reviewed, review, message);
  if (uri === null) return null;
  if (uri.toString() !== document.toString()) {
    const own = message.decoded && decodedUri(reviewed, review, message).toString() === document.toString();
    return own ? spanRange(span, span.line - 1) : null;
  }
  const there = inSource(reviewed, uri, message, span);
  return there === 'elsewhere' ? null : there;
}

function inSource(
  reviewed: Reviewed,
  uri: vscode.Uri,
  message: Message,
  span: Span,
): vscode.Range | 'elsewhere' | null {
  const then = sourceLine(message, span.line);
  if (then === null) return 'elsewhere';
  const now = lineNow(reviewed.moved.get(uri.toString()) ?? null, then);
  if (message.decoded) {
    const document = openDocument(uri);
    const same =
      document !== undefined &&
      now >= 0 &&
      now < document.lineCount &&
      document.lineAt(now).text === message.lines[span.line - 1];
    if (!same) return 'elsewhere';
  }
  return now < 0 ? null : spanRange(span, now);
}

/** A span of several lines is shown to the end of its first one: one finding, one line. */
function spanRange(span: Span, line: number): vscode.Range {
  const one = span.endLine === span.line && span.endColumn > span.column;
  return new vscode.Range(line, span.column, line, one ? span.endColumn : 10_000);
}

/** The mail and its line (1-based, as shown) that stand at a line (0-based) of a document now; null for a line of none. */
export function lineAt(
  document: vscode.Uri,
  reviewed: Reviewed,
  line: number,
): { readonly review: Review; readonly message: Message; readonly line: number } | null {
  for (const review of reviewed.reviews)
    for (const message of review.series.messages)
      for (let at = 1; at <= message.lines.length; at++) {
        const span = { message: message.index, line: at, column: 0, endLine: at, endColumn: 0 };
        const range = placeIn(document, reviewed, review, span);
        if (range === null && at === 1 && sourceOf(reviewed, review, message)?.toString() !== document.toString()) {
          // Another document's mail, unless it is shown decoded in this one.
          if (!message.decoded || decodedUri(reviewed, review, message).toString() !== document.toString()) break;
        }
        if (range?.start.line === line) return { review, message, line: at };
      }
  return null;
}

/** Name of a patch among its fellows: `7/10`, or `cover` for 0. */
export function patchName(review: Review, patch: number): string {
  return patch === 0 ? vscode.l10n.t('cover') : `${patch}/${review.series.total}`;
}
