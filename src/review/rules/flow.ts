/** The shape of a program: its variables, what leads where, what goes round. */
import { successors } from '../../code/lower';
import type { Program } from '../../code/types';

/**
 * The variables of a function: declared in sight, and in a fragment plain names it assigns too, whose declaration may be out of
 * sight. Parameters are none.
 */
export function variablesOf(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of program.nodes) {
    if (node.kind === 'declare' && !/\bstatic\b/.test(node.variable.type)) names.add(node.variable.name);
    if (program.evidence !== 'fragment') continue;
    if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.target.kind === 'name')
      names.add(node.expression.target.name);
  }
  return names;
}

/** Nodes that a way through the program may pass again. */
export function nodesInLoops(program: Program): ReadonlySet<number> {
  const found = new Set<number>();
  program.nodes.forEach((node, start) => {
    // Only a loop's head leads back, and gotos do.
    if (found.has(start)) return;
    const seen = new Set<number>();
    const work = [...successors(node)];
    while (work.length > 0) {
      const at = work.pop() ?? -1;
      const next = program.nodes[at];
      if (next === undefined || seen.has(at)) continue;
      if (at === start) {
        found.add(start);
        break;
      }
      seen.add(at);
      work.push(...successors(next));
    }
  });
  return found;
}
