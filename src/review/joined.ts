/**
 * One defect, one finding: what one acquisition brings about at several exits, and what is lost at one exit, is told once. In:
 * findings with their causes. Out: the first of each defect, which relates to the places of the others. Knows no rules.
 */
import type { Place } from '../place';
import { spanOf } from './spans';
import type { Finding } from './types';

export interface Caused {
  readonly finding: Finding;
  /** Where what is lost was acquired; null: the finding stands for itself. */
  readonly cause: Place | null;
}

/** The place of a cause in words, to tell it from others. */
function wordsOf(cause: Place): string | null {
  const span = spanOf(cause);
  return span === null ? null : `${span.message}:${span.line}:${span.column}`;
}

const sameDefect = (a: Finding, b: Finding): boolean =>
  a.rule === b.rule &&
  a.patch === b.patch &&
  a.file === b.file &&
  a.function === b.function &&
  a.introducedBy === b.introducedBy &&
  a.fixedBy === b.fixedBy &&
  a.severity === b.severity;

/** Findings in the order they came, of each defect the one that stands first. */
export function joined(all: readonly Caused[]): Finding[] {
  const heads: { finding: Finding; readonly causes: Set<string> }[] = [];
  for (const { finding, cause } of [...all].sort((a, b) => a.finding.at.line - b.finding.at.line)) {
    const words = cause === null ? null : wordsOf(cause);
    const head =
      words === null
        ? undefined
        : heads.find(
            (one) =>
              one.causes.size > 0 &&
              sameDefect(one.finding, finding) &&
              (one.causes.has(words) || one.finding.at.line === finding.at.line),
          );
    if (head === undefined || words === null) {
      heads.push({ finding, causes: new Set(words === null ? [] : [words]) });
      continue;
    }
    head.causes.add(words);
    head.finding = {
      ...head.finding,
      related: [...head.finding.related, { at: finding.at, patch: finding.patch, message: `and: ${finding.message}` }],
    };
  }
  return heads.map((one) => one.finding);
}
