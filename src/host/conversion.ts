/**
 * What a value becomes where it is stored: wrapped by the type of the place, or copied by content. In: a value, and the type or
 * expression it comes from.
 */
import type { Expression } from '../code/types';
import { integerType, wrap } from './integers';
import { isStructType, pointee } from './layout';
import { typeOf } from './static-types';
import type { StructValue, Value } from './values';
import { isStruct } from './values';
import type { Frame, World } from './world';

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

/** Does an expression stand for a structure itself rather than for a pointer to one? */
export function standsForStruct(world: World, frame: Frame, of: Expression, value: Value): boolean {
  if (!isStruct(value)) return false;
  switch (of.kind) {
    case 'name':
      return isStructType(frame.types.get(of.name) ?? '');
    case 'field':
      return (
        value.parent !== null &&
        value.member === of.field &&
        typeof value.parent === 'object' &&
        value.parent.kind === 'struct'
      );
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
