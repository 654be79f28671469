/** At every line that reserves, maps or frees pages of the MSI window: how full it then is, and with which doorbells. */
import * as vscode from 'vscode';
import type { Review } from '../review/types';
import { markedLines } from './decorations';
import { chosenWindows, type LineUsage, windowLines, windowText } from './marks';
import { COLORS, SETTINGS } from './names';
import { placeIn } from './places';
import type { ReviewStore } from './review-store';
import type { SelectionStore } from './selection';
import { isOn, onSettingChange } from './settings';

/** Number of the patch (1-based) that a message is, or 0. */
export function patchOf(review: Review, message: number): number {
  return review.series.patches.find((patch) => patch.message === message)?.index ?? 0;
}

/** The usage shown at each line of a document. */
export function usageLines(
  uri: vscode.Uri,
  store: ReviewStore,
  selection: SelectionStore,
): readonly { readonly line: number; readonly usage: LineUsage }[] {
  const subject = store.subjectOf(uri);
  if (subject === undefined) return [];
  return subject.reviews.flatMap((review) =>
    windowLines(chosenWindows(review, selection.get()), (message) => patchOf(review, message)).flatMap((usage) => {
      const range = placeIn(uri, subject, review, usage.event.at);
      return range === null ? [] : [{ line: range.start.line, usage }];
    }),
  );
}

export function registerWindowUsage(
  context: vscode.ExtensionContext,
  deps: { readonly store: ReviewStore; readonly selection: SelectionStore },
): void {
  const icon = (theme: 'dark' | 'light'): vscode.Uri =>
    vscode.Uri.joinPath(context.extensionUri, 'media', 'gutter', `window-${theme}.svg`);
  const text = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  const glyph = vscode.window.createTextEditorDecorationType({
    gutterIconSize: 'contain',
    dark: { gutterIconPath: icon('dark') },
    light: { gutterIconPath: icon('light') },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });

  const draw = (editor: vscode.TextEditor): void => {
    const uri = editor.document.uri;
    const lines = isOn(SETTINGS.windowUsage) ? usageLines(uri, deps.store, deps.selection) : [];
    const taken = new Set(markedLines(uri, deps.store).map(({ line }) => line));
    editor.setDecorations(
      text,
      lines.map(({ line, usage }) => ({
        range: new vscode.Range(line, 0, line, 10_000),
        renderOptions: {
          after: {
            contentText: windowText(usage.event),
            margin: '0 0 0 3ch',
            color: new vscode.ThemeColor(COLORS.windowForeground),
          },
        },
      })),
    );
    editor.setDecorations(
      glyph,
      isOn(SETTINGS.glyph)
        ? lines.filter(({ line }) => !taken.has(line)).map(({ line }) => new vscode.Range(line, 0, line, 0))
        : [],
    );
  };
  const drawAll = (): void => {
    for (const editor of vscode.window.visibleTextEditors) draw(editor);
  };
  context.subscriptions.push(
    text,
    glyph,
    deps.store.onDidReview(drawAll),
    deps.store.onDidMove(drawAll),
    deps.selection.onDidChange(drawAll),
    vscode.window.onDidChangeVisibleTextEditors(drawAll),
    onSettingChange(drawAll),
  );
  drawAll();
}
