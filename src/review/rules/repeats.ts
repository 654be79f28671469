import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { SAME_OPERANDS } from '../catalog-arith';
import { isVolatile, localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const COMPARES = /^(?:==|!=|<|>|<=|>=|-|\^|%)$/;
const CHAINS = /^(?:&&|\|\||\||&)$/;

/** Can a node be reached from another without passing a third? */
function reaches(program: Program, from: number, to: number, not: number): boolean {
  const seen = new Set<number>([not]);
  const work = [from];
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    if (index === to) return true;
    const node = program.nodes[index];
    if (node === undefined || seen.has(index)) continue;
    seen.add(index);
    work.push(...successors(node));
  }
  return false;
}

/** The two sides of an operator, or two operands of a chain, that are the same. */
function sameInside(expression: Expression): Expression | null {
  if (expression.kind === 'call') {
    const callee = calleeOf(expression) ?? '';
    const [first, second] = expression.args;
    return /^(?:memcmp|memcpy|memmove|strcmp|strncmp)$/.test(callee) &&
      first !== undefined &&
      second !== undefined &&
      !isVolatile(first) &&
      print(first) === print(second)
      ? first
      : null;
  }
  if (expression.kind !== 'binary') return null;
  if (COMPARES.test(expression.operator)) {
    const left = withoutCasts(expression.left);
    if (left.kind === 'number' || isVolatile(left)) return null;
    // `size != (u32)size` asks whether it fits.
    if (/^[=!]=$/.test(expression.operator) && [expression.left, expression.right].some((side) => side.kind === 'cast'))
      return null;
    return print(left) === print(withoutCasts(expression.right)) ? left : null;
  }
  if (!CHAINS.test(expression.operator)) return null;
  const operands = operandsOf(expression, expression.operator);
  const last = operands.at(-1);
  if (last === undefined || last.kind === 'number' || isVolatile(last)) return null;
  const text = print(last);
  return operands.slice(0, -1).some((operand) => print(operand) === text) ? last : null;
}

/** The same on both sides of an operator, the same condition again where it cannot hold, the same in both branches. */
export const sameOperandsRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const { expression, at } of scan(program)) {
    const same = sameInside(expression);
    if (same !== null)
      hits.push(
        localHit(
          SAME_OPERANDS,
          at,
          `${printShort(same)} stands twice in ${printShort(expression)}`,
          'the second one decides nothing: another was meant, or it is not needed',
        ),
      );
  }
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const next = program.nodes[node.otherwise];
    if (
      next?.kind === 'branch' &&
      !next.loop &&
      node.otherwise > index &&
      !isVolatile(node.condition) &&
      node.condition.kind !== 'number' &&
      print(next.condition) === print(node.condition) &&
      !reaches(program, node.then, node.otherwise, index) &&
      !program.nodes.some((one, from) => from !== index && successors(one).includes(node.otherwise))
    )
      hits.push({
        ...localHit(
          SAME_OPERANDS,
          next.at,
          `${printShort(node.condition)} was tested just before and does not hold here`,
          'what depends on the second test never runs',
        ),
        related: [{ at: node.at, message: 'the first test' }],
      });
    const then = program.nodes[node.then];
    const otherwise = program.nodes[node.otherwise];
    if (
      then?.kind === 'do' &&
      otherwise?.kind === 'do' &&
      node.then !== node.otherwise &&
      then.next === otherwise.next &&
      then.next > node.otherwise &&
      print(then.expression) === print(otherwise.expression)
    )
      hits.push(
        localHit(
          SAME_OPERANDS,
          otherwise.at,
          `${printShort(then.expression)} is done whether ${printShort(node.condition, 40)} holds or not`,
          'the condition decides nothing',
        ),
      );
  }
  for (const node of program.nodes) {
    if (node.kind !== 'do') continue;
    const next = program.nodes[node.next];
    if (next?.kind !== 'do') continue;
    const one = node.expression;
    const two = next.expression;
    if (one.kind !== 'assign' || two.kind !== 'assign' || one.operator !== '=' || two.operator !== '=') continue;
    if (one.target.kind !== 'field' || print(one.target) !== print(two.target)) continue;
    if (isVolatile(two.value) || isVolatile(one.value) || print(two.value).includes(print(one.target))) continue;
    if (withoutCasts(one.value).kind === 'number' || print(one.value) === print(two.value)) continue;
    hits.push({
      ...localHit(
        SAME_OPERANDS,
        two.at,
        `${printShort(one.target)} is set and at once set again`,
        'the first value is lost: another field was meant, or it is not needed',
      ),
      related: [{ at: one.at, message: 'set here first' }],
    });
  }
  return hits;
};
