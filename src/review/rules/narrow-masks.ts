/** Masks that are narrower than what they are laid on. In: one function. Out: `address & ~(granule - 1)` with a 32-bit granule without a sign. */
import type { Expression } from '../../code/types';
import { printShort, visit, withoutCasts } from '../../code/walk';
import { NARROW_MASK } from '../catalog-arith';
import { typeOf } from './integer-types';
import { isConstantName, localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The complement of a 32-bit value has no bits above the 32nd: what it is laid on loses its own. With a sign they would be ones. */
export const narrowMaskRule: PathRule = (program, around) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    const sides =
      expression.kind === 'binary' && expression.operator === '&'
        ? [expression.left, expression.right]
        : expression.kind === 'assign' && expression.operator === '&='
          ? [expression.target, expression.value]
          : [];
    return sides.flatMap((side): RuleHit[] => {
      const other = sides.find((one) => one !== side);
      // A cast says how wide it is meant.
      if (other === undefined || side.kind !== 'unary' || side.operator !== '~' || !hasVariable(side.operand))
        return [];
      const mask = typeOf(side.operand, program, around);
      const laidOn = typeOf(withoutCasts(other), program, around);
      if (mask?.bits !== 32 || mask.signed || laidOn?.bits !== 64 || !laidOn.always) return [];
      return [
        localHit(
          NARROW_MASK,
          at,
          `${printShort(side)} has 32 bits and no sign: laid on ${printShort(withoutCasts(other))}, which has 64, it takes its upper half away`,
          'the bits from the 32nd on are lost: an address becomes another one, an unknown flag passes',
          'C11 6.3.1.3 and 6.3.1.8: the complement is made before it is widened, and is widened with zeros',
        ),
      ];
    });
  });

/** Constants are as wide as their headers say, which nobody sees here. */
function hasVariable(expression: Expression): boolean {
  let found = false;
  visit(expression, (inner) => {
    if ((inner.kind === 'name' && !isConstantName(inner)) || inner.kind === 'field') found = true;
  });
  return found;
}
