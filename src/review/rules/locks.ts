import type { Program, ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import type { Place } from '../../place';
import { LOCK_HELD, LOCK_TWICE, UNLOCK_UNHELD } from '../catalog-lifetime';
import { doings, readsPlace, written } from './calls';
import { says } from './conditions';
import { exitText } from './exits';
import { explore, lastTurn, type Trail } from './explore';
import { nodesInLoops } from './flow';
import { type LockCall, lockCalls, mayChangeLock } from './locking';
import type { PathRule, RuleHit } from './types';

/** A line of a mail or of the kernel that takes or gives back the lock. */
const shows = (node: ProgramNode, id: string): boolean =>
  node.at.kind !== 'design' && lockCalls(node).some((call) => call.id === id);

interface LockState {
  readonly id: string;
  readonly shown: string;
  /** `given`: given back though this function never took it: the caller's. `lost`: nobody can tell. */
  readonly is: 'held' | 'free' | 'given' | 'lost';
  readonly at: Place;
  readonly node: number;
  readonly name: string;
  /** The variable that will tell whether it was taken. */
  readonly result: string | null;
  readonly asks: LockCall['asks'];
}

interface State {
  readonly locks: readonly LockState[];
  /** Lines out of sight lie behind: what was not touched since may be held. */
  readonly blind: boolean;
}

/** Taking one of these twice deadlocks; readers may come twice, and contexts nest. */
const EXCLUSIVE = /^(?:mutex|spinlock)$/;

/** Functions whose name says that they leave a lock behind. */
const LEAVES_LOCKED =
  /lock|begin|start|enter|get|acquire|down|prepare|suspend|freeze|quiesce|pause|open|block|hold|take|claim|disable|seq|mask|setup|stop|save|init|fault|wait/i;

/** One way out: what it returns, and the locks it keeps. */
interface End {
  readonly told: string;
  readonly held: ReadonlySet<string>;
}

/** Does a truth value tell the caller whether the lock is kept: `true` on each way that keeps it, `false` on each other, or the reverse? */
function toldByResult({ returns }: Program, ends: readonly End[], lock: string): boolean {
  if (returns !== 'bool') return false;
  const [kept, free] = [true, false].map(
    (held) => new Set(ends.flatMap((one) => (one.held.has(lock) === held ? [one.told.replace(/^return\s*/, '')] : []))),
  );
  const [keeping, without] = [[...(kept ?? [])], [...(free ?? [])]];
  return (
    keeping.length === 1 &&
    without.length === 1 &&
    keeping[0] !== without[0] &&
    [...keeping, ...without].every((value) => /^(?:true|false)$/.test(value))
  );
}

/** A lock held at an exit, taken twice, or given back without being held. */
export const lockRule: PathRule = (program, { programs, before }) => {
  if (!program.nodes.some((node) => lockCalls(node).length > 0)) return [];
  const loops = nodesInLoops(program);
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const exits: {
    readonly lock: LockState;
    readonly exit: Exit;
    readonly index: number;
    readonly trail: Trail | null;
  }[] = [];
  const ends: End[] = [];
  /** For each unlock: a way that comes with the lock held, and one that comes without. */
  const unlocks = new Map<
    string,
    { held: boolean; bare: { node: number; trail: Trail | null } | null; call: LockCall }
  >();
  /** Locks that some way gives back before it takes them: the function was entered with them. */
  const entered = new Set<string>();
  const released = new Set<string>();
  const takenInLoop = new Set<string>();
  const complete = explore<State>(program, {
    initial: { locks: [], blind: false },
    key: ({ locks, blind }) =>
      `${blind ? '?' : ''}${locks.map((one) => `${one.id}=${one.is}${one.result ?? ''}`).join(';')}`,
    unseen: () => ({ locks: [], blind: true }),
    step(state, node, decision, index, trail) {
      const writes = written(node);
      let locks = state.locks;
      if (decision?.kind === 'branch' && node.kind === 'branch')
        locks = locks.filter((lock) => {
          const said = lock.result === null ? null : says(node.condition, decision.taken, lock.result);
          if (said === null) return true;
          return lock.asks === 'bool' ? said.said !== 'zero' : said.said === 'zero' || said.said === 'nonnegative';
        });
      if (writes.length > 0)
        locks = locks.filter(
          (lock) => !writes.some((place) => readsPlace(lock.id.slice(lock.id.indexOf(':') + 1), place)),
        );
      locks = locks.map((lock) =>
        lock.result !== null && writes.includes(lock.result) ? { ...lock, result: null } : lock,
      );
      for (const doing of doings(node)) {
        if (locks.length === 0) break;
        locks = locks.map((lock) => (mayChangeLock(doing, lock.id, programs) ? { ...lock, is: 'lost' } : lock));
      }
      for (const call of lockCalls(node)) {
        const known = locks.find((one) => one.id === call.id);
        const others = locks.filter((one) => one.id !== call.id);
        const base = { id: call.id, shown: call.shown, at: call.doing.call.at, node: index, name: call.name };
        if (call.takes) {
          if (loops.has(index)) takenInLoop.add(call.id);
          if (known?.is === 'held' && known.result === null && call.asks === null) twice(call, known);
          let result: string | null = null;
          if (call.asks !== null) {
            const text = call.doing.into === null ? print(call.doing.call) : print(call.doing.into);
            if (node.kind === 'branch' && decision?.kind === 'branch') {
              const said = says(node.condition, decision.taken, text)?.said;
              const got = call.asks === 'bool' ? said !== 'zero' : said === 'zero' || said === 'nonnegative';
              if (said === undefined) locks = [...others, { ...base, is: 'lost', result: null, asks: null }];
              else locks = got ? [...others, { ...base, is: 'held', result: null, asks: null }] : others;
              continue;
            }
            if (call.doing.into === null) {
              locks = [...others, { ...base, is: 'lost', result: null, asks: null }];
              continue;
            }
            result = text;
          }
          locks = [...others, { ...base, is: 'held', result, asks: call.asks }];
        } else {
          const key = `${index}|${call.id}`;
          const entry = unlocks.get(key) ?? { held: false, bare: null, call };
          unlocks.set(key, entry);
          released.add(call.id);
          if (known?.is === 'held') entry.held = true;
          if (known === undefined && !state.blind) {
            entry.bare ??= { node: index, trail };
            entered.add(call.id);
          }
          if (known?.is === 'free' || known?.is === 'given') again(call, known);
          const is = known === undefined ? (state.blind ? 'free' : 'given') : known.is === 'lost' ? 'lost' : 'free';
          locks = [...others, { ...base, is, result: null, asks: null }];
        }
      }
      return { locks, blind: state.blind };
    },
    exit({ locks }, exit, index, trail) {
      ends.push({ told: exitText(exit), held: new Set(locks.flatMap((one) => (one.is === 'held' ? [one.id] : []))) });
      for (const lock of locks) if (lock.is === 'held') exits.push({ lock, exit, index, trail });
    },
  });
  if (!complete) return [];
  let earlier: ReadonlySet<string> | null = null;
  for (const { lock, exit, index, trail } of exits) {
    const key = `held|${lock.id}|${index}`;
    if (seen.has(key) || handsOn(exit, lock)) continue;
    if (entered.has(lock.id) && !bothWays(lock.id)) continue;
    if (toldByResult(program, ends, lock.id)) continue;
    // The kernel's function may take it otherwise than the design's, `guard(mutex)(…)`: its own lines have to show how.
    if (lock.at.kind === 'design' && !program.nodes.some((node) => shows(node, lock.id))) continue;
    earlier ??= unlocksIn(before?.() ?? null);
    const gone = earlier.has(lock.id) && !released.has(lock.id);
    if (!released.has(lock.id) && !gone && !certain(lock)) continue;
    seen.add(key);
    const turn = lastTurn(program, trail);
    hits.push({
      rule: LOCK_HELD,
      at: exit.at,
      message: `${program.name}() returns here with ${lock.shown} held`,
      key: lock.id,
      cause: lock.at,
      why: [
        {
          text: released.has(lock.id)
            ? 'other ways out of the function release it; the next caller waits for good'
            : gone
              ? 'before this patch the function released it'
              : 'nothing of the function releases it, and its name does not say that it leaves the lock to its caller',
          reference: 'Documentation/locking/mutex-design.rst',
        },
      ],
      related: [
        { at: lock.at, message: `${lock.shown} is taken here` },
        ...(turn === null ? [] : [{ at: turn.at, message: 'the path turns here' }]),
      ],
    });
  }
  for (const [key, { held, bare, call }] of unlocks) {
    if (!held || bare === null || takenInLoop.has(call.id) || seen.has(`twice|${key}`)) continue;
    const turn = lastTurn(program, bare.trail);
    hits.push({
      rule: UNLOCK_UNHELD,
      at: turn?.at ?? call.doing.call.at,
      message: `${program.name}() comes from here to ${call.name}(${call.shown}) without having taken it`,
      key: `${call.id}|bare`,
      why: [{ text: 'another way takes it before it comes to the same unlock', reference: null }],
      related: [{ at: call.doing.call.at, message: 'released here' }],
    });
  }
  return hits;

  /** Both ways of a function that gives back the caller's lock and takes it again are its own affair, unless one unlock shows both. */
  function bothWays(id: string): boolean {
    return [...unlocks.values()].some((one) => one.call.id === id && one.held && one.bare !== null);
  }

  function certain(lock: LockState): boolean {
    if (program.evidence === 'fragment' || LEAVES_LOCKED.test(program.name)) return false;
    if (!/^(?:mutex|spin|raw_spin|down_|read_|write_|rcu|preempt|local)/.test(lock.name)) return false;
    return !program.nodes.some((node) => doings(node).some((doing) => /unlock|release/i.test(doing.name)));
  }

  function twice(call: LockCall, known: LockState): void {
    const key = `${call.id}|${call.doing.call.at.line}`;
    if (!EXCLUSIVE.test(call.resource) || /nested/.test(call.name) || seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: LOCK_TWICE,
      at: call.doing.call.at,
      message: `${program.name}() takes ${call.shown} here while it holds it`,
      key: call.id,
      why: [{ text: 'the lock is not recursive: the caller waits for itself', reference: null }],
      related: [{ at: known.at, message: `${known.shown} is taken here first` }],
    });
  }

  function again(call: LockCall, known: LockState): void {
    const key = `again|${call.id}|${call.doing.call.at.line}`;
    if (seen.has(key) || !/^(?:mutex|spinlock|rwlock|rwsem|rcu|srcu)/.test(call.resource)) return;
    seen.add(key);
    hits.push({
      rule: UNLOCK_UNHELD,
      at: call.doing.call.at,
      message: `${program.name}() releases ${call.shown} here a second time`,
      key: `${call.id}|again`,
      why: [{ text: 'it was released before on this way and not taken again', reference: null }],
      related: [{ at: known.at, message: 'released here first' }],
    });
  }
};

type Exit = Extract<ProgramNode, { kind: 'return' }>;

/** Does the return hand on to a call that may give the lock back? */
function handsOn(exit: Exit, lock: LockState): boolean {
  void lock;
  return (
    exit.value !== null &&
    /unlock|release|finish|out|end|exit|fail|error/.test(exitText(exit).replace(/^return/, '')) &&
    doings(exit).length > 0
  );
}

function unlocksIn(program: Program | null): ReadonlySet<string> {
  return new Set(
    (program?.nodes ?? []).flatMap((node) => lockCalls(node).flatMap((call) => (call.takes ? [] : [call.id]))),
  );
}
