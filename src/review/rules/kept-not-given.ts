/** A function that makes a number once, keeps it and returns it, and for one that is kept already returns another. */
import type { Expression, Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { KEPT_NOT_GIVEN } from '../catalog-contracts';
import { doings } from './calls';
import { says } from './conditions';
import { integerType } from './integer-types';
import { isAdded } from './reach';
import { tidyExit } from './tidy-exits';
import type { PathRule, RuleHit } from './types';

/** Names of results that are 0 or an error: what is kept under them is no number of something. */
const VERDICT = /^(?:ret|rc|err|error|r|res|retval|status|result)$/;

const isUnlock = (name: string): boolean => /unlock|^up_(?:read|write)$/.test(name);

/** The place that keeps what the function returns in the end: `place = value; … return value;`. */
function keeps(program: Program): { readonly place: string; readonly value: string; readonly node: number }[] {
  return program.nodes.flatMap((node, index) => {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return [];
    const target = withoutCasts(node.expression.target);
    const value = withoutCasts(node.expression.value);
    if ((target.kind !== 'field' && target.kind !== 'index') || value.kind !== 'name') return [];
    let at = node.next;
    for (let hops = 0; hops < 4; hops++) {
      const next = program.nodes[at];
      if (next?.kind === 'return')
        return next.value !== null && [value.name, print(target)].includes(print(withoutCasts(next.value)))
          ? [{ place: print(target), value: value.name, node: index }]
          : [];
      if (next?.kind !== 'do' || !doings(next).every((one) => isUnlock(one.name))) return [];
      at = next.next;
    }
    return [];
  });
}

const constant = (expression: Expression | null): number | null => {
  const inner = expression === null ? null : withoutCasts(expression);
  return inner?.kind === 'number' ? inner.value : null;
};

/** `if (place >= 0) return 0; … place = number; return number;` */
export const keptNotGivenRule: PathRule = (program) => {
  const type = integerType(program.returns);
  if (type === null || type.bits === 1) return [];
  const hits: RuleHit[] = [];
  for (const kept of keeps(program)) {
    if (VERDICT.test(kept.value)) continue;
    const stored = program.nodes[kept.node];
    for (const branch of program.nodes) {
      if (branch.kind !== 'branch' || branch.loop) continue;
      for (const [side, taken] of [
        [branch.then, true],
        [branch.otherwise, false],
      ] as const) {
        const said = says(branch.condition, taken, kept.place);
        if (said === null || !said.sure || !/^(?:nonzero|nonnegative|positive)$/.test(said.said)) continue;
        const exit = tidyExit(program, side);
        const end = exit === null ? undefined : program.nodes[exit.index];
        if (end?.kind !== 'return' || constant(end.value) !== 0 || !(isAdded(end) || isAdded(branch))) continue;
        hits.push({
          rule: KEPT_NOT_GIVEN,
          at: end.at,
          message: `${program.name}() returns ${kept.value}, which it keeps in ${kept.place}, and where ${kept.place} is there already it returns 0 instead`,
          key: kept.place,
          why: [
            {
              text: 'a caller takes what is returned for the number it asked for, and 0 is the number of another one',
              reference: null,
            },
          ],
          related: stored === undefined ? [] : [{ at: stored.at, message: `${kept.value} is kept here, and returned` }],
        });
      }
    }
  }
  return hits;
};
