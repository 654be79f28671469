import type { Change } from '../../patch/types';
import type { Series } from '../../series/types';
import { shorten } from '../breakage';
import { hunkLineAt, lineSpan } from '../spans';
import type { Finding } from '../types';
import { acceptedBeforeSupport } from './accepted-before-support';
import { attributeUndocumented } from './attribute-undocumented';
import { behindReturn } from './behind-return';
import { notBuilt, objectWithoutSource, optionUnused, selectUnmet } from './build-rules';
import { commentNumber } from './comment-number';
import { conflictMarker } from './conflict-marker';
import { definitionInHeader } from './definition-in-header';
import { guardGap } from './guard-gap';
import { letInUnguarded } from './let-in-unguarded';
import { limitLost } from './limit-lost';
import { lockLater } from './lock-later';
import { madeStatic } from './made-static';
import { moduleUnseen } from './module-unseen';
import { declaredNowhere, includeMissing, notExported } from './modules';
import { namespaceMissing } from './namespace-missing';
import { repairsOwnSeries } from './repairs-own-series';
import { replacedStatement } from './replaced-statement';
import { selectLater } from './select-later';
import { signatureNotConverted, stubDiffers } from './signatures';
import { staticUnused } from './static-unused';
import { stubErrno } from './stub-errno';
import { stubLeftOut } from './stub-left-out';
import { stubMissing } from './stub-missing';
import { toldByMember } from './told-by-member';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';
import { unbalanced } from './unbalanced';
import { undetectable } from './undetectable';
import { usedAfterRemoved } from './used-after-removed';
import { memberBeforeAdded, usedBeforeAdded } from './used-before-added';
import { type SeriesView, viewOf } from './view';

const SERIES_RULES: readonly SeriesRule[] = [
  usedBeforeAdded,
  memberBeforeAdded,
  usedAfterRemoved,
  signatureNotConverted,
  stubDiffers,
  staticUnused,
  definitionInHeader,
  unbalanced,
  repairsOwnSeries,
  acceptedBeforeSupport,
  guardGap,
  notExported,
  declaredNowhere,
  includeMissing,
  stubMissing,
  stubLeftOut,
  moduleUnseen,
  behindReturn,
  notBuilt,
  objectWithoutSource,
  optionUnused,
  selectUnmet,
  madeStatic,
  stubErrno,
  lockLater,
  namespaceMissing,
  selectLater,
  undetectable,
  letInUnguarded,
  toldByMember,
  attributeUndocumented,
  conflictMarker,
  replacedStatement,
  limitLost,
  commentNumber,
];

/** What the rules on series say of one. `changes` has one entry for each patch, in order. */
export function seriesFindings(series: Series, changes: readonly Change[]): Finding[] {
  const view = viewOf(series, changes);
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const hit of SERIES_RULES.flatMap((rule) => rule(view))) {
    const finding = findingOf(view, hit);
    if (finding === null || seen.has(finding.id)) continue;
    seen.add(finding.id);
    findings.push(finding);
  }
  return findings;
}

function spanAt(view: SeriesView, place: SeriesPlace) {
  const message = view.series.messages[view.series.patches[place.patch]?.message ?? -1];
  return message === undefined ? null : lineSpan(message, place.line);
}

function findingOf(view: SeriesView, hit: SeriesHit): Finding | null {
  const { series } = view;
  const patch = series.patches[hit.at.patch];
  const at = spanAt(view, hit.at);
  if (patch === undefined || at === null) return null;
  return {
    id: `${hit.rule.id}:${patch.index}:${at.line}`,
    rule: hit.rule.id,
    title: hit.rule.title,
    class: hit.rule.class,
    severity: hit.rule.severity,
    message: hit.message,
    short: shorten(hit.message),
    patch: patch.index,
    file: hit.at.file?.path ?? null,
    function: hit.function,
    fileLine: hunkLineAt(view.changes[hit.at.patch], hit.at.line)?.hunkLine.newLine ?? null,
    at,
    related: hit.related.flatMap((one) => {
      const span = spanAt(view, one);
      return span === null ? [] : [{ at: span, patch: series.patches[one.patch]?.index ?? 0, message: one.message }];
    }),
    why: hit.why,
    state: null,
    trace: null,
    introducedBy: patch.index,
    fixedBy: hit.fixedBy === null ? null : (series.patches[hit.fixedBy]?.index ?? null),
    evidence: hit.at.file === null ? 'prose' : 'fragment',
  };
}
