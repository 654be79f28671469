/**
 * An eventfd signalled from the wakeup callback of another. In: a patch. `eventfd_signal()` marks the task while it wakes its waiters, and
 * gives up when the task is marked already.
 */
import type { Program, ProgramTable } from '../../code/types';
import type { Change } from '../../patch/types';
import type { Place } from '../../place';
import { SIGNAL_IN_WAKEUP } from '../catalog-handovers';
import { typesOf } from './atomic-callers';
import { doings } from './calls';
import { isAdded } from './reach';
import type { PatchHit, PatchRule } from './types';

const SIGNALS = /^eventfd_signal(?:_mask|_locked)?$/;

/** Waits on an eventfd, as far as its names or what it reads tell. */
function waitsOnEventfd(program: Program): boolean {
  return (
    /eventfd|irqfd|virqfd|ioeventfd|callfd|kickfd/i.test(program.name) ||
    /(?:^|\/)(?:eventfd|virqfd|irqfd)\.c$/.test(program.file)
  );
}

/** Is it a `wait_queue_func_t`? */
function isWakeup(program: Program, change: Change): boolean {
  const { types } = typesOf(program, change);
  return /\bwait_queue_(?:entry_)?t\b|\bstruct wait_queue_entry\b/.test(types[0] ?? '') && types.length >= 3;
}

interface Signal {
  readonly name: string;
  readonly at: Place;
  /** Where the helper does it; null when the function does it itself. */
  readonly inner: Place | null;
}

/** The call by which a function signals an eventfd: its own, or that of a helper in sight. */
function signals(program: Program, set: ProgramTable): Signal[] {
  return program.nodes.flatMap((node) =>
    doings(node).flatMap((doing): Signal[] => {
      if (!doing.direct) return [];
      if (SIGNALS.test(doing.name)) return [{ name: doing.name, at: doing.call.at, inner: null }];
      const helper = doing.name === program.name ? undefined : set.programs.get(doing.name);
      const inner = helper?.nodes.flatMap((each) => doings(each)).find((one) => one.direct && SIGNALS.test(one.name));
      const isNew = isAdded(node) || (inner?.call.at.kind === 'message' && inner.call.at.added);
      return inner === undefined || !isNew ? [] : [{ name: doing.name, at: doing.call.at, inner: inner.call.at }];
    }),
  );
}

/** A wakeup callback of an eventfd that signals an eventfd. */
export const signalInWakeupRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const { name, file, program, removed } of after.touched) {
    if (removed || program === null || !waitsOnEventfd(program) || !isWakeup(program, change)) continue;
    for (const one of signals(program, after.set)) {
      const place = one.inner ?? one.at;
      if (![one.at, place].some((at) => at.kind === 'message' && at.message === change.message && at.added)) continue;
      hits.push({
        rule: SIGNAL_IN_WAKEUP,
        at: one.at,
        message: `${name}() is called while an eventfd is signalled, and ${one.name}() signals another`,
        key: `${name}|${one.name}`,
        why: [
          {
            text: 'eventfd_signal() refuses to run within itself: the signal is lost, with a warning; a work item has to give it',
            reference: 'eventfd_signal_mask() in fs/eventfd.c',
          },
        ],
        related: one.inner === null ? [] : [{ at: one.inner, message: 'signalled here' }],
        file,
        function: name,
      });
    }
  }
  return hits;
};
