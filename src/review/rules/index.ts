import type { Program } from '../../code/types';
import { preparedCountRule, swappedArgumentsRule, unitMixRule } from './arguments';
import { inclusiveEndRule, offByOneRule, rollbackIndexRule } from './bounds';
import { leakRule } from './leaks';
import { lockRule } from './locks';
import { granuleMixRule, roundedDownRule, unmapProgressRule } from './mappings';
import { maskSlipRule, notBeforeMaskRule, truthAsValueRule } from './operators';
import { sameOperandsRule } from './repeats';
import type { PatchHit, PatchRule, PatchView, PathRule, RuleHit, Surroundings } from './types';
import { userStructureRule } from './user-structures';
import { errorAsBoolRule, narrowPointerRule, pointerSizeRule, shiftWidthRule, signLostRule } from './widths';

const PATH_RULES: readonly PathRule[] = [
  userStructureRule,
  leakRule,
  lockRule,
  notBeforeMaskRule,
  truthAsValueRule,
  maskSlipRule,
  sameOperandsRule,
  shiftWidthRule,
  signLostRule,
  errorAsBoolRule,
  narrowPointerRule,
  pointerSizeRule,
  offByOneRule,
  inclusiveEndRule,
  rollbackIndexRule,
  swappedArgumentsRule,
  preparedCountRule,
  unitMixRule,
  unmapProgressRule,
  roundedDownRule,
  granuleMixRule,
];

/** Same defect in the function before and after the patch: equal but for the place. */
const key = (hit: RuleHit): string => `${hit.rule.id}|${hit.message}`;

/** What the path rules say of a program of a patch, less what they already said of the same function before it (`before` gives it; it is asked only when needed). */
export function pathHits(program: Program, before: () => Program | null, surroundings: Surroundings): RuleHit[] {
  const hits = PATH_RULES.flatMap((rule) => rule(program, surroundings));
  const earlier = hits.length === 0 ? null : before();
  if (earlier === null) return hits;
  const known = new Set(PATH_RULES.flatMap((rule) => rule(earlier, surroundings)).map(key));
  return hits.filter((hit) => !known.has(key(hit)));
}

const PATCH_RULES: readonly PatchRule[] = [];

/** What the rules say that look at a patch as a whole. */
export function patchHits(view: PatchView): PatchHit[] {
  return PATCH_RULES.flatMap((rule) => rule(view));
}
