/** Sums that do not fit: a wrap that the test behind it cannot see, and addresses kept in 32 bits. */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ADDRESS_NARROWED, SUM_WRAPS } from '../catalog-arith';
import { integerType, writtenType } from './integer-types';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit, Surroundings } from './types';

interface Stored {
  readonly target: string;
  readonly value: Expression;
  readonly at: Place;
}

/** What is stored in plain names, by declarations and assignments. */
function storedIn(program: Program): Stored[] {
  return program.nodes.flatMap((node): Stored[] => {
    if (node.kind === 'declare' && node.init !== null)
      return [{ target: node.variable.name, value: node.init, at: node.at }];
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return [];
    return [{ target: print(node.expression.target), value: node.expression.value, at: node.at }];
  });
}

/** `a + b` or `a + b - 1`: its two parts. */
function sumOf(value: Expression): readonly [Expression, Expression] | null {
  let inner = withoutCasts(value);
  if (inner.kind === 'binary' && inner.operator === '-' && print(inner.right) === '1') inner = withoutCasts(inner.left);
  if (inner.kind !== 'binary' || inner.operator !== '+') return null;
  const parts = [withoutCasts(inner.left), withoutCasts(inner.right)] as const;
  return parts.every((part) => part.kind === 'field' || part.kind === 'name') ? parts : null;
}

const TOP = /^(?:ULONG_MAX|U64_MAX|ULLONG_MAX|SIZE_MAX|~0ULL?|~0UL)$/;

/** `last = start + length - 1; if (last > ULONG_MAX)`: a sum that wrapped is small, and passes. */
export const sumWrapsRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  for (const { target, value, at } of storedIn(program)) {
    const parts = sumOf(value);
    if (parts === null) continue;
    const names = parts.map(print);
    let top: string | null = null;
    let looked = false;
    for (const { expression } of scan(program)) {
      if (expression.kind === 'call' && /overflow|array_size|size_add/.test(calleeOf(expression) ?? ''))
        if (expression.args.some((arg) => names.includes(print(withoutCasts(arg))))) looked = true;
      if (expression.kind !== 'binary' || !/^[<>]=?$/.test(expression.operator)) continue;
      const sides = [print(withoutCasts(expression.left)), print(withoutCasts(expression.right))];
      if (sides.includes(target)) {
        const other = sides.find((side) => side !== target) ?? '';
        if (TOP.test(other)) top = other;
        if (names.includes(other)) looked = true;
      } else if (names.some((name) => sides.some((side) => side === name || side.includes(`- ${name}`)))) looked = true;
    }
    if (top === null || looked) continue;
    const types = parts.map((part) => {
      const written = writtenType(part, program, around);
      return written === null ? null : integerType(written);
    });
    const wide = integerTypeOf(target, program, around);
    if (types.some((type) => type !== null && type.bits < 64) || (wide !== null && wide < 64)) continue;
    hits.push(
      localHit(
        SUM_WRAPS,
        at,
        `${printShort(value)} wraps in 64 bits, and ${target} > ${top} cannot see it: what wrapped is small`,
        `the test that sees it is ${target} < ${names[0] ?? ''}, or check_add_overflow()`,
        'Documentation/process/deprecated.rst, open-coded arithmetic',
      ),
    );
  }
  return hits;
};

function integerTypeOf(name: string, program: Program, around: Surroundings): number | null {
  const written = writtenType({ kind: 'name', name }, program, around);
  return written === null ? null : (integerType(written)?.bits ?? null);
}

const ADDRESS_TYPES = /^(?:const )?(?:dma_addr_t|phys_addr_t|resource_size_t)$/;
const FITS = /lower_32_bits|upper_32_bits|>>|&|%|\/|\?|offset_in_page|ilog2|fls|ffs|PFN|pfn|PHYS_PFN/;

/** An address in a type of 64 bits is kept in one of 32. */
export const addressNarrowedRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  const look = (target: string, to: string | null, value: Expression, at: Place): void => {
    if (to === null || (integerType(to)?.bits ?? 64) !== 32) return;
    if (value.kind === 'cast' || FITS.test(print(value)) || !isAddress(value, program, around)) return;
    hits.push(
      localHit(
        ADDRESS_NARROWED,
        at,
        `${target} is ${to}, and ${printShort(value)} is an address of up to 64 bits`,
        'what lies above 4 GiB loses its high half',
        'Documentation/core-api/dma-api-howto.rst: dma_addr_t may be wider than a word',
      ),
    );
  };
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.init !== null) look(node.variable.name, node.variable.type, node.init, node.at);
  for (const { expression, at } of scan(program))
    if (expression.kind === 'assign' && expression.operator === '=') {
      const { target } = expression;
      if (target.kind !== 'name' && target.kind !== 'field') continue;
      look(print(target), writtenType(target, program, around), expression.value, at);
    }
  return hits;
};

function isAddress(value: Expression, program: Program, around: Surroundings): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'binary' && /^[+-]$/.test(inner.operator)) {
    // The difference of two addresses is a size.
    const sides = [isAddress(inner.left, program, around), isAddress(inner.right, program, around)];
    return inner.operator === '-' ? sides[0] === true && sides[1] !== true : sides.some(Boolean);
  }
  if (inner.kind !== 'name' && inner.kind !== 'field' && inner.kind !== 'call') return false;
  const written = writtenType(inner, program, around);
  return written !== null && ADDRESS_TYPES.test(written) && !isSizeName(inner);
}

function isSizeName(expression: Expression): boolean {
  let size = false;
  visit(expression, (inner) => {
    const name = inner.kind === 'name' ? inner.name : inner.kind === 'field' ? inner.field : '';
    if (/size|len|length|mask|offset|off$|count|limit/.test(name)) size = true;
  });
  return size;
}
