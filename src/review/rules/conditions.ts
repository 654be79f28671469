/**
 * What a condition says of one value when it comes out true or false: the tests by which kernel code learns of failure.
 */
import type { Expression } from '../../code/types';
import { calleeOf, print, visit, withoutCasts } from '../../code/walk';
import type { Primitive } from '../../kernel/primitives';

/** `error`: IS_ERR() holds. `absent`: IS_ERR_OR_NULL() holds. `other`: it was compared in a way that is not read here. */
export type Said = 'zero' | 'nonzero' | 'negative' | 'nonnegative' | 'positive' | 'error' | 'good' | 'absent' | 'other';

export interface Saying {
  readonly said: Said;
  /** False on the true side of `a || b` and the false side of `a && b`: the other part may have decided. */
  readonly sure: boolean;
}

const isZero = (e: Expression): boolean => e.kind === 'number' && e.value === 0;

/** Null when the condition does not speak of `subject` (printed without casts). */
export function says(condition: Expression, taken: boolean, subject: string): Saying | null {
  const inner = withoutCasts(condition);
  const is = (e: Expression): boolean => {
    const bare = withoutCasts(e);
    if (bare.kind === 'assign' && bare.operator === '=') return print(withoutCasts(bare.target)) === subject;
    return print(bare) === subject;
  };
  if (is(inner)) return { said: taken ? 'nonzero' : 'zero', sure: true };
  if (inner.kind === 'unary' && inner.operator === '!') return says(inner.operand, !taken, subject);
  if (inner.kind === 'call') return saysCall(inner, taken, subject, is);
  if (inner.kind === 'binary') {
    if (inner.operator === '&&' || inner.operator === '||') {
      const left = says(inner.left, taken, subject);
      const right = says(inner.right, taken, subject);
      const sure = taken === (inner.operator === '&&');
      if (left !== null && right !== null && sure)
        return left.said === 'other' ? right : left.said === 'nonzero' ? right : left;
      const one = left ?? right;
      if (one === null) return null;
      if (left !== null && right !== null) return { said: left.said === right.said ? left.said : 'other', sure: false };
      return { said: one.said, sure: one.sure && sure };
    }
    return saysComparison(inner, taken, is) ?? mentions(inner, subject);
  }
  return mentions(inner, subject);
}

function saysCall(
  call: Extract<Expression, { kind: 'call' }>,
  taken: boolean,
  subject: string,
  is: (e: Expression) => boolean,
): Saying | null {
  const name = calleeOf(call) ?? '';
  const arg = call.args[0];
  if (arg === undefined) return null;
  if (/^(?:(?:un)?likely|WARN_ON\w*|WARN)$/.test(name)) return says(arg, taken, subject);
  if (name === 'dma_mapping_error')
    return call.args[1] !== undefined && is(call.args[1]) ? { said: taken ? 'error' : 'good', sure: true } : null;
  if (!is(arg)) return null;
  if (name === 'IS_ERR_OR_NULL') return { said: taken ? 'absent' : 'good', sure: true };
  if (/^(?:IS_ERR|IS_ERR_VALUE|PTR_ERR_OR_ZERO|PTR_ERR|xa_is_err|xa_err)$/.test(name))
    return { said: taken ? 'error' : 'good', sure: true };
  return null;
}

function saysComparison(
  compared: Extract<Expression, { kind: 'binary' }>,
  taken: boolean,
  is: (e: Expression) => boolean,
): Saying | null {
  const { operator } = compared;
  const left = withoutCasts(compared.left);
  const right = withoutCasts(compared.right);
  const mirrored = is(right);
  if (!mirrored && !is(left)) return null;
  const other = mirrored ? left : right;
  const against = isZero(other);
  if (operator === '==' || operator === '!=') {
    if (against) return { said: (operator === '==') === taken ? 'zero' : 'nonzero', sure: true };
    if (/MAPPING_ERROR|INVALID/.test(print(other)))
      return { said: (operator === '==') === taken ? 'error' : 'good', sure: true };
    if (other.kind === 'unary' && other.operator === '-')
      return { said: (operator === '==') === taken ? 'negative' : 'other', sure: true };
    return { said: 'other', sure: true };
  }
  const turned: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
  const as = mirrored ? (turned[operator] ?? operator) : operator;
  if (!against) return { said: 'other', sure: true };
  if (as === '<') return { said: taken ? 'negative' : 'nonnegative', sure: true };
  if (as === '>=') return { said: taken ? 'nonnegative' : 'negative', sure: true };
  if (as === '>') return { said: taken ? 'positive' : 'other', sure: true };
  if (as === '<=') return { said: taken ? 'other' : 'positive', sure: true };
  return null;
}

/** Compared or computed with in a way that is not read here. Reading through it says nothing of it. */
function mentions(condition: Expression, subject: string): Saying | null {
  if (condition.kind === 'field' || condition.kind === 'index' || condition.kind === 'call') return null;
  let found = false;
  visit(condition, (inner) => {
    if (inner.kind === 'binary' && [inner.left, inner.right].some((part) => print(withoutCasts(part)) === subject))
      found = true;
  });
  return found ? { said: 'other', sure: true } : null;
}

/** Did a call fail whose result was found to be so? True when it may have: what may have failed is not held against a path. */
export function saysFailed({ said }: Saying, returns: Primitive['returns']): boolean {
  switch (returns) {
    case 'ptr_null':
    case 'ptr_err':
      return said === 'zero' || said === 'error' || said === 'absent' || said === 'other';
    case 'bool':
      return said === 'zero' || said === 'other';
    case 'err':
      return said === 'negative' || said === 'other' || said === 'positive' || said === 'nonzero';
    case 'count':
    case 'value':
      return said !== 'good' && said !== 'nonnegative';
    default:
      return false;
  }
}
