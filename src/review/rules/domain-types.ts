/** Which types of domain a driver allocates, as far as its own tests of the type tell. */
import { successors } from '../../code/lower';
import type { Expression, Program, ProgramTable } from '../../code/types';
import { expressionsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { verdictAt } from './exits';

/** The constants that a refusal lets pass: `type != A && type != B` gives A and B; null for other conditions. */
function letPass(condition: Expression): readonly string[] | null {
  const bare = withoutCasts(condition);
  if (bare.kind !== 'binary') return null;
  if (bare.operator === '&&') {
    const left = letPass(bare.left);
    const right = letPass(bare.right);
    return left === null || right === null ? null : [...left, ...right];
  }
  if (bare.operator !== '!=') return null;
  const side = [bare.left, bare.right].map(withoutCasts).find((one) => /^IOMMU_DOMAIN_\w+$/.test(print(one)));
  return side === undefined ? null : [print(side)];
}

/** A way without branches that ends in a failure. */
function fails(program: Program, from: number): boolean {
  for (let at = from, steps = 0; steps < program.nodes.length; steps++) {
    const node = program.nodes[at];
    if (node === undefined || node.kind === 'branch') return false;
    if (node.kind === 'return') return verdictAt(program, node, null) === 'fails';
    const [next] = successors(node);
    if (next === undefined) return false;
    at = next;
  }
  return false;
}

function refusesDma(program: Program): boolean {
  return program.nodes.some((node) => {
    if (node.kind !== 'branch' || ![...namesIn(node.condition)].some((name) => name.startsWith('IOMMU_DOMAIN_')))
      return false;
    const types = letPass(node.condition);
    return types !== null && !types.some((type) => type.startsWith('IOMMU_DOMAIN_DMA')) && fails(program, node.then);
  });
}

/**
 * A function that allocates domains for the callbacks in sight turns down every type that is the DMA API's: `if (type !=
 * IOMMU_DOMAIN_UNMANAGED) return NULL`. It stands in the same file as the callback, or names the table that holds it.
 */
export function allocatesNoDmaDomain(set: ProgramTable, file: string, table: string | null): boolean {
  for (const program of set.programs.values())
    if (
      program.source !== 'design' &&
      (program.file === file || (table !== null && names(program, table))) &&
      refusesDma(program)
    )
      return true;
  return false;
}

const names = (program: Program, name: string): boolean =>
  program.nodes.some((node) => expressionsOf(node).some((expression) => namesIn(expression).has(name)));
