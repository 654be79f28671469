/**
 * A review as JSON for other tools. In: a `Review`. Out: one plain object whose keys are fixed (ARCHITECTURE.md, “JSON of a review”); `mailLine` is the 1-based line in
 * the raw mail, an mbox `From ` line not counted. Knows nothing of files or terminals.
 */
import type { Place } from '../place';
import type { Finding, Review } from '../review/types';
import type { Trace, Verdict } from '../scenario/types';
import { allDamage, authorOf, mailLine, messageId, patchOf } from './places';

export interface ReviewJson {
  readonly series: {
    readonly subject: string;
    readonly version: number;
    readonly patches: readonly PatchJson[];
    readonly damage: readonly {
      readonly code: string;
      readonly message: string;
      readonly messageId: string | null;
      readonly mailLine: number | null;
    }[];
  };
  readonly findings: readonly FindingJson[];
  /** Only with a corrections file: findings it dismisses, which `findings` does not have. */
  readonly dismissed?: readonly (FindingJson & { readonly reason: string })[];
  readonly claims: readonly {
    readonly kind: string;
    readonly polarity: string;
    readonly patch: number;
    readonly mailLine: number;
    readonly text: string;
    /** Last mail line of the passage. */
    readonly mailLineEnd: number;
    readonly messageId: string;
    readonly tense: string;
    readonly speaker: { readonly role: string; readonly name: string };
    readonly verdict: string;
    readonly message: string;
    /** What was run. */
    readonly tried: readonly string[];
    readonly reference: string | null;
    readonly trace: string | null;
  }[];
  readonly windows: readonly WindowJson[];
  readonly matrix: readonly { readonly scenario: string; readonly prefix: number; readonly verdict: Verdict }[];
  readonly coverage: CoverageJson;
  readonly traces: Readonly<Record<string, TraceJson>>;
}

interface PatchJson {
  readonly index: number;
  readonly total: number;
  readonly subject: string;
  readonly messageId: string;
  readonly author: string;
  readonly files: readonly {
    readonly path: string;
    readonly oldPath: string | null;
    readonly added: number;
    readonly deleted: number;
  }[];
}

interface FindingJson {
  readonly rule: string;
  readonly class: string;
  readonly severity: string;
  readonly message: string;
  readonly patch: number;
  readonly messageId: string;
  readonly file: string | null;
  readonly function: string | null;
  readonly fileLine: number | null;
  readonly mailLine: number;
  readonly related: readonly { readonly mailLine: number; readonly patch: number; readonly message: string }[];
  readonly trace: string | null;
  readonly introducedBy: number;
  readonly fixedBy: number | null;
  readonly evidence: string;
}

interface WindowJson {
  readonly scenario: string;
  readonly patch: number;
  readonly base: number;
  readonly size: number;
  readonly granule: number;
  readonly pagesUsed: number;
  readonly pagesNeeded: number;
  readonly events: readonly { readonly mailLine: number; readonly delta: number }[];
}

interface CoverageJson {
  readonly functions: number;
  readonly full: number;
  readonly spliced: number;
  readonly fragment: number;
  readonly executed: number;
  /** Functions by where their bodies came from: blob, patch, stitched, design, hunk. */
  readonly sources: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
  readonly byFunction: readonly {
    readonly patch: number;
    readonly file: string;
    readonly function: string;
    readonly evidence: string;
    readonly source: string;
    readonly executed: boolean;
    readonly reason: string | null;
    readonly mailLine: number;
  }[];
}

/** Where an event stands: in a mail of the series (`patch` 0: none of the patches), or in a built-in design's or a checkout's file. */
type EventPlaceJson =
  | { readonly patch: number; readonly messageId: string; readonly mailLine: number }
  | { readonly file: string; readonly line: number }
  | null;

interface TraceJson {
  readonly scenario: string;
  readonly events: readonly {
    readonly step: number;
    readonly actor: string;
    readonly kind: string;
    readonly text: string;
    readonly function: string | null;
    readonly windowDelta: number;
    readonly at: EventPlaceJson;
  }[];
}

export function reviewJson(review: Review): ReviewJson {
  const { series } = review;
  return {
    series: {
      subject: series.subject,
      version: series.version,
      patches: series.patches.map((patch, i) => {
        const message = series.messages[patch.message];
        const change = review.changes[i];
        return {
          index: patch.index,
          total: Math.max(series.total, 1),
          subject: patch.title,
          messageId: message?.id ?? '',
          author: message ? authorOf(message) : '',
          files: (change?.files ?? []).map(({ path, oldPath, added, deleted }) => ({ path, oldPath, added, deleted })),
        };
      }),
      damage: allDamage(review).map(({ code, message, at }) => ({
        code,
        message,
        messageId: at ? messageId(series, at.message) : null,
        mailLine: at ? mailLine(series, at) : null,
      })),
    },
    findings: review.findings.map((finding) => findingJson(review, finding)),
    ...(review.corrections === undefined
      ? {}
      : {
          dismissed: review.corrections.dismissed.map(({ finding, reason }) => ({
            ...findingJson(review, finding),
            reason,
          })),
        }),
    claims: review.claims.map((claim) => ({
      kind: claim.kind,
      polarity: claim.polarity,
      patch: patchOf(series, claim.message),
      mailLine: mailLine(series, claim.at),
      text: claim.text,
      mailLineEnd: mailLine(series, { message: claim.message, line: claim.at.endLine }),
      messageId: messageId(series, claim.message),
      tense: claim.tense,
      speaker: claim.speaker,
      verdict: claim.verdict,
      message: claim.finding,
      tried: claim.tried,
      reference: claim.reference,
      trace: claim.trace,
    })),
    windows: review.windows.map(({ scenario, patch, base, size, granule, pagesUsed, pagesNeeded, events }) => ({
      scenario,
      patch,
      base,
      size,
      granule,
      pagesUsed,
      pagesNeeded,
      events: events.map(({ at, delta }) => ({ mailLine: mailLine(series, at), delta })),
    })),
    matrix: matrixByScenario(review),
    coverage: coverageOf(review),
    traces: tracesJson(review),
  };
}

/** The traces that a finding or a claim names; the others of a review are for those who look on in the editor. */
function tracesJson(review: Review): Record<string, TraceJson> {
  const named = new Set([...review.findings, ...review.claims].map(({ trace }) => trace));
  for (const { finding } of review.corrections?.dismissed ?? []) named.add(finding.trace);
  return Object.fromEntries(
    Object.entries(review.traces).flatMap(([id, trace]) => (named.has(id) ? [[id, traceJson(review, trace)]] : [])),
  );
}

function findingJson({ series }: Review, finding: Finding): FindingJson {
  return {
    rule: finding.rule,
    class: finding.class,
    severity: finding.severity,
    message: finding.message,
    patch: finding.patch,
    messageId: messageId(series, finding.at.message),
    file: finding.file,
    function: finding.function,
    fileLine: finding.fileLine,
    mailLine: mailLine(series, finding.at),
    related: finding.related.map(({ at, patch, message }) => ({ mailLine: mailLine(series, at), patch, message })),
    trace: finding.trace,
    introducedBy: finding.introducedBy,
    fixedBy: finding.fixedBy,
    evidence: finding.evidence,
  };
}

const WEIGHT: Readonly<Record<Verdict, number>> = { violated: 3, undecided: 2, holds: 1, 'n/a': 0 };

/** One verdict for each scenario and prefix: the gravest of its machines (violated, undecided, holds, n/a). */
export function matrixByScenario(review: Review): { scenario: string; prefix: number; verdict: Verdict }[] {
  const cells = new Map<string, { scenario: string; prefix: number; verdict: Verdict }>();
  for (const { scenario, prefix, verdict } of review.matrix) {
    const key = `${prefix} ${scenario}`;
    const cell = cells.get(key);
    if (!cell || WEIGHT[verdict] > WEIGHT[cell.verdict]) cells.set(key, { scenario, prefix, verdict });
  }
  return [...cells.values()];
}

/** How many of the changed functions are known how well, from where, and were executed; reasons counted; then each of them. */
export function coverageOf(review: Review): CoverageJson {
  const count = (evidence: string): number => review.coverage.filter((entry) => entry.evidence === evidence).length;
  const reasons: Record<string, number> = {};
  for (const { reason } of review.coverage) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const sources: Record<string, number> = {};
  for (const { source } of review.coverage) sources[source] = (sources[source] ?? 0) + 1;
  return {
    functions: review.coverage.length,
    full: count('full'),
    spliced: count('spliced'),
    fragment: count('fragment'),
    executed: review.coverage.filter((entry) => entry.executed).length,
    sources,
    reasons,
    byFunction: review.coverage.map(({ patch, file, function: name, evidence, source, executed, reason, at }) => ({
      patch,
      file,
      function: name,
      evidence,
      source,
      executed,
      reason,
      mailLine: mailLine(review.series, at),
    })),
  };
}

function traceJson(review: Review, trace: Trace): TraceJson {
  return {
    scenario: trace.scenario,
    events: trace.events.map(({ step, actor, kind, text, function: name, windowDelta, at }) => ({
      step,
      actor,
      kind,
      text,
      function: name,
      windowDelta,
      at: placeJson(review, at),
    })),
  };
}

function placeJson({ series }: Review, at: Place | null): EventPlaceJson {
  if (at === null) return null;
  if (at.kind !== 'message') return { file: at.file, line: at.line };
  return {
    patch: patchOf(series, at.message),
    messageId: messageId(series, at.message),
    mailLine: mailLine(series, at),
  };
}
