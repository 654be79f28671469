import { successors } from '../../code/lower';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, partsOf, print, withoutCasts } from '../../code/walk';
import { canFail, primitive } from '../../kernel/primitives';
import { RESULT_LOST } from '../catalog-lifetime';
import { type Doing, doings } from './calls';
import type { PathRule, RuleHit } from './types';

/** What kernel code calls the result that tells of failure. */
export const RESULT = /^(?:ret|err|rc|retval|error|rv|result|status)\d?$/;

/** Does the node read the variable: name it anywhere but as the target of a plain assignment? */
export function reads(node: ProgramNode, variable: string): boolean {
  const inside = (expression: Expression): boolean => {
    if (expression.kind === 'name') return expression.name === variable;
    if (
      expression.kind === 'assign' &&
      expression.operator === '=' &&
      print(withoutCasts(expression.target)) === variable
    )
      return inside(expression.value);
    return partsOf(expression).some(inside);
  };
  return expressionsOf(node).some(inside);
}

function overwrites(node: ProgramNode, variable: string): boolean {
  if (node.kind === 'declare') return node.variable.name === variable;
  return (
    node.kind === 'do' &&
    node.expression.kind === 'assign' &&
    node.expression.operator === '=' &&
    print(withoutCasts(node.expression.target)) === variable
  );
}

/** Where the value given at a node ends unread; null when some way reads it, or leads where nobody sees. */
function endOf(program: Program, from: number, variable: string): ProgramNode | null {
  const start = program.nodes[from];
  const seen = new Set<number>();
  const work = start === undefined ? [] : [...successors(start)];
  let end: ProgramNode | null = null;
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    const node = program.nodes[index];
    if (node === undefined || node.kind === 'unknown' || index === from) return null;
    if (seen.has(index)) continue;
    seen.add(index);
    if (reads(node, variable)) return null;
    if (overwrites(node, variable) || node.kind === 'return') end ??= node;
    else work.push(...successors(node));
  }
  return end;
}

/** Can the call fail, as far as anybody sees? Unknown ones that give a result may. */
function mayFail(doing: Doing): boolean {
  const known = doing.direct ? primitive(doing.name) : null;
  return known === null ? !/^(?:container_of|min|max|readl|ioread\w*|atomic_\w+)$/.test(doing.name) : canFail(known);
}

/** The result of a call that can fail, overwritten or dropped on every way before anybody reads it. */
export const resultRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const addressed = new Set(
    program.nodes.flatMap((node) =>
      doings(node).flatMap((doing) =>
        doing.call.args.flatMap((arg) => {
          const bare = withoutCasts(arg);
          return bare.kind === 'unary' && bare.operator === '&' ? [print(bare.operand)] : [];
        }),
      ),
    ),
  );
  program.nodes.forEach((node, index) => {
    if (node.kind !== 'do' && node.kind !== 'declare') return;
    const doing = doings(node).at(-1);
    const variable = doing?.into?.kind === 'name' ? doing.into.name : null;
    if (doing === undefined || variable === null || !RESULT.test(variable) || addressed.has(variable)) return;
    if (program.parameters.some((one) => one.name === variable) || !mayFail(doing)) return;
    const end = endOf(program, index, variable);
    if (end === null) return;
    hits.push({
      rule: RESULT_LOST,
      at: node.at,
      message: `${variable} of ${doing.name}() is never looked at: a failure here goes unnoticed`,
      key: `${variable}|${doing.name}`,
      why: [
        {
          text:
            end.kind === 'return'
              ? 'every way from here returns without it'
              : 'every way from here gives it another value first',
          reference: null,
        },
      ],
      related: [{ at: end.at, message: end.kind === 'return' ? 'left here' : 'given another value here' }],
    });
  });
  return hits;
};
