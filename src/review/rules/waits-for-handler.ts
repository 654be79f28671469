/**
 * A wait for a handler that needs the lock of the one who waits. In: a patch. A function holds a lock and calls what waits until a work
 * item, timer or interrupt handler has ended; the handler, in sight, takes the lock.
 */
import type { Program, ProgramTable } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { WAITS_FOR_HANDLER } from '../catalog-handovers';
import { type Doing, doings, named } from './calls';
import { explore } from './explore';
import { type Held, heldAfter } from './held-locks';
import { lockClassOf } from './lock-order';
import { lockCalls } from './locking';
import type { PatchHit, PatchRule } from './types';

/** Waits until the handler of its first argument has ended. */
const WAITS =
  /^(?:cancel_work_sync|cancel_delayed_work_sync|flush_work|flush_delayed_work|disable_work_sync|del_timer_sync|timer_delete_sync|timer_shutdown_sync|hrtimer_cancel|tasklet_kill|kthread_cancel_work_sync|kthread_flush_work|free_irq|disable_irq|synchronize_irq)$/;
/** Calls that name the handler of a thing, and by which arguments. */
const SETS: Readonly<Record<string, readonly [thing: number, handler: number]>> = {
  INIT_WORK: [0, 1],
  INIT_DELAYED_WORK: [0, 1],
  kthread_init_work: [0, 1],
  timer_setup: [0, 1],
  hrtimer_setup: [0, 1],
  tasklet_setup: [0, 1],
  tasklet_init: [0, 1],
  request_irq: [0, 1],
  request_threaded_irq: [0, 2],
  devm_request_irq: [1, 2],
};
const EXCLUSIVE = /^(?:mutex|spinlock|rwsem)$/;

const tail = (text: string): string => /(\w+)$/.exec(text)?.[1] ?? '';

/** The handlers that the functions in sight set for a thing of this name. */
function handlersOf(set: ProgramTable, file: string, thing: string): Program[] {
  const found = new Set<Program>();
  for (const program of set.programs.values()) {
    if (program.source === 'design' || program.file !== file) continue;
    for (const node of program.nodes)
      for (const doing of doings(node)) {
        const at = doing.direct && Object.hasOwn(SETS, doing.name) ? SETS[doing.name] : undefined;
        const handler = at === undefined ? undefined : doing.call.args[at[1]];
        if (at === undefined || handler === undefined || tail(named(doing.call.args[at[0]])) !== thing) continue;
        const bare = withoutCasts(handler);
        const one = set.programs.get(print(bare).replace(/^&/, ''));
        if (one !== undefined && one.file === file) found.add(one);
      }
  }
  return [...found];
}

/** Where a handler takes the lock, whatever happens; null where it only tries. */
function takes(handler: Program, lock: string, set: ProgramTable): Place | null {
  for (const node of handler.nodes)
    for (const call of lockCalls(node))
      if (
        call.takes &&
        call.asks === null &&
        EXCLUSIVE.test(call.resource) &&
        lockClassOf(handler, call.id.slice(call.id.indexOf(':') + 1).replace(/->/g, '.'), set.structures) === lock
      )
        return call.doing.call.at;
  return null;
}

export const waitsForHandlerRule: PatchRule = ({ change, after }) => {
  const { set } = after;
  const hits: PatchHit[] = [];
  const isNew = (at: Place): boolean => at.kind === 'message' && at.message === change.message && at.added;
  for (const { name, file, program, removed } of after.touched) {
    if (removed || program === null) continue;
    if (!program.nodes.some((node) => doings(node).some((doing) => WAITS.test(doing.name)))) continue;
    const seen = new Set<string>();
    const mine: PatchHit[] = [];
    const complete = explore<readonly Held[]>(program, {
      initial: [],
      key: (held) => held.map((one) => one.id).join(),
      unseen: () => [],
      step(held, node, decision) {
        for (const doing of held.length === 0 ? [] : doings(node))
          if (doing.direct && WAITS.test(doing.name)) tell(doing, held);
        return heldAfter(held, node, decision, set.programs);
      },
    });
    if (complete) hits.push(...mine);

    function tell(doing: Doing, held: readonly Held[]): void {
      if (program === null) return;
      for (const handler of handlersOf(set, file, tail(named(doing.call.args[0]))))
        for (const one of held) {
          const lock = EXCLUSIVE.test(one.resource) ? lockClassOf(program, one.path, set.structures) : null;
          const at = lock === null ? null : takes(handler, lock, set);
          const key = `${doing.call.at.line}|${handler.name}|${lock}`;
          if (lock === null || at === null || seen.has(key)) continue;
          if (![doing.call.at, one.at, at].some(isNew)) continue;
          seen.add(key);
          mine.push({
            rule: WAITS_FOR_HANDLER,
            at: doing.call.at,
            message: `${doing.name}() waits here for ${handler.name}(), which waits for ${one.shown}`,
            key: `${doing.name}|${handler.name}|${lock}`,
            why: [
              {
                text: 'the handler cannot end before the lock is given back, and the lock is given back only when the handler has ended',
                reference: 'Documentation/core-api/workqueue.rst',
              },
            ],
            related: [
              { at: one.at, message: `${one.shown} is taken here` },
              { at, message: `${handler.name}() takes it here` },
            ],
            file,
            function: name,
          });
        }
    }
  }
  return hits;
};
