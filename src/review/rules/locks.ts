import { enumeratePaths } from '../../code/paths';
import type { Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, print } from '../../code/walk';
import { argumentIndex, primitive } from '../../kernel/primitives';
import { LOCK_HELD } from '../catalog';
import type { PathRule, RuleHit } from './types';

interface LockCall {
  readonly lock: string;
  readonly takes: boolean;
  readonly name: string;
}

/** The locks a node takes and releases, in order; conditional ones (`mutex_trylock`) are left out. */
function lockCalls(node: ProgramNode | undefined): LockCall[] {
  if (node === undefined) return [];
  return callsOf(node).flatMap((call) => {
    const name = calleeOf(call);
    const known = name === null ? null : primitive(name);
    if (
      name === null ||
      known === null ||
      (known.kind !== 'lock' && known.kind !== 'unlock') ||
      /trylock|interruptible|killable/.test(name)
    )
      return [];
    const by = (known.acquires ?? known.releases)?.by ?? null;
    if (by === 'result') return [];
    const index = argumentIndex(by);
    const arg = index === null ? undefined : call.args[index];
    return [{ lock: arg === undefined ? 'global' : print(arg), takes: known.kind === 'lock', name }];
  });
}

/** A path that returns with a lock held which other paths of the same function release before they return. */
export const lockRule: PathRule = (program: Program) => {
  if (program.evidence === 'fragment' || program.nodes.some((node) => node.kind === 'unknown')) return [];
  const unlocked = new Set(
    program.nodes
      .flatMap(lockCalls)
      .filter((call) => !call.takes)
      .map((call) => call.lock),
  );
  if (unlocked.size === 0) return [];
  const outcome = enumeratePaths(program);
  if (outcome.incomplete !== null) return [];
  // A path that releases first was entered with the lock held: such a function drops it for a while and takes it again.
  for (const path of outcome.paths) {
    const first = new Map<string, boolean>();
    for (const step of path.steps)
      for (const call of lockCalls(program.nodes[step.node]))
        if (!first.has(call.lock)) first.set(call.lock, call.takes);
    for (const [lock, takes] of first) if (!takes) unlocked.delete(lock);
  }
  const seen = new Set<string>();
  const hits: RuleHit[] = [];
  for (const path of outcome.paths) {
    if (path.exit !== 'return') continue;
    const held = new Map<string, ProgramNode>();
    for (const step of path.steps) {
      const node = program.nodes[step.node];
      if (node === undefined) continue;
      for (const call of lockCalls(node)) {
        if (call.takes) held.set(call.lock, node);
        else held.delete(call.lock);
      }
    }
    const last = path.steps.at(-1);
    const exit = last === undefined ? undefined : program.nodes[last.node];
    if (exit?.kind !== 'return') continue;
    for (const [lock, taken] of held) {
      const key = `${lock}|${last?.node}`;
      if (!unlocked.has(lock) || seen.has(key)) continue;
      seen.add(key);
      hits.push({
        rule: LOCK_HELD,
        at: exit.at,
        message: `${program.name}() returns here with ${lock} held`,
        why: [
          {
            text: 'the other exits release it; the next caller waits for good',
            reference: 'Documentation/locking/mutex-design.rst',
          },
        ],
        related: [{ at: taken.at, message: `${lock} is taken here` }],
      });
    }
  }
  return hits;
};
