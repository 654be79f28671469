/**
 * Where expressions stand: what `.`, `[]`, `&` and `=` reach. In: an expression and its frame. Out: a structure, a pointer, or a
 * value written there.
 */
import type { Expression } from '../code/types';
import { convert } from './conversion';
import { globalNamed, readName } from './globals';
import { fieldType } from './layout';
import { checkLive, dereference, elementAddress, fieldAddress, follow, readElement, step } from './memory-access';
import { keyFor } from './names';
import { textOf, typeOf } from './static-types';
import type { StructValue, Value } from './values';
import {
  cellAt,
  copyStruct,
  derive,
  element,
  embedded,
  isStruct,
  isUnknown,
  newArray,
  newStruct,
  newUnknown,
  structOf,
} from './values';
import type { Frame, World } from './world';

export function readIndex(world: World, frame: Frame, of: Extract<Expression, { kind: 'index' }>): Value {
  const base = arrayBase(world, frame, of.base);
  const index = world.evaluate(frame, of.index);
  if (isUnknown(base) || typeof index !== 'number') return newUnknown(textOf(of));
  if (typeof base === 'number') return dereference(world, base, of, frame.place);
  if (typeof base === 'string') return base.charCodeAt(index) || 0;
  if (base.kind === 'array') {
    checkLive(world, base, frame.place);
    return readElement(world, base, index);
  }
  if (index === 0) return dereference(world, base, of, frame.place);
  const at = step(base, index);
  return at === null ? newUnknown(textOf(of)) : dereference(world, at, of, frame.place);
}

/** What is indexed: a pointer's value, or an array that lies where the expression stands. */
function arrayBase(world: World, frame: Frame, of: Expression): Value {
  const value = world.evaluate(frame, of);
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
  const base = of.arrow ? world.evaluate(frame, of.base) : aggregate(world, frame, of.base);
  if (isUnknown(base)) return null;
  return follow(world, base, of, frame.place);
}

/** The structure that stands where an expression stands, for `.` and for copies: made on first touch. */
export function aggregate(world: World, frame: Frame, of: Expression): Value {
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
      const index = world.evaluate(frame, of.index);
      if (typeof index !== 'number') return newUnknown(textOf(of));
      if (typeof base === 'object' && base.kind === 'array') {
        checkLive(world, base, frame.place);
        const now = base.items.get(index);
        return isStruct(now) ? now : element(base, index);
      }
      if (typeof base === 'number') return dereference(world, base, of, frame.place);
      return step(base, index) ?? newUnknown(textOf(of));
    }
    default: {
      const value = world.evaluate(frame, of);
      return value;
    }
  }
}

/** `&expression`. */
export function addressOf(world: World, frame: Frame, of: Expression): Value {
  switch (of.kind) {
    case 'name': {
      if (frame.types.has(of.name) || frame.locals.has(of.name)) {
        const now = frame.locals.get(of.name);
        const type = frame.types.get(of.name) ?? '';
        if (!type.includes('*') && typeof now === 'object' && (now.kind === 'struct' || now.kind === 'array'))
          return now;
        return cellAt(frame.locals, of.name, type, null);
      }
      const now = globalNamed(world, keyFor(world.set, of.name, frame.program.file));
      if (typeof now === 'object' && (now.kind === 'struct' || now.kind === 'array' || now.kind === 'function'))
        return now;
      if (isUnknown(now) && !world.set.globals?.has(of.name)) {
        const made = newStruct('', 'zero');
        world.globals.set(of.name, made);
        return made;
      }
      return cellAt(
        world.globals as Map<string | number, Value>,
        of.name,
        world.set.globals?.get(of.name)?.variable.type ?? '',
        null,
      );
    }
    case 'field': {
      const owner = ownerOf(world, frame, of);
      return owner === null ? newUnknown(`&${textOf(of)}`) : fieldAddress(world, owner, of.field);
    }
    case 'index': {
      const base = arrayBase(world, frame, of.base);
      const index = world.evaluate(frame, of.index);
      if (typeof index !== 'number') return newUnknown(`&${textOf(of)}`);
      if (typeof base === 'object' && base.kind === 'array') return elementAddress(base, index);
      return step(base, index) ?? newUnknown(`&${textOf(of)}`);
    }
    case 'unary':
      if (of.operator === '*') return world.evaluate(frame, of.operand);
      break;
    default:
      break;
  }
  const value = world.evaluate(frame, of);
  return typeof value === 'object' ? value : newUnknown(`&${textOf(of)}`);
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
      const index = world.evaluate(frame, target.index);
      if (typeof index !== 'number' || isUnknown(base)) return value;
      if (typeof base === 'number') return dereference(world, base, target, frame.place);
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
      if (target.operator === '*') storeThrough(world, frame, world.evaluate(frame, target.operand), value, target);
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
    dereference(world, pointer, target, frame.place);
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
