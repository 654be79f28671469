/** Ways out after a failed step: what they undo, and which of them undoes nothing although its neighbours do. */
import type { Program, ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import { UNWIND_SKIPPED } from '../catalog-lifetime';
import { doings, TELLS, UNDOES } from './calls';
import { says } from './conditions';
import { exitText, isFailure } from './exits';
import { reach } from './reach';
import type { PathRule, RuleHit } from './types';

type Branch = Extract<ProgramNode, { kind: 'branch' }>;
type Exit = Extract<ProgramNode, { kind: 'return' }>;

/** One side of a test that leaves the function and does not come back to the other. */
interface Way {
  readonly branch: number;
  /** The side on which the test's condition holds. */
  readonly holds: boolean;
  readonly onward: number;
  readonly reached: ReadonlySet<number>;
  /** Calls that undo something, as printed; of a label out of sight its name. */
  readonly undone: ReadonlyMap<string, ProgramNode>;
  /** The return it leads to with nothing but a result set and messages on the way; null when it does more. */
  readonly bare: Exit | null;
}

/** Names of steps that give back what a step before took. */
const GIVES_BACK =
  /(?:^|_)(?:free|put|release|destroy|remove|unregister|unmap|unpin|detach|disable|deinit|uninit|fini|exit|cleanup|teardown|unprepare)(?:_|$)|^(?:kfree|kvfree|vfree|iounmap|kobject_put)$/;
const CLEANS = /err|fail|free|undo|unwind|cleanup|release|disable|unmap|unregister|remove|destroy|put|exit/;

/** Labels of one function whose lines nobody sees: they undo more or less of the same. */
const OUT_OF_SIGHT = 'goto an error label';

/** What a side undoes, when that is all it does besides telling of it; null when it does other work. */
function undoneIn(program: Program, nodes: ReadonlySet<number>): Map<string, ProgramNode> | null {
  const undone = new Map<string, ProgramNode>();
  for (const at of nodes) {
    const node = program.nodes[at];
    if (node === undefined || (node.kind === 'do' && node.implicit === true)) continue;
    if (node.kind === 'return' && node.value?.kind === 'number' && node.value.value === 0 && program.returns === 'int')
      return null;
    if (node.kind === 'unknown') {
      const label = /^goto (\w+): /.exec(node.text)?.[1];
      if (label !== undefined && CLEANS.test(label)) undone.set(OUT_OF_SIGHT, node);
    }
    for (const { name, call } of doings(node)) {
      if (GIVES_BACK.test(name) && call.args.length > 0) undone.set(print(call), node);
      else if (!UNDOES.test(name) && !TELLS.test(name) && !/^(?:ERR_PTR|PTR_ERR|ERR_CAST|IS_ERR\w*)$/.test(name))
        return null;
    }
  }
  return undone;
}

function bareExit(program: Program, start: number): Exit | null {
  let at = start;
  for (let steps = 0; steps < 5; steps++) {
    const node = program.nodes[at];
    if (node?.kind === 'return') return node;
    if (node?.kind !== 'do' || node.implicit === true) return null;
    const { expression } = node;
    const sets = expression.kind === 'assign' && expression.target.kind === 'name' && isFailure(expression.value);
    const calls = doings(node);
    if (!sets && (calls.length === 0 || !calls.every((one) => TELLS.test(one.name)))) return null;
    at = node.next;
  }
  return null;
}

/** Every side of a test that ends the function. */
function waysOut(program: Program): Way[] {
  return program.nodes.flatMap((node, branch): Way[] => {
    if (node.kind !== 'branch' || node.loop || node.implicit === true) return [];
    return [[node.then, node.otherwise, true] as const, [node.otherwise, node.then, false] as const].flatMap(
      ([side, onward, holds]): Way[] => {
        const reached = reach(program, [side]);
        if (reached.has(onward) || reached.has(branch)) return [];
        const undone = undoneIn(program, reached);
        return undone === null ? [] : [{ branch, holds, onward, reached, undone, bare: bareExit(program, side) }];
      },
    );
  });
}

/** Does a return tell of a failure: a constant, or what its test found to be one? */
function fails(exit: Exit, branch: Branch, holds: boolean): boolean {
  if (exit.value === null) return false;
  if (isFailure(exit.value)) return true;
  if (exit.value.kind !== 'name') return false;
  const said = says(branch.condition, holds, exit.value.name)?.said;
  return said === 'nonzero' || said === 'negative';
}

const isNew = (node: ProgramNode): boolean => node.at.kind === 'message' && node.at.added;

/** A failing exit between two that undo the same undoes nothing. */
export const unwindSkippedRule: PathRule = (program) => {
  const ways = waysOut(program);
  const hits: RuleHit[] = [];
  for (const way of ways) {
    const branch = program.nodes[way.branch];
    if (way.bare === null || branch?.kind !== 'branch' || way.undone.size > 0) continue;
    if (!(isNew(way.bare) || isNew(branch)) || !fails(way.bare, branch, way.holds)) continue;
    const onward = reach(program, [way.onward]);
    // It stands among what another failure undoes.
    if (undoneIn(program, onward) !== null) continue;
    const before = ways.filter(
      (one) =>
        one.branch !== way.branch &&
        one.undone.size > 0 &&
        !onward.has(one.branch) &&
        !one.reached.has(way.onward) &&
        leadsTo(one, way.branch),
    );
    const behind = ways.filter((one) => one.branch !== way.branch && onward.has(one.branch));
    for (const earlier of before) {
      const step = [...earlier.undone].find(([text]) => behind.some((later) => later.undone.has(text)));
      if (step === undefined || doneBetween(earlier, way, step[0])) continue;
      const [text, node] = step;
      hits.push({
        rule: UNWIND_SKIPPED,
        at: way.bare.at,
        message: `${program.name}() leaves here by ${exitText(way.bare)}, and the failing ways out before and behind it do ${text}`,
        key: text,
        why: [
          {
            text: 'what the step before has to undo is still there when this one fails',
            reference: 'Documentation/process/coding-style.rst, centralized exiting of functions',
          },
        ],
        related: [
          { at: program.nodes[earlier.branch]?.at ?? branch.at, message: 'the failing way out before it' },
          { at: node.at, message: `${text} here` },
        ],
      });
      break;
    }
  }
  return hits;

  function leadsTo(earlier: Way, branch: number): boolean {
    return reach(program, [earlier.onward]).has(branch);
  }

  /** Is the step done on the way from the earlier test to this one? */
  function doneBetween(earlier: Way, way: Way, text: string): boolean {
    const reached = reach(program, [earlier.onward]);
    for (const at of reached) {
      const node = program.nodes[at];
      if (node === undefined || !doings(node).some((one) => print(one.call) === text)) continue;
      if (at !== way.branch && reach(program, [at]).has(way.branch)) return true;
    }
    return false;
  }
};
