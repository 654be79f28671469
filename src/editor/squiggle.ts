/** Where the squiggle of a finding is drawn, and so where VS Code shows its entry in Problems above a hover of ours. */
import * as vscode from 'vscode';
import type { Finding } from '../review/types';

/**
 * Where the squiggle is drawn: below the mark of a line of code, below the first word of prose. The whole line is tinted and the part that matters underlined
 * already; and over a squiggle, and one character beside it, VS Code shows the message of Problems first, which would push the reasons of our hover out of sight.
 * So it is as short as can be: an empty range is drawn a character wide.
 */
export function squiggle(finding: Finding, { start }: vscode.Range): vscode.Range {
  return finding.file === null ? new vscode.Range(start, start) : new vscode.Range(start.line, 0, start.line, 0);
}

/** Whether VS Code shows the finding's entry in Problems in a hover at this position, above what others say. */
export function isSaidAbove(
  document: vscode.TextDocument,
  finding: Finding,
  range: vscode.Range,
  { line, character }: vscode.Position,
): boolean {
  const { start } = squiggle(finding, range);
  const { start: from, end: to } = document.getWordRangeAtPosition(start) ?? new vscode.Range(start, start);
  return line === start.line && character >= from.character - 1 && character <= to.character + 1;
}
