/**
 * Evaluates expressions of a program. In: an expression and the frame it stands in. Out: a value; side effects happen in
 * the world. What it cannot understand gives an unknown value, never an exception of our own.
 */
import type { Expression, Table } from '../code/types';
import { KERNEL_CONSTANTS } from './constants';
import { integerType, wrap } from './integers';
import { fieldType, isStructType, pointee, sizeOf } from './layout';
import { checkLive, dereference, elementAddress, fieldAddress, follow, readElement, readField, readThrough, step } from './memory-access';
import { arithmetic, comparison, complement, isComparison, negate, truth } from './operators';
import { fileOfKey, keyFor } from './names';
import { integerTypeOf, textOf, typeOf } from './static-types';
import type { StructValue, Value } from './values';
import { cellAt, copyStruct, derive, duplicate, element, embedded, functionNamed, isStruct, isUnknown, newArray, newStruct, newUnknown, structOf } from './values';
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
      if (of.arrow) return readThrough(world, evaluate(world, frame, of.base), of.field, textOf(of), frame.place);
      return readThrough(world, aggregate(world, frame, of.base), of.field, textOf(of), frame.place);
    case 'index':
      return readIndex(world, frame, of);
    case 'call':
      return evaluateCall(world, frame, of);
    case 'unary':
      return unary(world, frame, of.operator, of.operand, of);
    case 'update': {
      const before = evaluate(world, frame, of.target);
      const moved = arithmetic(of.operator === '++' ? '+' : '-', before, 1, () => integerTypeOf(world.set, frame.types, of.target));
      store(world, frame, of.target, moved, false);
      return of.prefix ? moved : before;
    }
    case 'binary':
      return binary(world, frame, of);
    case 'assign':
      return assign(world, frame, of);
    case 'conditional':
      return truth(world, evaluate(world, frame, of.condition), frame.place, textOf(of.condition)) ? evaluate(world, frame, of.then) : evaluate(world, frame, of.otherwise);
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

function readName(world: World, frame: Frame, name: string): Value {
  const local = frame.locals.get(name);
  if (local !== undefined) return local;
  if (frame.types.has(name)) {
    const unset = newUnknown(name);
    frame.locals.set(name, unset);
    return unset;
  }
  return globalNamed(world, keyFor(world.set, name, frame.program.file));
}

/** A name of file scope: variable, constant, table, function. Asked once, then remembered. */
export function globalNamed(world: World, name: string): Value {
  const known = world.globals.get(name);
  if (known !== undefined) return known;
  const value = makeGlobal(world, name);
  world.globals.set(name, value);
  return value;
}

function makeGlobal(world: World, name: string): Value {
  const { set } = world;
  const table = set.tables.get(name);
  if (table) {
    if (table.init.kind !== 'initializer') return evaluate(world, outside(fileOfKey(name)), table.init);
    const into = isArrayTable(table) ? newArray(table.type.replace(/^const /, ''), null, 'zero') : newStruct(table.type.replace(/^const /, ''), 'zero');
    world.globals.set(name, into);
    return initialise(world, outside(fileOfKey(name)), table.init, into);
  }
  const constant = set.constants.get(name);
  if (constant) {
    world.globals.set(name, newUnknown(name));
    return evaluate(world, outside(''), constant);
  }
  if (set.programs.has(name)) return functionNamed(name);
  const variable = set.globals?.get(name);
  if (variable) {
    if (variable.init !== null) return initialValue(world, outside(''), variable.variable.type, variable.variable.array, variable.init);
    if (variable.variable.array !== null) return newArray(variable.variable.type, null, 'zero');
    return isStructType(variable.variable.type) ? newStruct(variable.variable.type, 'zero') : 0;
  }
  const kernel = KERNEL_CONSTANTS[name];
  if (kernel !== undefined) return kernel;
  if (world.primitives.has(name)) return functionNamed(name);
  return newUnknown(name);
}

/** `static const T names[] = { … }`: the declaration's brackets are not part of a table's type. */
function isArrayTable(table: Table): boolean {
  if (table.init.kind !== 'initializer') return false;
  const { items } = table.init;
  if (!isStructType(table.type) || items.some((item) => item.index !== null)) return true;
  return items.length > 0 && items.every((item) => item.field === null && item.value.kind === 'initializer');
}

const NOWHERE = { kind: 'design', file: '', line: 0 } as const;

/** The frame of what stands outside functions. */
function outside(file: string): Frame {
  return {
    program: { name: '', file, parameters: [], returns: '', static: false, nodes: [], entry: -1, evidence: 'full', source: 'design', at: NOWHERE, end: NOWHERE },
    locals: new Map(),
    types: new Map(),
    loops: new Map(),
    caller: null,
    at: null,
    depth: 0,
    announced: 0,
    place: NOWHERE,
  };
}

function readIndex(world: World, frame: Frame, of: Extract<Expression, { kind: 'index' }>): Value {
  const base = arrayBase(world, frame, of.base);
  const index = evaluate(world, frame, of.index);
  if (isUnknown(base) || typeof index !== 'number') return newUnknown(textOf(of));
  if (typeof base === 'number') return dereference(world, base, textOf(of), frame.place);
  if (typeof base === 'string') return base.charCodeAt(index) || 0;
  if (base.kind === 'array') {
    checkLive(world, base, frame.place);
    return readElement(world, base, index);
  }
  if (index === 0) return dereference(world, base, textOf(of), frame.place);
  const at = step(base, index);
  return at === null ? newUnknown(textOf(of)) : dereference(world, at, textOf(of), frame.place);
}

/** What is indexed: a pointer's value, or an array that lies where the expression stands. */
function arrayBase(world: World, frame: Frame, of: Expression): Value {
  const value = evaluate(world, frame, of);
  if (value !== 0 && !isUnknown(value)) return value;
  if (typeOf(world.set, frame.types, of) !== '' || of.kind !== 'field') return value;
  const owner = ownerOf(world, frame, of);
  if (owner === null) return value;
  const array = newArray('', null, owner.fill);
  array.parent = owner;
  owner.fields.set(of.field, array);
  return array;
}

function ownerOf(world: World, frame: Frame, of: Extract<Expression, { kind: 'field' }>): StructValue | null {
  const base = of.arrow ? evaluate(world, frame, of.base) : aggregate(world, frame, of.base);
  if (isUnknown(base)) return null;
  return follow(world, base, textOf(of), frame.place);
}

/** The structure that stands where an expression stands, for `.` and for copies: made on first touch. */
function aggregate(world: World, frame: Frame, of: Expression): Value {
  switch (of.kind) {
    case 'name': {
      const now = readName(world, frame, of.name);
      if (!isUnknown(now) && now !== 0) return now;
      const holder = frame.types.has(of.name) ? frame.locals : world.globals;
      const made = newStruct(frame.types.get(of.name) ?? '', holder === world.globals ? 'zero' : 'unknown');
      (holder as Map<string, Value>).set(of.name, made);
      return made;
    }
    case 'field': {
      const owner = ownerOf(world, frame, of);
      if (owner === null) return newUnknown(textOf(of));
      const now = owner.fields.get(of.field);
      if (isStruct(now) || (typeof now === 'object' && now.kind === 'array')) return now;
      return embedded(owner, of.field, fieldType(world.set, owner.type, of.field));
    }
    case 'index': {
      const base = arrayBase(world, frame, of.base);
      const index = evaluate(world, frame, of.index);
      if (typeof index !== 'number') return newUnknown(textOf(of));
      if (typeof base === 'object' && base.kind === 'array') {
        checkLive(world, base, frame.place);
        const now = base.items.get(index);
        return isStruct(now) ? now : element(base, index);
      }
      if (typeof base === 'number') return dereference(world, base, textOf(of), frame.place);
      return step(base, index) ?? newUnknown(textOf(of));
    }
    default: {
      const value = evaluate(world, frame, of);
      return value;
    }
  }
}

function unary(world: World, frame: Frame, operator: string, operand: Expression, of: Expression): Value {
  switch (operator) {
    case '&':
      return addressOf(world, frame, operand);
    case '*':
      return dereference(world, evaluate(world, frame, operand), textOf(of), frame.place);
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

/** `&expression`. */
export function addressOf(world: World, frame: Frame, of: Expression): Value {
  switch (of.kind) {
    case 'name': {
      if (frame.types.has(of.name) || frame.locals.has(of.name)) {
        const now = frame.locals.get(of.name);
        const type = frame.types.get(of.name) ?? '';
        if (!type.includes('*') && typeof now === 'object' && (now.kind === 'struct' || now.kind === 'array')) return now;
        return cellAt(frame.locals, of.name, type, null);
      }
      const now = globalNamed(world, keyFor(world.set, of.name, frame.program.file));
      if (typeof now === 'object' && (now.kind === 'struct' || now.kind === 'array' || now.kind === 'function')) return now;
      if (isUnknown(now) && !world.set.globals?.has(of.name)) {
        const made = newStruct('', 'zero');
        world.globals.set(of.name, made);
        return made;
      }
      return cellAt(world.globals as Map<string | number, Value>, of.name, world.set.globals?.get(of.name)?.variable.type ?? '', null);
    }
    case 'field': {
      const owner = ownerOf(world, frame, of);
      return owner === null ? newUnknown(`&${textOf(of)}`) : fieldAddress(world, owner, of.field);
    }
    case 'index': {
      const base = arrayBase(world, frame, of.base);
      const index = evaluate(world, frame, of.index);
      if (typeof index !== 'number') return newUnknown(`&${textOf(of)}`);
      if (typeof base === 'object' && base.kind === 'array') return elementAddress(base, index);
      return step(base, index) ?? newUnknown(`&${textOf(of)}`);
    }
    case 'unary':
      if (of.operator === '*') return evaluate(world, frame, of.operand);
      break;
    default:
      break;
  }
  const value = evaluate(world, frame, of);
  return typeof value === 'object' ? value : newUnknown(`&${textOf(of)}`);
}

function binary(world: World, frame: Frame, of: Extract<Expression, { kind: 'binary' }>): Value {
  const { operator } = of;
  if (operator === '&&' || operator === '||') {
    const left = truth(world, evaluate(world, frame, of.left), frame.place, textOf(of.left));
    if (left === (operator === '||')) return left ? 1 : 0;
    return truth(world, evaluate(world, frame, of.right), frame.place, textOf(of.right)) ? 1 : 0;
  }
  const left = evaluate(world, frame, of.left);
  const right = evaluate(world, frame, of.right);
  if (isComparison(operator)) {
    return comparison(operator, left, right, () => {
      const a = integerTypeOf(world.set, frame.types, of.left);
      const b = integerTypeOf(world.set, frame.types, of.right);
      return (a !== null && !a.signed && a.bits >= 32 && (b === null || a.bits >= b.bits)) || (b !== null && !b.signed && b.bits >= 32 && (a === null || b.bits >= a.bits));
    });
  }
  return arithmetic(operator, left, right, () => integerTypeOf(world.set, frame.types, of));
}

function cast(world: World, frame: Frame, type: string, operand: Expression): Value {
  if (operand.kind === 'initializer') {
    const array = type.endsWith(']') ? newArray(type.replace(/\s*\[[^\]]*\]$/, ''), null, 'zero') : newStruct(type, 'zero');
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

/** Does an expression stand for a structure itself rather than for a pointer to one? */
function standsForStruct(world: World, frame: Frame, of: Expression, value: Value): boolean {
  if (!isStruct(value)) return false;
  switch (of.kind) {
    case 'name':
      return isStructType(frame.types.get(of.name) ?? '');
    case 'field':
      return value.parent !== null && value.member === of.field && typeof value.parent === 'object' && value.parent.kind === 'struct';
    case 'index':
      return value.parent?.kind === 'array';
    case 'unary':
      return of.operator === '*' && evaluatesToItself(world, frame, of.operand, value);
    case 'call':
      return isStructType(typeOf(world.set, frame.types, of));
    case 'cast':
      return of.operand.kind === 'initializer';
    case 'initializer':
      return true;
    case 'conditional':
      return standsForStruct(world, frame, of.then, value) || standsForStruct(world, frame, of.otherwise, value);
    default:
      return false;
  }
}

/** `*p` is the structure when `p` points to it, and a pointer when `p` points to a pointer. */
function evaluatesToItself(world: World, frame: Frame, pointer: Expression, value: StructValue): boolean {
  const type = typeOf(world.set, frame.types, pointer);
  if (type !== '') return !pointee(type).includes('*');
  return pointer.kind === 'name' ? frame.locals.get(pointer.name) === value : true;
}

function assign(world: World, frame: Frame, of: Extract<Expression, { kind: 'assign' }>): Value {
  if (of.operator !== '=') {
    const operator = of.operator.slice(0, -1);
    const before = evaluate(world, frame, of.target);
    const value = arithmetic(operator, before, evaluate(world, frame, of.value), () => integerTypeOf(world.set, frame.types, of.target));
    return store(world, frame, of.target, value, false);
  }
  const value = evaluate(world, frame, of.value);
  return store(world, frame, of.target, value, standsForStruct(world, frame, of.value, value));
}

/** Writes a value where an expression stands; gives the value as stored. */
export function store(world: World, frame: Frame, target: Expression, value: Value, byValue: boolean): Value {
  if (byValue && isStruct(value)) {
    const into = structOf(aggregate(world, frame, target));
    if (into !== null) copyStruct(value, into);
    return into ?? value;
  }
  switch (target.kind) {
    case 'name': {
      const type = frame.types.get(target.name);
      if (type === undefined && !frame.locals.has(target.name)) {
        world.globals.set(target.name, convert(value, world.set.globals?.get(target.name)?.variable.type ?? ''));
        return value;
      }
      const converted = convert(value, type ?? '');
      frame.locals.set(target.name, converted);
      return converted;
    }
    case 'field': {
      const owner = ownerOf(world, frame, target);
      if (owner === null) return value;
      const converted = convert(value, fieldType(world.set, owner.type, target.field));
      owner.fields.set(target.field, converted);
      return converted;
    }
    case 'index': {
      const base = arrayBase(world, frame, target.base);
      const index = evaluate(world, frame, target.index);
      if (typeof index !== 'number' || isUnknown(base)) return value;
      if (typeof base === 'number') return dereference(world, base, textOf(target), frame.place);
      if (typeof base === 'object' && base.kind === 'array') {
        checkLive(world, base, frame.place);
        base.items.set(index, convert(value, base.element));
        return value;
      }
      const at = step(base, index);
      if (at !== null) storeThrough(world, frame, at, value, target);
      return value;
    }
    case 'unary':
      if (target.operator === '*') storeThrough(world, frame, evaluate(world, frame, target.operand), value, target);
      return value;
    case 'cast':
      return store(world, frame, target.operand, value, false);
    default:
      world.undecided.add(`not understood: assignment to ${textOf(target)}`);
      return value;
  }
}

function storeThrough(world: World, frame: Frame, pointer: Value, value: Value, target: Expression): void {
  if (typeof pointer === 'number') {
    dereference(world, pointer, textOf(target), frame.place);
    return;
  }
  if (typeof pointer !== 'object') return;
  if (pointer.kind === 'cell') {
    if (pointer.owner !== null) checkLive(world, pointer.owner, frame.place);
    pointer.holder.set(pointer.key, convert(value, pointer.type));
  } else if (pointer.kind === 'array') {
    pointer.items.set(0, convert(value, pointer.element));
  } else if (pointer.kind === 'struct' && isStruct(value)) copyStruct(value, pointer);
  else if (pointer.kind === 'unknown') derive(pointer, '*', () => value);
}

/** A value as a location of a type holds it. */
export function convert(value: Value, type: string): Value {
  if (typeof value === 'number') {
    if (type === '' || (value >= 0 && value < 128 && type !== 'bool')) return value;
    const integer = integerType(type);
    return integer === null ? value : wrap(value, integer);
  }
  if (isStruct(value) && value.type === '' && type.includes('*')) value.type = pointee(type);
  return value;
}

/** The first value of a declared variable. */
export function initialValue(world: World, frame: Frame, type: string, array: Expression | null, init: Expression | null): Value {
  if (array !== null) {
    const length = array.kind === 'unknown' ? null : evaluate(world, frame, array);
    const made = newArray(type, typeof length === 'number' ? length : null, init === null ? 'unknown' : 'zero');
    if (init === null) return made;
    return init.kind === 'initializer' ? initialise(world, frame, init, made) : evaluate(world, frame, init);
  }
  if (isStructType(type)) {
    const made = newStruct(type.replace(/^const /, ''), init === null ? 'unknown' : 'zero');
    if (init === null) return made;
    if (init.kind === 'initializer') return initialise(world, frame, init, made);
    const value = evaluate(world, frame, init);
    if (isStruct(value)) copyStruct(value, made);
    return isStruct(value) ? made : isUnknown(value) ? value : made;
  }
  if (init === null) return newUnknown('');
  if (init.kind === 'initializer') {
    const first = init.items[0];
    return first === undefined ? 0 : initialise(world, frame, init, newStruct(type, 'zero'));
  }
  return convert(evaluate(world, frame, init), type);
}

/** Fills a structure or array from `{ … }`; gives it back. */
function initialise(world: World, frame: Frame, from: Extract<Expression, { kind: 'initializer' }>, into: Value): Value {
  if (typeof into !== 'object') return into;
  if (into.kind === 'array') {
    let next = 0;
    for (const item of from.items) {
      const at = item.index === null ? next : evaluate(world, frame, item.index);
      const index = typeof at === 'number' ? at : next;
      if (item.value.kind === 'initializer') initialise(world, frame, item.value, element(into, index));
      else into.items.set(index, convert(evaluate(world, frame, item.value), into.element));
      next = index + 1;
    }
    into.length ??= next;
    return into;
  }
  if (into.kind !== 'struct') return into;
  const names = world.set.structures.get(into.type.replace(/^(const )?(struct|union) /, ''))?.fields;
  let next = 0;
  for (const item of from.items) {
    const field = item.field ?? names?.[next]?.name ?? String(next);
    next = names === undefined ? next + 1 : Math.max(0, names.findIndex((f) => f.name === field)) + 1;
    const type = fieldType(world.set, into.type, field);
    if (item.value.kind === 'initializer') initialise(world, frame, item.value, embedded(into, field, type));
    else {
      const value = evaluate(world, frame, item.value);
      if (standsForStruct(world, frame, item.value, value) && isStruct(value)) copyStruct(value, embedded(into, field, type));
      else into.fields.set(field, convert(value, type));
    }
  }
  return into;
}

function evaluateCall(world: World, frame: Frame, of: Extract<Expression, { kind: 'call' }>): Value {
  let target: Value;
  if (of.target.kind === 'name' && !frame.locals.has(of.target.name)) target = functionNamed(keyFor(world.set, of.target.name, frame.program.file));
  else target = evaluate(world, frame, of.target);
  const args = of.args.map((arg) => {
    const value = evaluate(world, frame, arg);
    return arg.kind === 'name' && isStruct(value) && isStructType(frame.types.get(arg.name) ?? '') ? duplicate(value) : value;
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

/** A field of a structure, for primitives. */
export function fieldValue(world: World, object: StructValue, field: string): Value {
  return readField(world, object, field);
}
