import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { INCLUSIVE_END, OFF_BY_ONE, ROLLBACK_INDEX } from '../catalog-arith';
import { writtenType } from './integer-types';
import { errnoOf, isConstantName, localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The last word of a name: `header->nb_entries` gives `nb_entries`. */
function wordOf(expression: Expression): string {
  const inner = withoutCasts(expression);
  if (inner.kind === 'name') return inner.name;
  return inner.kind === 'field' ? inner.field : '';
}

const COUNT =
  /^(?:n|nb|nr|num|count|cnt)$|^(?:nb|nr|num|n)_|_(?:count|cnt|nr|num|entries|nvec|elems)$|^(?:entries|nvec)$/;
/** A constant that says how many there are. */
const NUMBER_OF = /(?:^|_)(?:NUM|NR|COUNT|ENTRIES)(?:_|$)/;
const POSITION = /^(?:idx|index|slot|tail|head|vector|hwirq|pos)$|_(?:idx|index|slot|tail|head|vector)$/;

/** How many there are, as written in the source: `ARRAY_SIZE(a)`, `nr_entries`. */
function isCount(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  return (inner.kind === 'call' && calleeOf(inner) === 'ARRAY_SIZE') || COUNT.test(wordOf(inner));
}

/** Is `a[index]` in the function, and only so: `a[index - 1]` counts from one. */
function indexes(program: Program, index: string): 'plain' | 'shifted' | null {
  let plain = false;
  let shifted = false;
  for (const { expression } of scan(program)) {
    if (expression.kind !== 'index') continue;
    const text = print(withoutCasts(expression.index));
    if (text === index) plain = true;
    else if (text.startsWith(`${index} - `) || text.startsWith(`--${index}`)) shifted = true;
  }
  return shifted ? 'shifted' : plain ? 'plain' : null;
}

/** Does the counter start at zero somewhere in the function? */
function startsAtZero(program: Program, counter: string): boolean {
  const isZero = (value: Expression | null): boolean => value?.kind === 'number' && value.value === 0;
  return program.nodes.some(
    (node) =>
      (node.kind === 'declare' && node.variable.name === counter && isZero(node.init)) ||
      (node.kind === 'do' &&
        node.expression.kind === 'assign' &&
        node.expression.operator === '=' &&
        print(node.expression.target) === counter &&
        isZero(node.expression.value)),
  );
}

/** Does one side of the branch fail at once: `return -EINVAL`, `ret = -EINVAL; goto …`? */
function failsAtOnce(program: Program, from: number): boolean {
  const node = program.nodes[from];
  if (node?.kind === 'return') return errnoOf(node.value) !== null;
  if (node?.kind !== 'do' || node.expression.kind !== 'assign') return false;
  return errnoOf(node.expression.value) !== null;
}

/** `i <= count` over an array, `tail > nb_entries` as the refusal of what lies outside. */
export const offByOneRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch') continue;
    const condition = withoutCasts(node.condition);
    if (node.loop && condition.kind === 'binary' && condition.operator === '<=') {
      const counter = print(withoutCasts(condition.left));
      if (isCount(condition.right) && indexes(program, counter) === 'plain' && startsAtZero(program, counter))
        hits.push(
          localHit(
            OFF_BY_ONE,
            node.at,
            `the loop runs while ${printShort(condition)}: the last round uses element ${printShort(condition.right)}, which is one too far`,
            'elements are counted from 0',
          ),
        );
      continue;
    }
    if (node.loop || !failsAtOnce(program, node.then)) continue;
    visit(condition, (inner) => {
      if (inner.kind !== 'binary' || inner.operator !== '>') return;
      const position = withoutCasts(inner.left);
      const name = wordOf(position);
      const used = indexes(program, print(position));
      const constant = isConstantName(withoutCasts(inner.right)) && NUMBER_OF.test(wordOf(inner.right));
      if (!isCount(inner.right) && !(constant && used === 'plain')) return;
      const isPosition = used === 'plain' || (POSITION.test(name) && used !== 'shifted');
      if (isPosition && !COUNT.test(name))
        hits.push(
          localHit(
            OFF_BY_ONE,
            node.at,
            `${printShort(inner)} lets ${printShort(position)} be ${printShort(inner.right)}, one past the last`,
            'positions run from 0 to one below the count; >= is needed',
          ),
        );
    });
  }
  for (const { expression, at } of scan(program)) {
    if (expression.kind !== 'call') continue;
    const callee = calleeOf(expression) ?? '';
    const bound =
      callee === 'XA_LIMIT'
        ? expression.args[1]
        : /^ida_alloc_range$/.test(callee)
          ? expression.args[2]
          : callee === 'ida_alloc_max'
            ? expression.args[1]
            : undefined;
    if (bound !== undefined && isPowerOfTwo(bound))
      hits.push(
        localHit(
          OFF_BY_ONE,
          at,
          `${callee}() takes the highest id: ${printShort(bound)} itself can be handed out`,
          'it needs one bit more than there are',
          'Documentation/core-api/xarray.rst: the limit is inclusive',
        ),
      );
    if (
      /^GENMASK(?:_ULL)?$/.test(callee) &&
      /(?:^|_)(?:bits|width|ias|oas)$/.test(wordOf(expression.args[0] ?? expression))
    )
      hits.push(
        localHit(
          OFF_BY_ONE,
          at,
          `${printShort(expression)} has one bit more than ${printShort(expression.args[0] ?? expression)}`,
          'GENMASK takes the position of the highest bit, which is the width less one',
          'include/linux/bits.h',
        ),
      );
  }
  return hits;
};

function isPowerOfTwo(expression: Expression): boolean {
  const inner = withoutCasts(expression);
  if (inner.kind === 'call') return /^BIT(?:_ULL)?$/.test(calleeOf(inner) ?? '');
  return inner.kind === 'binary' && inner.operator === '<<' && inner.left.kind === 'number' && inner.left.value === 1;
}

const LENGTH = /^(?:size|len|length|npages|nr_pages|count)$|_(?:size|len|length)$/;
const LAST = /^last$|_last$|^last_(?:iova|addr|pfn|byte)$|^(?:aperture_end|end_inclusive)$/;

/** Is the field the end of a `struct resource`, which is the last byte? */
function isResource(base: Expression, program: Program, around: Parameters<PathRule>[1]): boolean {
  const written = writtenType(base, program, around);
  return written === null
    ? /^res$|_res$|^resource$/.test(wordOf(base))
    : /^(?:const )?struct resource(?: \*)?$/.test(written);
}

/** Ends that name the last byte are one below start plus length, and the length is one more than the difference. */
export const inclusiveEndRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  /** An expression that names a last byte; what to say of it. */
  const isLast = (expression: Expression): boolean => {
    const inner = withoutCasts(expression);
    if (LAST.test(wordOf(inner))) return true;
    return inner.kind === 'field' && inner.field === 'end' && isResource(inner.base, program, around);
  };
  const sum = (value: Expression): Expression | null => {
    const inner = withoutCasts(value);
    return inner.kind === 'binary' && inner.operator === '+' && LENGTH.test(wordOf(inner.right)) ? inner : null;
  };
  const difference = (value: Expression): Expression | null => {
    const inner = withoutCasts(value);
    if (inner.kind !== 'binary' || inner.operator !== '-' || !isLast(inner.left)) return null;
    return /^(?:start|base|iova|first)$|_start$|_base$|_iova$/.test(wordOf(inner.right)) ? inner : null;
  };
  const look = (target: Expression, value: Expression, at: RuleHit['at']): void => {
    const added = isLast(target) ? sum(value) : null;
    if (added !== null)
      hits.push(
        localHit(
          INCLUSIVE_END,
          at,
          `${printShort(target)} names the last byte, and ${printShort(added)} is the first one behind it`,
          'the range is one byte too long and meets its neighbour',
        ),
      );
    const taken = LENGTH.test(wordOf(target)) ? difference(value) : null;
    if (taken !== null)
      hits.push(
        localHit(
          INCLUSIVE_END,
          at,
          `${printShort(taken)} is one less than the length: the end is the last byte`,
          'a range of one page comes out a byte short, and rounds down to nothing',
        ),
      );
  };
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.init !== null)
      look({ kind: 'name', name: node.variable.name }, node.init, node.at);
  for (const { expression, at } of scan(program)) {
    if (expression.kind === 'assign' && expression.operator === '=') look(expression.target, expression.value, at);
    if (expression.kind !== 'call') continue;
    if (/^interval_tree_(?:iter_first|span_iter_first)$|_iter_first$/.test(calleeOf(expression) ?? '')) {
      const last = expression.args.at(-1);
      const added = last === undefined ? null : sum(last);
      if (added !== null)
        hits.push(
          localHit(
            INCLUSIVE_END,
            at,
            `${printShort(added)} is given where the last index of the range is asked for`,
            'a neighbour that starts right behind the range is taken for an overlap',
            'include/linux/interval_tree.h: start and last are inclusive',
          ),
        );
    }
  }
  return hits;
};

/** A rollback that counts down and stops before element 0. */
export const rollbackIndexRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || !node.loop) continue;
    const condition = withoutCasts(node.condition);
    let counter: string | null = null;
    if (condition.kind === 'update' && condition.operator === '--' && condition.prefix)
      counter = print(condition.target);
    else if (condition.kind === 'binary' && condition.operator === '>' && print(condition.right) === '0')
      counter = print(withoutCasts(condition.left));
    if (counter === null || !/^\w+$/.test(counter)) continue;
    const body = loopBody(program, index);
    const steps = body.some((one) => {
      const inner = program.nodes[one];
      if (inner?.kind !== 'do') return false;
      const { expression } = inner;
      return expression.kind === 'update' && expression.operator === '--' && print(expression.target) === counter;
    });
    if (condition.kind === 'binary' && !steps) continue;
    let plain = false;
    let other = false;
    for (const one of scan(program)) {
      if (one.expression.kind !== 'index' || !body.includes(one.index)) continue;
      const text = print(withoutCasts(one.expression.index));
      if (text === counter) plain = true;
      else if (text.includes(counter)) other = true;
    }
    const counted = program.nodes.some(
      (one, at) =>
        !body.includes(at) &&
        one.kind === 'do' &&
        one.expression.kind === 'update' &&
        one.expression.operator === '++' &&
        print(one.expression.target) === counter,
    );
    if (plain && !other && counted && startsAtZero(program, counter))
      hits.push(
        localHit(
          ROLLBACK_INDEX,
          node.at,
          `the loop undoes what was done up to ${counter} and ends before element 0`,
          condition.kind === 'binary'
            ? `the first one stays, and the one at ${counter} that failed is undone; while (${counter}--) does both rightly`
            : `the first one stays; while (${counter}--) reaches it`,
        ),
      );
  }
  return hits;
};

/** The nodes a loop's condition leads to and that lead back to it. */
function loopBody(program: Program, head: number): number[] {
  const node = program.nodes[head];
  if (node?.kind !== 'branch') return [];
  const seen = new Set<number>([head]);
  const work = [node.then];
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    const inner = program.nodes[index];
    if (inner === undefined || seen.has(index) || index === node.otherwise) continue;
    seen.add(index);
    work.push(...successors(inner));
  }
  seen.delete(head);
  return [...seen];
}
