import type { Expression } from '../../code/types';
import { partsOf, print } from '../../code/walk';

/** Does `wanted` (as printed: a name, or `map.flags`) stand in the expression? */
export function mentions(expression: Expression, wanted: string): boolean {
  return (
    ((expression.kind === 'name' || expression.kind === 'field' || expression.kind === 'index') &&
      print(expression) === wanted) ||
    partsOf(expression).some((part) => mentions(part, wanted))
  );
}
