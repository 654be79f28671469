/** The macros of everyday kernel C: container_of, error pointers, minima, bit arithmetic, atomics, assertions. */
import type { Expression } from '../../code/types';
import { and, compare, highWord, lowWord, not, or, shiftLeft } from '../integers';
import { offsetOf, sizeOf } from '../layout';
import { entryOf } from '../links';
import { negate, truth } from '../operators';
import { textOf, typeOf } from '../static-types';
import type { Value } from '../values';
import { derive, isUnknown, newUnknown, show, structOf } from '../values';
import type { Call, Primitive } from '../world';
import { Halt } from '../world';

/** The dotted name of a member, from the argument as written. */
export function memberOf(of: Expression | undefined): string {
  if (of?.kind === 'name') return of.name;
  if (of?.kind === 'field') return `${memberOf(of.base)}.${of.field}`;
  if (of?.kind === 'type') return of.type;
  return '';
}

/** A type given as an argument. */
export function typeArgument(call: Call, i: number): string {
  const of = call.expressions[i];
  if (of?.kind === 'type') return of.type;
  if (of?.kind === 'name') return of.name;
  const value = call.args[i];
  return typeof value === 'string' ? value : '';
}

export function containerOf(pointer: Value | undefined, member: string): Value {
  if (pointer === undefined || typeof pointer === 'number' || typeof pointer === 'string') return pointer ?? 0;
  if (isUnknown(pointer))
    return derive(pointer, `container ${member}`, () => newUnknown(`container of ${pointer.text}`));
  if (pointer.kind === 'cell' && pointer.owner?.kind === 'struct' && pointer.key === member) return pointer.owner;
  const node = structOf(pointer);
  return node === null ? newUnknown(`container of ${show(pointer)}`) : entryOf(node, member);
}

/** Writes through a pointer that a primitive was given. */
export function writeThrough(pointer: Value | undefined, value: Value): void {
  if (typeof pointer !== 'object') return;
  if (pointer.kind === 'cell') pointer.holder.set(pointer.key, value);
  else if (pointer.kind === 'array') pointer.items.set(0, value);
}

const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

const pick =
  (greater: boolean): Primitive =>
  (call) => {
    const [a, b] = call.args.slice(-2);
    const left = number(a);
    const right = number(b);
    if (left === null || right === null) return newUnknown(`${call.name}(${show(a)}, ${show(b)})`);
    return compare(left, right, left < 0 !== right < 0 && isUnsigned(call)) > 0 === greater ? left : right;
  };

function isUnsigned(call: Call): boolean {
  const typed = call.name.endsWith('_t')
    ? typeArgument(call, 0)
    : call.expressions[0] && call.frame
      ? typeOf(call.world.set, call.frame.types, call.expressions[0])
      : '';
  return /unsigned|^u\d|uint|size_t|_addr_t/.test(typed);
}

const numeric =
  (of: (...args: number[]) => number): Primitive =>
  (call) => {
    const args: number[] = [];
    for (const arg of call.args) {
      if (typeof arg !== 'number') return newUnknown(`${call.name}(${show(arg)})`);
      args.push(arg);
    }
    return of(...args);
  };

const align = (value: number, to: number): number => and(value + to - 1, not(to - 1));

const log2 = (value: number): number => Math.floor(Math.log2(value));

const lowestBit = (value: number): number => {
  const low = lowWord(value);
  return low !== 0 ? log2(low & -low) : 32 + log2((highWord(value) & -highWord(value)) >>> 0);
};

const isError = (value: number): boolean => value < 0 && value >= -4095;

const first: Primitive = (call) => call.args[0] ?? 0;

/** The condition of an assertion as a truth; known false assertions end the stage where the kernel would. */
const bug: Primitive = (call) => {
  const value = call.args[0] ?? 0;
  if (isUnknown(value)) return 0;
  if (truth(call.world, value, call.at)) {
    const text = call.expressions[0] ? textOf(call.expressions[0]) : '';
    throw new Halt(`BUG_ON(${text}) is true`);
  }
  return 0;
};

const warn: Primitive = (call) => {
  const value = call.args[0] ?? 0;
  if (isUnknown(value)) return value;
  return truth(call.world, value, call.at) ? 1 : 0;
};

const isErrorPointer: Primitive = (call) => {
  const value = call.args[0] ?? 0;
  if (typeof value === 'number') return isError(value) ? 1 : 0;
  return isUnknown(value) ? derive(value, 'IS_ERR', () => newUnknown(`IS_ERR(${value.text})`, null, value)) : 0;
};

const ioctlNumber: Primitive = (call) => {
  const [type, nr] = call.args;
  return typeof type === 'number' && typeof nr === 'number' ? type * 256 + nr : newUnknown('_IO()');
};

export const language: Readonly<Record<string, Primitive>> = {
  container_of: (call) => containerOf(call.args[0], memberOf(call.expressions[2])),
  offsetof: (call) => offsetOf(call.world.set, typeArgument(call, 0), memberOf(call.expressions[1]), false),
  offsetofend: (call) => offsetOf(call.world.set, typeArgument(call, 0), memberOf(call.expressions[1]), true),
  ARRAY_SIZE: (call) => {
    const array = call.args[0];
    return typeof array === 'object' && array.kind === 'array' && array.length !== null
      ? array.length
      : newUnknown('ARRAY_SIZE()');
  },
  struct_size: (call) => sizeOf(call.world.set, '') + (number(call.args[2]) ?? 0) * 8,
  array_size: numeric((a, b) => a * b),
  IS_ERR: isErrorPointer,
  IS_ERR_VALUE: isErrorPointer,
  IS_ERR_OR_NULL: (call) => (call.args[0] === 0 ? 1 : isErrorPointer(call)),
  PTR_ERR: first,
  ERR_PTR: first,
  ERR_CAST: first,
  PTR_ERR_OR_ZERO: (call) => {
    const value = call.args[0] ?? 0;
    return typeof value === 'number' ? (isError(value) ? value : 0) : isUnknown(value) ? value : 0;
  },
  likely: first,
  unlikely: first,
  READ_ONCE: first,
  ACCESS_ONCE: first,
  rcu_dereference: first,
  rcu_dereference_protected: first,
  rcu_dereference_check: first,
  rcu_access_pointer: first,
  __builtin_expect: first,
  __force_cast: first,
  u64_to_user_ptr: first,
  cpu_to_le32: first,
  cpu_to_le64: first,
  le32_to_cpu: first,
  le64_to_cpu: first,
  WRITE_ONCE: assign,
  rcu_assign_pointer: assign,
  smp_store_release: (call) => {
    writeThrough(call.args[0], call.args[1] ?? 0);
    return 0;
  },
  smp_load_acquire: (call) => {
    const at = call.args[0];
    return typeof at === 'object' && at.kind === 'cell' ? (at.holder.get(at.key) ?? 0) : 0;
  },
  swap: (call) => {
    const [a, b] = call.expressions;
    if (a && b && call.frame) {
      call.world.assign(call.frame, a, call.args[1] ?? 0);
      call.world.assign(call.frame, b, call.args[0] ?? 0);
    }
    return 0;
  },
  BUG_ON: bug,
  BUG: () => {
    throw new Halt('BUG() is reached');
  },
  WARN_ON: warn,
  WARN_ON_ONCE: warn,
  WARN: warn,
  WARN_ONCE: warn,
  min: pick(false),
  max: pick(true),
  min_t: pick(false),
  max_t: pick(true),
  clamp: numeric((v, lo, hi) => Math.min(Math.max(v, lo), hi)),
  abs: numeric(Math.abs),
  ALIGN: numeric(align),
  __ALIGN_MASK: numeric((v, mask) => and(v + mask, not(mask))),
  ALIGN_DOWN: numeric((v, to) => and(v, not(to - 1))),
  PAGE_ALIGN: (call) => {
    const v = number(call.args[0]);
    const size = number(call.world.globals.get('PAGE_SIZE')) ?? 4096;
    return v === null ? newUnknown('PAGE_ALIGN()') : align(v, size);
  },
  IS_ALIGNED: numeric((v, to) => (and(v, to - 1) === 0 ? 1 : 0)),
  PAGE_ALIGNED: numeric((v) => (and(v, 4095) === 0 ? 1 : 0)),
  round_up: numeric(align),
  round_down: numeric((v, to) => and(v, not(to - 1))),
  roundup: numeric((v, to) => Math.ceil(v / to) * to),
  DIV_ROUND_UP: numeric((v, by) => Math.ceil(v / by)),
  roundup_pow_of_two: numeric((v) => 2 ** Math.ceil(Math.log2(v))),
  is_power_of_2: numeric((v) => (v !== 0 && and(v, v - 1) === 0 ? 1 : 0)),
  ilog2: numeric(log2),
  order_base_2: numeric((v) => Math.ceil(Math.log2(v))),
  get_order: numeric((v) => Math.max(0, Math.ceil(Math.log2(v / 4096)))),
  ffs: numeric((v) => (v === 0 ? 0 : lowestBit(v) + 1)),
  __ffs: numeric(lowestBit),
  fls: numeric((v) => (v === 0 ? 0 : log2(v) + 1)),
  __fls: numeric(log2),
  fls64: numeric((v) => (v === 0 ? 0 : log2(v) + 1)),
  BIT: numeric((n) => shiftLeft(1, n)),
  BIT_ULL: numeric((n) => shiftLeft(1, n)),
  DMA_BIT_MASK: numeric((n) => (n >= 64 ? -1 : 2 ** n - 1)),
  GENMASK: numeric((h, l) => (h >= 63 ? not(2 ** l - 1) : 2 ** (h + 1) - 2 ** l)),
  GENMASK_ULL: numeric((h, l) => (h >= 63 ? not(2 ** l - 1) : 2 ** (h + 1) - 2 ** l)),
  upper_32_bits: numeric(highWord),
  lower_32_bits: numeric(lowWord),
  hweight32: numeric((v) => [...lowWord(v).toString(2)].filter((b) => b === '1').length),
  PFN_DOWN: (call) => pageShift(call, (v, size) => Math.floor(v / size)),
  PFN_UP: (call) => pageShift(call, (v, size) => Math.ceil(v / size)),
  PFN_PHYS: (call) => pageShift(call, (v, size) => v * size),
  _IO: ioctlNumber,
  _IOR: ioctlNumber,
  _IOW: ioctlNumber,
  _IOWR: ioctlNumber,
  IS_ENABLED: () => 1,
  capable: () => 1,
  irq_is: (call) => vfioIrqType(call, (type) => type === call.args[1]),
  is_irq_none: (call) => vfioIrqType(call, (type) => typeof type === 'number' && type >= 5),
  is_intx: (call) => vfioIrqType(call, (type) => type === 0),
  is_msi: (call) => vfioIrqType(call, (type) => type === 1),
  is_msix: (call) => vfioIrqType(call, (type) => type === 2),
  test_bit: bits((at, bit) => (Math.floor(at / 2 ** bit) % 2 === 1 ? 1 : 0), null),
  set_bit: bits(
    () => 0,
    (at, bit) => or(at, shiftLeft(1, bit)),
  ),
  __set_bit: bits(
    () => 0,
    (at, bit) => or(at, shiftLeft(1, bit)),
  ),
  clear_bit: bits(
    () => 0,
    (at, bit) => and(at, not(shiftLeft(1, bit))),
  ),
  __clear_bit: bits(
    () => 0,
    (at, bit) => and(at, not(shiftLeft(1, bit))),
  ),
  test_and_set_bit: bits(
    (at, bit) => (Math.floor(at / 2 ** bit) % 2 === 1 ? 1 : 0),
    (at, bit) => or(at, shiftLeft(1, bit)),
  ),
  test_and_clear_bit: bits(
    (at, bit) => (Math.floor(at / 2 ** bit) % 2 === 1 ? 1 : 0),
    (at, bit) => and(at, not(shiftLeft(1, bit))),
  ),
  strcmp: (call) => (call.args[0] === call.args[1] ? 0 : 1),
  strlen: (call) => (typeof call.args[0] === 'string' ? call.args[0].length : newUnknown('strlen()')),
  not: (call) => negate(call.args[0] ?? 0),
};

function assign(call: Call): Value {
  const target = call.expressions[0];
  if (target && call.frame) call.world.assign(call.frame, target, call.args[1] ?? 0);
  return 0;
}

function pageShift(call: Call, of: (value: number, size: number) => number): Value {
  const v = number(call.args[0]);
  return v === null ? newUnknown(`${call.name}()`) : of(v, number(call.world.globals.get('PAGE_SIZE')) ?? 4096);
}

function vfioIrqType(call: Call, test: (type: Value) => boolean): Value {
  const vdev = structOf(call.args[0]);
  const type = vdev?.fields.get('irq_type') ?? 0;
  return isUnknown(type) ? newUnknown(`${call.name}()`) : test(type) ? 1 : 0;
}

/** Bitmaps of up to 64 bits in one word; (nr, addr). */
function bits(
  result: (word: number, bit: number) => number,
  change: ((word: number, bit: number) => number) | null,
): Primitive {
  return (call) => {
    const bit = number(call.args[0]);
    const at = call.args[1];
    if (bit === null || typeof at !== 'object') return newUnknown(`${call.name}()`);
    const word = at.kind === 'array' ? Math.floor(bit / 64) : 0;
    const now =
      at.kind === 'array'
        ? (number(at.items.get(word)) ?? 0)
        : at.kind === 'cell'
          ? (number(at.holder.get(at.key)) ?? 0)
          : 0;
    const inWord = at.kind === 'array' ? bit % 64 : bit;
    const answer = result(now, inWord);
    if (change !== null) {
      const next = change(now, inWord);
      if (at.kind === 'array') at.items.set(word, next);
      else if (at.kind === 'cell') at.holder.set(at.key, next);
    }
    return answer;
  };
}
