/**
 * Evaluates expressions of a program. In: an expression and the frame it stands in. Out: a value; side effects happen in
 * the world. What it cannot understand gives an unknown value, never an exception of our own. Each expression is made into a
 * closure once: programs are shared by many runs.
 */
import type { Expression } from '../code/types';
import { callsIn } from '../code/walk';
import { standsForStruct } from './conversion';
import { initialise, readName } from './globals';
import { integerType, wrap } from './integers';
import { isStructType, pointee, sizeOf } from './layout';
import { addressOf, aggregate, readIndex, store } from './locations';
import { dereference, nullDereference, readThrough } from './memory-access';
import { keyFor } from './names';
import { arithmetic, comparison, complement, isComparison, negate, truth } from './operators';
import { integerTypeOf, textOf, typeOf } from './static-types';
import type { Value } from './values';
import { duplicate, functionNamed, isStruct, isUnknown, newArray, newStruct, newUnknown } from './values';
import type { Frame, World } from './world';
import { isOtherTable } from './writers';

export type Evaluator = (world: World, frame: Frame) => Value;

const evaluators = new WeakMap<Expression, Evaluator>();

/** The value of an expression. */
export function evaluate(world: World, frame: Frame, of: Expression): Value {
  return evaluatorOf(of)(world, frame);
}

/** The closure that evaluates an expression, made once. */
export function evaluatorOf(of: Expression): Evaluator {
  let evaluator = evaluators.get(of);
  if (!evaluator) {
    evaluator = compile(of);
    evaluators.set(of, evaluator);
  }
  return evaluator;
}

function compile(of: Expression): Evaluator {
  switch (of.kind) {
    case 'number':
    case 'string': {
      const { value } = of;
      return () => value;
    }
    case 'name': {
      const { name } = of;
      return (world, frame) => frame.locals.get(name) ?? readName(world, frame, name);
    }
    case 'field':
      return compileField(of);
    case 'index':
      return (world, frame) => readIndex(world, frame, of);
    case 'call':
      return compileCall(of);
    case 'unary':
      return compileUnary(of);
    case 'update':
      return compileUpdate(of);
    case 'binary':
      return compileBinary(of);
    case 'assign':
      return compileAssign(of);
    case 'conditional': {
      const condition = evaluatorOf(of.condition);
      const then = evaluatorOf(of.then);
      const otherwise = evaluatorOf(of.otherwise);
      return (world, frame) =>
        truth(world, condition(world, frame), frame.place, of.condition) ? then(world, frame) : otherwise(world, frame);
    }
    case 'cast':
      return compileCast(of);
    case 'sizeof':
      return (world, frame) => sizeOf(world.set, of.type ?? (of.operand ? operandType(world, frame, of.operand) : ''));
    case 'comma': {
      const items = of.items.map(evaluatorOf);
      return (world, frame) => {
        let last: Value = 0;
        for (const item of items) last = item(world, frame);
        return last;
      };
    }
    case 'initializer':
      return (world, frame) => initialise(world, frame, of, newStruct('', 'zero'));
    case 'type':
      return () => of.type;
    case 'unknown': {
      if (/^-?\d+$/.test(of.text)) {
        const value = Number(of.text);
        return () => value;
      }
      const text = textOf(of);
      return (world) => {
        world.undecided.add(`not understood: ${text}`);
        return newUnknown(text);
      };
    }
  }
}

function operandType(world: World, frame: Frame, of: Expression): string {
  const type = typeOf(world.set, frame.types, of);
  if (type !== '' || of.kind !== 'name') return type;
  const value = frame.locals.get(of.name);
  return isStruct(value) ? value.type : '';
}

function compileField(of: Extract<Expression, { kind: 'field' }>): Evaluator {
  const { field } = of;
  if (!of.arrow) return (world, frame) => readThrough(world, aggregate(world, frame, of.base), field, of, frame.place);
  const base = evaluatorOf(of.base);
  return (world, frame) => {
    const pointer = base(world, frame);
    if (typeof pointer === 'object' && pointer.kind === 'struct' && pointer.parent === null && pointer.freed === null) {
      const value = pointer.fields.get(field);
      if (value !== undefined) return value;
    }
    return readThrough(world, pointer, field, of, frame.place);
  };
}

function compileUnary(of: Extract<Expression, { kind: 'unary' }>): Evaluator {
  if (of.operator === '&') return (world, frame) => addressOf(world, frame, of.operand);
  const operand = evaluatorOf(of.operand);
  switch (of.operator) {
    case '*':
      return (world, frame) => dereference(world, operand(world, frame), of, frame.place);
    case '!':
      return (world, frame) => {
        const value = operand(world, frame);
        if (typeof value === 'number') return value === 0 ? 1 : 0;
        return isUnknown(value) ? negate(value) : 0;
      };
    case '~':
      return (world, frame) =>
        complement(operand(world, frame), () => integerTypeOf(world.set, frame.types, of.operand));
    case '-':
      return (world, frame) =>
        arithmetic('-', 0, operand(world, frame), () => integerTypeOf(world.set, frame.types, of));
    default:
      return operand;
  }
}

function compileUpdate(of: Extract<Expression, { kind: 'update' }>): Evaluator {
  const target = evaluatorOf(of.target);
  const operator = of.operator === '++' ? '+' : '-';
  return (world, frame) => {
    const before = target(world, frame);
    const moved = arithmetic(operator, before, 1, () => integerTypeOf(world.set, frame.types, of.target));
    store(world, frame, of.target, moved, false);
    return of.prefix ? moved : before;
  };
}

/** Are two operands compared as unsigned numbers? */
function comparedUnsigned(world: World, frame: Frame, of: Extract<Expression, { kind: 'binary' }>): boolean {
  const a = integerTypeOf(world.set, frame.types, of.left);
  const b = integerTypeOf(world.set, frame.types, of.right);
  return (
    (a !== null && !a.signed && a.bits >= 32 && (b === null || a.bits >= b.bits)) ||
    (b !== null && !b.signed && b.bits >= 32 && (a === null || b.bits >= a.bits))
  );
}

function compileBinary(of: Extract<Expression, { kind: 'binary' }>): Evaluator {
  const { operator } = of;
  const left = evaluatorOf(of.left);
  const right = evaluatorOf(of.right);
  if (operator === '&&' || operator === '||') {
    const stops = operator === '||';
    return (world, frame) => {
      const first = truth(world, left(world, frame), frame.place, of.left);
      if (first === stops) return first ? 1 : 0;
      return truth(world, right(world, frame), frame.place, of.right) ? 1 : 0;
    };
  }
  if (isComparison(operator))
    return (world, frame) =>
      comparison(operator, left(world, frame), right(world, frame), () => comparedUnsigned(world, frame, of));
  return (world, frame) =>
    arithmetic(operator, left(world, frame), right(world, frame), () => integerTypeOf(world.set, frame.types, of));
}

function compileCast(of: Extract<Expression, { kind: 'cast' }>): Evaluator {
  const { type, operand } = of;
  if (operand.kind === 'initializer') {
    const element = type.endsWith(']') ? type.replace(/\s*\[[^\]]*\]$/, '') : null;
    return (world, frame) =>
      initialise(world, frame, operand, element === null ? newStruct(type, 'zero') : newArray(element, null, 'zero'));
  }
  const inner = evaluatorOf(operand);
  const integer = integerType(type);
  return (world, frame) => {
    const value = inner(world, frame);
    if (typeof value === 'number') return integer === null ? value : wrap(value, integer);
    if (isStruct(value) && value.type === '' && type.includes('*')) value.type = pointee(type);
    return value;
  };
}

function compileAssign(of: Extract<Expression, { kind: 'assign' }>): Evaluator {
  const value = evaluatorOf(of.value);
  if (of.operator === '=')
    return (world, frame) => {
      const result = value(world, frame);
      return store(world, frame, of.target, result, standsForStruct(world, frame, of.value, result));
    };
  const operator = of.operator.slice(0, -1);
  const target = evaluatorOf(of.target);
  return (world, frame) => {
    const before = target(world, frame);
    const result = arithmetic(operator, before, value(world, frame), () =>
      integerTypeOf(world.set, frame.types, of.target),
    );
    return store(world, frame, of.target, result, false);
  };
}

function compileCall(of: Extract<Expression, { kind: 'call' }>): Evaluator {
  const name = of.target.kind === 'name' ? of.target.name : null;
  const field = of.target.kind === 'field' ? of.target.field : null;
  const pointer = name === null ? evaluatorOf(of.target) : null;
  const args = of.args.map(compileArgument);
  const plain = functionNamed(name ?? '');
  return (world, frame) => {
    let target: Value | undefined;
    if (pointer !== null) target = pointer(world, frame);
    else {
      target = frame.locals.get(plain.name);
      if (target === undefined) {
        const key = keyFor(world.set, plain.name, frame.program.file);
        target = key === plain.name ? plain : functionNamed(key);
      }
    }
    const values: Value[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg !== undefined) values.push(arg(world, frame));
    }
    if (typeof target === 'object' && target.kind === 'unknown') {
      world.undecided.add(`unknown call: ${textOf(of.target)}()`);
      return newUnknown(`${textOf(of.target)}()`);
    }
    if (target === 0 && of.target.kind === 'field') {
      const { base } = of.target;
      if (callsIn(base).length === 0 && isOtherTable(world, frame, of.target, evaluate(world, frame, base))) {
        world.undecided.add(`${textOf(base)} is another table in the design`);
        return newUnknown(`${textOf(of.target)}()`);
      }
      nullDereference(world, `the callback ${of.target.field}`, 0, of.at, of.target);
    }
    const before = frame.place;
    frame.place = of.at;
    const result = world.callWith(target, values, of.args, of.at, field);
    frame.place = before;
    return result;
  };
}

/** A structure passed by value is passed as a copy. */
function compileArgument(of: Expression): Evaluator {
  const evaluator = evaluatorOf(of);
  if (of.kind !== 'name') return evaluator;
  return (world, frame) => {
    const value = evaluator(world, frame);
    return isStruct(value) && isStructType(frame.types.get(of.name) ?? '') ? duplicate(value) : value;
  };
}
