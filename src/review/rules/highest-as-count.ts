/**
 * The highest index taken for the number of elements: an array is allocated with as many as a name says, and the same name is the last index that a loop uses
 * it with. In: one function and the functions of the same file in sight. Out: hits at the allocation.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { OFF_BY_ONE } from '../catalog-arith';
import { reach } from './reach';
import { scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** Which argument of an allocation is the number of elements. */
const COUNTS: ReadonlyMap<string, number> = new Map([
  ...[
    'kcalloc',
    'kvcalloc',
    'kmalloc_array',
    'kvmalloc_array',
    'kcalloc_node',
    'kmalloc_array_node',
    'vcalloc',
    'vmalloc_array',
  ].map((name) => [name, 0] as const),
  ...['devm_kcalloc', 'devm_kmalloc_array'].map((name) => [name, 1] as const),
]);

/** The last word of a name. */
const wordOf = (expression: Expression): string => {
  const inner = withoutCasts(expression);
  return inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
};

/** Nodes of the body of a loop. */
function bodyOf(program: Program, head: number): ReadonlySet<number> {
  const node = program.nodes[head];
  if (node?.kind !== 'branch') return new Set();
  return reach(program, [node.then], (_, index) => index === head || index === node.otherwise);
}

interface Use {
  readonly at: Place;
  readonly text: string;
}

/** `for (…; i <= limit; …) array[i]`, the array and the limit named alike. */
function usedUpTo(program: Program, array: string, limit: string): Use | null {
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || !node.loop) continue;
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || condition.operator !== '<=' || wordOf(condition.right) !== limit) continue;
    const counter = print(withoutCasts(condition.left));
    const body = bodyOf(program, index);
    const one = scan(program).find(
      (seen) =>
        body.has(seen.index) &&
        seen.expression.kind === 'index' &&
        wordOf(seen.expression.base) === array &&
        print(withoutCasts(seen.expression.index)) === counter,
    );
    if (one !== undefined) return { at: node.at, text: `${printShort(one.expression)} up to ${printShort(condition)}` };
  }
  return null;
}

export const highestAsCountRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    const [target, value] =
      node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
        ? [withoutCasts(node.expression.target), withoutCasts(node.expression.value)]
        : node.kind === 'declare' && node.init !== null
          ? [{ kind: 'name', name: node.variable.name } as const, withoutCasts(node.init)]
          : [null, null];
    if (target === null || value?.kind !== 'call') continue;
    const callee = calleeOf(value) ?? '';
    const position = COUNTS.get(callee);
    const count = position === undefined ? undefined : value.args[position];
    if (count === undefined) continue;
    const [array, limit] = [wordOf(target), wordOf(count)];
    if (array === '' || limit === '') continue;
    // What only this function names is used only here.
    const elsewhere = target.kind === 'field' && withoutCasts(count).kind === 'field';
    const readers = [
      program,
      ...(elsewhere
        ? [...programs.values()].filter((one) => one.file === program.file && one.name !== program.name)
        : []),
    ];
    for (const reader of readers) {
      const use = usedUpTo(reader, array, limit);
      if (use === null) continue;
      hits.push({
        rule: OFF_BY_ONE,
        at: node.at,
        message: `${printShort(target)} gets ${printShort(count)} elements, and ${reader.name === program.name ? 'a loop' : `${reader.name}()`} uses ${use.text}: ${limit} is the highest index, not the count`,
        key: `${array}|${limit}`,
        why: [
          {
            text: 'elements are counted from 0, so the last one is missing; the allocation needs one more',
            reference: null,
          },
        ],
        related: [{ at: use.at, message: 'used up to the last index here' }],
      });
      break;
    }
  }
  return hits;
};
