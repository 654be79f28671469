/**
 * An object that a lock keeps alive, used when the lock is given back. In: one function after the patch, and before it. Out: pointers
 * found under a lock and used behind it without a reference of their own.
 */
import type { Program, ProgramNode } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { USED_PAST_UNLOCK } from '../catalog-lifetime';
import { type Doing, doings, named, readsPlace, written } from './calls';
import { explore } from './explore';
import { type Held, heldBy } from './held-locks';
import { declaredTypes } from './integer-types';
import { lockCalls } from './locking';
import { touched } from './reads';
import type { PathRule, RuleHit } from './types';

/** Finds an object that somebody else owns. A name that speaks of a reference gives one. */
const FINDS = /(?:^|_)(?:find|lookup|look_up|resolve|search|locate)(?:_|$)/;
const DEREFERENCES = /^s?rcu_dereference(?:_check|_protected|_bh|_sched)?$/;
const REFERS = /(?:^|_)(?:get|ref|kref|hold|grab|tryget|pin|inc|take)(?:_|$)/;
/** Tells of a pointer without following it. */
const TELLS = /^(?:pr_\w+|dev_\w+|printk\w*|trace_\w+|WARN\w*|IS_ERR\w*|PTR_ERR\w*|ERR_\w+|(?:un)?likely)$/;
const KEEPS = /^(?:mutex|spinlock|rwsem|rwlock|rcu|srcu)$/;

interface Found {
  readonly name: string;
  readonly by: string;
  readonly at: Place;
  /** The lock it was found under. */
  readonly lock: Held;
  /** Where the lock is given back; null while it is held. */
  readonly dropped: Place | null;
  readonly rcu: boolean;
}

/** The pointer that a call finds: its result, or what it stores through `&p`. */
function finds(doing: Doing, program: Program): { readonly name: string; readonly rcu: boolean } | null {
  if (!doing.direct) return null;
  const rcu = DEREFERENCES.test(doing.name);
  if (!rcu && (!FINDS.test(doing.name) || REFERS.test(doing.name))) return null;
  const types = declaredTypes(program);
  const isPointer = (name: string): boolean => /^(?:const )?struct \w+ \*$/.test(types.get(name) ?? '');
  if (doing.into?.kind === 'name' && isPointer(doing.into.name)) return { name: doing.into.name, rcu };
  for (const arg of doing.call.args) {
    const bare = withoutCasts(arg);
    if (bare.kind === 'unary' && bare.operator === '&' && bare.operand.kind === 'name' && isPointer(bare.operand.name))
      return { name: bare.operand.name, rcu };
  }
  return null;
}

/** Reads through the pointer, or hands it to a function that may. */
function uses(node: ProgramNode, name: string): boolean {
  if (touched(node).has(name)) return true;
  return doings(node).some(
    (doing) => !TELLS.test(doing.name) && doing.call.args.some((arg) => print(withoutCasts(arg)) === name),
  );
}

/** A pointer found under a lock and used behind it: under RCU always, under another lock where the patch took the use out of it. */
export const pastUnlockRule: PathRule = (program, { before }) => {
  if (!program.nodes.some((node) => lockCalls(node).length > 0)) return [];
  if (!program.nodes.some((node) => doings(node).some((doing) => finds(doing, program) !== null))) return [];
  const was = before?.() ?? null;
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<{ readonly held: readonly Held[]; readonly found: readonly Found[] }>(program, {
    initial: { held: [], found: [] },
    key: ({ held, found }) =>
      `${held.map((one) => one.id).join()}|${found.map((one) => `${one.name}${one.dropped === null ? '' : '!'}`).join()}`,
    unseen: () => ({ held: [], found: [] }),
    step({ held, found }, node) {
      // By plain calls alone: what a helper might do to the lock changes nothing of where the function gives it back.
      let now = held;
      for (const call of lockCalls(node)) {
        now = now.filter((one) => one.id !== call.id);
        if (call.takes) now = [...now, heldBy(call)];
      }
      for (const one of found)
        if (one.dropped !== null && now.length === 0 && uses(node, one.name)) report(one, node.at);
      const writes = written(node);
      let left = found.filter((one) => !writes.includes(one.name));
      for (const doing of doings(node)) {
        const given = (one: Found): boolean => doing.call.args.some((arg) => readsPlace(named(arg), one.name));
        // Under the lock it may have been taken out, or got a reference; behind it a reference comes too late for nothing else.
        left = left.filter(
          (one) => !given(one) || TELLS.test(doing.name) || (one.dropped !== null && !REFERS.test(doing.name)),
        );
      }
      const gone = held.filter((one) => !now.some((other) => other.id === one.id));
      left = left.map((one) =>
        one.dropped === null && gone.some((lock) => lock.id === one.lock.id) ? { ...one, dropped: node.at } : one,
      );
      for (const doing of doings(node)) {
        const one = finds(doing, program);
        const lock = now.filter((each) => KEEPS.test(each.resource) && held.includes(each));
        if (one === null || lock.length !== 1 || lock[0] === undefined) continue;
        left = [
          ...left.filter((each) => each.name !== one.name),
          { ...one, by: doing.name, at: doing.call.at, lock: lock[0], dropped: null },
        ];
      }
      return { held: now, found: left };
    },
  });
  return complete ? hits : [];

  function report(one: Found, at: Place): void {
    // What is no RCU pointer may live without the lock: the function as it was has to show that nobody used it there.
    const kept =
      was?.nodes.some((node) => lockCalls(node).some((call) => !call.takes && call.id === one.lock.id)) &&
      !was.nodes.some((node) => doings(node).some((doing) => doing.name === one.by));
    if ((!one.rcu && !kept) || one.dropped === null || seen.has(one.name)) return;
    seen.add(one.name);
    hits.push({
      rule: USED_PAST_UNLOCK,
      at,
      message: `${one.name} is used here, and ${one.lock.shown} under which ${one.by}() found it is given back`,
      key: `${one.name}|${one.by}`,
      why: [
        { text: 'nothing takes a reference while the lock is held, so it may be freed meanwhile', reference: null },
      ],
      related: [
        { at: one.at, message: 'found here' },
        { at: one.dropped, message: 'the lock is given back here' },
      ],
    });
  }
};
