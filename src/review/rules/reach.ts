/** Which nodes a way through a program comes to. */
import { successors } from '../../code/lower';
import type { Program, ProgramNode } from '../../code/types';

/**
 * The nodes that ways from `starts` come to, these included, without going on behind those for which `stops` holds. What stops a way is
 * in the set itself.
 */
export function reach(
  program: Program,
  starts: readonly number[],
  stops: (node: ProgramNode, index: number) => boolean = () => false,
): ReadonlySet<number> {
  const seen = new Set<number>();
  const work = [...starts];
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    const node = program.nodes[at];
    if (node === undefined || seen.has(at)) continue;
    seen.add(at);
    if (!stops(node, at)) work.push(...successors(node));
  }
  return seen;
}

/** What follows a node: ways from behind it. The node itself only when a loop leads back to it. */
export function reachBehind(
  program: Program,
  from: number,
  stops: (node: ProgramNode, index: number) => boolean = () => false,
): ReadonlySet<number> {
  const node = program.nodes[from];
  return node === undefined ? new Set() : reach(program, successors(node), stops);
}

/** Is a node on a line that the patch under review adds? */
export function isAdded(node: ProgramNode | undefined): boolean {
  return node !== undefined && node.at.kind === 'message' && node.at.added;
}

/** The first node from `index` on that is written where it stands: behind what leaving a scope does by itself. */
export function written(program: Program, index: number): ProgramNode | undefined {
  for (let at = index, steps = 0; steps < 16; steps++) {
    const node = program.nodes[at];
    if (node === undefined) return undefined;
    if (node.kind === 'do' && node.implicit) at = node.next;
    else if (node.kind === 'branch' && node.implicit) at = node.otherwise;
    else return node;
  }
  return undefined;
}
