/** Outline and folding: message → file → hunk. Read from the text alone, so that they stand before any review does. */
import * as vscode from 'vscode';
import { LANGUAGE, SCHEME } from './names';
import { type Section, sectionsOf } from './sections';

const SELECTOR: vscode.DocumentSelector = [{ language: LANGUAGE }, { scheme: SCHEME }];

const KINDS: Readonly<Record<Section['kind'], vscode.SymbolKind>> = {
  message: vscode.SymbolKind.Package,
  file: vscode.SymbolKind.File,
  hunk: vscode.SymbolKind.Function,
};

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}

function symbolOf(document: vscode.TextDocument, section: Section): vscode.DocumentSymbol {
  const range = new vscode.Range(section.start, 0, section.end, document.lineAt(section.end).text.length);
  const symbol = new vscode.DocumentSymbol(
    section.name || '?',
    section.detail,
    KINDS[section.kind],
    range,
    document.lineAt(section.start).range,
  );
  symbol.children = section.children.map((child) => symbolOf(document, child));
  return symbol;
}

function foldsOf(section: Section): vscode.FoldingRange[] {
  const own = section.end > section.start ? [new vscode.FoldingRange(section.start, section.end)] : [];
  return [...own, ...section.children.flatMap(foldsOf)];
}

export function registerOutline(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.languages.registerDocumentSymbolProvider(SELECTOR, {
      provideDocumentSymbols: (document) => sectionsOf(linesOf(document)).map((section) => symbolOf(document, section)),
    }),
    vscode.languages.registerFoldingRangeProvider(SELECTOR, {
      provideFoldingRanges: (document) => sectionsOf(linesOf(document)).flatMap(foldsOf),
    }),
  );
}
