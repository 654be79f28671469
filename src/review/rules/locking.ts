/** The locks a node takes and gives back, by the primitives' data. Knows nothing of paths. */
import type { Program, ProgramNode } from '../../code/types';
import { namesIn, print } from '../../code/walk';
import { argumentIndex, primitive } from '../../kernel/primitives';
import { type Doing, doings, named } from './calls';
import { rootOf } from './ownership';

export interface LockCall {
  /** Tells one lock from another within a function: what sort it is, and what names it. */
  readonly id: string;
  /** As a reader calls it: `&s->lock`, `rcu_read_lock`. */
  readonly shown: string;
  readonly takes: boolean;
  readonly name: string;
  readonly doing: Doing;
  /** `mutex`, `spinlock`, `rwlock`, `rwsem`, `semaphore`, `rcu`, `srcu`, `irqs_off`, `bh_off`, `preempt` … */
  readonly resource: string;
  /** What tells whether it was taken: how a try or an interruptible wait reports; null when it always is. */
  readonly asks: 'bool' | 'err' | null;
}

const GENERIC = /^(?:mutex|(?:raw_)?spin|read_(?:un)?lock|write_(?:un)?lock|down|up|mmap|bit_spin)/;

/** In order; `__acquires` wrappers and locks whose meaning depends on more than their call are not among them. */
export function lockCalls(node: ProgramNode): LockCall[] {
  return doings(node).flatMap((doing) => {
    const { name } = doing;
    const known = doing.direct ? primitive(name) : null;
    if (known === null || (known.kind !== 'lock' && known.kind !== 'unlock')) return [];
    const takes = known.kind === 'lock';
    const owner = takes ? known.acquires : known.releases;
    if (owner === null || owner.by === 'result') return [];
    const index = argumentIndex(owner.by);
    const arg = index === null ? undefined : doing.call.args[index];
    if (index !== null && arg === undefined) return [];
    const sort = GENERIC.test(name) ? owner.resource : takes ? (known.pairsWith[0] ?? name) : name;
    return [
      {
        id: index === null ? `${owner.resource}:${sort}` : `${sort}:${named(arg)}`,
        shown: arg === undefined ? (takes ? name : (known.pairsWith[0] ?? name)) : print(arg),
        takes,
        name,
        doing,
        resource: owner.resource,
        asks: !takes || known.fails.length === 0 ? null : known.returns === 'bool' ? 'bool' : 'err',
      },
    ];
  });
}

/** In which nothing may sleep. */
export const ATOMIC: ReadonlySet<string> = new Set(['spinlock', 'rwlock', 'rcu', 'irqs_off', 'bh_off', 'preempt']);

const LOCKISH =
  /lock|acquire|release|enter|leave|exit|begin|end|start|stop|(?:^|_)(?:up|down|get|put|drop|out|finish|done)(?:_|$)/i;

/** A question, whatever it asks about, `kvm_vm_has_started()`; or the power state of a device, `foo_rpm_get()`. */
const ASKS = /(?:^|_)(?:is|has|can|needs|supports|rpm|pm_runtime|power)_/;

/**
 * Locks that an unknown call may take or give back: those of what it is given, when its name says so. `programs` knows helpers
 * whose body is in sight: they do what they do.
 */
export function mayChangeLock(doing: Doing, id: string, programs: ReadonlyMap<string, Program>): boolean {
  if (doing.direct && primitive(doing.name) !== null) return false;
  const helper = doing.direct ? programs.get(doing.name) : undefined;
  if (helper !== undefined && helper.evidence !== 'fragment') {
    const sort = id.slice(0, id.indexOf(':'));
    return helper.nodes.some(
      (node) =>
        lockCalls(node).some((call) => call.id.startsWith(`${sort}:`)) ||
        doings(node).some((inner) => primitive(inner.name) === null && LOCKISH.test(inner.name)),
    );
  }
  if (!LOCKISH.test(doing.name) || ASKS.test(doing.name)) return false;
  const text = id.slice(id.indexOf(':') + 1);
  const root = rootOf(text);
  if (/lock/i.test(doing.name)) return true;
  return doing.call.args.length === 0 || doing.call.args.some((arg) => namesIn(arg).has(root));
}
