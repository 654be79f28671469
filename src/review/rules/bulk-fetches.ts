/**
 * What was fetched from userspace one by one is fetched in one piece, as large as the caller says. In: a function before and after the patch. Out:
 * hits of class uapi, at the allocation.
 */
import { successors } from '../../code/lower';
import type { Program } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { UNBOUNDED_ALLOCATION } from '../catalog-uapi';
import { doings } from './calls';
import { reach } from './reach';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';
import { bounded } from './user-values';

/** Allocations by the position of what says how much. */
const ALLOCATES: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^v?memdup_user$/, [1]],
  [/^v?memdup_array_user$/, [1]],
  [/^k[vmz]*alloc$|^vmalloc$|^vzalloc$/, [0]],
  [/^k[vmz]*(?:alloc_array|calloc)$|^kcalloc$|^vcalloc$|^vmalloc_array$|^kvmalloc_array$/, [0, 1]],
];

const amountOf = (call: CallExpression): readonly string[] => {
  const positions = ALLOCATES.find(([pattern]) => pattern.test(calleeOf(call) ?? ''))?.[1] ?? [];
  return positions.flatMap((position) => {
    const arg = call.args[position];
    return arg === undefined ? [] : [...namesIn(arg)];
  });
};

/** Is the number the end of a loop in which userspace is read? */
function fetchedOneByOne(program: Program, count: string): boolean {
  return program.nodes.some((node, index) => {
    if (node.kind !== 'branch' || !node.loop) return false;
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || !/^(?:<|!=|>)$/.test(condition.operator)) return false;
    if (![condition.left, condition.right].some((side) => print(withoutCasts(side)) === count)) return false;
    const inside = reach(program, [node.then], (_, at) => at === index || at === node.otherwise);
    return [...inside].some((at) => {
      const one = program.nodes[at];
      return (
        one !== undefined &&
        at !== node.otherwise &&
        (successors(one).length > 0 || one.kind === 'return') &&
        callsOf(one).some((call) =>
          /^_?_?(?:copy_from_user|get_user)$|^copy_struct_from_user$/.test(calleeOf(call) ?? ''),
        )
      );
    });
  });
}

/** Does some caller in sight hold what it gives against a bound? */
function callersBound(programs: ReadonlyMap<string, Program>, name: string, position: number): boolean {
  return [...programs.values()].some((caller) =>
    caller.nodes.some((node) =>
      doings(node).some((doing) => {
        const arg = doing.direct && doing.name === name ? doing.call.args[position] : undefined;
        return arg !== undefined && (arg.kind === 'number' || bounded(caller, print(withoutCasts(arg)), null));
      }),
    ),
  );
}

export const bulkFetchRule: PathRule = (program, { before, programs }) => {
  if (program.evidence === 'fragment') return [];
  const earlier = before?.() ?? null;
  if (earlier === null) return [];
  const hits: RuleHit[] = [];
  for (const [position, { name, type }] of program.parameters.entries()) {
    if (type.includes('*')) continue;
    const asks = (one: Program) =>
      scan(one).find(({ expression }) => expression.kind === 'call' && amountOf(expression).includes(name));
    const now = asks(program);
    if (now?.expression.kind !== 'call' || asks(earlier) !== undefined || !fetchedOneByOne(earlier, name)) continue;
    if (bounded(program, name, null) || callersBound(programs, program.name, position)) continue;
    hits.push(
      localHit(
        UNBOUNDED_ALLOCATION,
        now.at,
        `${calleeOf(now.expression)}() is asked for as much as ${name} says; before, that many were fetched one by one, and no bound was needed`,
        'one call can take all memory, and nobody is charged for it; fetch a part at a time, or refuse more than a limit',
        'Documentation/core-api/memory-allocation.rst',
      ),
    );
  }
  return hits;
};
