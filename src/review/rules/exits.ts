import type { Path } from '../../code/paths';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, print, withoutCasts } from '../../code/walk';

/** Is the value one that tells the caller of a failure: `-EINVAL`, `ERR_PTR(…)`, a negative number? */
export function isFailure(value: Expression): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'unary' && inner.operator === '-') {
    const operand = withoutCasts(inner.operand);
    return (
      (operand.kind === 'name' && /^E[A-Z0-9]+$/.test(operand.name)) || (operand.kind === 'number' && operand.value > 0)
    );
  }
  return inner.kind === 'call' && /^(?:ERR_PTR|ERR_CAST)$/.test(calleeOf(inner) ?? '');
}

function assigns(node: ProgramNode | undefined, name: string): Expression | null {
  if (node?.kind === 'declare' && node.variable.name === name) return node.init;
  if (node?.kind !== 'do') return null;
  const { expression } = node;
  if (expression.kind === 'assign' && expression.target.kind === 'name' && expression.target.name === name)
    return expression.operator === '=' ? expression.value : expression;
  return null;
}

/** What a condition says of `name` when it comes out as `taken`: failed, succeeded, or nothing. */
function verdictOf(condition: Expression, name: string, taken: boolean): boolean | null {
  const inner = withoutCasts(condition);
  if (inner.kind === 'unary' && inner.operator === '!') return verdictOf(inner.operand, name, !taken);
  if (inner.kind === 'call' && /^(?:unlikely|likely)$/.test(calleeOf(inner) ?? '') && inner.args[0] !== undefined)
    return verdictOf(inner.args[0], name, taken);
  const text = print(inner);
  if (text === name || text === `${name} < 0` || text === `${name} != 0`) return taken;
  if (text === `${name} == 0` || text === `${name} >= 0`) return !taken;
  if (inner.kind === 'assign' && inner.target.kind === 'name' && inner.target.name === name) return taken;
  return null;
}

/**
 * Does the path end by telling its caller of a failure? True only when it is plain: a failure value is returned, or a variable
 * that holds one, or that was just tested to be one. Null: cannot be told.
 */
export function failsAt(program: Program, path: Path): boolean | null {
  const last = path.steps.at(-1);
  const exit = last === undefined ? undefined : program.nodes[last.node];
  if (exit?.kind !== 'return' || exit.value === null) return null;
  const value = withoutCasts(exit.value);
  if (isFailure(value)) return true;
  if (value.kind === 'number') return value.value < 0;
  if (value.kind !== 'name') return null;
  for (let i = path.steps.length - 2; i >= 0; i--) {
    const step = path.steps[i];
    const node = step === undefined ? undefined : program.nodes[step.node];
    const given = assigns(node, value.name);
    if (given !== null) return isFailure(given) ? true : given.kind === 'number' ? given.value < 0 : null;
    if (node?.kind === 'branch' && step?.decision?.kind === 'branch') {
      const said = verdictOf(node.condition, value.name, step.decision.taken);
      if (said !== null) return said;
    }
  }
  return null;
}
