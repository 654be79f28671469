/**
 * C operators on values: numbers by their types, pointers by identity and steps, the unknown by questions that keep
 * one answer. In: operator and operands. Out: a value.
 */
import type { Expression } from '../code/types';
import type { Place } from '../place';
import type { IntegerType } from './integers';
import { and, compare, not, or, shiftLeft, shiftRight, wrap, xor } from './integers';
import { slot, step } from './memory-access';
import { textOf } from './static-types';
import type { UnknownValue, Value } from './values';
import { derive, isUnknown, newUnknown, show } from './values';
import type { World } from './world';

/** Is a value true? Asks the chooser, once for each unknown value. */
export function truth(world: World, value: Value, at: Place, written?: Expression): boolean {
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string' || value.kind !== 'unknown') return true;
  return decide(world, value, at, written ? textOf(written) : undefined);
}

function decide(world: World, value: UnknownValue, at: Place, text?: string): boolean {
  if (value.truth !== null) return value.truth;
  if (value.not !== null) {
    value.truth = !decide(world, value.not, at, value.not.text);
    return value.truth;
  }
  value.truth = world.options.chooser.decide(text ?? value.text, at);
  if (value.truth && value.implies !== null) value.implies.truth ??= true;
  return value.truth;
}

/** What an unknown value is known to be by now: 0 once a test said it is false. */
export function settled(value: Value): Value {
  return isUnknown(value) && value.truth === false && value.not === null && !value.text.includes(' ') ? 0 : value;
}

/** `!value`. */
export function negate(value: Value): Value {
  if (typeof value === 'number') return value === 0 ? 1 : 0;
  if (isUnknown(value))
    return value.truth === null ? derive(value, '!', () => newUnknown(`!${value.text}`, value)) : value.truth ? 0 : 1;
  return 0;
}

function samePointer(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a === 'object' && typeof b === 'object') {
    if (a.kind === 'function' && b.kind === 'function') return a.name === b.name;
    if (a.kind === 'user' && b.kind === 'user') return a.target === b.target && a.offset === b.offset;
    const left = slot(a);
    const right = slot(b);
    return left !== null && right !== null && left.array === right.array && left.index === right.index;
  }
  return false;
}

/** The result of a comparison one side of which is unknown: the same question keeps its answer. */
function question(of: UnknownValue, operator: string, other: Value): Value {
  const zero = other === 0;
  if (zero && (operator === '!=' || operator === '==')) return operator === '!=' ? of : negate(of);
  if (of.truth === false && typeof other === 'number') return compareNumbers(operator, 0, other, false);
  return derive(of, `${operator}${show(other)}`, () =>
    newUnknown(
      `${of.text} ${operator} ${show(other)}`,
      null,
      zero && (operator === '<' || operator === '>') ? of : null,
    ),
  );
}

const MIRRORED: Readonly<Record<string, string>> = {
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

function compareNumbers(operator: string, a: number, b: number, unsigned: boolean): number {
  const order = compare(a, b, unsigned);
  switch (operator) {
    case '<':
      return order < 0 ? 1 : 0;
    case '>':
      return order > 0 ? 1 : 0;
    case '<=':
      return order <= 0 ? 1 : 0;
    case '>=':
      return order >= 0 ? 1 : 0;
    case '==':
      return order === 0 ? 1 : 0;
    default:
      return order === 0 ? 0 : 1;
  }
}

export function isComparison(operator: string): boolean {
  return MIRRORED[operator] !== undefined;
}

/** A comparison. `unsigned` is asked for only when the answer depends on it. */
export function comparison(operator: string, left: Value, right: Value, unsigned: () => boolean): Value {
  if (typeof left === 'number' && typeof right === 'number') {
    if (left < 0 !== right < 0 && operator !== '==' && operator !== '!=')
      return compareNumbers(operator, left, right, unsigned());
    return compareNumbers(operator, left, right, false);
  }
  if (isUnknown(left)) {
    if (isUnknown(right))
      return left === right
        ? compareNumbers(operator, 0, 0, false)
        : derive(left, `${operator}${right.text}`, () => newUnknown(`${left.text} ${operator} ${right.text}`));
    return question(left, operator, right);
  }
  if (isUnknown(right)) return question(right, MIRRORED[operator] ?? operator, left);
  if (operator === '==' || operator === '!=') return samePointer(left, right) === (operator === '==') ? 1 : 0;
  const a = slot(left);
  const b = slot(right);
  if (a !== null && b !== null && a.array === b.array) return compareNumbers(operator, a.index, b.index, false);
  // A pointer lies above NULL and below the error pointers.
  if (typeof right === 'number') return compareNumbers(operator, 1, right, right < 0);
  if (typeof left === 'number') return compareNumbers(operator, left, 1, left < 0);
  return newUnknown(`${show(left)} ${operator} ${show(right)}`);
}

/** Arithmetic. `type` is asked for only when the result leaves 0 … 2^31 − 1. */
export function arithmetic(operator: string, left: Value, right: Value, type: () => IntegerType | null): Value {
  if (typeof left === 'number' && typeof right === 'number') {
    const plain = compute(operator, left, right, type);
    if (plain === null) return newUnknown(`${show(left)} ${operator} ${show(right)}`);
    if (plain >= 0 && plain <= 0x7fffffff) return plain;
    return wrap(plain, type() ?? { bits: 64, signed: true });
  }
  if (isUnknown(left) || isUnknown(right)) {
    if (operator === '&' && (left === 0 || right === 0)) return 0;
    const known = isUnknown(left) ? left : right;
    return isUnknown(known)
      ? derive(known, `${operator}${isUnknown(left) ? show(right) : `~${show(left)}`}`, () =>
          newUnknown(`${show(left)} ${operator} ${show(right)}`),
        )
      : 0;
  }
  if (operator === '+' || operator === '-') {
    if (typeof right === 'number') {
      const moved = step(left, operator === '+' ? right : -right);
      if (moved !== null) return moved;
    } else if (typeof left === 'number' && operator === '+') {
      const moved = step(right, left);
      if (moved !== null) return moved;
    } else if (operator === '-') {
      const a = slot(left);
      const b = slot(right);
      if (a !== null && b !== null && a.array === b.array) return a.index - b.index;
    }
  }
  return newUnknown(`${show(left)} ${operator} ${show(right)}`);
}

function compute(operator: string, a: number, b: number, type: () => IntegerType | null): number | null {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? null : Math.trunc(a / b);
    case '%':
      return b === 0 ? null : a % b;
    case '&':
      return and(a, b);
    case '|':
      return or(a, b);
    case '^':
      return xor(a, b);
    case '<<':
      return shiftLeft(a, b);
    case '>>':
      return shiftRight(a, b, a < 0 && type()?.signed === false);
    default:
      return null;
  }
}

/** `~value`. */
export function complement(value: Value, type: () => IntegerType | null): Value {
  if (typeof value !== 'number') return newUnknown(`~${show(value)}`);
  const of = type();
  return of === null ? not(value) : wrap(not(value), of);
}
