/**
 * What is known of the truth of conditions on one path: enough to see that `if (ret)` twice takes the same side twice, and that
 * `ret = 0` decides the next test of `ret`. A value: learning gives a new one. Sound only one way: what is not known is null.
 */

import { remembered } from './remembered';
import type { Expression, ProgramNode } from './types';
import { callsIn, expressionsOf, namesIn, print, visit, withoutCasts } from './walk';

interface Fact {
  readonly holds: boolean;
  readonly names: ReadonlySet<string>;
  /** Reads memory that others may change: a field, an element, what a pointer leads to, or a name whose address was taken. */
  readonly memory: boolean;
}

export type Facts = ReadonlyMap<string, Fact>;

export const NO_FACTS: Facts = new Map();

function isZero(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  return inner.kind === 'number' && inner.value === 0;
}

/** The truth of a constant: true, false, or null when it is none. Negative errnos (`-EINVAL`) are true. */
function constantTruth(expression: Expression): boolean | null {
  const inner = withoutCasts(expression);
  if (inner.kind === 'number') return inner.value !== 0;
  if (isErrno(inner)) return true;
  if (inner.kind === 'string') return true;
  return null;
}

function isErrno(expression: Expression): boolean {
  return (
    expression.kind === 'unary' &&
    expression.operator === '-' &&
    expression.operand.kind === 'name' &&
    /^E[A-Z0-9]+$/.test(expression.operand.name)
  );
}

/** Their value is whether their first argument holds. */
const WRAPPERS = /^(?:(?:un)?likely|WARN(?:_ON)?(?:_ONCE)?)$/;
/** Asking whether a pointer is an error changes nothing, and gives the same answer again. */
const STEADY = /^(?:IS_ERR\w*|PTR_ERR\w*|ERR_PTR|ERR_CAST|(?:un)?likely|WARN(?:_ON)?(?:_ONCE)?)$/;

/** Strips `!`, `== 0`, `!= NULL`, `likely(…)`, `WARN_ON(…)`: what is left, and whether the meaning was turned round. */
function core(expression: Expression): { inner: Expression; turned: boolean } {
  let inner = withoutCasts(expression);
  let turned = false;
  for (;;) {
    if (inner.kind === 'unary' && inner.operator === '!') {
      turned = !turned;
      inner = withoutCasts(inner.operand);
    } else if (
      inner.kind === 'binary' &&
      (inner.operator === '==' || inner.operator === '!=') &&
      (isZero(inner.right) || isZero(inner.left))
    ) {
      if (inner.operator === '==') turned = !turned;
      inner = withoutCasts(isZero(inner.right) ? inner.left : inner.right);
    } else if (
      inner.kind === 'call' &&
      inner.target.kind === 'name' &&
      WRAPPERS.test(inner.target.name) &&
      inner.args[0] !== undefined
    ) {
      inner = withoutCasts(inner.args[0]);
    } else if (inner.kind === 'assign' && inner.operator === '=') {
      inner = withoutCasts(inner.target);
    } else return { inner, turned };
  }
}

/** What a condition must be by the facts; null when they do not decide it. */
export function decide(condition: Expression, facts: Facts): boolean | null {
  const { inner, turned } = core(condition);
  const value = decideCore(inner, facts);
  return value === null ? null : value !== turned;
}

function decideCore(inner: Expression, facts: Facts): boolean | null {
  const constant = constantTruth(inner);
  if (constant !== null) return constant;
  if (inner.kind === 'binary' && (inner.operator === '&&' || inner.operator === '||')) {
    const left = decide(inner.left, facts);
    const right = decide(inner.right, facts);
    const deciding = inner.operator === '||';
    if (left === deciding || right === deciding) return deciding;
    return left === null || right === null ? null : !deciding;
  }
  const fact = facts.get(print(inner));
  if (fact !== undefined) return fact.holds;
  const pointer = askedOf(inner);
  if (pointer !== null) return decideError(pointer.asks, print(pointer.of), facts);
  if (inner.kind === 'binary' && (inner.operator === '<' || inner.operator === '>') && isZero(inner.right)) {
    // Zero is neither below nor above zero.
    if (facts.get(print(withoutCasts(inner.left)))?.holds === false) return false;
    const other = { ...inner, operator: inner.operator === '<' ? '>' : '<' };
    if (facts.get(print(other))?.holds === true) return false;
  }
  return null;
}

/** `IS_ERR(p)` and its like: what is asked, and of which pointer. */
function askedOf(inner: Expression): { readonly asks: string; readonly of: Expression } | null {
  if (inner.kind !== 'call' || inner.target.kind !== 'name') return null;
  const of = inner.args[0];
  if (of === undefined || !/^(?:IS_ERR|IS_ERR_OR_NULL|PTR_ERR|PTR_ERR_OR_ZERO)$/.test(inner.target.name)) return null;
  return { asks: inner.target.name, of: withoutCasts(of) };
}

function decideError(asks: string, pointer: string, facts: Facts): boolean | null {
  const there = facts.get(pointer)?.holds;
  const error = facts.get(`IS_ERR(${pointer})`)?.holds;
  const neither = facts.get(`IS_ERR_OR_NULL(${pointer})`)?.holds === false;
  switch (asks) {
    case 'IS_ERR_OR_NULL':
      return there === false || error === true ? true : there === true && error === false ? false : null;
    case 'PTR_ERR':
      // Of a sound pointer it is a number nobody asks for.
      return error === true ? true : there === false ? false : null;
    default:
      if (error !== undefined) return error;
      return there === false || neither ? false : null;
  }
}

/**
 * The facts after a condition came out as `holds`. `steady`: what a call answered once it answers again, and no call changes
 * memory that was asked about: fewer paths, and the likelier ones.
 */
export function assume(condition: Expression, holds: boolean, facts: Facts, steady = false): Facts {
  const { inner, turned } = core(condition);
  const value = holds !== turned;
  if (inner.kind === 'unknown') return facts;
  if (inner.kind === 'binary' && inner.operator === (value ? '&&' : '||')) {
    return assume(inner.right, value, assume(inner.left, value, facts, steady), steady);
  }
  if (
    !steady &&
    callsIn(inner).length > 0 &&
    !callsIn(inner).every((call) => call.target.kind === 'name' && STEADY.test(call.target.name))
  )
    return facts;
  const next = new Map(facts);
  note(next, inner, value);
  const pointer = askedOf(inner);
  if (pointer !== null && pointer.asks === 'IS_ERR' && value) note(next, pointer.of, true);
  else if (pointer !== null && pointer.asks === 'IS_ERR_OR_NULL' && !value) note(next, pointer.of, true);
  if (value && inner.kind === 'binary' && (inner.operator === '<' || inner.operator === '>') && isZero(inner.right)) {
    note(next, withoutCasts(inner.left), true);
  }
  return next;
}

/** Behind `BUG_ON(x)`, x does not hold. */
function ruledOut(expression: Expression): Expression | null {
  if (expression.kind !== 'call' || expression.target.kind !== 'name') return null;
  return expression.target.name === 'BUG_ON' ? (expression.args[0] ?? null) : null;
}

function note(facts: Map<string, Fact>, inner: Expression, holds: boolean): void {
  facts.set(print(inner), { holds, names: namesIn(inner), memory: readsMemory(inner) });
}

function readsMemory(expression: Expression): boolean {
  let memory = false;
  visit(expression, (inner) => {
    if (inner.kind === 'field' || inner.kind === 'index' || (inner.kind === 'unary' && inner.operator === '*'))
      memory = true;
  });
  return memory;
}

/** What a node writes, as far as facts care. */
interface Writes {
  readonly written: ReadonlySet<string>;
  /** It may write through a pointer. */
  readonly memory: boolean;
  readonly constants: readonly { readonly target: Expression; readonly value: Expression }[];
}

function writesOf(node: ProgramNode, steady: boolean): Writes {
  const written = new Set<string>();
  let memory = false;
  const constants: { readonly target: Expression; readonly value: Expression }[] = [];
  if (node.kind === 'declare') {
    written.add(node.variable.name);
    if (node.init !== null) constants.push({ target: { kind: 'name', name: node.variable.name }, value: node.init });
  }
  if (node.kind === 'each') for (const arg of node.args) if (arg.kind === 'name') written.add(arg.name);
  for (const expression of expressionsOf(node)) {
    visit(expression, (inner) => {
      if (inner.kind === 'call') {
        if (inner.target.kind === 'name' && STEADY.test(inner.target.name)) return;
        memory ||= !steady;
      } else if (inner.kind === 'assign' || inner.kind === 'update') {
        const target = withoutCasts(inner.target);
        if (target.kind === 'name') written.add(target.name);
        else memory = true;
        if (inner.kind === 'assign' && inner.operator === '=') constants.push({ target, value: inner.value });
      } else if (inner.kind === 'unary' && inner.operator === '&') {
        if (!steady) for (const name of namesIn(inner.operand)) written.add(name);
        else if (inner.operand.kind === 'name') written.add(inner.operand.name);
      }
    });
  }
  return { written, memory, constants };
}

const steadyWrites = remembered((node: ProgramNode) => writesOf(node, true));
const allWrites = remembered((node: ProgramNode) => writesOf(node, false));

/**
 * The facts after a node ran (its condition aside): what it may have changed is forgotten, what it sets to a constant is known.
 * `steady` as in `assume`.
 */
export function after(node: ProgramNode, facts: Facts, steady = false): Facts {
  if (node.kind === 'unknown') return NO_FACTS;
  const { written, memory, constants } = steady ? steadyWrites(node) : allWrites(node);
  const ruled = node.kind === 'do' ? ruledOut(node.expression) : null;
  if (written.size === 0 && !memory) return ruled === null ? facts : assume(ruled, false, facts, steady);
  const next = new Map<string, Fact>();
  for (const [key, fact] of facts) {
    if (memory && fact.memory) continue;
    if ([...fact.names].some((name) => written.has(name))) continue;
    next.set(key, fact);
  }
  for (const { target, value } of constants) {
    const truth = constantTruth(value) ?? decide(value, facts);
    if (truth === null || callsIn(target).length > 0) continue;
    note(next, target, truth);
    const bare = withoutCasts(value);
    const error = bare.kind === 'call' && askedOf(bare)?.asks.startsWith('PTR_ERR') === true && truth;
    if (isErrno(bare) || error)
      note(next, { kind: 'binary', operator: '<', left: target, right: { kind: 'number', value: 0, text: '0' } }, true);
  }
  return ruled === null ? next : assume(ruled, false, next, steady);
}
