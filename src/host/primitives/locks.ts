/** Locks and atomic context: who is held, what forbids sleeping, what is released without being held. */
import { primitive } from '../../kernel/primitives';
import { textOf } from '../static-types';
import type { Value } from '../values';
import { structOf } from '../values';
import type { Call, Primitive } from '../world';
import { incident, injected, mightSleep } from '../world';

function lockName(call: Call): string {
  const of = call.expressions[0];
  return of ? textOf(of).replace(/^&/, '') : 'a lock';
}

/** The interpreter has asked already where the kernel's facts know the function. */
function sleepUnlessKnown(call: Call): void {
  if (primitive(call.name) === null) mightSleep(call);
}

/** A lock is its location: the embedded structure or the cell, whichever the program names. */
function identity(value: Value | undefined): Value {
  if (typeof value === 'object' && value.kind === 'cell') {
    const inner = value.holder.get(value.key);
    return typeof inner === 'object' && inner.kind === 'struct' && inner.parent !== null ? inner : value;
  }
  return value ?? 0;
}

const take =
  (spinning: boolean, irqsOff: boolean): Primitive =>
  (call) => {
    if (!spinning) sleepUnlessKnown(call);
    const lock = identity(call.args[0]);
    call.world.locks.push({ lock, name: lockName(call), spinning, irqsOff, at: call.at });
    return 0;
  };

const give: Primitive = (call) => {
  const { locks } = call.world;
  const lock = identity(call.args[0]);
  for (let i = locks.length - 1; i >= 0; i--) {
    if (locks[i]?.lock === lock) {
      locks.splice(i, 1);
      return 0;
    }
  }
  if (typeof lock === 'object' && lock.kind !== 'unknown')
    incident(call.world, 'unlock-not-held', `${lockName(call)} is unlocked but not held`, call.at);
  return 0;
};

const tryTake =
  (spinning: boolean): Primitive =>
  (call) => {
    if (injected(call) !== null) return 0;
    take(spinning, false)(call);
    return 1;
  };

const interruptible: Primitive = (call) => {
  const failed = injected(call);
  if (failed !== null) return failed || -4;
  return take(false, false)(call);
};

const deepen: Primitive = (call) => {
  call.world.atomic += 1;
  return 0;
};

const ease: Primitive = (call) => {
  if (call.world.atomic > 0) call.world.atomic -= 1;
  return 0;
};

const none: Primitive = () => 0;

const initialise: Primitive = (call) => {
  structOf(call.args[0]);
  return 0;
};

const pairs: Record<string, Primitive> = {};
for (const kind of ['spin', 'raw_spin', 'read', 'write']) {
  for (const suffix of ['', '_irq', '_irqsave', '_bh', '_nested', '_irqsave_nested']) {
    pairs[`${kind}_lock${suffix}`] = take(true, suffix.includes('irq'));
  }
  for (const suffix of ['', '_irq', '_irqrestore', '_bh']) pairs[`${kind}_unlock${suffix}`] = give;
  pairs[`${kind}_trylock`] = tryTake(true);
}

export const locks: Readonly<Record<string, Primitive>> = {
  ...pairs,
  mutex_init: initialise,
  spin_lock_init: none,
  raw_spin_lock_init: none,
  rwlock_init: none,
  init_rwsem: initialise,
  mutex_lock: take(false, false),
  mutex_lock_nested: take(false, false),
  mutex_lock_interruptible: interruptible,
  mutex_lock_killable: interruptible,
  mutex_trylock: tryTake(false),
  mutex_unlock: give,
  mutex_is_locked: (call) => (call.world.locks.some((held) => held.lock === identity(call.args[0])) ? 1 : 0),
  down_read: take(false, false),
  down_write: take(false, false),
  down_write_killable: interruptible,
  up_read: give,
  up_write: give,
  down: take(false, false),
  up: give,
  rcu_read_lock: deepen,
  rcu_read_unlock: ease,
  local_irq_disable: deepen,
  local_irq_enable: ease,
  local_irq_save: deepen,
  local_irq_restore: ease,
  preempt_disable: deepen,
  preempt_enable: ease,
  get_cpu: (call) => deepen(call),
  put_cpu: ease,
  might_sleep: (call) => {
    sleepUnlessKnown(call);
    return 0;
  },
  msleep: (call) => {
    sleepUnlessKnown(call);
    return 0;
  },
  in_interrupt: () => 0,
  in_atomic: (call) => (call.world.atomic > 0 || call.world.locks.some((held) => held.spinning) ? 1 : 0),
  irqs_disabled: (call) => (call.world.locks.some((held) => held.irqsOff) ? 1 : 0),
};
