/**
 * Rules on what is described: sentences and comments held against the lines of the diff, without a machine. In: a series and its changes. Out: hits.
 * Each rule is one file; `index.ts` lists them.
 */
import type { Change } from '../../patch/types';
import type { Span } from '../../place';
import type { Claim } from '../../prose/types';
import type { Series } from '../../series/types';
import type { Rule } from '../rule';
import type { Reason } from '../types';

export interface DescribedHit {
  readonly rule: Rule;
  readonly at: Span;
  /** Null for a sentence of the commit message. */
  readonly file: string | null;
  readonly function: string | null;
  readonly message: string;
  readonly why: readonly Reason[];
}

export interface DescribedInput {
  readonly series: Series;
  /** One for each patch, in order. */
  readonly changes: readonly Change[];
  readonly claims: readonly Claim[];
  /** All parts of the series are there. */
  readonly complete: boolean;
}

export type DescribedRule = (input: DescribedInput) => DescribedHit[];
