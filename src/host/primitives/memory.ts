/** Allocation and freeing, with what goes wrong: double free, use after free. Fallible: the chooser may make an allocation fail. */
import type { Expression } from '../../code/types';
import { isStructType, sizeOf } from '../layout';
import { checkLive } from '../memory-access';
import { textOf, typeOf } from '../static-types';
import type { ArrayValue, StructValue, Value } from '../values';
import { copyArray, copyStruct, isStruct, newArray, newStruct, show } from '../values';
import type { Call, Primitive } from '../world';
import { incident, injected } from '../world';

/** The element type that a size is computed from, and whether the size is that of several. */
function sizedType(call: Call, size: Expression | undefined): { readonly type: string; readonly several: boolean } {
  if (size === undefined) return { type: '', several: false };
  switch (size.kind) {
    case 'sizeof': {
      const operand = size.operand;
      const type = size.type ?? (operand && call.frame ? typeOf(call.world.set, call.frame.types, operand) : '');
      return { type, several: false };
    }
    case 'binary': {
      const left = sizedType(call, size.left);
      const right = sizedType(call, size.right);
      const type = left.type || right.type;
      return { type, several: size.operator === '*' && type !== '' };
    }
    case 'call': {
      for (const arg of size.args) {
        const inner = sizedType(call, arg);
        if (inner.type !== '')
          return { type: inner.type, several: textOf(size.target) === 'array_size' || inner.several };
      }
      return { type: '', several: false };
    }
    case 'cast':
      return sizedType(call, size.operand);
    default:
      return { type: '', several: false };
  }
}

export function allocate(call: Call, type: string, length: number | null, several: boolean, zeroed: boolean): Value {
  const fill = zeroed ? 'zero' : 'unknown';
  const plain = type.replace(/^const /, '');
  const made =
    several || (plain !== '' && !isStructType(plain))
      ? newArray(plain, length, fill, true)
      : newStruct(plain, fill, true);
  call.world.live.add(made);
  return made;
}

/** k[zm]alloc(size, gfp). */
const single =
  (zeroed: boolean): Primitive =>
  (call) => {
    if (injected(call) !== null) return 0;
    const { type, several } = sizedType(call, call.expressions[0]);
    const bytes = call.args[0];
    const length =
      several && typeof bytes === 'number' ? Math.max(0, Math.floor(bytes / sizeOf(call.world.set, type))) : null;
    return allocate(call, type, length, several, zeroed);
  };

/** k[cm]alloc_array(n, size, gfp). */
const several =
  (zeroed: boolean): Primitive =>
  (call) => {
    if (injected(call) !== null) return 0;
    const { type } = sizedType(call, call.expressions[1]);
    const length = call.args[0];
    return allocate(call, type, typeof length === 'number' ? length : null, true, zeroed);
  };

function ownerOf(value: Value | undefined): StructValue | ArrayValue | null {
  if (typeof value !== 'object') return null;
  if (value.kind === 'struct')
    return value.parent?.kind === 'array' && value.member === 0 && value.parent.heap ? value.parent : value;
  if (value.kind === 'array') return value;
  return null;
}

export const free: Primitive = (call) => {
  const object = ownerOf(call.args[0]);
  if (object === null) return 0;
  if (object.freed !== null) {
    incident(call.world, 'double-free', `${show(object)} is freed a second time`, call.at);
    return 0;
  }
  call.world.live.delete(object);
  object.freed = call.at;
  return 0;
};

const duplicateMemory: Primitive = (call) => {
  if (injected(call) !== null) return 0;
  const from = call.args[0];
  if (isStruct(from)) {
    checkLive(call.world, from, call.at);
    const made = newStruct(from.type, from.fill, true);
    copyStruct(from, made);
    call.world.live.add(made);
    return made;
  }
  if (typeof from === 'object' && from.kind === 'array') {
    const made = copyArray(from);
    made.heap = true;
    call.world.live.add(made);
    return made;
  }
  return typeof from === 'string' ? from : newStruct('', 'unknown', true);
};

const set: Primitive = (call) => {
  const into = call.args[0];
  if (isStruct(into)) {
    checkLive(call.world, into, call.at);
    clear(into);
  } else if (typeof into === 'object' && into.kind === 'array') into.items.clear();
  return into ?? 0;
};

function clear(into: StructValue): void {
  for (const [key, value] of into.fields) {
    if (isStruct(value) && value.parent === into) clear(value);
    else if (typeof value === 'object' && value.kind === 'array' && value.parent === into) value.items.clear();
    else into.fields.set(key, 0);
  }
  into.fill = 'zero';
}

const copy: Primitive = (call) => {
  const [into, from] = call.args;
  if (isStruct(into) && isStruct(from)) copyStruct(from, into);
  else if (typeof into === 'object' && typeof from === 'object' && into.kind === 'array' && from.kind === 'array')
    for (const [key, value] of copyArray(from).items) into.items.set(key, value);
  return into ?? 0;
};

/** A string made on the heap. */
const print: Primitive = (call) => {
  if (injected(call) !== null) return 0;
  return allocate(call, 'struct string', null, false, true);
};

export const memory: Readonly<Record<string, Primitive>> = {
  kzalloc: single(true),
  kmalloc: single(false),
  vzalloc: single(true),
  vmalloc: single(false),
  kvzalloc: single(true),
  kvmalloc: single(false),
  kzalloc_node: single(true),
  kcalloc: several(true),
  kmalloc_array: several(false),
  kvcalloc: several(true),
  kmem_cache_alloc: (call) => (injected(call) !== null ? 0 : allocate(call, '', null, false, false)),
  kmem_cache_zalloc: (call) => (injected(call) !== null ? 0 : allocate(call, '', null, false, true)),
  kfree: free,
  kvfree: free,
  vfree: free,
  kfree_sensitive: free,
  kmem_cache_free: (call) => free({ ...call, args: call.args.slice(1) }),
  kfree_rcu: free,
  krealloc: (call) => call.args[0] ?? 0,
  kmemdup: duplicateMemory,
  kstrdup: duplicateMemory,
  kasprintf: print,
  memset: set,
  memcpy: copy,
  memmove: copy,
  memcmp: () => 0,
};
