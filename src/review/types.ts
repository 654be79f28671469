import type { BodySource, Evidence } from '../code/types';
import type { Change } from '../patch/types';
import type { Damage, Span } from '../place';
import type { Stage, Trace, Verdict } from '../scenario/types';
import type { Series } from '../series/types';
import type { TriedClaim } from './claim-trials/types';
import type { Corrected } from './corrections';

export type FindingClass = 'isolation' | 'window' | 'lifetime' | 'context' | 'uapi' | 'arith' | 'described' | 'bisect';
export type Severity = 'error' | 'warning' | 'info';

export interface Reason {
  readonly text: string;
  /** Manual or kernel document with its section, or null. */
  readonly reference: string | null;
}

export interface Finding {
  /** Stable within one review: rule, patch and line. */
  readonly id: string;
  /** Rule id, e.g. `foreign-interrupt`; every rule has a page `docs/rules/RULE.md`. */
  readonly rule: string;
  /** Heading for people: `Foreign interrupt`. */
  readonly title: string;
  readonly class: FindingClass;
  readonly severity: Severity;
  /** One sentence with values. */
  readonly message: string;
  /** At most 80 characters, for the end of the line. */
  readonly short: string;
  /** 1-based patch. 0 for a mail outside the patches (cover, discussion). */
  readonly patch: number;
  readonly file: string | null;
  readonly function: string | null;
  /** 1-based line in the new file; null for prose. */
  readonly fileLine: number | null;
  readonly at: Span;
  readonly related: readonly { readonly at: Span; readonly patch: number; readonly message: string }[];
  readonly why: readonly Reason[];
  /** State before → after, one line; null when no trace stands behind it. */
  readonly state: string | null;
  /** Id into `Review.traces`, or null. */
  readonly trace: string | null;
  readonly introducedBy: number;
  readonly fixedBy: number | null;
  readonly evidence: Evidence | 'prose';
}

/** Window usage as one patch's lines move it, in one scenario. */
export interface WindowReport {
  readonly scenario: string;
  readonly machine: string;
  /** Prefix: number of patches applied. */
  readonly patch: number;
  readonly base: number;
  readonly size: number;
  readonly granule: number;
  readonly pagesUsed: number;
  readonly pagesNeeded: number;
  readonly events: readonly {
    readonly at: Span;
    readonly delta: number;
    /** Pages in use after this event. */
    readonly used: number;
    readonly total: number;
    readonly doorbells: readonly string[];
  }[];
}

export interface MatrixCell {
  readonly scenario: string;
  readonly machine: string;
  /** 0 is the base before the first patch. */
  readonly prefix: number;
  readonly verdict: Verdict;
  /** Why it is undecided or does not apply; what broke, where it is violated; null where it holds. */
  readonly reason: string | null;
  readonly trace: string | null;
}

export interface FunctionCoverage {
  readonly patch: number;
  readonly file: string;
  readonly function: string;
  readonly evidence: Evidence;
  readonly source: BodySource;
  readonly executed: boolean;
  /** Why it was not executed or not full; null when it was. */
  readonly reason: string | null;
  readonly at: Span;
}

/** A line of a patch as a step of the path through the layers. */
export interface StageLine {
  readonly at: Span;
  readonly patch: number;
  readonly stage: Stage;
  readonly function: string;
  /** 1-based position on the stage's path, and its length. */
  readonly step: number;
  readonly steps: number;
  readonly does: string;
}

export interface Choice {
  readonly what: 'design' | 'machines' | 'scenarios';
  readonly value: string;
  /** The evidence: why this was chosen. */
  readonly because: string;
}

/** Everything Doorbell says about a series. The only thing editor, reports and command line read. */
/** One run of a review. */
export interface WantedRun {
  readonly scenario: string;
  readonly machine: string;
  readonly prefix: number;
}

export interface Review {
  readonly series: Series;
  /** One per patch, same order as `series.patches`. */
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
  readonly claims: readonly TriedClaim[];
  /** Sentences that speak of the field and were not understood. */
  readonly unmapped: readonly Span[];
  readonly windows: readonly WindowReport[];
  readonly matrix: readonly MatrixCell[];
  readonly coverage: readonly FunctionCoverage[];
  readonly stages: readonly StageLine[];
  readonly choices: readonly Choice[];
  readonly traces: Readonly<Record<string, Trace>>;
  /** What the user's corrections came to; absent without a corrections file. `findings` has none of what they dismiss. */
  readonly corrections?: Corrected;
  readonly damage: readonly Damage[];
}
