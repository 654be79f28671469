/** The kernel's extensible array (include/linux/xarray.h): values by number, kept beside the structure that stands for it. */
import type { StructValue, Value } from '../values';
import { newUnknown, structOf } from '../values';
import type { Call, Primitive } from '../world';
import { injected } from '../world';

const EBUSY = -16;
const ENOMEM = -12;

const contents = new WeakMap<StructValue, Map<number, Value>>();

/** What an array holds, by index in ascending order; null when the value is no structure. */
export function entriesOf(array: Value | undefined): [number, Value][] | null {
  const object = structOf(array);
  if (object === null) return null;
  return [...(contents.get(object) ?? [])].sort(([a], [b]) => a - b);
}

function slots(call: Call): Map<number, Value> | null {
  const object = structOf(call.args[0]);
  if (object === null) return null;
  let held = contents.get(object);
  if (!held) {
    held = new Map();
    contents.set(object, held);
  }
  return held;
}

const at = (call: Call): number | null => (typeof call.args[1] === 'number' ? call.args[1] : null);

const insert: Primitive = (call) => {
  const held = slots(call);
  const index = at(call);
  if (held === null || index === null) return newUnknown(`${call.name}()`);
  const failed = injected(call);
  if (failed !== null) return failed || ENOMEM;
  if (call.name === 'xa_insert' && held.has(index)) return EBUSY;
  held.set(index, call.args[2] ?? 0);
  return 0;
};

export const xarray: Readonly<Record<string, Primitive>> = {
  xa_init: (call) => {
    slots(call)?.clear();
    return 0;
  },
  xa_load: (call) => {
    const held = slots(call);
    const index = at(call);
    return held === null || index === null ? newUnknown('xa_load()') : (held.get(index) ?? 0);
  },
  xa_insert: insert,
  xa_store: insert,
  xa_erase: (call) => {
    const held = slots(call);
    const index = at(call);
    if (held === null || index === null) return newUnknown('xa_erase()');
    const old = held.get(index) ?? 0;
    held.delete(index);
    return old;
  },
  xa_empty: (call) => (slots(call)?.size === 0 ? 1 : 0),
  xa_destroy: (call) => {
    slots(call)?.clear();
    return 0;
  },
};
