import type { Program } from '../../code/types';
import { leakRule } from './leaks';
import { lockRule } from './locks';
import type { PathRule, RuleHit, Surroundings } from './types';
import { userStructureRule } from './user-structures';

const PATH_RULES: readonly PathRule[] = [userStructureRule, leakRule, lockRule];

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
