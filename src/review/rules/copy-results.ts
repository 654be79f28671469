import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { RAW_COPY_RESULT } from '../catalog-uapi';
import { integerType } from './integer-types';
import { bareCondition, localHit } from './scan';
import type { PathRule, RuleHit } from './types';

function copyCall(expression: Expression | null): string | null {
  const inner = expression === null ? null : withoutCasts(expression);
  if (inner?.kind !== 'call') return null;
  const callee = calleeOf(inner) ?? '';
  return /^_?_?(?:copy_(?:from|to)_user|clear_user|copy_in_user)$/.test(callee) ? callee : null;
}

/** What a condition says of `name` when it holds: not zero, zero, or nothing known. */
function says(condition: Expression, name: string): 'nonzero' | 'zero' | null {
  const inner = bareCondition(condition);
  const text = print(inner);
  if (text === name || text === `${name} != 0` || text === `${name} > 0`) return 'nonzero';
  if (text === `!${name}` || text === `${name} == 0`) return 'zero';
  return text.includes(name) ? 'zero' : null;
}

/** What kernel code calls the result that the end of the function returns. */
const RESULT = /^(?:ret|err|rc|retval|error|rv|result|r)$/;

/**
 * Can `return name` be reached with the number of bytes still in it, or a label out of sight to which the failure jumps with it? Gives the
 * node.
 */
function returned(program: Program, from: number, name: string): number | null {
  const seen = new Set<number>();
  const work = [from];
  // Nodes that only a way on which bytes were left comes to.
  const failing = new Set<number>();
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    const node = program.nodes[index];
    if (node === undefined || seen.has(index)) continue;
    seen.add(index);
    if (node.kind === 'unknown' && node.text.startsWith('goto ') && failing.has(index) && RESULT.test(name))
      return index;
    if (failing.has(index) && 'next' in node && node.kind !== 'unknown') failing.add(node.next);
    if (node.kind === 'return') {
      if (node.value !== null && print(withoutCasts(node.value)) === name) return index;
    } else if (node.kind === 'branch') {
      const said = says(node.condition, name);
      if (said !== 'zero') work.push(node.then);
      if (said === 'nonzero') failing.add(node.then);
      if (said !== 'nonzero') work.push(node.otherwise);
    } else if (node.kind === 'do') {
      const { expression } = node;
      if (expression.kind === 'assign' && print(withoutCasts(expression.target)) === name) continue;
      work.push(node.next);
    } else if (node.kind === 'declare' || node.kind === 'unknown') work.push(node.next);
  }
  return null;
}

/** The result of `copy_to_user()` is the number of bytes left, and is returned as if it were an error. */
export const rawCopyResultRule: PathRule = (program) => {
  const type = integerType(program.returns);
  if (type === null || !type.signed || /copy|_user$|clear_user/.test(program.name)) return [];
  const hits: RuleHit[] = [];
  const hit = (at: RuleHit['at'], callee: string, what: string): void => {
    hits.push(
      localHit(
        RAW_COPY_RESULT,
        at,
        `${what} returns what ${callee}() returned: the number of bytes not copied, not an error`,
        'userspace gets a positive number for a fault; -EFAULT is needed',
        'Documentation/kernel-hacking/hacking.rst, copy_to_user()',
      ),
    );
  };
  for (const node of program.nodes) {
    if (node.kind === 'return') {
      const callee = copyCall(node.value);
      if (callee !== null) hit(node.at, callee, `${program.name}()`);
    }
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') continue;
    const callee = copyCall(node.expression.value);
    if (callee === null || node.expression.target.kind !== 'name') continue;
    const end = returned(program, node.next, node.expression.target.name);
    if (end !== null) hit(node.at, callee, printShort(node.expression.target));
  }
  return hits;
};
