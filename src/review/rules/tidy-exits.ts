/** The straight way to a return on which only what was done before is undone, told or unlocked. */
import type { Program } from '../../code/types';
import { doings, TELLS, UNDOES } from './calls';

const LOCKS = /unlock|^up_(?:read|write)$|^local_irq_restore$/;

export interface TidyExit {
  /** Index of the return. */
  readonly index: number;
  /** Indexes passed on the way. */
  readonly passed: readonly number[];
}

/** Null where the way turns, stores something that does not come from undoing, or does other work. */
export function tidyExit(program: Program, from: number): TidyExit | null {
  const passed: number[] = [];
  let index = from;
  for (let hops = 0; hops < 24; hops++) {
    const node = program.nodes[index];
    if (node === undefined) return null;
    if (node.kind === 'return') return { index, passed };
    if (node.kind !== 'do' || node.expression.kind !== 'call') return null;
    const done = doings(node)[0];
    const last = doings(node).at(-1);
    if (done === undefined || last === undefined) return null;
    const name = last.name;
    if (!UNDOES.test(name) && !TELLS.test(name) && !LOCKS.test(name)) return null;
    passed.push(index);
    index = node.next;
  }
  return null;
}
