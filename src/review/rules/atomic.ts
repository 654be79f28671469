import type { Program } from '../../code/types';
import { print } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { SLEEPS_IN_ATOMIC } from '../catalog-lifetime';
import { type Doing, doings, readsPlace, written } from './calls';
import { says } from './conditions';
import { explore } from './explore';
import { ATOMIC, lockCalls, mayChangeLock } from './locking';
import { sleeps, sleepsWithin, waitsWithin } from './sleeping';
import type { PathRule, RuleHit, Surroundings } from './types';

export interface AtomicSection {
  readonly id: string;
  /** What makes it atomic, as a reader calls it: `&s->lock`, `rcu_read_lock`. */
  readonly shown: string;
  readonly at: Place;
}

/** Tells `see` of each call that some way makes in an atomic section of the function itself, outermost section first. False: given up. */
export function visitAtomicCalls(
  program: Program,
  programs: Surroundings['programs'],
  see: (section: AtomicSection, doing: Doing) => void,
): boolean {
  if (!program.nodes.some((node) => lockCalls(node).some((call) => call.takes && ATOMIC.has(call.resource))))
    return true;
  return explore<readonly AtomicSection[]>(program, {
    initial: [],
    key: (state) => state.map((one) => one.id).join(),
    unseen: () => [],
    step(state, node, decision) {
      let sections = state;
      if (sections.length > 0) {
        const writes = written(node);
        sections = sections.filter(
          (one) => !writes.some((place) => readsPlace(one.id.slice(one.id.indexOf(':') + 1), place)),
        );
        for (const doing of doings(node)) {
          sections = sections.filter((one) => !mayChangeLock(doing, one.id, programs));
          const outer = sections[0];
          if (outer === undefined) break;
          see(outer, doing);
        }
      }
      for (const call of lockCalls(node)) {
        if (!ATOMIC.has(call.resource)) continue;
        sections = sections.filter((one) => one.id !== call.id);
        if (!call.takes) continue;
        if (call.asks !== null) {
          if (node.kind !== 'branch' || decision?.kind !== 'branch') continue;
          if (says(node.condition, decision.taken, print(call.doing.call))?.said === 'zero') continue;
        }
        sections = [...sections, { id: call.id, shown: call.shown, at: call.doing.call.at }];
      }
      return sections;
    },
  });
}

/** `with &s->lock held`, `inside rcu_read_lock()`. */
export function sectionText(shown: string): string {
  return /\(|lock$|disable$|save$|get_cpu/.test(shown) && !/[>.&]/.test(shown)
    ? `inside ${shown}()`
    : `with ${shown} held`;
}

/** A call that may sleep where nothing may: under a spinlock, in an RCU section, with interrupts, bottom halves or preemption off. */
export const atomicRule: PathRule = (program, { programs }) => {
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = visitAtomicCalls(program, programs, (section, doing) => {
    if (sleeps(doing)) report(section, doing, null);
    else if (doing.direct && primitive(doing.name) === null) {
      const helper = programs.get(doing.name);
      const inner = helper === undefined ? null : (sleepsWithin(helper, programs, 0) ?? waitsWithin(helper));
      if (inner !== null) report(section, doing, inner);
    }
  });
  return complete ? hits : [];

  function report(
    section: AtomicSection,
    doing: Doing,
    inner: { readonly name: string; readonly at: Place } | null,
  ): void {
    const key = `${doing.name}|${doing.call.at.line}`;
    if (seen.has(key)) return;
    seen.add(key);
    const where = sectionText(section.shown);
    hits.push({
      rule: SLEEPS_IN_ATOMIC,
      at: doing.call.at,
      message:
        inner === null
          ? `${doing.name}() may sleep, and is called here ${where}`
          : `${doing.name}() calls ${inner.name}(), which may sleep, and is called here ${where}`,
      key: `${doing.name}|${section.id}`,
      why: [
        {
          text: 'in atomic context nothing may wait for a lock, for memory or for another thread',
          reference: 'Documentation/locking/spinlocks.rst',
        },
      ],
      related: [
        { at: section.at, message: 'atomic from here on' },
        ...(inner === null ? [] : [{ at: inner.at, message: `${inner.name}() is called here` }]),
      ],
    });
  }
};
