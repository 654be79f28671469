/**
 * Path rules: what can be said of a program without a machine. In: one program of a patch, and what its surroundings define.
 * Out: hits at places. Each rule is one file; `index.ts` lists them. They know no series and no scenarios.
 */

import type { Program, Structure } from '../../code/types';
import type { Place } from '../../place';
import type { Rule } from '../catalog';
import type { Reason } from '../types';

export interface RuleHit {
  readonly rule: Rule;
  readonly at: Place;
  /** One sentence with names and values. */
  readonly message: string;
  readonly why: readonly Reason[];
  readonly related: readonly { readonly at: Place; readonly message: string }[];
}

export interface Surroundings {
  readonly structures: ReadonlyMap<string, Structure>;
  readonly programs: ReadonlyMap<string, Program>;
}

export type PathRule = (program: Program, surroundings: Surroundings) => RuleHit[];
