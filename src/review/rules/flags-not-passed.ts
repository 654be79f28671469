/**
 * The allocation flags a caller may live with. In: one function after the patch, and before it. Out: allocations that wait although the
 * caller says by a parameter whether they may, or although the function was made for callers that may not wait.
 */
import type { Expression, Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { FLAGS_NOT_PASSED } from '../catalog-handovers';
import { type Doing, doings } from './calls';
import { ATOMIC, lockCalls } from './locking';
import { asksContext } from './sleeping';
import type { PathRule, RuleHit } from './types';

const WAITS = /\bGFP_(?:KERNEL(?:_ACCOUNT)?|USER|HIGHUSER|NOIO|NOFS)\b/;
const ATOMICALLY = /\bGFP_(?:ATOMIC|NOWAIT)\b/;
const ALLOCATES = /alloc|kmemdup|kstrdup|kasprintf|xa_store|xa_insert|idr_|iommu_map|radix_tree_preload|get_free_page/;

/** Sleeps whatever it is given: who calls these is called where it may, and the flags are for something else. */
const SLEEPS_ANYWAY = /^(?:v[mz]alloc\w*|kv[mz]alloc\w*|kvcalloc|vmap\w*|sg_alloc_table_from_pages\w*|mutex_lock\w*)$/;

interface Allocation {
  readonly doing: Doing;
  readonly flags: string;
}

function allocations(program: Program, flags: RegExp): Allocation[] {
  return program.nodes.flatMap((node) =>
    doings(node).flatMap((doing) => {
      if (!doing.direct || !ALLOCATES.test(doing.name)) return [];
      const arg = doing.call.args.find((one) => flags.test(print(one)) && isFlags(one));
      return arg === undefined ? [] : [{ doing, flags: print(arg) }];
    }),
  );
}

/** `GFP_KERNEL | __GFP_ZERO`; not a choice between two. */
function isFlags(expression: Expression): boolean {
  const bare = withoutCasts(expression);
  if (bare.kind === 'name') return true;
  return bare.kind === 'binary' && bare.operator === '|' && isFlags(bare.left) && isFlags(bare.right);
}

export const flagsNotPassedRule: PathRule = (program, { before }) => {
  const waiting = allocations(program, WAITS);
  if (waiting.length === 0 || asksContext(program)) return [];
  if (program.nodes.some((node) => doings(node).some((doing) => SLEEPS_ANYWAY.test(doing.name)))) return [];
  const hits: RuleHit[] = [];
  const flags = program.parameters.find((one) => /^gfp_t$/.test(one.type.trim()));
  const say = (one: Allocation, message: string, text: string): void => {
    hits.push({
      rule: FLAGS_NOT_PASSED,
      at: one.doing.call.at,
      message,
      key: `${one.doing.name}|${one.flags}`,
      why: [{ text, reference: 'Documentation/core-api/memory-allocation.rst' }],
      related: [],
      local: true,
    });
  };
  const tests = (name: string): boolean =>
    program.nodes.some((node) => node.kind === 'branch' && new RegExp(`\\b${name}\\b`).test(print(node.condition)));
  if (flags !== undefined && !tests(flags.name) && !/^(?:__)?(?:maybe_unused|unused)/.test(flags.name))
    for (const one of waiting)
      if (!print(one.doing.call).includes(flags.name))
        say(
          one,
          `${one.doing.name}() is given ${one.flags}, and the caller’s ${flags.name} is left out`,
          'a caller that passes GFP_ATOMIC may hold a spinlock or have interrupts off',
        );
  const was = flags === undefined ? (before?.() ?? null) : null;
  if (was === null || program.parameters.some((one) => /gfp/.test(one.type))) return hits;
  // It saves the flags of interrupts because it does not know them: somebody calls it with interrupts off.
  const saves =
    program.nodes.some((node) =>
      lockCalls(node).some((call) => call.takes && ATOMIC.has(call.resource) && /_irqsave$/.test(call.name)),
    ) ||
    program.nodes.some(
      (node) =>
        node.kind === 'declare' &&
        node.variable.type === 'unsigned long' &&
        /^(?:irq_?|lock_?)?flags$/.test(node.variable.name),
    );
  const atomic = allocations(was, ATOMICALLY);
  if (
    !saves ||
    atomic.length === 0 ||
    allocations(was, WAITS).length > 0 ||
    allocations(program, ATOMICALLY).length > 0
  )
    return hits;
  const first = waiting[0];
  // The path on which an IOMMU driver maps serves the DMA API, which drivers use in interrupt handlers.
  if (
    first !== undefined &&
    /^drivers\/iommu\//.test(program.file) &&
    /(?:^|_)map(?:ping|pings|_pages)?(?:_|$)/.test(program.name) &&
    !/unmap/.test(program.name)
  )
    say(
      first,
      `${first.doing.name}() may wait now: ${first.flags} stands where ${atomic[0]?.flags ?? ''} did, and ${program.name}() maps for callers that may not wait`,
      'iommu_ops.map_pages is called with the gfp of its caller, and the DMA API maps in interrupt handlers and under spinlocks',
    );
  return hits;
};
