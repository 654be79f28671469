/** An unmap may do less than it was asked to. In: one function. Out: hits where it is accounted for as if it had done all. */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { callsOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import { UNMAP_PARTIAL } from '../catalog-contracts';
import { doings, written } from './calls';
import { mentions } from './mentions';
import { isAdded, reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

/** Functions that return how much they unmapped, and the argument that says how much they were asked to. */
const UNMAPS: ReadonlyMap<string, number> = new Map([
  ['iommu_unmap', 2],
  ['iommu_unmap_fast', 2],
  ['__iommu_unmap', 2],
]);

/** Gives up what backs the range. */
const GIVES_UP = /unpin|put_pages?|put_pfn|release_pages|free_pages|free_iova/;

/** Is the length asked for what the node goes on by, keeps, or gives up? The words for the message; null when not. */
function accounts(node: ProgramNode, length: string): string | null {
  for (const call of callsOf(node)) {
    const name = call.target.kind === 'name' ? call.target.name : '';
    if (GIVES_UP.test(name) && call.args.some((arg) => mentions(arg, length))) return `${name}() gets ${length}`;
  }
  for (const expression of expressionsOf(node)) {
    if (expression.kind !== 'assign') continue;
    const value = withoutCasts(expression.value);
    const target = withoutCasts(expression.target);
    if (print(value) !== length) continue;
    if (/^[+-]=$/.test(expression.operator)) return `${print(target)} goes on by ${length}`;
    if (expression.operator === '=' && target.kind === 'field') return `${print(target)} keeps ${length}`;
  }
  return null;
}

function comparedWith(program: Program, result: string, length: string): boolean {
  const both = (expression: Expression): boolean => {
    let found = false;
    visit(expression, (inner) => {
      if (
        inner.kind === 'binary' &&
        /^(?:[<>]=?|[!=]=|-)$/.test(inner.operator) &&
        mentions(inner, result) &&
        (mentions(inner, length) || !/^(?:0|NULL)$/.test(print(withoutCasts(inner.right))))
      )
        found = true;
    });
    return found;
  };
  return program.nodes.some((node) => expressionsOf(node).some(both));
}

/** `unmapped = iommu_unmap_fast(d, iova, len); … entry->len = len; iova += len;` */
export const unmapPartialRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries())
    for (const { call, name, into, direct } of doings(node)) {
      const length = call.args[UNMAPS.get(name) ?? -1];
      if (!direct || length === undefined || into?.kind !== 'name') continue;
      const asked = withoutCasts(length);
      if (asked.kind !== 'name') continue;
      const result = into.name;
      if (result === asked.name || comparedWith(program, result, asked.name)) continue;
      // What is only warned of, or never looked at, is another matter.
      const used = program.nodes.some(
        (one, at) =>
          at !== index && one.kind !== 'declare' && expressionsOf(one).some((each) => mentions(each, result)),
      );
      if (!used) continue;
      const behind = reachBehind(
        program,
        index,
        (one) => written(one).includes(asked.name) || written(one).includes(result) || one.kind === 'unknown',
      );
      for (const at of [...behind].sort((a, b) => a - b)) {
        const one = program.nodes[at];
        if (one === undefined || at === index) continue;
        const words = accounts(one, asked.name);
        if (words === null || !(isAdded(one) || isAdded(node))) continue;
        hits.push({
          rule: UNMAP_PARTIAL,
          at: one.at,
          message: `${words} here, and ${name}() may have unmapped less: ${result} says how much`,
          key: `${asked.name}|${words}`,
          why: [
            {
              text: 'what it left mapped is still reached by the device, and is skipped or given up',
              reference: 'drivers/iommu/iommu.c: __iommu_unmap() stops at the first page that is not mapped',
            },
          ],
          related: [{ at: node.at, message: `${result} is set here` }],
        });
        break;
      }
    }
  return hits;
};
