/**
 * Claims in place: at the end of the line where a passage begins, what trying it gave; in a hover on any of its lines what was understood, whose
 * sentence it is, what was run, and the run itself where there is one.
 */
import * as vscode from 'vscode';
import type { TriedClaim } from '../review/claim-trials/types';
import type { Review } from '../review/types';
import { CLAIM_SHAPES, type ClaimTone, lineClaims, triedText } from './claim-text';
import { markedLines } from './decorations';
import { SELECTOR } from './hovers';
import { commandLink, escaped, prose } from './markdown';
import { COLORS, LINKS, SETTINGS } from './names';
import { placeIn } from './places';
import type { ReviewStore, Subject } from './review-store';
import { isOn, onSettingChange } from './settings';

const COLOUR: Readonly<Record<ClaimTone, string>> = {
  violated: COLORS.violationForeground,
  warning: COLORS.warningForeground,
  quiet: COLORS.noteForeground,
};

function speaker({ speaker: { role, name } }: TriedClaim): string {
  const roles: Readonly<Record<TriedClaim['speaker']['role'], string>> = {
    cover: vscode.l10n.t('cover letter'),
    patch: vscode.l10n.t('commit message'),
    author: vscode.l10n.t('author'),
    reviewer: vscode.l10n.t('reviewer'),
    comment: vscode.l10n.t('comment'),
  };
  return name === '' ? roles[role] : `${roles[role]} (${name})`;
}

/** One claim as Markdown. Exported for the tests. */
export function claimMarkdown(subject: Subject, review: Review, claim: TriedClaim): string {
  const head = `**${CLAIM_SHAPES[claim.verdict]} ${escaped(claim.verdict)}** · ${escaped(claim.kind)} · ${escaped(claim.tense)}${claim.polarity === 'denies' ? ` · ${escaped(claim.polarity)}` : ''} · ${escaped(speaker(claim))}`;
  const lines = [head, prose(claim.finding)];
  if (claim.tried.length > 0) lines.push(`*${vscode.l10n.t('tried')}* ${escaped(triedText(claim.tried))}`);
  if (claim.reference !== null) lines.push(`*${vscode.l10n.t('read')}* ${escaped(claim.reference)}`);
  const text = lines.join('  \n');
  if (claim.trace === null || review.traces[claim.trace] === undefined) return text;
  const address = { subject: subject.key, series: subject.reviews.indexOf(review), trace: claim.trace };
  return `${text}\n\n${commandLink(vscode.l10n.t('Show trace'), LINKS.showTrace, [address])}`;
}

interface Placed {
  readonly subject: Subject;
  readonly review: Review;
  readonly claim: TriedClaim;
  /** First and last line in the document, 0-based. */
  readonly first: number;
  readonly last: number;
}

function placedClaims(uri: vscode.Uri, store: ReviewStore): readonly Placed[] {
  const subject = store.subjectOf(uri);
  if (subject === undefined) return [];
  return subject.reviews.flatMap((review) =>
    review.claims.flatMap((claim) => {
      const range = placeIn(uri, subject, review, claim.at);
      if (range === null) return [];
      const first = range.start.line;
      return [{ subject, review, claim, first, last: first + claim.at.endLine - claim.at.line }];
    }),
  );
}

export function registerClaims(context: vscode.ExtensionContext, deps: { readonly store: ReviewStore }): void {
  const type = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  const draw = (editor: vscode.TextEditor): void => {
    const { uri } = editor.document;
    const lines = new Map<number, TriedClaim[]>();
    if (isOn(SETTINGS.claims))
      for (const { claim, first } of placedClaims(uri, deps.store))
        lines.set(first, [...(lines.get(first) ?? []), claim]);
    // A finding on the line says more, and there is room for one text.
    for (const { line } of markedLines(uri, deps.store)) lines.delete(line);
    editor.setDecorations(
      type,
      [...lines].flatMap(([line, claims]) => {
        const shown = lineClaims(claims);
        return shown === null
          ? []
          : [
              {
                range: new vscode.Range(line, 0, line, 10_000),
                renderOptions: {
                  after: {
                    contentText: shown.text,
                    margin: '0 0 0 3ch',
                    color: new vscode.ThemeColor(COLOUR[shown.tone]),
                  },
                },
              },
            ];
      }),
    );
  };
  const drawAll = (): void => {
    for (const editor of vscode.window.visibleTextEditors) draw(editor);
  };
  const provider: vscode.HoverProvider = {
    provideHover(document, position) {
      const here = placedClaims(document.uri, deps.store).filter(
        ({ first, last }) => first <= position.line && position.line <= last,
      );
      if (here.length === 0) return undefined;
      const parts = here.map(({ subject, review, claim }) => {
        const markdown = new vscode.MarkdownString(claimMarkdown(subject, review, claim));
        markdown.isTrusted = { enabledCommands: [LINKS.showTrace] };
        return markdown;
      });
      return new vscode.Hover(parts, document.lineAt(position.line).range);
    },
  };
  context.subscriptions.push(
    type,
    vscode.languages.registerHoverProvider(SELECTOR, provider),
    deps.store.onDidReview(drawAll),
    deps.store.onDidMove(drawAll),
    vscode.window.onDidChangeVisibleTextEditors(drawAll),
    onSettingChange(drawAll),
  );
  drawAll();
}
