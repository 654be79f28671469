import { successors } from '../../code/lower';
import type { Program, ProgramNode } from '../../code/types';
import { expressionsOf, namesIn, print, printShort, visit, withoutCasts } from '../../code/walk';
import { DOUBLE_FETCH } from '../catalog-uapi';
import { mentions } from './mentions';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { type Fetch, fetchesOf } from './user-copies';

/** The nodes that can follow a node. */
function after(program: Program, from: number): ReadonlySet<number> {
  const seen = new Set<number>();
  const start = program.nodes[from];
  const work = start === undefined ? [] : [...successors(start)];
  while (work.length > 0) {
    const index = work.pop() ?? -1;
    const node = program.nodes[index];
    if (node === undefined || seen.has(index)) continue;
    seen.add(index);
    work.push(...successors(node));
  }
  return seen;
}

function writes(node: ProgramNode, name: string): boolean {
  let found = node.kind === 'declare' && node.variable.name === name;
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if ((inner.kind === 'assign' || inner.kind === 'update') && print(withoutCasts(inner.target)) === name)
        found = true;
    });
  return found;
}

const looksAt = (node: ProgramNode, name: string): boolean =>
  expressionsOf(node).some((expression) => mentions(expression, name));

/** Is what the second fetch brought held against the first, or taken from it, afterwards? */
function heldTogether(program: Program, first: Fetch, second: Fetch, later: ReadonlySet<number>): boolean {
  return [...later].some((index) => {
    const node = program.nodes[index];
    if (node === undefined || first.target === null || second.target === null) return false;
    if (first.target !== second.target)
      return expressionsOf(node).some(
        (expression) => mentions(expression, first.target ?? '') && mentions(expression, second.target ?? ''),
      );
    // The same object again: looked at again is good enough.
    return (node.kind === 'branch' || node.kind === 'switch') && looksAt(node, first.target);
  });
}

/**
 * `get_user(size, p)` and `copy_struct_from_user(&arg, sizeof(arg), p, size)`: how structures that grow are fetched. The size
 * in the copy may be another by then, and matters only to who reads it.
 */
function sizedByFirst(program: Program, first: Fetch, second: Fetch): boolean {
  const { size, target } = second;
  if (!second.versioned || size === null || first.target === null || !mentions(size, first.target)) return false;
  const again = new RegExp(`^${target ?? ''}(?:\\.|->)(?:\\w*size|argsz)$`);
  return !scan(program).some(({ expression }) => expression.kind === 'field' && again.test(print(expression)));
}

/** The same user memory fetched twice, with something decided on the first in between. */
export const doubleFetchRule: PathRule = (program) => {
  const fetches = fetchesOf(program);
  const hits: RuleHit[] = [];
  for (const [place, second] of fetches.entries()) {
    const first = fetches.slice(0, place).find((one) => {
      if (one.source !== second.source || one.node === second.node || one.target === null) return false;
      return after(program, one.node).has(second.node) && !after(program, second.node).has(one.node);
    });
    if (first === undefined || first.target === null) continue;
    const { target } = first;
    if (sizedByFirst(program, first, second)) continue;
    const reach = after(program, first.node);
    const later = after(program, second.node);
    const between = [...reach].filter((index) => !later.has(index) && index !== second.node);
    const nodes = between.flatMap((index) => program.nodes[index] ?? []);
    // The pointer was moved on: other memory.
    const names = namesIn(first.sourceExpression);
    if (nodes.some((node) => [...names].some((name) => writes(node, name)))) continue;
    const believed = nodes.some(
      (node) =>
        looksAt(node, target) &&
        node.kind !== 'return' &&
        !(node.kind === 'branch' && expressionsOf(node).some((one) => printShort(one, 999).includes('copy_from_user'))),
    );
    if (!believed || heldTogether(program, first, second, later)) continue;
    hits.push({
      ...localHit(
        DOUBLE_FETCH,
        second.at,
        `${second.source} was fetched into ${target} and looked at before; userspace can change it until it is fetched into ${second.target ?? 'another'}`,
        'what was decided on the first copy need not hold for the second',
        'Documentation/process/botching-up-ioctls.rst; copy once, or compare what was fetched twice',
      ),
      related: [{ at: first.at, message: 'fetched here first' }],
    });
  }
  return hits;
};
