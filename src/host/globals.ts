/**
 * Names of file scope and first values: variables, tables, constants, functions, `{ … }`. In: a name or a declaration. Out: the
 * value it starts as.
 */
import type { Expression, Table } from '../code/types';
import { KERNEL_CONSTANTS } from './constants';
import { convert, standsForStruct } from './conversion';
import { fieldType, isStructType } from './layout';
import { fileOfKey, keyFor } from './names';
import type { Value } from './values';
import {
  copyStruct,
  element,
  embedded,
  functionNamed,
  isStruct,
  isUnknown,
  newArray,
  newStruct,
  newUnknown,
} from './values';
import type { Frame, World } from './world';

/** What a name stands for in a frame. */
export function readName(world: World, frame: Frame, name: string): Value {
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
  // A preprocessor condition of a kernel's configuration: what a patch adds under one is tried as switched on.
  if (name.includes('CONFIG_') && /\bCONFIG_\w+/.test(name)) return 1;
  const table = set.tables.get(name);
  if (table) {
    if (table.init.kind !== 'initializer') return world.evaluate(outside(fileOfKey(name)), table.init);
    const into = isArrayTable(table)
      ? newArray(table.type.replace(/^const /, ''), null, 'zero')
      : newStruct(table.type.replace(/^const /, ''), 'zero');
    world.globals.set(name, into);
    return initialise(world, outside(fileOfKey(name)), table.init, into);
  }
  const constant = set.constants.get(name);
  if (constant) {
    world.globals.set(name, newUnknown(name));
    return world.evaluate(outside(''), constant);
  }
  if (set.programs.has(name)) return functionNamed(name);
  const variable = set.globals?.get(name);
  if (variable) {
    if (variable.init !== null)
      return initialValue(world, outside(''), variable.variable.type, variable.variable.array, variable.init);
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
    program: {
      name: '',
      file,
      parameters: [],
      returns: '',
      static: false,
      nodes: [],
      entry: -1,
      evidence: 'full',
      source: 'design',
      at: NOWHERE,
      end: NOWHERE,
    },
    locals: new Map(),
    types: new Map(),
    loops: null,
    caller: null,
    at: null,
    depth: 0,
    announced: 0,
    place: NOWHERE,
  };
}

/** The first value of a declared variable. */
export function initialValue(
  world: World,
  frame: Frame,
  type: string,
  array: Expression | null,
  init: Expression | null,
): Value {
  if (array !== null) {
    const length = array.kind === 'unknown' ? null : world.evaluate(frame, array);
    const made = newArray(type, typeof length === 'number' ? length : null, init === null ? 'unknown' : 'zero');
    if (init === null) return made;
    return init.kind === 'initializer' ? initialise(world, frame, init, made) : world.evaluate(frame, init);
  }
  if (isStructType(type)) {
    const made = newStruct(type.replace(/^const /, ''), init === null ? 'unknown' : 'zero');
    if (init === null) return made;
    if (init.kind === 'initializer') return initialise(world, frame, init, made);
    const value = world.evaluate(frame, init);
    if (isStruct(value)) copyStruct(value, made);
    return isStruct(value) ? made : isUnknown(value) ? value : made;
  }
  if (init === null) return newUnknown('');
  if (init.kind === 'initializer') {
    const first = init.items[0];
    return first === undefined ? 0 : initialise(world, frame, init, newStruct(type, 'zero'));
  }
  return convert(world.evaluate(frame, init), type);
}

/** Fills a structure or array from `{ … }`; gives it back. */
export function initialise(
  world: World,
  frame: Frame,
  from: Extract<Expression, { kind: 'initializer' }>,
  into: Value,
): Value {
  if (typeof into !== 'object') return into;
  if (into.kind === 'array') {
    let next = 0;
    for (const item of from.items) {
      const at = item.index === null ? next : world.evaluate(frame, item.index);
      const index = typeof at === 'number' ? at : next;
      if (item.value.kind === 'initializer') initialise(world, frame, item.value, element(into, index));
      else into.items.set(index, convert(world.evaluate(frame, item.value), into.element));
      next = index + 1;
    }
    into.length ??= next;
    return into;
  }
  if (into.kind !== 'struct') return into;
  // Where every value names its field, the order of the fields is not asked for.
  const names = from.items.every((item) => item.field !== null)
    ? undefined
    : world.set.structures.get(into.type.replace(/^(const )?(struct|union) /, ''))?.fields;
  let next = 0;
  for (const item of from.items) {
    const field = item.field ?? names?.[next]?.name ?? String(next);
    next =
      names === undefined
        ? next + 1
        : Math.max(
            0,
            names.findIndex((f) => f.name === field),
          ) + 1;
    const type = fieldType(world.set, into.type, field);
    if (item.value.kind === 'initializer') initialise(world, frame, item.value, embedded(into, field, type));
    else {
      const value = world.evaluate(frame, item.value);
      if (standsForStruct(world, frame, item.value, value) && isStruct(value))
        copyStruct(value, embedded(into, field, type));
      else into.fields.set(field, convert(value, type));
    }
  }
  return into;
}
