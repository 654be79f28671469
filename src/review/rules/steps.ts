/** Numbers that advance, or do not: what a loop writes, what a rollback starts from, and how far an area is aligned. */
import { successors } from '../../code/lower';
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import { ALIGN_MASK, SAME_OPERANDS, SAME_SLOT, UNIT_MIX } from '../catalog-arith';
import { UNDOES_FAILED } from '../catalog-lifetime';
import { doings, UNDOES } from './calls';
import { reachBehind } from './reach';
import { isConstantName, isVolatile, localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const wordOf = (expression: Expression): string => {
  const inner = withoutCasts(expression);
  return inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
};

const POWER = /roundup_pow_of_two|rounddown_pow_of_two|is_power_of_2|order_base_2|1U?L{0,2} <<|BIT\(|PAGE_SIZE/;

/** The mask of an alignment made from a number that need be no power of two. */
export const alignMaskRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'call' || calleeOf(expression) !== 'bitmap_find_next_zero_area') return [];
    const arg = expression.args[4] === undefined ? null : withoutCasts(expression.args[4]);
    const given = arg?.kind === 'name' ? valuesOf(program, arg.name) : arg === null ? [] : [arg];
    const mask = given
      .map(withoutCasts)
      .find((one) => one.kind === 'binary' && one.operator === '-' && print(one.right) === '1');
    if (mask?.kind !== 'binary') return [];
    const base = withoutCasts(mask.left);
    if (base.kind !== 'name' && base.kind !== 'field') return [];
    if (isConstantName(base) || POWER.test([print(base), ...valuesOf(program, print(base)).map(print)].join(' ')))
      return [];
    if (
      scan(program).some(
        (one) =>
          one.expression.kind === 'call' &&
          POWER.test(print(one.expression)) &&
          namesIn(one.expression).has(wordOf(base)),
      )
    )
      return [];
    return [
      localHit(
        ALIGN_MASK,
        at,
        `${printShort(mask)} is a mask only when ${print(base)} is a power of two, and nothing in sight makes it one`,
        'with 3 it is 2: the area is aligned to something else than was asked for',
        'include/linux/bitmap.h: align_mask should be one less than a power of 2',
      ),
    ];
  });

/** All values a name is given in a function. */
function valuesOf(program: Program, name: string): Expression[] {
  return program.nodes.flatMap((node) => {
    if (node.kind === 'declare' && node.variable.name === name && node.init !== null) return [node.init];
    if (node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === name)
      return [node.expression.value];
    return [];
  });
}

/** A variable is compared with what it was just set to. */
export const justAssignedRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return [];
    const next = program.nodes[node.next];
    if (next?.kind !== 'branch' || next.loop) return [];
    const { target, value } = node.expression;
    if (value.kind === 'number' || isVolatile(value) || isVolatile(target)) return [];
    if (program.nodes.some((one) => one !== node && successors(one).includes(node.next))) return [];
    const pair = [print(withoutCasts(target)), print(withoutCasts(value))];
    const same = operandsOf(next.condition, '&&').find((one) => {
      const inner = withoutCasts(one);
      if (inner.kind !== 'binary' || !/^[=!]=$/.test(inner.operator)) return false;
      const sides = [print(withoutCasts(inner.left)), print(withoutCasts(inner.right))];
      return pair.every((side) => sides.includes(side));
    });
    if (same === undefined) return [];
    return [
      {
        ...localHit(
          SAME_OPERANDS,
          next.at,
          `${printShort(same)} is asked right after ${pair[0]} was set to ${pair[1]}`,
          'the test decides nothing: another value was meant',
        ),
        related: [{ at: node.at, message: 'set here' }],
      },
    ];
  });

/** The nodes of the innermost loop that a node lies in, its head included; null outside of loops. */
function loopAround(program: Program, index: number): ReadonlySet<number> | null {
  const onward = reachBehind(program, index);
  if (!onward.has(index)) return null;
  return new Set([...onward].filter((at) => reachBehind(program, at).has(index)));
}

const STORES: Readonly<Record<string, number>> = { put_user: 1, __put_user: 1, copy_to_user: 0, __copy_to_user: 0 };

/** A loop writes each round to the same place of userspace. */
export const sameSlotRule: PathRule = (program) =>
  program.nodes.flatMap((node, index): RuleHit[] =>
    callsOf(node).flatMap((call): RuleHit[] => {
      const place = STORES[calleeOf(call) ?? ''];
      const target = place === undefined ? undefined : call.args[place];
      const value = place === undefined ? undefined : call.args[1 - place];
      if (target === undefined || value === undefined || isVolatile(target)) return [];
      const loop = loopAround(program, index);
      if (loop === null) return [];
      const counts = [...loop].some((at) => {
        const head = program.nodes[at];
        return head?.kind === 'each' || (head?.kind === 'branch' && head.loop && head.condition.kind !== 'number');
      });
      const changed = new Set<string>();
      for (const at of loop) {
        const one = program.nodes[at];
        if (one === undefined) continue;
        if (one.kind === 'each') for (const arg of one.args) for (const name of namesIn(arg)) changed.add(name);
        if (one.kind === 'declare') changed.add(one.variable.name);
        for (const expression of expressionsOf(one))
          visit(expression, (inner) => {
            if (inner.kind === 'assign' || inner.kind === 'update')
              for (const name of namesIn(inner.target)) changed.add(name);
            if (inner.kind === 'unary' && inner.operator === '&')
              for (const name of namesIn(inner.operand)) changed.add(name);
          });
      }
      const moves = (expression: Expression): boolean => [...namesIn(expression)].some((name) => changed.has(name));
      if (!counts || moves(target) || !moves(value)) return [];
      return [
        localHit(
          SAME_SLOT,
          call.at,
          `each round writes to ${printShort(target)}, and nothing in the loop moves it on`,
          'only the last value is left there',
        ),
      ];
    }),
  );

type Unit = 'an order' | 'a size in bytes';
const WANTS: Readonly<Record<string, readonly [position: number, unit: Unit]>> = {
  bitmap_release_region: [2, 'an order'],
  bitmap_find_free_region: [2, 'an order'],
  bitmap_allocate_region: [2, 'an order'],
  free_pages: [1, 'an order'],
  __free_pages: [1, 'an order'],
  alloc_pages: [1, 'an order'],
  __get_free_pages: [1, 'an order'],
  alloc_pages_node: [2, 'an order'],
  iommu_map: [3, 'a size in bytes'],
  iommu_unmap: [2, 'a size in bytes'],
  iommu_unmap_fast: [2, 'a size in bytes'],
  dma_alloc_coherent: [1, 'a size in bytes'],
  dma_free_coherent: [1, 'a size in bytes'],
  dma_map_single: [2, 'a size in bytes'],
  dma_unmap_single: [2, 'a size in bytes'],
};
const WRONG: Readonly<Record<Unit, RegExp>> = {
  'an order':
    /^(?:nr|num|count|cnt|nvec|npages?|size|len)$|^(?:nr|num)_(?!order)\w+$|_(?:count|cnt|nr|size|len|npages?)$/,
  'a size in bytes': /^(?:npages?|nr_pages|num_pages|page_count|pgcount)$|_(?:npages?|nr_pages)$/,
};

/** What makes a value of the unit, whatever its name. */
const MAKES: Readonly<Record<Unit, RegExp>> = {
  'an order': /order|ilog2|fls|ffs|log2/,
  'a size in bytes': /PAGE_SHIFT|PAGE_SIZE|<<|sizeof|PFN_PHYS/,
};

/** Is the variable given a value of the unit in sight? Then its name alone says nothing. */
function isMade(program: Program, arg: Expression, unit: Unit): boolean {
  const bare = withoutCasts(arg);
  return program.nodes.some((node) => {
    if (node.kind === 'declare')
      return (
        bare.kind === 'name' &&
        node.variable.name === bare.name &&
        node.init !== null &&
        MAKES[unit].test(print(node.init))
      );
    if (node.kind !== 'do' || node.expression.kind !== 'assign') return false;
    const { target, operator, value } = node.expression;
    return print(withoutCasts(target)) === print(bare) && MAKES[unit].test(`${operator} ${print(value)}`);
  });
}

/** A count where an order is wanted, pages where bytes are. */
export const countForOrderRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'call' || expression.target.kind !== 'name') return [];
    const wants = WANTS[expression.target.name];
    const arg = wants === undefined ? undefined : expression.args[wants[0]];
    if (wants === undefined || arg === undefined || !WRONG[wants[1]].test(wordOf(arg))) return [];
    if (isMade(program, arg, wants[1])) return [];
    return [
      localHit(
        UNIT_MIX,
        at,
        `argument ${wants[0] + 1} of ${expression.target.name}() is ${wants[1]}, and ${printShort(arg)} is not`,
        wants[1] === 'an order'
          ? 'get_order() or get_count_order() makes one'
          : 'pages have to be shifted by PAGE_SHIFT',
        wants[1] === 'an order' ? 'lib/bitmap.c, include/linux/gfp.h' : 'include/linux/iommu.h',
      ),
    ];
  });

const OPPOSITES: readonly (readonly [RegExp, RegExp])[] = [
  [/attach/, /detach/],
  [/(?:^|_)map/, /unmap/],
  [/(?:^|_)pin/, /unpin/],
  [/alloc/, /free/],
  [/register/, /unregister/],
  [/(?:^|_)enable/, /disable/],
  [/(?:^|_)(?:add|insert)/, /remove|del/],
  [/request/, /free|release/],
  [/(?:^|_)get/, /put/],
  [/(?:^|_)bind/, /unbind/],
];
export const opposite = (did: string, undoes: string): boolean =>
  OPPOSITES.some(([one, two]) => one.test(did) && !two.test(did) && two.test(undoes));

/** A loop fails at one element, and the rollback starts with that element, which was never done. */
export const undoesFailedRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || !node.loop) continue;
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || condition.operator !== '>=' || print(condition.right) !== '0') continue;
    const left = withoutCasts(condition.left);
    if (left.kind !== 'name') continue;
    const counter = left.name;
    const loop = loopAround(program, index);
    if (loop === null) continue;
    const undoing = [...loop].flatMap((at) =>
      doings(program.nodes[at] ?? node).filter(
        (doing) => UNDOES.test(doing.name) && usesPlain(doing.call.args, counter),
      ),
    )[0];
    if (undoing === undefined || steppedBefore(program, index, counter)) continue;
    const failing = program.nodes.findIndex(
      (one, at) =>
        !loop.has(at) &&
        doings(one).some(
          (doing) => opposite(doing.name, undoing.name) && doing.into !== null && usesPlain(doing.call.args, counter),
        ),
    );
    const did = program.nodes[failing];
    if (did === undefined || loopAround(program, failing) === null) continue;
    hits.push({
      ...localHit(
        UNDOES_FAILED,
        node.at,
        `the rollback starts with element ${counter} itself, and that is the one whose ${doings(did)[0]?.name ?? 'step'}() failed`,
        `what was not done is undone; while (--${counter} >= 0) starts with the one before`,
      ),
      related: [{ at: did.at, message: 'the step that fails' }],
    });
  }
  return hits;
};

/** Does an argument use the counter, or `counter--`, as an index or a summand? */
function usesPlain(args: readonly Expression[], counter: string): boolean {
  return args.some((arg) => {
    let found = false;
    visit(arg, (inner) => {
      if (inner.kind !== 'index') return;
      const text = print(withoutCasts(inner.index));
      if (text === counter || text === `${counter}--`) found = true;
    });
    return found;
  });
}

/** Is the counter stepped back, or set anew, between the loop that failed and the rollback? */
function steppedBefore(program: Program, head: number, counter: string): boolean {
  const loop = loopAround(program, head) ?? new Set<number>();
  return program.nodes.some((node, at) => {
    if (loop.has(at)) return false;
    return expressionsOf(node).some((expression) => {
      let found = false;
      visit(expression, (inner) => {
        if (inner.kind === 'update' && inner.operator === '--' && print(inner.target) === counter) found = true;
        if (inner.kind === 'assign' && print(inner.target) === counter && inner.value.kind !== 'number') found = true;
      });
      return found;
    });
  });
}

export const STEP_RULES: readonly PathRule[] = [
  alignMaskRule,
  justAssignedRule,
  sameSlotRule,
  countForOrderRule,
  undoesFailedRule,
];
