/**
 * Paths through a program, bounded: from the entry to each exit, with the decisions on the way. Loops are entered at most once.
 * Sides that contradict what the path already decided are not taken (see `facts.ts`).
 */

import { after, assume, decide, type Facts, NO_FACTS } from './facts';
import type { Expression, Program } from './types';

export type Decision =
  | { readonly kind: 'branch'; readonly taken: boolean }
  | { readonly kind: 'each'; readonly entered: boolean }
  /** Null: none of the cases. */
  | { readonly kind: 'case'; readonly value: Expression | null };

export interface PathStep {
  /** Index into `Program.nodes`. */
  readonly node: number;
  /** What was decided here; null for nodes that lead to one place. */
  readonly decision: Decision | null;
}

export interface Path {
  readonly steps: readonly PathStep[];
  /** `lost`: the path leads where nothing is known (a cut body, a label out of sight). */
  readonly exit: 'return' | 'lost';
}

export interface PathBudget {
  /** Most paths to give. */
  readonly paths: number;
  /** Most nodes to visit, over all paths. */
  readonly steps: number;
}

export interface PathsOutcome {
  readonly paths: readonly Path[];
  /** Why there may be more paths than these; null when these are all. */
  readonly incomplete: string | null;
}

export const PATH_BUDGET: PathBudget = { paths: 512, steps: 20_000 };

interface Link {
  readonly step: PathStep;
  readonly before: Link | null;
}

interface Walker {
  readonly node: number;
  readonly link: Link | null;
  readonly facts: Facts;
  /** How often each node that decides was passed on this path, and, as −1 − node, each jump back. */
  readonly passed: ReadonlyMap<number, number>;
}

/** All paths within the budget, in the order: condition true first. A program with an empty body has one path without steps. */
export function enumeratePaths(program: Program, budget: PathBudget = PATH_BUDGET): PathsOutcome {
  const paths: Path[] = [];
  if (program.entry < 0) return { paths: [{ steps: [], exit: 'return' }], incomplete: null };
  const work: Walker[] = [{ node: program.entry, link: null, facts: NO_FACTS, passed: new Map() }];
  let steps = 0;
  while (work.length > 0) {
    const walker = work.pop();
    if (walker === undefined) break;
    let { node: index, link, facts } = walker;
    let { passed } = walker;
    for (;;) {
      if (++steps > budget.steps) return { paths, incomplete: `more than ${budget.steps} steps` };
      const node = program.nodes[index];
      if (node === undefined) {
        paths.push({ steps: unlink(link), exit: 'lost' });
        break;
      }
      if (node.kind === 'return') {
        paths.push({ steps: unlink({ step: { node: index, decision: null }, before: link }), exit: 'return' });
        break;
      }
      if (node.kind === 'do' || node.kind === 'declare' || node.kind === 'unknown') {
        link = { step: { node: index, decision: null }, before: link };
        facts = after(node, facts);
        // Only a jump back can go round for ever; nodes are numbered in the order of the text.
        if (node.next >= 0 && node.next <= index) {
          const back = -1 - index;
          const times = (passed.get(back) ?? 0) + 1;
          if (times > 3) break;
          passed = new Map(passed).set(back, times);
        }
        index = node.next;
        continue;
      }
      const times = passed.get(index) ?? 0;
      const now: ReadonlyMap<number, number> = new Map(passed).set(index, times + 1);
      const settled = after(node, facts);
      const sides: { readonly decision: Decision; readonly next: number; readonly facts: Facts }[] = [];
      if (node.kind === 'branch') {
        // Met again, a loop's condition may have been changed by what nobody here sees: only a constant still decides it.
        const known = decide(node.condition, node.loop && times > 0 ? NO_FACTS : settled);
        // A loop's body is passed once; a branch met again (a loop made of gotos) twice.
        const limit = node.loop ? 1 : 2;
        if (known !== false && times < limit)
          sides.push({
            decision: { kind: 'branch', taken: true },
            next: node.then,
            facts: assume(node.condition, true, settled),
          });
        if (known !== true && times < 2)
          sides.push({
            decision: { kind: 'branch', taken: false },
            next: node.otherwise,
            facts: assume(node.condition, false, settled),
          });
      } else if (node.kind === 'each') {
        if (times < 1) sides.push({ decision: { kind: 'each', entered: true }, next: node.body, facts: settled });
        if (times < 2) sides.push({ decision: { kind: 'each', entered: false }, next: node.next, facts: settled });
      } else if (times < 2) {
        for (const one of node.cases)
          sides.push({ decision: { kind: 'case', value: one.value }, next: one.next, facts: settled });
        sides.push({ decision: { kind: 'case', value: null }, next: node.otherwise, facts: settled });
      }
      for (const side of sides.reverse()) {
        work.push({
          node: side.next,
          link: { step: { node: index, decision: side.decision }, before: link },
          facts: side.facts,
          passed: now,
        });
      }
      break;
    }
    if (paths.length >= budget.paths && work.length > 0)
      return { paths, incomplete: `more than ${budget.paths} paths` };
  }
  return { paths, incomplete: null };
}

function unlink(link: Link | null): PathStep[] {
  const steps: PathStep[] = [];
  for (let at = link; at !== null; at = at.before) steps.push(at.step);
  return steps.reverse();
}
