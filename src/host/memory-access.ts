/**
 * Reading and writing through pointers: fields, elements, cells, with what unset memory reads as and what goes wrong
 * (NULL, freed memory). In: values. Out: values; broken accesses become incidents and end the stage.
 */
import type { Expression } from '../code/types';
import type { Place } from '../place';
import { fieldType, isStructType } from './layout';
import { textOf } from './static-types';
import type { ArrayValue, StructValue, Value } from './values';
import {
  cellAt,
  copyStruct,
  derive,
  element,
  embedded,
  isStruct,
  isUnknown,
  newArray,
  newUnknown,
  show,
  structOf,
} from './values';
import type { World } from './world';
import { Halt, incident } from './world';
import { isDesigned, isWritten, unsetSource } from './writers';

/** Reads of one freed object are told once. */
const told = new WeakSet<object>();

export function checkLive(world: World, object: StructValue | ArrayValue, at: Place): void {
  for (let o: StructValue | ArrayValue | null = object; o !== null; o = o.parent) {
    if (o.freed === null || told.has(o)) continue;
    told.add(o);
    incident(world, 'use-after-free', `${show(o)} is used after it was freed`, at);
  }
}

/** A pointer that leads nowhere was followed: the kernel stops here. */
export function nullDereference(world: World, what: string, pointer: number, at: Place, of: Expression | null): never {
  const unset = pointer === 0 && of !== null ? unsetSource(world, world.frame, of) : null;
  if (unset !== null) {
    world.undecided.add(`nothing that is known sets ${unset}`);
    throw new Halt(`${what} is followed, and nothing that is known sets ${unset}`);
  }
  incident(
    world,
    'null-dereference',
    pointer === 0 ? `${what} is read through a NULL pointer` : `${what} is read through the error pointer ${pointer}`,
    at,
  );
  throw new Halt(`a NULL or error pointer is followed at ${what}`);
}

/** The pointer that an access follows: `p` of `p->f`, `*p` and `p[0]`. */
function pointerIn(access: Expression): Expression {
  if (access.kind === 'field' || access.kind === 'index') return access.base;
  return access.kind === 'unary' && access.operator === '*' ? access.operand : access;
}

/** The structure a pointer leads to; null when it leads to something unknown. */
export function follow(world: World, pointer: Value, what: Expression, at: Place): StructValue | null {
  if (typeof pointer === 'number') {
    if (pointer <= 0 && pointer >= -4095) nullDereference(world, textOf(what), pointer, at, pointerIn(what));
    return null;
  }
  const object = structOf(pointer);
  if (object !== null) checkLive(world, object, at);
  return object;
}

/** A field of a structure that is at hand. */
export function readField(world: World, object: StructValue, field: string): Value {
  const now = object.fields.get(field);
  if (now !== undefined) return now;
  const type = fieldType(world.set, object.type, field);
  if (isStructType(type)) return type.endsWith(']') ? fieldArray(object, field, type) : embedded(object, field, type);
  if (type.endsWith(']')) return fieldArray(object, field, type);
  if (object.fill === 'zero' || (object.fill === 'declared' && type !== '')) {
    unsetByAnyone(world, object, field);
    return 0;
  }
  const unknown = newUnknown(`${object.type.replace(/^struct /, '') || 'object'}.${field}`);
  object.fields.set(field, unknown);
  return unknown;
}

/** A line of a patch reads a field that only patches know and none of them sets: who sets it is out of sight. */
function unsetByAnyone(world: World, object: StructValue, field: string): void {
  if (world.muted || world.frame?.place.kind !== 'message') return;
  const struct = object.type.replace(/^(?:struct|union) /, '');
  if (isDesigned(world.set, struct, field)) return;
  if (!isWritten(world.set, struct, field)) world.undecided.add(`nothing that is known sets ${struct}.${field}`);
}

function fieldArray(object: StructValue, field: string, type: string): ArrayValue {
  const length = /\[(\d+)\]$/.exec(type)?.[1];
  const array = newArray(type.replace(/\s*\[[^\]]*\]$/, ''), length === undefined ? null : Number(length), object.fill);
  array.parent = object;
  object.fields.set(field, array);
  return array;
}

/** `pointer->field`. */
export function readThrough(world: World, pointer: Value, field: string, of: Expression, at: Place): Value {
  if (isUnknown(pointer)) return derive(pointer, `.${field}`, () => newUnknown(textOf(of)));
  const object = follow(world, pointer, of, at);
  return object === null ? newUnknown(textOf(of)) : readField(world, object, field);
}

/** The pointer to a field: the embedded structure or array where there is one, else the cell. */
export function fieldAddress(world: World, object: StructValue, field: string): Value {
  const now = object.fields.get(field);
  if (isStruct(now) && now.parent === object && now.member === field) return now;
  if (typeof now === 'object' && now.kind === 'array' && now.parent === object) return now;
  const type = fieldType(world.set, object.type, field);
  if (type.endsWith(']')) return fieldArray(object, field, type);
  if (isStructType(type)) return embedded(object, field, type);
  return cellAt(object.fields, field, type, object);
}

/** Writes a structure by content when `by value`, else the value itself. */
export function writeField(world: World, object: StructValue, field: string, value: Value, byValue: boolean): void {
  if (byValue && isStruct(value)) copyStruct(value, embedded(object, field, fieldType(world.set, object.type, field)));
  else object.fields.set(field, value);
}

/** Element of an array; embedded structures are made on first touch. */
export function readElement(world: World, array: ArrayValue, index: number): Value {
  void world;
  const now = array.items.get(index);
  if (now !== undefined) return now;
  if (isStructType(array.element)) return element(array, index);
  if (array.fill === 'zero') return 0;
  const unknown = newUnknown(`${array.element || 'element'}[${index}]`);
  array.items.set(index, unknown);
  return unknown;
}

/** The pointer to element `index`. */
export function elementAddress(array: ArrayValue, index: number): Value {
  const now = array.items.get(index);
  if (isStruct(now) && now.parent === array) return now;
  if (isStructType(array.element)) return element(array, index);
  return cellAt(array.items, index, array.element, array);
}

/** `*pointer`. */
export function dereference(world: World, pointer: Value, of: Expression, at: Place): Value {
  if (typeof pointer === 'number') {
    if (pointer <= 0 && pointer >= -4095) nullDereference(world, textOf(of), pointer, at, pointerIn(of));
    return newUnknown(textOf(of));
  }
  if (typeof pointer === 'string') return pointer.charCodeAt(0) || 0;
  switch (pointer.kind) {
    case 'struct':
      checkLive(world, pointer, at);
      return pointer;
    case 'array':
      checkLive(world, pointer, at);
      return readElement(world, pointer, 0);
    case 'cell': {
      if (pointer.owner !== null) checkLive(world, pointer.owner, at);
      const now = pointer.holder.get(pointer.key);
      if (now !== undefined) return now;
      if (pointer.owner?.fill === 'zero' || (pointer.owner?.fill === 'declared' && pointer.type !== '')) return 0;
      const unknown = newUnknown(textOf(of));
      pointer.holder.set(pointer.key, unknown);
      return unknown;
    }
    case 'user':
      return dereference(world, pointer.target, of, at);
    case 'function':
      return pointer;
    case 'unknown':
      return derive(pointer, '*', () => newUnknown(textOf(of)));
  }
}

/** `pointer + steps` for pointers; null when it is no pointer. */
export function step(pointer: Value, steps: number): Value | null {
  if (typeof pointer !== 'object') return null;
  if (pointer.kind === 'user') return { kind: 'user', target: pointer.target, offset: pointer.offset + steps };
  if (steps === 0) return pointer;
  if (pointer.kind === 'array') return elementAddress(pointer, steps);
  if (pointer.kind === 'struct' && pointer.parent?.kind === 'array')
    return elementAddress(pointer.parent, Number(pointer.member) + steps);
  if (pointer.kind === 'cell' && pointer.owner?.kind === 'array')
    return elementAddress(pointer.owner, Number(pointer.key) + steps);
  return null;
}

/** A structure's own array slot, for pointer differences. */
export function slot(pointer: Value): { readonly array: ArrayValue; readonly index: number } | null {
  if (typeof pointer !== 'object') return null;
  if (pointer.kind === 'array') return { array: pointer, index: 0 };
  if (pointer.kind === 'struct' && pointer.parent?.kind === 'array')
    return { array: pointer.parent, index: Number(pointer.member) };
  if (pointer.kind === 'cell' && pointer.owner?.kind === 'array')
    return { array: pointer.owner, index: Number(pointer.key) };
  return null;
}
