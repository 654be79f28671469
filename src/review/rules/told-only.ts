/**
 * Pointers whose test only tells of NULL. In: one function. Out: uses on the way on from such a test.
 */
import type { Program, ProgramNode } from '../../code/types';
import { calleeOf, callsOf, withoutCasts } from '../../code/walk';
import { UNCHECKED_POINTER } from '../catalog-lifetime';
import { doings, TELLS, written } from './calls';
import { says } from './conditions';
import { isAdded, reach } from './reach';
import type { PathRule, RuleHit } from './types';

/** What may be given NULL. */
const TAKES_NULL =
  /^(?:k?v?free\w*|k(?:z|v)?free\w*|kfree_\w+|vfree|put_\w+|\w+_put\w*|\w+_free\w*|free_\w+|\w+_unregister|\w+_destroy\w*|IS_ERR\w*|PTR_ERR\w*|ERR_\w+|(?:un)?likely|BUG_ON|memblock_free\w*|iounmap|debugfs_\w+|clk_\w+|regulator_\w+|gpiod_\w+)$/;

const SOURCE = /alloc|(?:^|_)(?:find|lookup|get|ioremap|memdup|strdup|create)(?:_|$)/;

/** The variable that a node fills with what an allocation or a lookup gave. */
function pointerFrom(node: ProgramNode): string | null {
  for (const { into, name } of doings(node)) if (into?.kind === 'name' && SOURCE.test(name)) return into.name;
  return null;
}

/** Is the pointer itself an argument of a call that a NULL is no good for? */
function passedTo(node: ProgramNode, pointer: string): string | null {
  for (const call of callsOf(node)) {
    const name = calleeOf(call) ?? '';
    if (TAKES_NULL.test(name) || TELLS.test(name)) continue;
    for (const arg of call.args) {
      const inner = withoutCasts(arg);
      if (inner.kind === 'name' && inner.name === pointer) return name;
    }
  }
  return null;
}

/** The first call the pointer is given to on the straight way from a node; null where the way turns, or sets it anew, before. */
function firstUse(program: Program, from: number, pointer: string): { node: ProgramNode; callee: string } | null {
  let at = from;
  for (let steps = 0; steps < 12; steps++) {
    const node = program.nodes[at];
    if (node === undefined || (node.kind !== 'do' && node.kind !== 'branch' && node.kind !== 'declare')) return null;
    const callee = passedTo(node, pointer);
    if (callee !== null) return { node, callee };
    if (node.kind === 'branch' || written(node).includes(pointer)) return null;
    at = node.next;
  }
  return null;
}

/** A pointer found to be NULL is told of, and then used as if it were not. */
export const toldAndUsedRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, branch] of program.nodes.entries()) {
    if (branch.kind !== 'branch' || branch.loop || branch.implicit === true) continue;
    for (const [side, other, holds] of [
      [branch.then, branch.otherwise, true],
      [branch.otherwise, branch.then, false],
    ] as const) {
      // Only messages, and then on where the other side goes on.
      let at = side;
      let told = 0;
      for (let node = program.nodes[at]; at !== other && node?.kind === 'do'; node = program.nodes[at]) {
        const calls = doings(node);
        if (calls.length === 0 || !calls.every((one) => TELLS.test(one.name))) break;
        told++;
        at = node.next;
      }
      if (at !== other || told === 0) continue;
      for (const [from, node] of program.nodes.entries()) {
        const name = pointerFrom(node);
        if (name === null || says(branch.condition, holds, name)?.said !== 'zero') continue;
        if (!says(branch.condition, holds, name)?.sure || !(isAdded(branch) || isAdded(node))) continue;
        if (!reach(program, [from], (one, at) => at !== from && written(one).includes(name)).has(index)) continue;
        const use = firstUse(program, other, name);
        if (use === null) continue;
        hits.push({
          rule: UNCHECKED_POINTER,
          at: use.node.at,
          message: `${name} may be NULL when ${use.callee}() gets it here: the test before only tells of it`,
          key: `told|${name}`,
          why: [{ text: 'the way on from the test is the same whether the pointer is NULL or not', reference: null }],
          related: [
            { at: node.at, message: `${name} is set here` },
            { at: branch.at, message: 'tested here' },
          ],
        });
        break;
      }
    }
  }
  return hits;
};
