/**
 * Carries a rule's state along every way through a program. In: a program, the state at its entry, what a node does to it.
 * Out: the rule is told of each exit with the state that reaches it. Ways that reach one node in equal states meet there, so
 * the work grows with the states a rule tells apart, not with the paths. Sides that contradict what a way already decided are
 * not taken. Behind lines that nobody has seen nothing is known: the rule's `unseen` says what is left.
 */
import { after, assume, decide, type Facts, NO_FACTS } from '../../code/facts';
import { successors } from '../../code/lower';
import type { Decision } from '../../code/paths';
import { remembered } from '../../code/remembered';
import type { Program, ProgramNode } from '../../code/types';
import { calleeOf, expressionsOf, namesIn } from '../../code/walk';

/** The way that led somewhere, last step first. */
export interface Trail {
  readonly node: number;
  readonly decision: Decision | null;
  readonly before: Trail | null;
}

export interface Travel<S> {
  readonly initial: S;
  /** Equal keys: equal states. */
  key(state: S): string;
  /** The state behind a node that was left by this decision; null gives the way up. */
  step(state: S, node: ProgramNode, decision: Decision | null, index: number, trail: Trail | null): S | null;
  /** The state behind lines nobody has seen. */
  unseen(state: S): S;
  /** A return was reached, and stepped over. */
  exit?(state: S, node: Extract<ProgramNode, { kind: 'return' }>, index: number, trail: Trail | null): void;
}

/** Most nodes visited for one function and rule. */
const STEPS = 12_000;

/** Programs on which some rule's budget was spent. */
const exhausting = new WeakSet<Program>();

/** Was some rule's search of this program given up? What it would have said is not known then. */
export function wasGivenUp(program: Program): boolean {
  return exhausting.has(program);
}

interface Walker<S> {
  readonly node: number;
  readonly state: S;
  readonly facts: Facts;
  readonly trail: Trail | null;
}

/** Goes all ways. False: the budget was spent before all were gone. */
export function explore<S>(program: Program, travel: Travel<S>): boolean {
  if (program.entry < 0) return true;
  const alive = asked(program);
  const seen = new Set<string>();
  let front: Walker<S>[] = [{ node: program.entry, state: travel.initial, facts: NO_FACTS, trail: null }];
  let steps = 0;
  while (front.length > 0) {
    const next: Walker<S>[] = [];
    for (const { node: index, state, facts, trail } of front) {
      const node = program.nodes[index];
      if (node === undefined) continue;
      const key = `${index}|${travel.key(state)}|${keyOf(facts)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (++steps > STEPS) {
        exhausting.add(program);
        return false;
      }
      if (endsHere(node)) continue;
      if (node.kind === 'return') {
        const last = travel.step(state, node, null, index, trail);
        if (last !== null) travel.exit?.(last, node, index, trail);
        continue;
      }
      const settled = after(node, facts, true);
      for (const side of sides(node, settled)) {
        const on =
          node.kind === 'unknown' ? travel.unseen(state) : travel.step(state, node, side.decision, index, trail);
        if (on === null) continue;
        next.push({
          node: side.next,
          state: on,
          facts: kept(side.facts, alive[side.next]),
          trail: { node: index, decision: side.decision, before: trail },
        });
      }
    }
    front = next;
  }
  return true;
}

/** Nothing comes back from it. */
function endsHere(node: ProgramNode): boolean {
  return (
    node.kind === 'do' &&
    node.expression.kind === 'call' &&
    /^(?:panic|BUG|unreachable|do_exit|make_task_dead|kthread_complete_and_exit|BUILD_BUG|__builtin_unreachable)$/.test(
      calleeOf(node.expression) ?? '',
    )
  );
}

interface Side {
  readonly decision: Decision | null;
  readonly next: number;
  readonly facts: Facts;
}

function sides(node: Exclude<ProgramNode, { kind: 'return' }>, facts: Facts): Side[] {
  switch (node.kind) {
    case 'branch': {
      // A loop's condition is asked again and again: only a constant decides it.
      const known = decide(node.condition, node.loop ? NO_FACTS : facts);
      return [true, false]
        .filter((taken) => known === null || known === taken)
        .map((taken) => ({
          decision: { kind: 'branch', taken },
          next: taken ? node.then : node.otherwise,
          facts: assume(node.condition, taken, facts, true),
        }));
    }
    case 'each':
      return [
        { decision: { kind: 'each', entered: true }, next: node.body, facts },
        { decision: { kind: 'each', entered: false }, next: node.next, facts },
      ];
    case 'switch':
      return [
        ...node.cases.map((one) => ({ decision: { kind: 'case', value: one.value } as const, next: one.next, facts })),
        { decision: { kind: 'case', value: null }, next: node.otherwise, facts },
      ];
    default:
      return [{ decision: null, next: node.next, facts }];
  }
}

function keyOf(facts: Facts): string {
  if (facts.size === 0) return '';
  const parts: string[] = [];
  for (const [text, fact] of facts) parts.push(fact.holds ? text : `!${text}`);
  return parts.sort().join('&');
}

function kept(facts: Facts, alive: ReadonlySet<string> | undefined): Facts {
  if (facts.size === 0 || alive === undefined) return NO_FACTS;
  let all = true;
  for (const fact of facts.values()) for (const name of fact.names) if (!alive.has(name)) all = false;
  if (all) return facts;
  const left = new Map<string, NonNullable<ReturnType<Facts['get']>>>();
  for (const [text, fact] of facts) {
    let live = true;
    for (const name of fact.names) if (!alive.has(name)) live = false;
    if (live) left.set(text, fact);
  }
  return left;
}

/** For each node the names that a decision or a return from there on may still ask about. */
const asked = remembered((program: Program): readonly ReadonlySet<string>[] => {
  const own = program.nodes.map((node): ReadonlySet<string> => {
    if (node.kind !== 'branch' && node.kind !== 'return') return new Set();
    return new Set(expressionsOf(node).flatMap((expression) => [...namesIn(expression)]));
  });
  const all = own.map((names) => new Set(names));
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = program.nodes.length - 1; i >= 0; i--) {
      const node = program.nodes[i];
      const here = all[i];
      if (node === undefined || here === undefined) continue;
      const size = here.size;
      for (const next of successors(node)) for (const name of all[next] ?? []) here.add(name);
      if (here.size !== size) changed = true;
    }
  }
  return all;
});

/** The steps of a trail from the entry on. */
export function stepsOf(trail: Trail | null): readonly Trail[] {
  const steps: Trail[] = [];
  for (let at = trail; at !== null; at = at.before) steps.push(at);
  return steps.reverse();
}

/** The last branch of a trail; null when it never turned. */
export function lastTurn(program: Program, trail: Trail | null): Extract<ProgramNode, { kind: 'branch' }> | null {
  for (let at = trail; at !== null; at = at.before) {
    const node = program.nodes[at.node];
    if (node?.kind === 'branch' && !node.loop) return node;
  }
  return null;
}
