/** Where a window ends: an allocator that walks up to an end has to leave room for what it hands out. */
import type { Expression, Program } from '../../code/types';
import { namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { WINDOW_END } from '../catalog-window';
import { reachBehind } from './reach';
import { localHit } from './scan';
import type { PathRule, RuleHit } from './types';

const SIZE =
  /^(?:size|len|length|granule|bytes|count|npages|nr_pages|pages|num|nvec)$|_(?:size|len|length|granule)$|granule/;
const END = /(?:^|_)(?:end|limit|top|max|size|length|len|capacity|last|pages|npages)$/;

const wordOf = (expression: Expression): string => {
  const inner = withoutCasts(expression);
  return inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
};

interface Step {
  readonly place: string;
  readonly size: Expression;
  readonly at: Place;
  readonly index: number;
}

/** `next += size`, where `next` outlives the function. */
function stepsOf(program: Program): Step[] {
  return program.nodes.flatMap((node, index): Step[] => {
    if (node.kind !== 'do' || node.expression.kind !== 'assign') return [];
    const { operator, target, value, at } = node.expression;
    if (target.kind !== 'field') return [];
    const place = print(target);
    const inner = withoutCasts(value);
    if (operator === '+=') return [{ place, size: inner, at, index }];
    if (
      operator === '=' &&
      inner.kind === 'binary' &&
      inner.operator === '+' &&
      print(withoutCasts(inner.left)) === place
    )
      return [{ place, size: withoutCasts(inner.right), at, index }];
    return [];
  });
}

/** `if (next > end) fail; next += size;`: the last one handed out begins at the end. */
export const windowEndRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const step of stepsOf(program)) {
    const sized = step.size.kind === 'call' ? [...namesIn(step.size)] : [wordOf(step.size)];
    if (
      !(step.size.kind === 'call'
        ? /granule|size/.test(print(step.size))
        : sized.some((name) => SIZE.test(name)) || /^PAGE_SIZE$/.test(print(step.size)))
    )
      continue;
    for (const [index, node] of program.nodes.entries()) {
      if (node.kind !== 'branch' || node.loop || !reachBehind(program, index).has(step.index)) continue;
      const leaves = program.nodes[node.then];
      if (leaves?.kind !== 'return' && !(leaves?.kind === 'do' && leaves.expression.kind === 'assign')) continue;
      visit(node.condition, (inner) => {
        if (inner.kind !== 'binary' || !/^[<>]$/.test(inner.operator)) return;
        const [next, end] = inner.operator === '>' ? [inner.left, inner.right] : [inner.right, inner.left];
        if (print(withoutCasts(next)) !== step.place || !END.test(wordOf(end)) || /last/.test(wordOf(end))) return;
        hits.push(
          localHit(
            WINDOW_END,
            node.at,
            `${printShort(inner)} lets ${step.place} be ${printShort(end)}, and ${printShort(step.size)} from there on is handed out: it lies behind the end`,
            `the size of what is asked for belongs into the test: ${step.place} + ${printShort(step.size)} > ${printShort(end)}`,
            'invariant I7: one page short gives an error',
          ),
        );
      });
    }
  }
  return hits;
};
