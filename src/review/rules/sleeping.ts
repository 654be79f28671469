/** What sleeps: a call by itself, and a helper in sight by what it calls. Knows nothing of the context it is called in. */
import { remembered } from '../../code/remembered';
import type { Program, ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import { type Primitive, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { type Doing, doings } from './calls';
import { ATOMIC, lockCalls } from './locking';
import type { Surroundings } from './types';

/** Sleeps only when the last reference goes, or is built so that callers in atomic context are served. */
const SELDOM =
  /_put\b|^put_|^(?:mmdrop|kvfree|vfree|iommu_put|fput|kref_put\w*|irq_set_affinity\w*|irq_find_\w+|iommu_group_\w+|iommu_capable|pm_runtime_\w+|debugfs_\w+|get_user|put_user|copy_(?:to|from)_user|clear_user|vgic_\w+|kvm_set_irq|kvm_set_msi|irq_domain_(?:de)?activate_irq|disable_irq|srcu_read_lock)$/;

const BLOCKING = /\b(?:GFP_KERNEL\w*|GFP_USER|GFP_HIGHUSER\w*|__GFP_DIRECT_RECLAIM|GFP_NOIO|GFP_NOFS)\b/;

/** Of those, what may not be called in interrupt context or with preemption off whatever it is given. */
const NEVER_ATOMIC = /^(?:disable_irq|copy_(?:to|from)_user|get_user|put_user|clear_user)$/;

/**
 * Does the call itself sleep, as far as the primitive and its flags say? `surely`: the whole function runs where nothing may, so that
 * calls count which a section of a function may be prepared for.
 */
export function sleeps(doing: Doing, surely = false): boolean {
  const known: Primitive | null = doing.direct ? primitive(doing.name) : null;
  if (known === null) return false;
  if (SELDOM.test(doing.name)) return surely && NEVER_ATOMIC.test(doing.name);
  if (known.maySleep === 'gfp')
    return doing.call.args.some((arg) => BLOCKING.test(print(arg)) && !/\?|GFP_ATOMIC|GFP_NOWAIT/.test(print(arg)));
  return known.maySleep;
}

/** A step by which a function asks about its context, so that what it does need not be what it does there. */
const ASKS =
  /in_atomic|irqs_disabled|in_interrupt|in_irq|in_hardirq|in_softirq|in_task|allow_blocking|preemptible|pagefault_disable|mmu_notifier_range_blockable/;

/** Does the function ask whether it may sleep, or give back a lock it was called with? */
export const asksContext = remembered((program: Program): boolean => {
  if (program.nodes.some((node) => doings(node).some((doing) => ASKS.test(doing.name)))) return true;
  const first = program.nodes.flatMap((node) => lockCalls(node)).find((call) => ATOMIC.has(call.resource));
  return first !== undefined && !first.takes;
});

/** Is it told by a parameter whether it may sleep? */
export function isToldContext(program: Program): boolean {
  return program.parameters.some((one) =>
    /gfp|atomic|sleep|block|nowait|can_|irqoff|in_irq|locked/.test(`${one.name} ${one.type}`),
  );
}

/** The call by which a helper sleeps whatever it is given; null when none is in sight, or when it looks at its context first. */
export function sleepsWithin(
  helper: Program,
  programs: Surroundings['programs'],
  depth: number,
): { readonly name: string; readonly at: Place } | null {
  if (helper.evidence === 'fragment' || helper.nodes.length > 400) return null;
  const careful =
    asksContext(helper) || helper.nodes.some((node) => doings(node).some((doing) => /_unlock/.test(doing.name)));
  if (careful && !helper.nodes.some((node) => lockCalls(node).some((call) => call.takes && call.resource === 'mutex')))
    return null;
  // What lies behind a decision may be decided by the context: only the straight way in counts, and locks taken on it.
  let at = helper.entry;
  for (let steps = 0; steps < 60; steps++) {
    const node: ProgramNode | undefined = helper.nodes[at];
    if (node === undefined) return null;
    for (const doing of doings(node)) {
      if (sleeps(doing)) return { name: doing.name, at: doing.call.at };
      if (lockCalls(node).some((call) => call.takes && ATOMIC.has(call.resource))) return null;
      const next = doing.direct && primitive(doing.name) === null ? programs.get(doing.name) : undefined;
      const inner = next === undefined || depth >= 2 ? null : sleepsWithin(next, programs, depth + 1);
      if (inner !== null) return inner;
    }
    if (node.kind !== 'do' && node.kind !== 'declare') return null;
    at = node.next;
  }
  return null;
}

/** Waits for another thread or a handler: no decision makes it harmless where nothing may sleep. */
const WAITS = /^(?:wait_for_completion\w*|wait_event\w*|msleep\w*|usleep_range|ssleep|schedule_timeout\w*)$/;

export interface SleepingCall {
  readonly name: string;
  readonly at: Place;
  /** The calls that lead from the function asked about to it, outermost first; empty when the function makes it itself. */
  readonly through: readonly { readonly name: string; readonly at: Place }[];
}

/**
 * The calls by which a function sleeps on some way: its own, and those of helpers in sight that do so whatever they are given, or
 * that wait for somebody behind decisions of their own. Empty for one that asks or is told whether it may.
 */
export function sleepingCalls(program: Program, programs: Surroundings['programs']): readonly SleepingCall[] {
  if (asksContext(program) || isToldContext(program)) return [];
  const found: SleepingCall[] = [];
  for (const node of program.nodes)
    for (const doing of doings(node)) {
      if (sleeps(doing, true)) found.push({ name: doing.name, at: doing.call.at, through: [] });
      else if (doing.direct && primitive(doing.name) === null) {
        const helper = programs.get(doing.name);
        if (helper === undefined || helper === program) continue;
        const inner = sleepsWithin(helper, programs, 0) ?? waitsWithin(helper);
        if (inner !== null)
          found.push({ name: inner.name, at: inner.at, through: [{ name: doing.name, at: doing.call.at }] });
      }
    }
  return found;
}

/** The call by which a helper waits for another thread or for time to pass; null where it asks or is told whether it may. */
export function waitsWithin(helper: Program): { readonly name: string; readonly at: Place } | null {
  if (asksContext(helper) || isToldContext(helper)) return null;
  for (const node of helper.nodes)
    for (const doing of doings(node))
      if (doing.direct && WAITS.test(doing.name) && sleeps(doing)) return { name: doing.name, at: doing.call.at };
  return null;
}
