/** The two halves of 64 bits put together. In: one function. Out: an upper half that lands on the lower one. */
import type { Expression } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { HALF_UNSHIFTED } from '../catalog-arith';
import { localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** Gives bits 63 to 32 of its argument as bits 31 to 0. */
const isUpper = (value: Expression): boolean => {
  const inner = withoutCasts(value);
  if (inner.kind === 'call') return calleeOf(inner) === 'upper_32_bits';
  return inner.kind === 'binary' && inner.operator === '>>' && print(inner.right) === '32';
};
const isLower = (value: Expression): boolean => {
  const inner = withoutCasts(value);
  return inner.kind === 'call' && calleeOf(inner) === 'lower_32_bits';
};

/** `x = lower_32_bits(a); x |= upper_32_bits(b);`: the second has to be shifted back up. */
export const halvesRule: PathRule = (program) => {
  const lower = new Set<string>();
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.init !== null && isLower(node.init)) lower.add(node.variable.name);
  const seen = scan(program);
  for (const { expression } of seen)
    if (expression.kind === 'assign' && expression.operator === '=' && isLower(expression.value))
      lower.add(print(withoutCasts(expression.target)));
  return seen.flatMap(({ expression, at, index }): RuleHit[] => {
    let half: Expression | undefined;
    if (expression.kind === 'assign' && /^[|+]=$/.test(expression.operator) && isUpper(expression.value)) {
      const target = print(withoutCasts(expression.target));
      // Set from a lower half on the straight way to here, and to nothing else.
      const last = seen
        .filter(
          (one) =>
            one.index < index &&
            one.expression.kind === 'assign' &&
            print(withoutCasts(one.expression.target)) === target,
        )
        .at(-1)?.expression;
      const set = last === undefined ? lower.has(target) : last.kind === 'assign' && isLower(last.value);
      if (set) half = expression.value;
    } else if (expression.kind === 'binary' && expression.operator === '|') {
      const parts = operandsOf(expression, '|');
      if (parts.some(isLower)) half = parts.find(isUpper);
    }
    if (half === undefined) return [];
    return [
      localHit(
        HALF_UNSHIFTED,
        at,
        `${printShort(half)} stands in bits 31 to 0 here, and is put on a lower half`,
        'the two mix, and the upper half of the result is empty; it has to be shifted up by 32',
        'include/linux/kernel.h, upper_32_bits(): bits 32-63 of a number, as 32 bits',
      ),
    ];
  });
};
