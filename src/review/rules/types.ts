/**
 * Path rules: what can be said of a program without a machine. In: one program of a patch, and what its surroundings define.
 * Out: hits at places. Each rule is one file; `index.ts` lists them. They know no series and no scenarios.
 */

import type { Amended } from '../../code/bodies';
import type { Expression, Program, ProgramTable, Structure } from '../../code/types';
import type { Change } from '../../patch/types';
import type { Place } from '../../place';
import type { Message } from '../../series/types';
import type { Rule } from '../rule';
import type { Reason } from '../types';

export interface RuleHit {
  readonly rule: Rule;
  readonly at: Place;
  /** One sentence with names and values. */
  readonly message: string;
  /** What is the same of this defect before and after a patch that does not touch it; the message when absent. */
  readonly key?: string;
  readonly why: readonly Reason[];
  readonly related: readonly { readonly at: Place; readonly message: string }[];
  /** Where what is lost was acquired: one acquisition is one defect, at however many exits. */
  readonly cause?: Place;
  /**
   * One expression or statement proves it: then it is the patch's only if a line of it is new, and not moved from elsewhere.
   * `expression`: it does so whatever stands around it, so wrapping its lines anew makes nothing new.
   */
  readonly local?: boolean | 'expression';
}

export interface Surroundings {
  readonly structures: ReadonlyMap<string, Structure>;
  readonly programs: ReadonlyMap<string, Program>;
  /** `#define NAME value` and enumerators. */
  readonly constants?: ReadonlyMap<string, Expression>;
  /** File-scope variables that are not tables. */
  readonly globals?: ProgramTable['globals'];
  /** The program before the patch, read when first asked for; null for a new function and where it is not known. */
  before?(): Program | null;
}

export type PathRule = (program: Program, surroundings: Surroundings) => RuleHit[];

/** One patch of a series: its change, its mail, what was known before it and what is after it. */
export interface PatchView {
  readonly change: Change;
  readonly message: Message;
  readonly before: Amended;
  readonly after: Amended;
}

/** A hit that belongs to a patch as a whole, not to a path of one of its functions. */
export interface PatchHit extends RuleHit {
  readonly file: string;
  readonly function: string | null;
}

export type PatchRule = (view: PatchView) => PatchHit[];
