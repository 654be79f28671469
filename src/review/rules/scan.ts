import { remembered } from '../../code/remembered';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, partsOf, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import type { Rule } from '../rule';
import type { RuleHit } from './types';

/** One expression of a program, however deep it stands. */
export interface Seen {
  readonly expression: Expression;
  /** Where to point: the expression itself where it keeps a place, else the statement it stands in. */
  readonly at: Place;
  readonly node: ProgramNode;
  /** Index of the node. */
  readonly index: number;
}

/** Every expression of a program, in the order of the text; parts before the whole. What stands in `sizeof` is left out. */
export const scan = remembered((program: Program): readonly Seen[] => {
  const seen: Seen[] = [];
  for (const [index, node] of program.nodes.entries())
    for (const top of expressionsOf(node)) collect(top, node, index, seen);
  return seen;
});

function collect(expression: Expression, node: ProgramNode, index: number, into: Seen[]): void {
  if (expression.kind !== 'sizeof') for (const part of partsOf(expression)) collect(part, node, index, into);
  into.push({ expression, at: 'at' in expression ? expression.at : node.at, node, index });
}

/** The condition without `likely(…)` and casts. */
export function bareCondition(condition: Expression): Expression {
  const inner = withoutCasts(condition);
  if (
    inner.kind === 'call' &&
    inner.target.kind === 'name' &&
    /^(?:likely|unlikely|WARN_ON|WARN_ON_ONCE)$/.test(inner.target.name) &&
    inner.args[0] !== undefined
  )
    return bareCondition(inner.args[0]);
  return inner;
}

/** A name that the kernel writes in capitals: a constant or a macro. */
export function isConstantName(expression: Expression): boolean {
  return expression.kind === 'name' && /^_*[A-Z][A-Z0-9_]*$/.test(expression.name);
}

/** `a || b || c` as a list of its operands. */
export function operandsOf(expression: Expression, operator: string): Expression[] {
  const inner = withoutCasts(expression);
  return inner.kind === 'binary' && inner.operator === operator
    ? [...operandsOf(inner.left, operator), ...operandsOf(inner.right, operator)]
    : [inner];
}

/** Does the expression, evaluated twice, change anything or give another value: a call, an assignment, a step? */
export function isVolatile(expression: Expression): boolean {
  let found = false;
  visit(expression, (inner) => {
    if (inner.kind === 'call' || inner.kind === 'assign' || inner.kind === 'update' || inner.kind === 'unknown')
      found = true;
  });
  return found;
}

/** `-EINVAL` → `EINVAL`; null for anything else. */
export function errnoOf(expression: Expression | null): string | null {
  if (expression === null) return null;
  const inner = withoutCasts(expression);
  if (inner.kind !== 'unary' || inner.operator !== '-') return null;
  const operand = withoutCasts(inner.operand);
  return operand.kind === 'name' && /^E[A-Z0-9]+$/.test(operand.name) ? operand.name : null;
}

/** A hit that one expression proves. `reason` says what follows from it, `reference` where that is written, or null. */
export function localHit(
  rule: Rule,
  at: Place,
  message: string,
  reason: string,
  reference: string | null = null,
): RuleHit {
  return { rule, at, message, why: [{ text: reason, reference }], related: [], local: true };
}
