import type { Change } from '../../patch/types';
import type { Claim } from '../../prose/types';
import type { Series } from '../../series/types';
import { shorten } from '../breakage';
import { hunkLineAt, patchOf } from '../spans';
import type { Finding } from '../types';
import { commentDiffers } from './comment-differs';
import { coverValues } from './cover-values';
import { laterPatch } from './later-patch';
import { memberUnread } from './member-unread';
import { namedNotTouched } from './named-not-touched';
import { structureComments } from './structure-comments';
import type { DescribedInput, DescribedRule } from './types';

const DESCRIBED: readonly DescribedRule[] = [
  commentDiffers,
  structureComments,
  namedNotTouched,
  laterPatch,
  coverValues,
  memberUnread,
];

/** What the rules read. `changes` has one entry for each patch, in order. */
export function describedInput(series: Series, changes: readonly Change[], claims: readonly Claim[]): DescribedInput {
  return { series, changes, claims, complete: series.patches.length === Math.max(series.total, 1) };
}

/** What text and comments say and the diff does not do. */
export function describedFindings(input: DescribedInput): Finding[] {
  const { series, changes } = input;
  return DESCRIBED.flatMap((rule) => rule(input)).map((hit): Finding => {
    const patch = patchOf(series, hit.at.message);
    const change = changes[series.patches.findIndex((one) => one.index === patch)];
    return {
      id: `${hit.rule.id}:${patch}:${hit.at.line}`,
      rule: hit.rule.id,
      title: hit.rule.title,
      class: hit.rule.class,
      severity: hit.rule.severity,
      message: hit.message,
      short: shorten(hit.message),
      patch,
      file: hit.file,
      function: hit.function,
      fileLine: hit.file === null ? null : (hunkLineAt(change, hit.at.line)?.hunkLine.newLine ?? null),
      at: hit.at,
      related: [],
      why: hit.why,
      state: null,
      trace: null,
      introducedBy: patch,
      fixedBy: null,
      evidence: hit.file === null ? 'prose' : 'fragment',
    };
  });
}
