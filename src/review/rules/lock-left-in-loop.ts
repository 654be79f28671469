import { successors } from '../../code/lower';
import type { Program } from '../../code/types';
import { namesIn } from '../../code/walk';
import { LOCK_HELD } from '../catalog-lifetime';
import { explore } from './explore';
import { type Held, heldAfter } from './held-locks';
import { lockCalls } from './locking';
import type { PathRule, RuleHit } from './types';

/** Does a way from the lock's node come to its unlock before it comes back to the loop's head? */
function givenBackInTurn(program: Program, from: number, head: number, id: string): boolean {
  const seen = new Set<number>();
  const work = [from];
  while (work.length > 0) {
    const at = work.pop() ?? -1;
    const node = program.nodes[at];
    if (node === undefined || seen.has(at) || at === head) continue;
    seen.add(at);
    if (lockCalls(node).some((call) => !call.takes && call.id === id)) return true;
    work.push(...successors(node));
  }
  return false;
}

/**
 * The turn of a loop goes on to the next object with the lock of this one held, where another way through the same turn gives it
 * back.
 */
export const lockLeftInLoopRule: PathRule = (program, { programs }) => {
  if (!program.nodes.some((node) => node.kind === 'each')) return [];
  if (!program.nodes.some((node) => lockCalls(node).length > 0)) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<readonly Held[]>(program, {
    initial: [],
    key: (held) => held.map((one) => `${one.id}@${one.at.line}`).join(),
    unseen: () => [],
    step(held, node, decision, index, trail) {
      if (node.kind === 'each') {
        const cursor = node.args[0] === undefined ? null : [...namesIn(node.args[0])][0];
        for (const one of held) {
          if (cursor === undefined || cursor === null || !one.path.startsWith(`${cursor}.`)) continue;
          const taken = program.nodes.findIndex((each) =>
            lockCalls(each).some((call) => call.takes && call.doing.call.at === one.at),
          );
          const last = trail === null ? undefined : program.nodes[trail.node];
          const key = `${one.id}|${last?.at.line}`;
          if (taken < 0 || seen.has(key) || !givenBackInTurn(program, taken, index, one.id)) continue;
          seen.add(key);
          hits.push({
            rule: LOCK_HELD,
            at: last?.at ?? node.at,
            message: `The turn of the loop ends here with ${one.shown} held`,
            key: `${one.id}|turn`,
            why: [
              { text: 'other ways through the turn give it back; the next object has another lock', reference: null },
            ],
            related: [{ at: one.at, message: `${one.shown} is taken here` }],
          });
        }
      }
      return heldAfter(held, node, decision, programs);
    },
  });
  return complete ? hits : [];
};
