/**
 * Zero that stands for “none” although it is a place like any other. In: one function, and what it calls. Out: tests that take the first
 * IOVA, the first window or the first entry for a failure.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, expressionsOf, isDirect, namesIn, print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ZERO_AS_NONE } from '../catalog-window';
import { doings } from './calls';
import { says } from './conditions';
import { isFailure } from './exits';
import { written } from './reach';
import { bareCondition } from './scan';
import type { PathRule, RuleHit } from './types';

interface Search {
  /** How it tells that there is none. */
  readonly none: string;
  /** The argument with the first index that may be found; null: it is always 0. */
  readonly from: number | null;
}

/** Searches that count from 0, or from an argument. */
const SEARCHES: Readonly<Record<string, Search>> = {
  find_first_bit: { none: 'the size', from: null },
  find_first_zero_bit: { none: 'the size', from: null },
  find_next_bit: { none: 'the size', from: 2 },
  find_next_zero_bit: { none: 'the size', from: 2 },
  find_first_and_bit: { none: 'the size', from: null },
  bitmap_find_next_zero_area: { none: 'the size', from: 2 },
  bitmap_find_free_region: { none: 'a negative errno', from: null },
  ida_alloc: { none: 'a negative errno', from: null },
  ida_alloc_max: { none: 'a negative errno', from: null },
  ida_alloc_range: { none: 'a negative errno', from: 1 },
  ida_simple_get: { none: 'a negative errno', from: 1 },
  idr_alloc: { none: 'a negative errno', from: 2 },
  idr_alloc_cyclic: { none: 'a negative errno', from: 2 },
};

const isZero = (expression: Expression | undefined): boolean =>
  expression !== undefined && /^0[uUlL]*$/.test(print(withoutCasts(expression)));

const ADDRESS_TYPE = /^(?:dma_addr_t|phys_addr_t|gpa_t|gfn_t|hpa_t|u64|__u64|u32|unsigned long|unsigned int|size_t)$/;

/** Values a name is given in a program. */
function valuesOf(program: Program, name: string): { readonly value: Expression; readonly at: Place }[] {
  const found: { readonly value: Expression; readonly at: Place }[] = [];
  for (const node of program.nodes) {
    if (node.kind === 'declare' && node.variable.name === name && node.init !== null)
      found.push({ value: node.init, at: node.at });
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind === 'assign' && inner.operator === '=' && print(inner.target) === name)
          found.push({ value: inner.value, at: node.at });
      });
  }
  return found;
}

/** Does the value come to 0 for the first round of a loop: `i * size`, `start + (i << shift)`, with nothing that keeps it above? */
function countsFromZero(program: Program, value: Expression): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'binary' && inner.operator === '+')
    return (
      [inner.left, inner.right].every((side) => countsFromZero(program, side) || mayStartAtZero(withoutCasts(side))) &&
      [inner.left, inner.right].some((side) => countsFromZero(program, side))
    );
  if (inner.kind !== 'binary' || !/^(?:\*|<<)$/.test(inner.operator)) return false;
  const factor = [inner.left, inner.right]
    .map(withoutCasts)
    .find((side) => side.kind === 'name' && isCounter(side.name));
  return factor !== undefined;

  function isCounter(name: string): boolean {
    const given = valuesOf(program, name);
    const steps = program.nodes.some((node) =>
      expressionsOf(node).some((expression) => {
        let found = false;
        visit(expression, (one) => {
          if (one.kind === 'update' && one.operator === '++' && print(one.target) === name) found = true;
        });
        return found;
      }),
    );
    if (given.length === 0) return false;
    const searched = given.every(({ value: one }) => {
      const call = withoutCasts(one);
      const search = call.kind === 'call' ? SEARCHES[calleeOf(call) ?? ''] : undefined;
      return call.kind === 'call' && search !== undefined && (search.from === null || isZero(call.args[search.from]));
    });
    return searched || (steps && given.every(({ value: one }) => isZero(one)));
  }
}

/** A start that a domain or a caller gives and that is 0 for most: a field or a variable. A constant is what it is. */
function mayStartAtZero(side: Expression): boolean {
  if (isZero(side)) return true;
  return side.kind === 'field' && /(?:^|_)(?:start|base|first|offset|aperture_start)$/.test(side.field);
}

/** Where a function answers 0 for “none”, and where it makes what may be 0 too; null for a function that does not mix them. */
function mixes(program: Program): { readonly none: Place; readonly found: Place } | null {
  if (!ADDRESS_TYPE.test(program.returns) || program.evidence === 'fragment') return null;
  let none: Place | null = null;
  let found: Place | null = null;
  for (const node of program.nodes) {
    if (node.kind !== 'return' || node.value === null) continue;
    const value = withoutCasts(node.value);
    if (isZero(value)) none ??= node.at;
    else if (countsFromZero(program, value)) found ??= node.at;
    else if (value.kind === 'name')
      for (const one of valuesOf(program, value.name))
        if (isZero(one.value)) none ??= one.at;
        else if (countsFromZero(program, one.value)) found ??= one.at;
        // Kept above zero, or given by something else: then nothing is known.
        else return null;
    else return null;
  }
  return none !== null && found !== null ? { none, found } : null;
}

/** Does a side of a branch leave at once with a failure? */
function leaves(program: Program, start: number): boolean {
  let at = start;
  for (let steps = 0; steps < 4; steps++) {
    const node = written(program, at);
    if (node?.kind === 'return') return node.value !== null && isFailure(node.value);
    if (node?.kind !== 'do') return false;
    if (node.expression.kind === 'assign' && isFailure(node.expression.value)) return true;
    if (node.expression.kind !== 'call') return false;
    at = node.next;
  }
  return false;
}

/** A result whose first good value is 0 is tested for 0. */
export const zeroAsNoneRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    for (const from of program.nodes.slice(0, index)) {
      const made = doings(from).find(
        (doing) =>
          doing.into !== null && isDirect(doing.call) && says(node.condition, true, print(doing.into)) !== null,
      );
      if (made?.into == null || !namesIn(bareCondition(node.condition)).has(/^\w+/.exec(print(made.into))?.[0] ?? ''))
        continue;
      const into = print(made.into);
      if (bareCondition(node.condition).kind === 'binary' && !isEquality(node.condition)) continue;
      const zero = (
        [
          [true, node.then],
          [false, node.otherwise],
        ] as const
      ).find(
        ([holds]) =>
          says(node.condition, holds, into)?.said === 'zero' && says(node.condition, holds, into)?.sure === true,
      );
      if (zero === undefined || !leaves(program, zero[1])) continue;
      if (valuesOf(program, into).length > 1) continue;
      const search = SEARCHES[made.name];
      const counted = search !== undefined && (search.from === null || isZero(made.call.args[search.from]));
      const helper = programs.get(made.name);
      const own = helper === undefined ? null : mixes(helper);
      if (!counted && own === null) continue;
      hits.push({
        rule: ZERO_AS_NONE,
        at: node.at,
        message: counted
          ? `${into} of ${made.name}() is 0 for the first entry, and is taken for a failure here; that would be ${search?.none ?? ''}`
          : `${made.name}() answers 0 for none and for the first place where the range starts at 0: both are taken for a failure here`,
        why: [
          {
            text: counted
              ? 'the first entry is lost each time it is free, and a search that finds nothing is not noticed'
              : 'an IOVA of 0 is as good as any other unless page 0 is reserved; another value, or a result beside it, has to tell of failure',
            reference: counted
              ? 'include/linux/find.h, include/linux/idr.h'
              : 'DMA_MAPPING_ERROR in include/linux/dma-mapping.h',
          },
        ],
        related:
          own === null
            ? [{ at: from.at, message: `${into} is found here` }]
            : [
                { at: own.none, message: 'none' },
                { at: own.found, message: 'the first place comes to 0 here' },
              ],
      });
      break;
    }
  }
  return hits;
};

function isEquality(condition: Expression): boolean {
  const inner = bareCondition(condition);
  return inner.kind === 'binary' && /^[!=]=$/.test(inner.operator);
}
