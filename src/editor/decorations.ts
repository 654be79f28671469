/**
 * Marks on the lines of a patch: tint, gutter glyph, text at the end of the line, and the overview ruler. One finding,
 * one line; a line with several shows the worst and how many more.
 */
import * as vscode from 'vscode';
import type { Finding } from '../review/types';
import { lineText, MARKS, type Mark, markOf, worstFirst } from './marks';
import { COLORS, SETTINGS } from './names';
import { placeIn } from './places';
import type { ReviewStore } from './review-store';
import { isOn, onSettingChange } from './settings';

const LOOK: Readonly<Record<Mark, { readonly foreground: string; readonly background: string }>> = {
  violated: { foreground: COLORS.violationForeground, background: COLORS.violationBackground },
  warning: { foreground: COLORS.warningForeground, background: COLORS.warningBackground },
  fixed: { foreground: COLORS.fixedForeground, background: COLORS.fixedBackground },
  note: { foreground: COLORS.noteForeground, background: COLORS.noteBackground },
};

export interface MarkedLine {
  readonly line: number;
  /** What of the line each finding is about. */
  readonly spans: readonly vscode.Range[];
  readonly mark: Mark;
  readonly text: string;
}

/** What stands at each marked line of a document, in order of lines. */
export function markedLines(uri: vscode.Uri, store: ReviewStore): readonly MarkedLine[] {
  const subject = store.subjectOf(uri);
  if (subject === undefined) return [];
  const lines = new Map<
    number,
    { readonly findings: Finding[]; readonly spans: vscode.Range[]; readonly total: number }
  >();
  for (const review of subject.reviews)
    for (const finding of review.findings) {
      const range = placeIn(uri, subject, review, finding.at);
      if (range === null) continue;
      const at = lines.get(range.start.line) ?? { findings: [], spans: [], total: review.series.total };
      at.findings.push(finding);
      at.spans.push(range);
      lines.set(range.start.line, at);
    }
  return [...lines]
    .sort(([a], [b]) => a - b)
    .flatMap(([line, { findings, spans, total }]) => {
      const ordered = worstFirst(findings);
      const [worst] = ordered;
      return worst === undefined ? [] : [{ line, spans, mark: markOf(worst), text: lineText(ordered, total) }];
    });
}

export function registerDecorations(context: vscode.ExtensionContext, deps: { readonly store: ReviewStore }): void {
  const icon = (mark: Mark, theme: 'dark' | 'light'): vscode.Uri =>
    vscode.Uri.joinPath(context.extensionUri, 'media', 'gutter', `${mark}-${theme}.svg`);

  const createTypes = (): ReadonlyMap<Mark, vscode.TextEditorDecorationType> =>
    new Map(
      MARKS.map((mark) => [
        mark,
        vscode.window.createTextEditorDecorationType({
          isWholeLine: true,
          ...(isOn(SETTINGS.tint) ? { backgroundColor: new vscode.ThemeColor(LOOK[mark].background) } : {}),
          ...(isOn(SETTINGS.glyph)
            ? {
                gutterIconSize: 'contain',
                dark: { gutterIconPath: icon(mark, 'dark') },
                light: { gutterIconPath: icon(mark, 'light') },
              }
            : {}),
          overviewRulerColor: new vscode.ThemeColor(LOOK[mark].foreground),
          overviewRulerLane: vscode.OverviewRulerLane.Right,
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      ]),
    );
  let types = createTypes();
  const underlined = vscode.window.createTextEditorDecorationType({
    textDecoration: 'underline dotted 1px',
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });

  const draw = (editor: vscode.TextEditor): void => {
    const marked = markedLines(editor.document.uri, deps.store);
    const withText = isOn(SETTINGS.text);
    editor.setDecorations(underlined, isOn(SETTINGS.tint) ? marked.flatMap(({ spans }) => spans) : []);
    for (const [mark, type] of types)
      editor.setDecorations(
        type,
        marked
          .filter((line) => line.mark === mark)
          .map(({ line, text }) => ({
            range: new vscode.Range(line, 0, line, 10_000),
            ...(withText
              ? {
                  renderOptions: {
                    after: {
                      contentText: text,
                      margin: '0 0 0 3ch',
                      color: new vscode.ThemeColor(LOOK[mark].foreground),
                    },
                  },
                }
              : {}),
          })),
      );
  };
  const drawAll = (): void => {
    for (const editor of vscode.window.visibleTextEditors) draw(editor);
  };
  const dropTypes = (): void => {
    for (const type of types.values()) type.dispose();
  };

  context.subscriptions.push(
    underlined,
    deps.store.onDidReview(drawAll),
    deps.store.onDidMove(drawAll),
    vscode.window.onDidChangeVisibleTextEditors(drawAll),
    onSettingChange(() => {
      dropTypes();
      types = createTypes();
      drawAll();
    }),
    { dispose: dropTypes },
  );
  drawAll();
}
