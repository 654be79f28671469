/**
 * What makes a finding the same finding in another version of the text: its rule, the function, the text of its line, and the title
 * of its patch. Line numbers and the patch's number are no part of it: they move.
 */
import type { Series } from '../series/types';
import type { Finding } from './types';

export interface Identity {
  readonly rule: string;
  /** Null for prose, and for lines outside of functions. */
  readonly function: string | null;
  /** The text of the line, without diff mark, blanks folded. */
  readonly line: string;
  /** The title of the patch; the series' subject for its cover; null when the mail is none of the patches. */
  readonly patch: string | null;
}

/** Blanks folded, no diff mark, no quote mark. */
export function normalLine(text: string, code: boolean): string {
  return (code ? text.replace(/^[+\- ]/, '') : text).replace(/\s+/g, ' ').trim();
}

export function normalTitle(title: string): string {
  return title.replace(/\s+/g, ' ').trim().toLowerCase();
}

export function identityOf(series: Series, finding: Finding): Identity {
  const text = series.messages[finding.at.message]?.lines[finding.at.line - 1] ?? '';
  const patch = series.patches.find((one) => one.message === finding.at.message);
  return {
    rule: finding.rule,
    function: finding.function,
    line: normalLine(text, finding.file !== null),
    patch: patch !== undefined ? patch.title : finding.at.message === series.cover ? series.subject : null,
  };
}
