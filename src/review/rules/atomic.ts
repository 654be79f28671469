import type { Program } from '../../code/types';
import { print } from '../../code/walk';
import { type Primitive, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { SLEEPS_IN_ATOMIC } from '../catalog-lifetime';
import { type Doing, doings, readsPlace, written } from './calls';
import { says } from './conditions';
import { explore } from './explore';
import { ATOMIC, lockCalls, mayChangeLock } from './locking';
import type { PathRule, RuleHit, Surroundings } from './types';

interface Context {
  readonly id: string;
  readonly shown: string;
  readonly at: Place;
}

/** Sleeps only when the last reference goes, or is built so that callers in atomic context are served. */
const SELDOM =
  /_put\b|^put_|^(?:mmdrop|kvfree|vfree|iommu_put|fput|kref_put\w*|irq_set_affinity\w*|irq_find_\w+|iommu_group_\w+|iommu_capable|pm_runtime_\w+|debugfs_\w+|get_user|put_user|copy_(?:to|from)_user|clear_user|vgic_\w+|kvm_set_irq|kvm_set_msi|irq_domain_(?:de)?activate_irq|disable_irq|srcu_read_lock)$/;

const BLOCKING = /\b(?:GFP_KERNEL\w*|GFP_USER|GFP_HIGHUSER\w*|__GFP_DIRECT_RECLAIM|GFP_NOIO|GFP_NOFS)\b/;

/** Does the call itself sleep, as far as the primitive and its flags say? */
function sleeps(doing: Doing): boolean {
  const known: Primitive | null = doing.direct ? primitive(doing.name) : null;
  if (known === null || SELDOM.test(doing.name)) return false;
  if (known.maySleep === 'gfp')
    return doing.call.args.some((arg) => BLOCKING.test(print(arg)) && !/\?|GFP_ATOMIC|GFP_NOWAIT/.test(print(arg)));
  return known.maySleep;
}

/** The call by which a helper sleeps whatever it is given; null when none is in sight, or when it looks at its context first. */
function sleepsWithin(
  helper: Program,
  programs: Surroundings['programs'],
  depth: number,
): { readonly name: string; readonly at: Place } | null {
  if (helper.evidence === 'fragment' || helper.nodes.length > 400) return null;
  const careful = helper.nodes.some((node) =>
    doings(node).some((doing) =>
      /in_atomic|irqs_disabled|in_interrupt|allow_blocking|_unlock|preemptible/.test(doing.name),
    ),
  );
  if (careful && !helper.nodes.some((node) => lockCalls(node).some((call) => call.takes && call.resource === 'mutex')))
    return null;
  // What lies behind a decision may be decided by the context: only the straight way in counts, and locks taken on it.
  let at = helper.entry;
  for (let steps = 0; steps < 60; steps++) {
    const node = helper.nodes[at];
    if (node === undefined || (node.kind !== 'do' && node.kind !== 'declare')) {
      if (node?.kind !== 'branch') return null;
    }
    for (const doing of node === undefined ? [] : doings(node)) {
      if (sleeps(doing)) return { name: doing.name, at: doing.call.at };
      if (lockCalls(node as never).some((call) => call.takes && ATOMIC.has(call.resource))) return null;
      const next = doing.direct && primitive(doing.name) === null ? programs.get(doing.name) : undefined;
      const inner = next === undefined || depth >= 2 ? null : sleepsWithin(next, programs, depth + 1);
      if (inner !== null) return inner;
    }
    if (node === undefined || node.kind === 'branch') return null;
    at = node.next;
  }
  return null;
}

/** A call that may sleep where nothing may: under a spinlock, in an RCU section, with interrupts, bottom halves or preemption off. */
export const atomicRule: PathRule = (program, { programs }) => {
  if (!program.nodes.some((node) => lockCalls(node).some((call) => call.takes && ATOMIC.has(call.resource)))) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<readonly Context[]>(program, {
    initial: [],
    key: (state) => state.map((one) => one.id).join(),
    unseen: () => [],
    step(state, node, decision) {
      let contexts = state;
      if (contexts.length > 0) {
        const writes = written(node);
        contexts = contexts.filter(
          (one) => !writes.some((place) => readsPlace(one.id.slice(one.id.indexOf(':') + 1), place)),
        );
        for (const doing of doings(node)) {
          contexts = contexts.filter((one) => !mayChangeLock(doing, one.id, programs));
          const outer = contexts[0];
          if (outer === undefined) break;
          if (sleeps(doing)) report(outer, doing, null);
          else if (doing.direct && primitive(doing.name) === null) {
            const helper = programs.get(doing.name);
            const inner = helper === undefined ? null : sleepsWithin(helper, programs, 0);
            if (inner !== null) report(outer, doing, inner);
          }
        }
      }
      for (const call of lockCalls(node)) {
        if (!ATOMIC.has(call.resource)) continue;
        contexts = contexts.filter((one) => one.id !== call.id);
        if (!call.takes) continue;
        if (call.asks !== null) {
          if (node.kind !== 'branch' || decision?.kind !== 'branch') continue;
          if (says(node.condition, decision.taken, print(call.doing.call))?.said === 'zero') continue;
        }
        contexts = [...contexts, { id: call.id, shown: call.shown, at: call.doing.call.at }];
      }
      return contexts;
    },
  });
  return complete ? hits : [];

  function report(context: Context, doing: Doing, inner: { readonly name: string; readonly at: Place } | null): void {
    const key = `${doing.name}|${doing.call.at.line}`;
    if (seen.has(key)) return;
    seen.add(key);
    const where =
      /\(|lock$|disable$|save$|get_cpu/.test(context.shown) && !/[>.&]/.test(context.shown)
        ? `inside ${context.shown}()`
        : `with ${context.shown} held`;
    hits.push({
      rule: SLEEPS_IN_ATOMIC,
      at: doing.call.at,
      message:
        inner === null
          ? `${doing.name}() may sleep, and is called here ${where}`
          : `${doing.name}() calls ${inner.name}(), which may sleep, and is called here ${where}`,
      key: `${doing.name}|${context.id}`,
      why: [
        {
          text: 'in atomic context nothing may wait for a lock, for memory or for another thread',
          reference: 'Documentation/locking/spinlocks.rst',
        },
      ],
      related: [
        { at: context.at, message: 'atomic from here on' },
        ...(inner === null ? [] : [{ at: inner.at, message: `${inner.name}() is called here` }]),
      ],
    });
  }
};
