import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { ERROR_AS_BOOL, NARROW_POINTER, POINTER_SIZE, SHIFT_WIDTH, SIGN_LOST } from '../catalog-arith';
import { declaredTypes, integerType, typeOf, writtenType } from './integer-types';
import { errnoOf, isConstantName, localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The shifts of an expression that are calculated in 32 bits although the result is wanted wider. */
function* narrowShifts(value: Expression): Generator<Extract<Expression, { kind: 'binary' }>> {
  const inner = value;
  // A cast fixes the width.
  if (inner.kind === 'cast') return;
  if (inner.kind === 'unary' && (inner.operator === '~' || inner.operator === '-')) yield* narrowShifts(inner.operand);
  else if (inner.kind === 'conditional') {
    yield* narrowShifts(inner.then);
    yield* narrowShifts(inner.otherwise);
  } else if (inner.kind === 'binary') {
    if (inner.operator === '<<') yield inner;
    else if (/^[|+&^*-]$/.test(inner.operator)) {
      yield* narrowShifts(inner.left);
      yield* narrowShifts(inner.right);
    }
  }
}

/** A shift amount that a 32-bit value can outgrow: a page shift of a count, or a width of addresses. */
const ADDRESS_WIDTH =
  /(?:^|_)(?:va|pa|ia|oa|ip[as]?|addr(?:ess)?|input|output|aw|agaw|gaw|mgaw|dma|iova|virt|phys)_?(?:bits?|width|size|len)$|^(?:ias|oas|agaw|mgaw|gaw|aw|addr_width|width)$/;
const COUNT = /(?:^|_)(?:n|nr|num|npages?|pages|nrpages|count|cnt|pfn|order)(?:_|$)|pages$/;

function lastWord(expression: Expression): string {
  const inner = withoutCasts(expression);
  if (inner.kind === 'name') return inner.name;
  if (inner.kind === 'field') return inner.field;
  return '';
}

/** `PAGE_SHIFT + order`: the order of a size in bytes. */
function isPageOrder(amount: Expression): boolean {
  if (amount.kind !== 'binary' || amount.operator !== '+') return false;
  const words = [lastWord(amount.left), lastWord(amount.right)];
  return (
    words.some((word) => /(?:PAGE|TABLE)_SHIFT$|page_shift$/.test(word)) && words.some((word) => /order/.test(word))
  );
}

/** The highest number of a bit that a rest can give: 63 for `n % BITS_PER_LONG`, `n & 63`; null for what is no rest. */
function highestRest(value: Expression): number | null {
  const inner = withoutCasts(value);
  if (inner.kind !== 'binary' || !/^[%&]$/.test(inner.operator)) return null;
  const by = withoutCasts(inner.right);
  if (by.kind === 'number') return inner.operator === '%' ? by.value - 1 : by.value;
  if (inner.operator === '&') return null;
  if (by.kind === 'name') return /^BITS_PER_(?:LONG|LONG_LONG)$/.test(by.name) ? 63 : null;
  if (by.kind !== 'call' || calleeOf(by) !== 'BITS_PER_TYPE') return null;
  const type = by.args[0];
  const written = type?.kind === 'type' ? type.type : type?.kind === 'name' ? type.name : '';
  const bits = integerType(written)?.bits;
  return bits === undefined ? null : bits - 1;
}

/** Gives the number of a bit of 64. */
const BIT_OF_64 = /^(?:__?ffs64|__ffs|__fls|fls64)$/;

/** Why the amount of a shift can be 32 and more: each value that the function gives it, as far as it tells; null where none does. */
function amountBeyond32(amount: Expression, program: Program): string | null {
  const bare = withoutCasts(amount);
  const values =
    bare.kind !== 'name'
      ? [bare]
      : [
          ...program.nodes.flatMap((node) =>
            node.kind === 'declare' && node.variable.name === bare.name && node.init !== null ? [node.init] : [],
          ),
          ...scan(program).flatMap(({ expression }) =>
            expression.kind === 'assign' && expression.operator === '=' && print(expression.target) === bare.name
              ? [expression.value]
              : [],
          ),
        ];
  for (const value of values) {
    const inner = withoutCasts(value);
    const rest = highestRest(inner);
    if (rest !== null && rest >= 32) return `${printShort(bare)} goes up to ${rest}`;
    if (inner.kind === 'call' && BIT_OF_64.test(calleeOf(inner) ?? '') && bare.kind === 'name')
      return `${printShort(bare)} is the number of a bit of 64`;
  }
  return null;
}

/** `word & (1U << bit)`: a bit of 64 is picked by a mask of 32. */
export const bitOf64Rule: PathRule = (program, around) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    const mixes =
      expression.kind === 'binary' && /^[&|^]$/.test(expression.operator)
        ? [expression.left, expression.right]
        : expression.kind === 'assign' && /^[&|^]?=$/.test(expression.operator)
          ? [expression.target, expression.value]
          : [];
    return mixes.flatMap((side): RuleHit[] => {
      const turned = withoutCasts(side);
      const shift = turned.kind === 'unary' && turned.operator === '~' ? withoutCasts(turned.operand) : side;
      const other = mixes.find((one) => one !== side);
      if (other === undefined || shift.kind !== 'binary' || shift.operator !== '<<') return [];
      const one = shift.left;
      if (
        one.kind !== 'number' ||
        typeOf(one, program, around)?.bits !== 32 ||
        typeOf(other, program, around)?.bits !== 64
      )
        return [];
      const why = amountBeyond32(shift.right, program);
      return why === null
        ? []
        : [
            localHit(
              SHIFT_WIDTH,
              at,
              `${printShort(shift)} is calculated in 32 bits, and ${printShort(other)} has 64`,
              `${why}, and from 32 on the shift is undefined; BIT_ULL() is needed`,
              'C11 6.5.7: the type of the result is that of the promoted left operand',
            ),
          ];
    });
  });

/** A shift of an `int` whose result goes where 64 bits are: the high bits are lost before. */
export const shiftWidthRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  const look = (value: Expression, wanted: ReturnType<typeof integerType>, at: RuleHit['at']): void => {
    if (wanted === null || wanted.bits !== 64) return;
    for (const shift of narrowShifts(value)) {
      const type = typeOf(shift.left, program, around);
      // A constant's value is known to whoever wrote it.
      if (type === null || type.bits > 32 || shift.right.kind === 'number' || isConstantName(withoutCasts(shift.left)))
        continue;
      const left = withoutCasts(shift.left);
      const amount = withoutCasts(shift.right);
      const isOne = left.kind === 'number';
      const wide = isOne
        ? wanted.always && (ADDRESS_WIDTH.test(lastWord(amount)) || isPageOrder(amount))
        : isConstantName(amount)
          ? /PAGE_SHIFT|_PAGE_SHIFT|PFN/.test(lastWord(amount))
          : /shift|order/.test(lastWord(amount)) && COUNT.test(lastWord(left));
      if (!wide) continue;
      hits.push(
        localHit(
          SHIFT_WIDTH,
          at,
          `${printShort(shift)} is calculated in 32 bits and kept in 64`,
          isOne
            ? 'a width of 32 and more shifts the one out; 1ULL is needed'
            : `4 GiB and more are cut off; ${printShort(left)} has to be cast before it is shifted`,
          'C11 6.5.7: the type of the result is that of the promoted left operand',
        ),
      );
    }
  };
  for (const node of program.nodes) {
    if (node.kind === 'declare' && node.init !== null) look(node.init, integerType(node.variable.type), node.at);
    if (node.kind === 'return' && node.value !== null) look(node.value, integerType(program.returns), node.at);
  }
  for (const { expression, at } of scan(program)) {
    if (expression.kind === 'assign' && /^(?:=|\+=|-=|\|=)$/.test(expression.operator)) {
      const written = writtenType(expression.target, program, around);
      if (written !== null) look(expression.value, integerType(written), at);
    }
    if (expression.kind === 'call') {
      const callee = around.programs.get(calleeOf(expression) ?? '');
      for (const [index, arg] of expression.args.entries()) {
        const parameter = callee?.parameters[index];
        if (parameter !== undefined) look(arg, integerType(parameter.type), at);
      }
    }
  }
  return hits;
};

/** A variable without a sign is tested to be below zero. */
export const signLostRule: PathRule = (program, around) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'binary' || !/^(?:<|>=)$/.test(expression.operator)) return [];
    const zero = withoutCasts(expression.right);
    if (zero.kind !== 'number' || zero.value !== 0) return [];
    const target = expression.left;
    const difference = target.kind === 'binary' && target.operator === '-';
    if (target.kind !== 'name' && target.kind !== 'field' && !difference) return [];
    const operands = difference ? [target.left, target.right] : [target];
    const types = operands.map((one) =>
      one.kind === 'name' || one.kind === 'field' ? writtenType(one, program, around) : null,
    );
    const written = types[0] ?? null;
    const type = written === null ? null : integerType(written);
    // Below 32 bits a difference is an int.
    if (
      difference &&
      types.some((one) => one === null || (integerType(one)?.signed ?? true) || (integerType(one)?.bits ?? 0) < 32)
    )
      return [];
    if (type === null || type.signed) return [];
    return [
      localHit(
        SIGN_LOST,
        at,
        `${printShort(target)} is ${written} and never below zero, so ${printShort(expression)} ${expression.operator === '<' ? 'never' : 'always'} holds`,
        'a negative error stored in it is a large number and passes the test',
        'C11 6.3.1.3: conversion to an unsigned type is modulo its range',
      ),
    ];
  });

/** A function that returns `bool` or a small unsigned number returns `-EINVAL`. */
export const errorAsBoolRule: PathRule = (program) => {
  const type = integerType(program.returns);
  if (type === null || type.signed || type.bits > 8) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'return') return [];
    const errno = errnoOf(node.value);
    if (errno === null) return [];
    return [
      localHit(
        ERROR_AS_BOOL,
        node.at,
        `${program.name}() returns ${program.returns}: -${errno} becomes ${type.bits === 1 ? 'true' : 'a positive number'}`,
        'the caller takes the failure for a yes',
        'C11 6.3.1.2: every value but 0 becomes 1 as _Bool',
      ),
    ];
  });
};

const BIT_FUNCTIONS =
  /^(?:_?_?(?:test|set|clear|change|test_and_set|test_and_clear)_bit(?:_lock)?|find_(?:first|next|last)_(?:zero_)?bit|for_each_(?:set|clear)_bit(?:_from)?|bitmap_\w+|hweight_long)$/;

/** The address of a small variable is given where more is read or written. */
export const narrowPointerRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  const addressed = (arg: Expression | undefined): { target: Expression; written: string } | null => {
    const inner = arg === undefined ? null : withoutCasts(arg);
    if (inner?.kind !== 'unary' || inner.operator !== '&') return null;
    const written = writtenType(inner.operand, program, around);
    return written === null ? null : { target: inner.operand, written };
  };
  const seen = [
    ...scan(program).flatMap(({ expression, at }) =>
      expression.kind === 'call' ? [{ callee: calleeOf(expression) ?? '', args: expression.args, at }] : [],
    ),
    ...program.nodes.flatMap((node) =>
      node.kind === 'each' ? [{ callee: node.macro, args: node.args, at: node.at }] : [],
    ),
  ];
  for (const { callee, args, at } of seen) {
    if (BIT_FUNCTIONS.test(callee)) {
      for (const arg of args) {
        const one = addressed(arg);
        const bits = one === null ? null : integerType(one.written)?.bits;
        if (one === null || bits === null || bits === undefined || bits >= 64 || arg.kind !== 'cast') continue;
        hits.push(
          localHit(
            NARROW_POINTER,
            at,
            `${callee}() works on unsigned long, and ${printShort(one.target)} is ${one.written}`,
            'what lies behind the variable is read or written too, and on big-endian machines other bits are meant',
            'Documentation/core-api/kernel-api.rst, Bit Operations',
          ),
        );
      }
    }
    if (
      callee === 'iommu_domain_get_attr' &&
      /NESTING|FLUSH_QUEUE/.test(lastWord(args[1] ?? { kind: 'unknown', text: '' }))
    ) {
      const one = addressed(args[2]);
      const bits = one === null ? null : integerType(one.written)?.bits;
      if (one !== null && bits !== null && bits !== undefined && bits < 32)
        hits.push(
          localHit(
            NARROW_POINTER,
            at,
            `the attribute is stored as int, and ${printShort(one.target)} is ${one.written}`,
            'what lies behind the variable is overwritten',
            'include/linux/iommu.h (until v5.13): the data of an attribute is passed as void *',
          ),
        );
    }
  }
  return hits;
};

/** `memset(p, 0, sizeof(p))`: the size of the pointer, not of what it points to. */
export const pointerSizeRule: PathRule = (program) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (
      expression.kind !== 'call' ||
      !/^(?:memset|memcpy|memcmp|memmove|copy_from_user|copy_to_user|memzero_explicit)$/.test(
        calleeOf(expression) ?? '',
      )
    )
      return [];
    const size = expression.args.at(-1);
    if (size?.kind !== 'sizeof' || size.operand?.kind !== 'name') return [];
    const { name } = size.operand;
    const type = declaredTypes(program).get(name);
    const given = expression.args.some((arg) => {
      const inner = withoutCasts(arg);
      return inner.kind === 'name' && inner.name === name;
    });
    if (!given || type === null || type === undefined || !type.endsWith(' *')) return [];
    return [
      localHit(
        POINTER_SIZE,
        at,
        `sizeof(${name}) is the size of a pointer, and ${name} points to ${type.slice(0, -2)}`,
        `only 8 bytes are meant; sizeof(*${name}) was`,
      ),
    ];
  });
