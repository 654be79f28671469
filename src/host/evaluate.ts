/**
 * Evaluates expressions of a program. In: an expression and the frame it stands in. Out: a value; side effects happen in
 * the world. What it cannot understand gives an unknown value, never an exception of our own.
 */
import type { Expression } from '../code/types';
import { standsForStruct } from './conversion';
import { initialise, readName } from './globals';
import { integerType, wrap } from './integers';
import { isStructType, pointee, sizeOf } from './layout';
import { addressOf, aggregate, readIndex, store } from './locations';
import { dereference, readThrough } from './memory-access';
import { keyFor } from './names';
import { arithmetic, comparison, complement, isComparison, negate, truth } from './operators';
import { integerTypeOf, textOf, typeOf } from './static-types';
import type { Value } from './values';
import { duplicate, functionNamed, isStruct, isUnknown, newArray, newStruct, newUnknown } from './values';
import type { Frame, World } from './world';

/** The value of an expression. */
export function evaluate(world: World, frame: Frame, of: Expression): Value {
  switch (of.kind) {
    case 'number':
      return of.value;
    case 'string':
      return of.value;
    case 'name':
      return readName(world, frame, of.name);
    case 'field':
      if (of.arrow) return readThrough(world, evaluate(world, frame, of.base), of.field, of, frame.place);
      return readThrough(world, aggregate(world, frame, of.base), of.field, of, frame.place);
    case 'index':
      return readIndex(world, frame, of);
    case 'call':
      return evaluateCall(world, frame, of);
    case 'unary':
      return unary(world, frame, of.operator, of.operand, of);
    case 'update': {
      const before = evaluate(world, frame, of.target);
      const moved = arithmetic(of.operator === '++' ? '+' : '-', before, 1, () =>
        integerTypeOf(world.set, frame.types, of.target),
      );
      store(world, frame, of.target, moved, false);
      return of.prefix ? moved : before;
    }
    case 'binary':
      return binary(world, frame, of);
    case 'assign':
      return assign(world, frame, of);
    case 'conditional':
      return truth(world, evaluate(world, frame, of.condition), frame.place, of.condition)
        ? evaluate(world, frame, of.then)
        : evaluate(world, frame, of.otherwise);
    case 'cast':
      return cast(world, frame, of.type, of.operand);
    case 'sizeof':
      return sizeOf(world.set, of.type ?? (of.operand ? operandType(world, frame, of.operand) : ''));
    case 'comma': {
      let last: Value = 0;
      for (const item of of.items) last = evaluate(world, frame, item);
      return last;
    }
    case 'initializer':
      return initialise(world, frame, of, newStruct('', 'zero'));
    case 'type':
      return of.type;
    case 'unknown':
      if (/^-?\d+$/.test(of.text)) return Number(of.text);
      world.undecided.add(`not understood: ${textOf(of)}`);
      return newUnknown(textOf(of));
  }
}

function operandType(world: World, frame: Frame, of: Expression): string {
  const type = typeOf(world.set, frame.types, of);
  if (type !== '' || of.kind !== 'name') return type;
  const value = frame.locals.get(of.name);
  return isStruct(value) ? value.type : '';
}

function unary(world: World, frame: Frame, operator: string, operand: Expression, of: Expression): Value {
  switch (operator) {
    case '&':
      return addressOf(world, frame, operand);
    case '*':
      return dereference(world, evaluate(world, frame, operand), of, frame.place);
    case '!': {
      const value = evaluate(world, frame, operand);
      return isUnknown(value) ? negate(value) : truth(world, value, frame.place) ? 0 : 1;
    }
    case '~':
      return complement(evaluate(world, frame, operand), () => integerTypeOf(world.set, frame.types, operand));
    case '-':
      return arithmetic('-', 0, evaluate(world, frame, operand), () => integerTypeOf(world.set, frame.types, of));
    default:
      return evaluate(world, frame, operand);
  }
}

function binary(world: World, frame: Frame, of: Extract<Expression, { kind: 'binary' }>): Value {
  const { operator } = of;
  if (operator === '&&' || operator === '||') {
    const left = truth(world, evaluate(world, frame, of.left), frame.place, of.left);
    if (left === (operator === '||')) return left ? 1 : 0;
    return truth(world, evaluate(world, frame, of.right), frame.place, of.right) ? 1 : 0;
  }
  const left = evaluate(world, frame, of.left);
  const right = evaluate(world, frame, of.right);
  if (isComparison(operator)) {
    return comparison(operator, left, right, () => {
      const a = integerTypeOf(world.set, frame.types, of.left);
      const b = integerTypeOf(world.set, frame.types, of.right);
      return (
        (a !== null && !a.signed && a.bits >= 32 && (b === null || a.bits >= b.bits)) ||
        (b !== null && !b.signed && b.bits >= 32 && (a === null || b.bits >= a.bits))
      );
    });
  }
  return arithmetic(operator, left, right, () => integerTypeOf(world.set, frame.types, of));
}

function cast(world: World, frame: Frame, type: string, operand: Expression): Value {
  if (operand.kind === 'initializer') {
    const array = type.endsWith(']')
      ? newArray(type.replace(/\s*\[[^\]]*\]$/, ''), null, 'zero')
      : newStruct(type, 'zero');
    return initialise(world, frame, operand, array);
  }
  const value = evaluate(world, frame, operand);
  if (typeof value !== 'number') {
    if (isStruct(value) && value.type === '' && type.includes('*')) value.type = pointee(type);
    return value;
  }
  const integer = integerType(type);
  return integer === null ? value : wrap(value, integer);
}

function assign(world: World, frame: Frame, of: Extract<Expression, { kind: 'assign' }>): Value {
  if (of.operator !== '=') {
    const operator = of.operator.slice(0, -1);
    const before = evaluate(world, frame, of.target);
    const value = arithmetic(operator, before, evaluate(world, frame, of.value), () =>
      integerTypeOf(world.set, frame.types, of.target),
    );
    return store(world, frame, of.target, value, false);
  }
  const value = evaluate(world, frame, of.value);
  return store(world, frame, of.target, value, standsForStruct(world, frame, of.value, value));
}

function evaluateCall(world: World, frame: Frame, of: Extract<Expression, { kind: 'call' }>): Value {
  let target: Value;
  if (of.target.kind === 'name' && !frame.locals.has(of.target.name))
    target = functionNamed(keyFor(world.set, of.target.name, frame.program.file));
  else target = evaluate(world, frame, of.target);
  const args = of.args.map((arg) => {
    const value = evaluate(world, frame, arg);
    return arg.kind === 'name' && isStruct(value) && isStructType(frame.types.get(arg.name) ?? '')
      ? duplicate(value)
      : value;
  });
  if (typeof target === 'object' && target.kind === 'unknown') {
    world.undecided.add(`unknown call: ${textOf(of.target)}()`);
    return newUnknown(`${textOf(of.target)}()`);
  }
  const before = frame.place;
  frame.place = of.at;
  const result = world.callWith(target, args, of.args, of.at, of.target.kind === 'field' ? of.target.field : null);
  frame.place = before;
  return result;
}
