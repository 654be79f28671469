/** What a helper that was asked before says of a lookup: it would have turned its caller away where the lookup finds nothing. */
import { successors } from '../../code/lower';
import type { Program } from '../../code/types';
import { type CallExpression, callsOf, print, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import { doings } from './calls';
import { says } from './conditions';
import { isFailure } from './exits';
import type { Trail } from './explore';
import type { Surroundings } from './types';

/** What a helper returns by a way without branches from here: `no` for false or 0, `fails` for an error. */
function answers(helper: Program, from: number): 'no' | 'fails' | null {
  for (let at = from, steps = 0; steps < helper.nodes.length; steps++) {
    const node = helper.nodes[at];
    if (node === undefined || node.kind === 'branch') return null;
    if (node.kind === 'return') {
      if (node.value === null) return null;
      const value = withoutCasts(node.value);
      if (value.kind === 'number' && value.value === 0) return 'no';
      return isFailure(value) ? 'fails' : null;
    }
    const next = successors(node)[0];
    if (next === undefined) return null;
    at = next;
  }
  return null;
}

/** What the helper answers, called with `args`, where the same lookup as `call` finds nothing; null when it does not make it. */
function answersWithout(helper: Program, args: CallExpression['args'], call: CallExpression): 'no' | 'fails' | null {
  if (helper.evidence === 'fragment') return null;
  const given = new Map(helper.parameters.map((one, index) => [one.name, args[index]]));
  const here = (arg: CallExpression['args'][number]): string => {
    const bare = withoutCasts(arg);
    const outer = bare.kind === 'name' ? given.get(bare.name) : undefined;
    return outer === undefined ? '' : print(withoutCasts(outer));
  };
  const wanted = call.args.map((arg) => print(withoutCasts(arg))).join();
  for (const [index, node] of helper.nodes.entries())
    for (const doing of doings(node)) {
      if (doing.into === null || print(doing.call.target) !== print(call.target)) continue;
      if (doing.call.args.map(here).join() !== wanted) continue;
      const text = print(doing.into);
      // The first test behind it asks for NULL.
      for (let at = successors(node)[0], steps = 0; at !== undefined && steps < helper.nodes.length; steps++) {
        const next = at === index ? undefined : helper.nodes[at];
        if (next === undefined) break;
        if (next.kind !== 'branch') {
          at = successors(next)[0];
          continue;
        }
        if (says(next.condition, true, text)?.said === 'zero') return answers(helper, next.then);
        if (says(next.condition, true, text)?.said === 'nonzero') return answers(helper, next.otherwise);
        break;
      }
    }
  return null;
}

/**
 * Did the way pass the test of a helper in sight that makes the same lookup, with the same arguments, and says no where it finds
 * nothing? An allocation is never assured by an earlier one.
 */
export function assuredBefore(
  call: CallExpression,
  programs: Surroundings['programs'],
  program: Program,
  trail: Trail | null,
): boolean {
  const kind = call.target.kind === 'name' ? primitive(call.target.name)?.kind : undefined;
  if (kind === undefined || kind === 'alloc' || kind === 'map') return false;
  for (let at = trail; at !== null; at = at.before) {
    const node = program.nodes[at.node];
    if (node?.kind !== 'branch' || at.decision?.kind !== 'branch') continue;
    for (const asked of callsOf(node)) {
      const helper = asked.target.kind === 'name' ? programs.get(asked.target.name) : undefined;
      const without = helper === undefined ? null : answersWithout(helper, asked.args, call);
      if (without === null) continue;
      const said = says(node.condition, at.decision.taken, print(asked));
      if (
        said?.sure &&
        (without === 'no' ? said.said === 'nonzero' : said.said === 'zero' || said.said === 'nonnegative')
      )
        return true;
    }
  }
  return false;
}
