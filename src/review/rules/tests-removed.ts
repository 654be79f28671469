/**
 * Tests that a patch takes away: the call and its result stay, and what came behind its success now runs whatever it gave. In: one
 * function before and after the patch, both in sight as a whole.
 */
import { successors } from '../../code/lower';
import type { Expression, Program, ProgramNode } from '../../code/types';
import { callsOf, expressionsOf, namesIn, partsOf, print, visit, withoutCasts } from '../../code/walk';
import { type Primitive, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { TEST_REMOVED } from '../catalog-lifetime';
import { type Doing, doings, written } from './calls';
import { says, saysFailed } from './conditions';
import { isFailure } from './exits';
import { askedIn } from './reads';
import type { PathRule, RuleHit } from './types';

interface Kept {
  readonly doing: Doing;
  readonly into: string;
  readonly node: number;
}

/** Results that a function keeps in a place of its own: where the call stands, and in what. */
function keptIn(program: Program): Kept[] {
  return program.nodes.flatMap((node, index) =>
    doings(node).flatMap((doing) =>
      doing.direct && doing.into !== null && node.kind !== 'branch'
        ? [{ doing, into: print(doing.into), node: index }]
        : [],
    ),
  );
}

/** How the call tells of failure: what is known of it, else what its result's type lets it be. */
function shapeOf(program: Program, { doing, into }: Kept): Primitive['returns'] {
  const known = primitive(doing.name);
  if (known !== null) return known.returns;
  const declared = program.nodes.find((node) => node.kind === 'declare' && node.variable.name === into);
  return declared?.kind === 'declare' && declared.variable.type.includes('*') ? 'ptr_null' : 'err';
}

/** Does a way without further branches leave the function from here by a failure? */
function leaves(program: Program, from: number, result: string): boolean {
  let failure = false;
  for (let at = from, steps = 0; steps < program.nodes.length; steps++) {
    const node = program.nodes[at];
    if (node === undefined || node.kind === 'branch' || node.kind === 'unknown') return false;
    if (node.kind === 'return') {
      if (node.value === null) return failure || program.returns === 'void';
      const value = withoutCasts(node.value);
      return failure || isFailure(value) || print(value) === result || (value.kind === 'number' && value.value <= 0);
    }
    if (node.kind === 'do' && node.expression.kind === 'assign' && isFailure(node.expression.value)) failure = true;
    const next = successors(node)[0];
    if (next === undefined) return false;
    at = next;
  }
  return false;
}

/** The branch that a way without others comes to from a node, unless it writes the result anew before. */
function firstBranch(program: Program, from: number, result: string): ProgramNode | null {
  const start = program.nodes[from];
  for (let at = start === undefined ? undefined : successors(start)[0], steps = 0; at !== undefined; steps++) {
    const node = program.nodes[at];
    if (node === undefined || node.kind === 'unknown' || steps > program.nodes.length) return null;
    if (node.kind === 'branch') return node;
    if (written(node).includes(result)) return null;
    at = successors(node)[0];
  }
  return null;
}

/** The first test behind the call that asks its result and no other, when it leaves the function on failure. */
function testOf(program: Program, kept: Kept): ProgramNode | null {
  const node = firstBranch(program, kept.node, kept.into);
  if (node?.kind !== 'branch' || node.loop || !askedIn(node).has(kept.into)) return null;
  const shared = program.nodes.some(
    (one, index) =>
      index !== kept.node && written(one).includes(kept.into) && firstBranch(program, index, kept.into) === node,
  );
  const failed = [true, false].find((taken) => {
    const said = says(node.condition, taken, kept.into);
    return said?.sure === true && saysFailed(said, shapeOf(program, kept));
  });
  if (shared || failed === undefined) return null;
  return leaves(program, failed ? node.then : node.otherwise, kept.into) ? node : null;
}

const GIVES_BACK: ReadonlySet<Primitive['kind']> = new Set(['free', 'release', 'unlock', 'unmap', 'detach', 'notify']);
const TELLS = /^(?:pr_|dev_(?:err|warn|info|dbg)|pci_(?:err|warn|info|dbg)|printk|trace_|WARN|kvm_(?:err|info|debug))/;

/** Does a node do something that only success calls for? Giving back and telling is done either way. */
function acts(node: ProgramNode, result: string): boolean {
  if (node.kind === 'unknown' || node.kind === 'return') return false;
  if (callsOf(node).some((call) => doesMore(call.target))) return true;
  return expressionsOf(node).some((expression) => {
    let writes = false;
    visit(expression, (inner) => {
      if (inner.kind !== 'assign' && inner.kind !== 'update') return;
      writes ||= print(withoutCasts(inner.target)) !== result && withoutCasts(inner.target).kind !== 'name';
    });
    return writes;
  });
}

function doesMore(target: Expression): boolean {
  if (target.kind !== 'name') return true;
  const known = primitive(target.name);
  if (known === null) return !TELLS.test(target.name);
  return known.releases === null && !GIVES_BACK.has(known.kind);
}

/**
 * The nodes on all ways behind the call when something acts there and uses the result, and nobody asks it, nor gets it who may ask;
 * else null.
 */
function goesOn(program: Program, kept: Kept, earlier: ReadonlySet<string>): readonly ProgramNode[] | null {
  const start = program.nodes[kept.node];
  const work = start === undefined ? [] : [...successors(start)];
  const seen = new Set<number>();
  const names = new Set([kept.into]);
  let active = false;
  let used = false;
  const passed: ProgramNode[] = [];
  while (work.length > 0) {
    const at = work.pop() ?? -1;
    const node = program.nodes[at];
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    if (node.kind === 'unknown' || [...askedIn(node)].some((text) => names.has(text))) return null;
    if (node.kind === 'branch' && [...names].some((name) => namesIn(node.condition).has(name))) return null;
    // Somebody new gets it, and may ask.
    for (const call of callsOf(node))
      if (!earlier.has(print(call)) && call.args.some((arg) => [...namesIn(arg)].some((name) => names.has(name))))
        return null;
    passed.push(node);
    used ||= expressionsOf(node).some((expression) => reads(expression, names));
    if (
      node.kind === 'do' &&
      node.expression.kind === 'assign' &&
      names.has(print(withoutCasts(node.expression.value)))
    )
      names.add(print(withoutCasts(node.expression.target)));
    active ||= acts(node, kept.into);
    if (!written(node).includes(kept.into)) work.push(...successors(node));
  }
  return active && used ? passed : null;
}

/** Is one of the places read, and not only written? */
function reads(expression: Expression, names: ReadonlySet<string>): boolean {
  if (expression.kind === 'assign' && expression.operator === '=' && names.has(print(withoutCasts(expression.target))))
    return reads(expression.value, names);
  return names.has(print(withoutCasts(expression))) || partsOf(expression).some((part) => reads(part, names));
}

/** The line to look at: the first behind the call that the newest mail of the function adds, else the call itself. */
function placeOf(program: Program, kept: Kept, passed: readonly ProgramNode[]): Place {
  let newest = -1;
  for (const { at } of program.nodes) if (at.kind === 'message') newest = Math.max(newest, at.message);
  const call = kept.doing.call.at;
  if (call.kind === 'message' && call.message === newest) return call;
  return passed.find(({ at }) => at.kind === 'message' && at.message === newest && at.added)?.at ?? call;
}

/** A result that was tested, with a way out, and that nothing tests any more. */
export const testRemovedRule: PathRule = (program, { before, programs }) => {
  if (program.evidence === 'fragment') return [];
  const earlier = before?.() ?? null;
  if (earlier === null || earlier.evidence === 'fragment') return [];
  const now = keptIn(program);
  const said = new Set<string>();
  const calls = new Set(earlier.nodes.flatMap((node) => callsOf(node).map(print)));
  return keptIn(earlier).flatMap((kept): RuleHit[] => {
    const text = print(kept.doing.call);
    const key = `${kept.into}|${text}`;
    const left = now.filter((one) => one.into === kept.into && print(one.doing.call) === text);
    const [stays] = left;
    if (stays === undefined || left.length !== 1 || said.has(key)) return [];
    // A callee in sight may have lost its failure with the test.
    if (programs.has(kept.doing.name)) return [];
    const test = testOf(earlier, kept);
    const passed = test === null ? null : goesOn(program, stays, calls);
    if (test === null || passed === null) return [];
    said.add(key);
    return [
      {
        rule: TEST_REMOVED,
        at: placeOf(program, stays, passed),
        message: `${kept.doing.name}() may fail, and nothing tests ${kept.into} any more`,
        key,
        why: [
          {
            text: 'before the patch a test of it left the function: what came behind success now runs after a failure too',
            reference: null,
          },
        ],
        related: [{ at: test.at, message: 'the test, before the patch' }],
      },
    ];
  });
};
