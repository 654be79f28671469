/**
 * What a kernel program's expressions evaluate to. NULL is 0 and ERR_PTR(e) is the negative errno itself, as in C.
 * A pointer to a structure is the structure's reference; a pointer to anything else is a cell.
 * 64-bit values are two's complement: what lies at or above 2^63 is held as a negative number.
 */
import type { Place } from '../place';

export type Value = number | string | StructValue | ArrayValue | CellValue | FunctionValue | UserValue | UnknownValue;

/** Where values are kept: locals of a frame, fields of a structure, elements of an array. */
export interface Holder extends Map<string | number, Value> {
  /** Pointers to what it holds, by key; absent while there is none. */
  cells?: Map<string | number, CellValue>;
}

/** What an unset field reads as: zeroed memory; memory of unknown content; zero for fields whose declaration is in sight, else unknown. */
export type Fill = 'zero' | 'unknown' | 'declared';

export interface StructValue {
  readonly kind: 'struct';
  /** `struct vfio_dma`; empty when nobody said. */
  type: string;
  readonly fields: Holder;
  fill: Fill;
  /** The structure or array this one is embedded in, for container_of and pointer steps. */
  parent: StructValue | ArrayValue | null;
  member: string | number;
  /** Where it was freed, or null while it lives. */
  freed: Place | null;
  heap: boolean;
  /** Of the cursor of a walk that ran to its end: which of its fields is the list's head in truth. */
  beyond?: { readonly field: string; readonly head: StructValue };
}

export interface ArrayValue {
  readonly kind: 'array';
  /** Element type as written; empty when nobody said. */
  element: string;
  readonly items: Holder;
  /** Number of elements; null when unknown. */
  length: number | null;
  readonly fill: Fill;
  parent: StructValue | null;
  freed: Place | null;
  heap: boolean;
}

/** `&x` of a scalar. One per location: two equal pointers are the same object. */
export interface CellValue {
  readonly kind: 'cell';
  readonly holder: Holder;
  readonly key: string | number;
  /** Declared type of what is pointed to; empty when unknown. */
  readonly type: string;
  readonly owner: StructValue | ArrayValue | null;
}

export interface FunctionValue {
  readonly kind: 'function';
  readonly name: string;
}

/** A pointer into user memory, `offset` bytes behind the start of `target`. */
export interface UserValue {
  readonly kind: 'user';
  readonly target: StructValue | ArrayValue;
  readonly offset: number;
}

export interface UnknownValue {
  readonly kind: 'unknown';
  readonly text: string;
  /** What a test of this value said; null until somebody asks. */
  truth: boolean | null;
  /** The value this one is the negation of. */
  readonly not: UnknownValue | null;
  /** Comparisons and fields already asked for, so that the same question has the same answer. */
  derived: Map<string, Value> | null;
  /** Set when truth of this value implies truth of another (`u < 0` implies `u`). */
  readonly implies: UnknownValue | null;
}

export function newStruct(type: string, fill: Fill, heap = false): StructValue {
  return { kind: 'struct', type, fields: new Map(), fill, parent: null, member: '', freed: null, heap };
}

export function newArray(element: string, length: number | null, fill: Fill, heap = false): ArrayValue {
  return { kind: 'array', element, items: new Map(), length, fill, parent: null, freed: null, heap };
}

export function newUnknown(
  text: string,
  not: UnknownValue | null = null,
  implies: UnknownValue | null = null,
): UnknownValue {
  return { kind: 'unknown', text, truth: null, not, derived: null, implies };
}

const functions = new Map<string, FunctionValue>();

/** The one reference to a function of that name. */
export function functionNamed(name: string): FunctionValue {
  let found = functions.get(name);
  if (!found) {
    found = { kind: 'function', name };
    functions.set(name, found);
  }
  return found;
}

/** The one pointer to a location. */
export function cellAt(
  holder: Holder,
  key: string | number,
  type: string,
  owner: StructValue | ArrayValue | null,
): CellValue {
  holder.cells ??= new Map();
  const of = holder.cells;
  let cell = of.get(key);
  if (!cell) {
    cell = { kind: 'cell', holder, key, type, owner };
    of.set(key, cell);
  }
  return cell;
}

export function isUnknown(value: Value | undefined): value is UnknownValue {
  return typeof value === 'object' && value.kind === 'unknown';
}

export function isStruct(value: Value | undefined): value is StructValue {
  return typeof value === 'object' && value.kind === 'struct';
}

/** A derived value of an unknown one, the same for the same key. */
export function derive(of: UnknownValue, key: string, make: () => Value): Value {
  of.derived ??= new Map();
  let value = of.derived.get(key);
  if (value === undefined) {
    value = make();
    of.derived.set(key, value);
  }
  return value;
}

/** The structure embedded in a structure's field, made when it was not touched before. */
export function embedded(owner: StructValue, field: string, type = ''): StructValue {
  const now = owner.fields.get(field);
  if (isStruct(now) && now.parent === owner && now.member === field) return now;
  if (owner.beyond?.field === field) return owner.beyond.head;
  const made = newStruct(type, owner.fill);
  made.parent = owner;
  made.member = field;
  owner.fields.set(field, made);
  return made;
}

/** The structure that is element `index` of an array, made when it was not touched before. */
export function element(array: ArrayValue, index: number): StructValue {
  const now = array.items.get(index);
  if (isStruct(now) && now.parent === array) return now;
  const made = newStruct(array.element, array.fill);
  made.parent = array;
  made.member = index;
  array.items.set(index, made);
  return made;
}

/** The structure a pointer leads to; null for NULL, numbers, functions and the unknown. A pointer to an untouched location makes one there. */
export function structOf(value: Value | undefined): StructValue | null {
  if (typeof value !== 'object') return null;
  if (value.kind === 'struct') return value;
  if (value.kind === 'array') return element(value, 0);
  if (value.kind === 'user') return structOf(value.target);
  if (value.kind === 'cell') {
    const inner = value.holder.get(value.key);
    if (isStruct(inner)) return inner;
    if (inner !== undefined && inner !== 0 && !isUnknown(inner)) return null;
    if (value.owner?.kind === 'struct') return embedded(value.owner, String(value.key));
    if (value.owner?.kind === 'array' && typeof value.key === 'number') return element(value.owner, value.key);
    const made = newStruct(value.type, 'unknown');
    value.holder.set(value.key, made);
    return made;
  }
  return null;
}

/** Copies the content of one structure into another, embedded structures and arrays by content, pointers by reference. */
export function copyStruct(from: StructValue, to: StructValue): void {
  if (from === to) return;
  to.fields.clear();
  if (!to.type) to.type = from.type;
  for (const [key, value] of from.fields) {
    if (isStruct(value) && value.parent === from) {
      const inner = newStruct(value.type, value.fill);
      inner.parent = to;
      inner.member = key;
      to.fields.set(key, inner);
      copyStruct(value, inner);
    } else if (typeof value === 'object' && value.kind === 'array' && value.parent === from) {
      const inner = copyArray(value);
      inner.parent = to;
      to.fields.set(key, inner);
    } else to.fields.set(key, value);
  }
}

/** A new array with the same content. */
export function copyArray(from: ArrayValue, offset = 0): ArrayValue {
  const to = newArray(from.element, from.length === null ? null : Math.max(0, from.length - offset), from.fill);
  for (const [key, value] of from.items) {
    const index = Number(key) - offset;
    if (index < 0) continue;
    if (isStruct(value) && value.parent === from) copyStruct(value, element(to, index));
    else to.items.set(index, value);
  }
  return to;
}

/** A duplicate with the same content, not embedded anywhere. */
export function duplicate(from: StructValue): StructValue {
  const to = newStruct(from.type, from.fill);
  copyStruct(from, to);
  return to;
}

/** For messages: what a value looks like. */
export function show(value: Value | undefined): string {
  if (value === undefined) return '?';
  if (typeof value === 'number') return Math.abs(value) < 4096 ? String(value) : hex(value);
  if (typeof value === 'string') return JSON.stringify(value);
  switch (value.kind) {
    case 'struct':
      return value.type || 'a structure';
    case 'array':
      return `${value.element || 'array'}[]`;
    case 'cell':
      return `&${value.key}`;
    case 'function':
      return value.name;
    case 'user':
      return 'user memory';
    case 'unknown':
      return value.text;
  }
}

/** `0x8020040`; negative values are the upper half of 64 bits. */
export function hex(value: number): string {
  return value < 0 ? `0x${(BigInt(value) + (1n << 64n)).toString(16)}` : `0x${value.toString(16)}`;
}
