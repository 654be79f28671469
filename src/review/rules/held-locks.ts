/**
 * The locks a way through a function holds, whatever their sort, and which lock of its callers' a helper takes or wants held. In: a
 * node and what was held before it. Out: what is held after it. Knows nothing of rules.
 */
import type { Decision } from '../../code/paths';
import { remembered } from '../../code/remembered';
import type { Program, ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { type Doing, doings, named, readsPlace, written } from './calls';
import { says } from './conditions';
import { type LockCall, lockCalls, mayChangeLock } from './locking';

export interface Held {
  readonly id: string;
  /** As a reader calls it. */
  readonly shown: string;
  /** What names it, `.` and `->` alike: `vdev.igate`; '' for one that has no argument. */
  readonly path: string;
  readonly resource: string;
  readonly at: Place;
}

/** `vdev->dev.lock` and `vdev.dev.lock` alike. */
export function pathOf(text: string): string {
  return text.replace(/->/g, '.').replace(/^\((.*)\)$/, '$1');
}

export function heldBy(call: LockCall): Held {
  return {
    id: call.id,
    shown: call.shown,
    path: pathOf(call.doing.call.args.length === 0 ? '' : call.id.slice(call.id.indexOf(':') + 1)),
    resource: call.resource,
    at: call.doing.call.at,
  };
}

/** What is held behind a node. A lock that a call may have given back counts as given back. */
export function heldAfter(
  held: readonly Held[],
  node: ProgramNode,
  decision: Decision | null,
  programs: ReadonlyMap<string, Program>,
): readonly Held[] {
  let now = held;
  if (now.length > 0) {
    const writes = written(node);
    if (writes.length > 0)
      now = now.filter((one) => !writes.some((place) => readsPlace(one.id.slice(one.id.indexOf(':') + 1), place)));
    for (const doing of doings(node)) now = now.filter((one) => !mayChangeLock(doing, one.id, programs));
  }
  for (const call of lockCalls(node)) {
    now = now.filter((one) => one.id !== call.id);
    if (!call.takes) continue;
    if (call.asks !== null && node.kind === 'branch' && decision?.kind === 'branch') {
      const said = says(node.condition, decision.taken, print(call.doing.call))?.said;
      if (call.asks === 'bool' ? said === 'zero' : said === 'nonzero' || said === 'negative') continue;
    }
    now = [...now, heldBy(call)];
  }
  return now;
}

/** A lock that a helper names by one of its parameters, or by a name of the file. */
export interface LockOfCaller {
  /** Position of the parameter; null for a name of the file. */
  readonly parameter: number | null;
  /** What follows the parameter: `.igate`; the whole name for one of the file. */
  readonly rest: string;
  readonly resource: string;
  readonly at: Place;
}

function ofCaller(program: Program, path: string, resource: string, at: Place): LockOfCaller | null {
  const root = /^\w+/.exec(path)?.[0];
  if (root === undefined || path === '') return null;
  const parameter = program.parameters.findIndex((one) => one.name === root);
  if (parameter >= 0) return { parameter, rest: path.slice(root.length), resource, at };
  const local = program.nodes.some((node) => node.kind === 'declare' && node.variable.name === root);
  return local || program.evidence === 'fragment' ? null : { parameter: null, rest: path, resource, at };
}

/** The locks of its callers' that a function takes, and that nothing it calls before may have given back. Tries are none. */
export function takesOfCaller(program: Program, programs: ReadonlyMap<string, Program>): readonly LockOfCaller[] {
  const found: LockOfCaller[] = [];
  if (program.evidence === 'fragment') return found;
  if (program.parameters.some((one) => /lock|held/.test(one.name) && !/[*]/.test(one.type))) return found;
  const given = new Set<string>();
  const assigned = new Set(program.nodes.flatMap((node) => (node.kind === 'do' ? written(node) : [])));
  for (const node of program.nodes) {
    for (const call of lockCalls(node)) {
      const one = heldBy(call);
      if (!call.takes) given.add(one.path);
      else if (call.asks === null && !given.has(one.path) && /^(?:mutex|spinlock)$/.test(call.resource)) {
        const root = /^\w+/.exec(one.path)?.[0] ?? '';
        const mine =
          assigned.has(root) || /nested/.test(call.name) ? null : ofCaller(program, one.path, call.resource, one.at);
        if (mine !== null) found.push(mine);
      }
    }
    for (const doing of doings(node)) if (mayGiveBack(doing, programs)) return found;
  }
  return found;
}

/** May the call give a lock of the caller's back: does its body in sight do so, or, out of sight, does its name not tell that it looks only? */
function mayGiveBack(doing: Doing, programs: ReadonlyMap<string, Program>): boolean {
  if (!doing.direct) return true;
  if (primitive(doing.name) !== null) return false;
  const helper = programs.get(doing.name);
  if (helper === undefined || helper.evidence === 'fragment')
    return !/(?:^|_)(?:to|get|find|lookup|is|has|priv|data|container|read|write|dev|info|err|warn|dbg)(?:_|$)|^[A-Z_]+$/.test(
      doing.name,
    );
  return helper.nodes.some((node) => doings(node).some((inner) => /unlock|(?:^|_)up_/.test(inner.name)));
}

/** The locks that a function says, by lockdep, its callers hold. */
export const wantsOfCaller = remembered((program: Program): readonly LockOfCaller[] => {
  const found: LockOfCaller[] = [];
  for (const node of program.nodes)
    for (const doing of doings(node)) {
      if (!/^lockdep_assert_held(?:_write|_once)?$/.test(doing.name) || !doing.direct) continue;
      const mine = ofCaller(program, pathOf(named(doing.call.args[0])), '', doing.call.at);
      if (mine !== null) found.push(mine);
    }
  return found;
});

/** The lock as the caller names it where it makes the call; null when it cannot be named. */
export function atCall(lock: LockOfCaller, doing: Doing): string | null {
  if (lock.parameter === null) return lock.rest;
  const arg = doing.call.args[lock.parameter];
  const text = pathOf(named(arg));
  return /^[\w.[\]]+$/.test(text) ? `${text}${lock.rest}` : null;
}

const TAKES = /(?:^|_)(?:lock|down(?:_read|_write)?|take|acquire)_/;

/**
 * The lock that a helper out of sight takes, as far as its name tells: it names the lock and that it takes it, is given what holds the
 * lock, and the function gives that lock back by itself. `foo_zap_and_down_write_memory_lock(foo)`, then `up_write(&foo->memory_lock)`.
 */
export function unseenTake(program: Program, doing: Doing): Held | null {
  if (!doing.direct || !TAKES.test(doing.name) || /un_?lock|try/.test(doing.name)) return null;
  for (const node of program.nodes)
    for (const call of lockCalls(node)) {
      const one = heldBy(call);
      const [root = '', field, more] = one.path.split('.');
      if (call.takes || field === undefined || more !== undefined) continue;
      if (doing.name.endsWith(`_${field}`) && named(doing.call.args[0]) === root) return { ...one, at: doing.call.at };
    }
  return null;
}
