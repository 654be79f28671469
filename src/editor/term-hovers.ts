/**
 * Hovers on terms of the field: what a word means, in our own words, and where it is defined. Only in what is
 * under review: elsewhere a word is none of our business.
 */
import * as vscode from 'vscode';
import { termAt, terms } from '../kernel/terms';
import { SELECTOR } from './hovers';
import { escaped, prose } from './markdown';
import type { ReviewStore } from './review-store';

/** One term as Markdown. Exported for the tests. */
export function termMarkdown(name: string): string | null {
  const term = terms.find((one) => one.term === name);
  return term === undefined ? null : `**${escaped(term.term)}** ${prose(term.says)}  \n*${escaped(term.reference)}*`;
}

export function registerTermHovers(context: vscode.ExtensionContext, deps: { readonly store: ReviewStore }): void {
  const provider: vscode.HoverProvider = {
    provideHover(document, position) {
      if (deps.store.subjectOf(document.uri) === undefined) return undefined;
      const here = termAt(document.lineAt(position.line).text, position.character);
      const markdown = here === null ? null : termMarkdown(here.term.term);
      if (here === null || markdown === null) return undefined;
      const range = new vscode.Range(position.line, here.column, position.line, here.column + here.length);
      return new vscode.Hover(new vscode.MarkdownString(markdown), range);
    },
  };
  context.subscriptions.push(vscode.languages.registerHoverProvider(SELECTOR, provider));
}
