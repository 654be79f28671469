import type { Expression, ProgramNode } from '../../code/types';
import { namesIn, print, withoutCasts } from '../../code/walk';
import { argumentIndex, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { FREED_TWICE, USE_AFTER_FREE } from '../catalog-lifetime';
import { type Doing, doings, named, readsPlace, written } from './calls';
import { explore, lastTurn, type Trail } from './explore';
import { touched } from './reads';
import type { PathRule, RuleHit } from './types';

interface Freed {
  readonly text: string;
  readonly call: string;
  readonly at: Place;
}

/** Frees what its argument points to, not what hangs on it or what it counts. */
const FREES =
  /^(?:kfree\w*|k?v?kzfree|kvfree\w*|vfree|kmem_cache_free|mempool_free|dma_pool_free|free_percpu|bitmap_free|(?:__)?free_pages?|iommu_domain_free|free_io_pgtable_ops|irq_domain_remove|destroy_workqueue|kmem_cache_destroy)$/;

/** Tells of a pointer's value without following it. */
const TELLS = /^(?:pr_\w+|dev_\w+|printk\w*|trace_\w+|WARN\w*|IS_ERR\w*|PTR_ERR\w*|ERR_\w+|(?:un)?likely)$/;

/** What a call frees: the text of its argument. Null for what only lowers a count, and for managed memory. */
function frees(doing: Doing): string | null {
  const known = doing.direct ? primitive(doing.name) : null;
  if (known?.kind !== 'free' || known.releases === null || !FREES.test(doing.name)) return null;
  const arg = doing.call.args[argumentIndex(known.releases.by) ?? -1];
  const bare = arg === undefined ? null : withoutCasts(arg);
  if (bare === null || !(/^(?:name|field|index)$/.test(bare.kind) || (bare.kind === 'unary' && bare.operator === '*')))
    return null;
  const text = named(bare);
  return /^(?:NULL|0)$/.test(text) ? null : text;
}

/** A pointer that is read through, passed on or freed again after it was freed. */
export const freedRule: PathRule = (program) => {
  if (!program.nodes.some((node) => doings(node).some((doing) => frees(doing) !== null))) return [];
  const hits: RuleHit[] = [];
  const unseen = program.nodes.some((node) => node.kind === 'unknown' && node.gap === true);
  const seen = new Set<string>();
  const complete = explore<readonly Freed[]>(program, {
    initial: [],
    key: (state) => state.map((one) => one.text).join(),
    unseen: () => [],
    step(state, node, decision, index, trail) {
      let freed = state;
      if (freed.length > 0) {
        for (const one of freed) if (uses(node, one) !== null) report(one, node, trail, uses(node, one) ?? '');
        // What a round of a loop frees decides whether there is another: only the entry it steps from is sure to be read.
        if (node.kind === 'each' || (node.kind === 'branch' && node.loop)) freed = [];
        // A test of it decides what it is: code that asks sets it to NULL somewhere out of sight.
        if (decision?.kind === 'branch' && node.kind === 'branch')
          freed = freed.filter((one) => !asks(node.condition, one.text));
        const writes = written(node);
        const addressed = addresses(node);
        freed = freed.filter(
          (one) =>
            !writes.some((place) => readsPlace(one.text, place)) &&
            !addressed.some((place) => readsPlace(one.text, place)),
        );
      }
      for (const doing of doings(node)) {
        const text = frees(doing);
        if (text === null || doing.into !== null) continue;
        const before = freed.find((one) => one.text === text);
        if (before !== undefined) twice(before, doing, index, trail);
        freed = [...freed.filter((one) => one.text !== text), { text, call: doing.name, at: doing.call.at }];
      }
      return freed;
    },
  });
  return complete ? hits : [];

  /** How a node uses what was freed; null when it does not. */
  function uses(node: ProgramNode, one: Freed): string | null {
    if (touched(node).has(one.text)) return 'is read through';
    if (node.kind === 'each') {
      const cursor = node.args[0];
      // Behind lines that nobody has seen, the bracket that seems to close the loop may close what was opened there.
      if (unseen) return null;
      const reads = /for_each_entry/.test(node.macro) && !/safe/.test(node.macro) && !/rcu$/.test(one.call);
      return reads && cursor?.kind === 'name' && cursor.name === one.text ? 'gives the loop its next entry' : null;
    }
    for (const doing of doings(node)) {
      if (frees(doing) !== null || TELLS.test(doing.name)) continue;
      if (doing.call.args.some((arg) => print(withoutCasts(arg)) === one.text)) return `is given to ${doing.name}()`;
      if (doing.call.args.some((arg) => partOf(arg, one.text))) return `is given to ${doing.name}()`;
    }
    return null;
  }

  /** Of a hunk laid over a condensed body only the order of the mail's own lines is sure. */
  function ordered(a: Place, b: Place): boolean {
    return program.evidence !== 'spliced' || (a.kind === 'message' && b.kind === 'message');
  }

  function report(one: Freed, node: ProgramNode, trail: Trail | null, how: string): void {
    if (!ordered(one.at, node.at)) return;
    const key = `${one.text}|${one.at.line}`;
    if (seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: USE_AFTER_FREE,
      at: node.at,
      message: `${one.text} ${how} here after ${one.call}() has freed it`,
      key: `${one.text}|${one.call}`,
      why: [{ text: 'no assignment gives it another value in between', reference: null }],
      related: [{ at: one.at, message: `${one.text} is freed here` }, ...turned(trail)],
    });
  }

  function twice(before: Freed, doing: Doing, index: number, trail: Trail | null): void {
    if (!ordered(before.at, doing.call.at)) return;
    const key = `twice|${before.text}|${index}`;
    if (seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: FREED_TWICE,
      at: doing.call.at,
      message: `${doing.name}() frees ${before.text} here a second time`,
      key: before.text,
      why: [{ text: 'no assignment gives it another value in between', reference: null }],
      related: [{ at: before.at, message: `${before.text} is freed here first` }, ...turned(trail)],
    });
  }

  function turned(trail: Trail | null): RuleHit['related'] {
    const turn = lastTurn(program, trail);
    return turn === null ? [] : [{ at: turn.at, message: 'the path turns here' }];
  }
};

function partOf(arg: Expression, text: string): boolean {
  const bare = withoutCasts(arg);
  if (bare.kind !== 'unary' || bare.operator !== '&') return false;
  const inner = print(bare.operand);
  return inner.startsWith(`${text}->`) || inner.startsWith(`${text}[`);
}

function asks(condition: Expression, text: string): boolean {
  const root = /[A-Za-z_]\w*/.exec(text)?.[0] ?? text;
  const inner = withoutCasts(condition);
  return namesIn(inner).has(root) && print(inner).includes(text);
}

/** Variables whose address a node gives away: whoever has it may write them. */
function addresses(node: ProgramNode): readonly string[] {
  return doings(node).flatMap((doing) =>
    doing.call.args.flatMap((arg) => {
      const bare = withoutCasts(arg);
      return bare.kind === 'unary' && bare.operator === '&' ? [print(bare.operand)] : [];
    }),
  );
}
