import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, print, withoutCasts } from '../../code/walk';
import { says } from './conditions';
import type { Trail } from './explore';

/** Is the value one that tells the caller of a failure: `-EINVAL`, `ERR_PTR(…)`, a negative number? */
export function isFailure(value: Expression): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'unary' && inner.operator === '-') {
    const operand = withoutCasts(inner.operand);
    return (
      (operand.kind === 'name' && /^E[A-Z0-9]+$/.test(operand.name)) || (operand.kind === 'number' && operand.value > 0)
    );
  }
  return inner.kind === 'call' && /^(?:ERR_PTR|ERR_CAST|PTR_ERR|dev_err_probe)$/.test(calleeOf(inner) ?? '');
}

function assigned(node: ProgramNode | undefined, name: string): Expression | null {
  if (node?.kind === 'declare' && node.variable.name === name) return node.init;
  if (node?.kind === 'do') return inside(node.expression, name);
  if (node?.kind === 'branch') return inside(withoutCasts(node.condition), name);
  return null;
}

function inside(expression: Expression, name: string): Expression | null {
  if (expression.kind !== 'assign') return null;
  const { target } = expression;
  if (target.kind !== 'name' || target.name !== name) return null;
  if (expression.operator !== '=') return expression;
  // `a = b = -EINVAL`
  const value = withoutCasts(expression.value);
  return value.kind === 'assign' && value.operator === '=' ? value.value : value;
}

/** What an exit tells the caller. `void`: nothing is returned. Null: it cannot be told. */
export type Verdict = 'fails' | 'succeeds' | 'void';

/**
 * What the return at the end of this way tells its caller. Plain only: a failure value, zero, or a variable that holds one, or
 * that was just tested to be one. A null pointer of a function that returns pointers is taken for a failure.
 */
export function verdictAt(
  program: Program,
  exit: Extract<ProgramNode, { kind: 'return' }>,
  trail: Trail | null,
): Verdict | null {
  if (exit.value === null) return program.returns === 'void' ? 'void' : null;
  const value = withoutCasts(exit.value);
  const pointer = program.returns.includes('*');
  const constant = (e: Expression): Verdict | null => {
    if (isFailure(e)) return 'fails';
    if (e.kind !== 'number' || /^bool$/.test(program.returns)) return null;
    if (pointer) return e.value === 0 ? 'fails' : null;
    return e.value < 0 ? 'fails' : 'succeeds';
  };
  const said = constant(value);
  if (said !== null) return said;
  if (value.kind !== 'name') return null;
  for (let at = trail; at !== null; at = at.before) {
    const node = program.nodes[at.node];
    if (node?.kind === 'unknown') return null;
    if (node?.kind === 'branch' && at.decision?.kind === 'branch') {
      const test = says(node.condition, at.decision.taken, value.name);
      if (test !== null) {
        if (test.said === 'error' || test.said === 'absent') return 'fails';
        if (test.said === 'negative' || test.said === 'nonzero') return pointer ? null : 'fails';
        if (test.said === 'zero') return pointer ? 'fails' : 'succeeds';
        if (test.said === 'nonnegative') return 'succeeds';
        if (test.said !== 'other') return null;
      }
    }
    const given = assigned(node, value.name);
    if (given !== null) {
      const inner = withoutCasts(given);
      if (inner.kind === 'conditional')
        return constant(withoutCasts(inner.otherwise)) === 'fails' && constant(withoutCasts(inner.then)) === 'fails'
          ? 'fails'
          : null;
      return constant(inner);
    }
    if (node?.kind === 'declare' && node.variable.name === value.name) return null;
  }
  return null;
}

/** The text of a return, for messages. */
export function exitText(exit: Extract<ProgramNode, { kind: 'return' }>): string {
  return exit.value === null ? 'return' : `return ${print(exit.value)}`;
}
