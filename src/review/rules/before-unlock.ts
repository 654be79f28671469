/**
 * Returns that a patch puts in front of an unlock. In: a stretch of a function. Out: exits that leave with a lock whose lock call
 * nobody sees, but whose unlock stands on the way that goes on.
 */
import type { Program, ProgramNode } from '../../code/types';
import { LOCK_HELD } from '../catalog-lifetime';
import { exitText } from './exits';
import { lockCalls } from './locking';
import { isAdded, reach, reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

type Exit = Extract<ProgramNode, { kind: 'return' }>;

/** The unlocks all ways from a node come to with nothing unseen and no lock before them; null when some way has none. */
function unlocksAhead(program: Program, from: number, ended: ReadonlySet<number>) {
  const met = reach(
    program,
    [from],
    (node, at) => lockCalls(node).length > 0 || node.kind === 'unknown' || ended.has(at),
  );
  const found = new Map<string, { readonly node: ProgramNode; readonly shown: string; readonly name: string }>();
  for (const at of met) {
    const node = program.nodes[at];
    if (node === undefined || node.kind === 'unknown') return null;
    if (node.kind === 'return' && !ended.has(at)) return null;
    const [call] = lockCalls(node);
    if (call === undefined) continue;
    if (call.takes) return null;
    found.set(call.id, { node, shown: call.shown, name: call.name });
  }
  return found.size === 1 ? [...found][0] : null;
}

/** A new way out in front of an unlock whose lock stands out of sight. */
export const returnBeforeUnlockRule: PathRule = (program) => {
  if (program.evidence !== 'fragment') return [];
  const calls = program.nodes.flatMap((node, at) => lockCalls(node).map((call) => ({ call, at })));
  if (!calls.some(({ call }) => !call.takes)) return [];
  const hits: RuleHit[] = [];
  for (const [index, branch] of program.nodes.entries()) {
    if (branch.kind !== 'branch' || branch.loop || branch.implicit === true || !isAdded(branch)) continue;
    for (const [side, onward] of [
      [branch.then, branch.otherwise],
      [branch.otherwise, branch.then],
    ] as const) {
      const way = reach(program, [side]);
      if (way.has(onward) || way.has(index)) continue;
      const nodes = [...way].map((at) => program.nodes[at] as ProgramNode);
      const exits = nodes.filter((node): node is Exit => node.kind === 'return');
      if (nodes.some((node) => node.kind === 'unknown') || exits.length === 0 || !exits.every(isAdded)) continue;
      const ahead = unlocksAhead(program, onward, way);
      if (ahead === null || ahead === undefined) continue;
      const [id, unlock] = ahead;
      const own = calls.filter(({ call }) => call.id === id);
      if (own.some(({ call, at }) => call.takes || way.has(at))) continue;
      // Given back before it comes here: then the unlock ahead is that of another round.
      if (own.some(({ at }) => program.nodes[at] !== unlock.node && reachBehind(program, at).has(index))) continue;
      // A way out that stood there and kept the lock as well: whoever calls gives it back.
      const kept = program.nodes.some(
        (node, at) =>
          node.kind === 'return' &&
          !isAdded(node) &&
          !own.some((one) => reach(program, [one.at]).has(at)) &&
          !way.has(at),
      );
      const exit = exits[0];
      if (kept || exit === undefined) continue;
      hits.push({
        rule: LOCK_HELD,
        at: exit.at,
        message: `${program.name}() leaves here by ${exitText(exit)} in front of ${unlock.name}(${unlock.shown}), which the way that goes on comes to`,
        key: `${id}|ahead`,
        why: [
          {
            text: 'the lock was taken in lines out of sight; the next caller waits for good',
            reference: 'Documentation/locking/mutex-design.rst',
          },
        ],
        related: [
          { at: unlock.node.at, message: `${unlock.shown} is given back here` },
          { at: branch.at, message: 'the path turns here' },
        ],
      });
      break;
    }
  }
  return hits;
};
