/**
 * Counters: atomic_t, refcount_t, struct kref. A count nobody set is 0 in zeroed memory for an atomic, and unknown for a
 * reference count, which somebody must have initialised out of sight.
 */
import type { Value } from '../values';
import { functionNamed, newUnknown } from '../values';
import type { Call, Primitive } from '../world';
import { incident } from '../world';

/** Where the number stands: the location itself, or the `counter` in the structure it holds. */
interface Slot {
  read(): Value | undefined;
  write(value: Value): void;
  readonly zeroed: boolean;
}

function slotOf(pointer: Value | undefined): Slot | null {
  if (typeof pointer !== 'object') return null;
  if (pointer.kind === 'struct') {
    const { fields, fill } = pointer;
    return {
      read: () => fields.get('counter'),
      write: (value) => fields.set('counter', value),
      zeroed: fill === 'zero',
    };
  }
  if (pointer.kind !== 'cell') return null;
  const inner = pointer.holder.get(pointer.key);
  if (typeof inner === 'object' && inner.kind === 'struct') return slotOf(inner);
  const { holder, key, owner } = pointer;
  return {
    read: () => holder.get(key),
    write: (value) => holder.set(key, value),
    zeroed: owner !== null && owner.fill === 'zero',
  };
}

function count(slot: Slot | null, references: boolean): number | null {
  if (slot === null) return null;
  const now = slot.read();
  if (typeof now === 'number') return now;
  return now === undefined && slot.zeroed && !references ? 0 : null;
}

const isReference = (name: string): boolean => name.startsWith('kref') || name.startsWith('refcount');

const counter =
  (change: (now: number, by: number) => number, result: (after: number, before: number) => number): Primitive =>
  (call) => {
    // atomic_add(i, v) and atomic_sub(i, v) name the counter last; all others first.
    const last = /^(atomic|refcount)_(add|sub)$/.test(call.name);
    const slot = slotOf(call.args[last ? 1 : 0]);
    const by = call.args[last ? 0 : 1];
    const before = count(slot, isReference(call.name));
    if (slot === null || before === null) return newUnknown(`${call.name}()`);
    const after = change(before, typeof by === 'number' ? by : 0);
    slot.write(after);
    return result(after, before);
  };

const set =
  (to: number | null): Primitive =>
  (call) => {
    slotOf(call.args[0])?.write(to ?? call.args[1] ?? 0);
    return 0;
  };

const read: Primitive = (call) => count(slotOf(call.args[0]), isReference(call.name)) ?? newUnknown(`${call.name}()`);

/** With the last reference the release function runs; the mutex, if any, is taken for it and left to it. */
function put(call: Call, mutex: Value | null): Value {
  const { world, at } = call;
  const [reference, release] = call.args;
  const slot = slotOf(reference);
  const before = count(slot, true);
  if (slot === null || before === null) return newUnknown(`${call.name}()`);
  if (before <= 0) incident(world, 'double-free', 'a reference is put more often than it was taken', at);
  slot.write(before - 1);
  if (before !== 1) return 0;
  if (mutex !== null) world.call(functionNamed('mutex_lock'), [mutex], at);
  if (release !== undefined) world.call(release, [reference ?? 0], at);
  return 1;
}

const increment = counter(
  (now) => now + 1,
  (after) => after,
);
const incrementUnlessZero = counter(
  (now) => (now === 0 ? 0 : now + 1),
  (_after, before) => (before === 0 ? 0 : 1),
);
const decrementAndTest = counter(
  (now) => now - 1,
  (after) => (after === 0 ? 1 : 0),
);

export const counters: Readonly<Record<string, Primitive>> = {
  atomic_read: read,
  atomic_set: set(null),
  atomic_inc: increment,
  atomic_dec: counter(
    (now) => now - 1,
    (after) => after,
  ),
  atomic_add: counter(
    (now, by) => now + by,
    (after) => after,
  ),
  atomic_sub: counter(
    (now, by) => now - by,
    (after) => after,
  ),
  atomic_inc_return: increment,
  atomic_dec_return: counter(
    (now) => now - 1,
    (after) => after,
  ),
  atomic_dec_and_test: decrementAndTest,
  atomic_inc_not_zero: incrementUnlessZero,
  refcount_read: read,
  refcount_set: set(null),
  refcount_inc: increment,
  refcount_inc_not_zero: incrementUnlessZero,
  refcount_dec: counter(
    (now) => now - 1,
    (after) => after,
  ),
  refcount_dec_and_test: decrementAndTest,
  kref_init: set(1),
  kref_get: increment,
  kref_get_unless_zero: incrementUnlessZero,
  kref_read: read,
  kref_put: (call) => put(call, null),
  kref_put_mutex: (call) => put(call, call.args[2] ?? null),
};
