/** The rules of classes lifetime and context that are told from a function's paths, without a machine. */
import type { Rule } from './rule';

const lifetime = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'lifetime',
  severity,
});
const context = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'context',
  severity,
});

export const LEAK_ON_EXIT = lifetime('leak-on-exit', 'Leaked on this exit');

export const USE_AFTER_FREE = lifetime('use-after-free', 'Used after it was freed', 'error');
export const FREED_TWICE = lifetime('freed-twice', 'Freed twice', 'error');
export const UNCHECKED_POINTER = lifetime('unchecked-pointer', 'Result used untested');
export const NULL_DEREFERENCE = lifetime('null-dereference', 'Read through although NULL', 'error');
export const TESTED_AFTER_USE = lifetime('tested-after-use', 'Tested after use');
export const WRONG_ERROR_TEST = lifetime('wrong-error-test', 'Test that cannot see the failure');

export const RESULT_LOST = lifetime('result-lost', 'Result never looked at');
export const ALLOCATED_UNUSED = lifetime('allocated-unused', 'Allocated, filled and left');
export const QUEUED_ONLY = lifetime('queued-only', 'Given back while hardware may read it', 'error');
export const DOOR_BEFORE_VECTORS = lifetime('door-before-vectors', 'Doorbell given back while vectors are on');
export const UNDOES_FAILED = lifetime('undoes-failed', 'Rollback undoes what failed');
export const PUBLISHED_EARLY = lifetime('published-early', 'Published before it is ready');
export const RELEASE_ORDER = lifetime('release-order', 'Given back in the wrong order');
export const UNWIND_SKIPPED = lifetime('unwind-skipped', 'Way out that undoes nothing');
export const MANAGED_FREED = lifetime('managed-freed', 'Managed and given back by hand', 'error');
export const FREED_LINKED = lifetime('freed-linked', 'Freed while still linked', 'error');
export const LOOKUP_UNTESTED = lifetime('lookup-untested', 'Lookup used untested');
export const MISMATCHED_RELEASE = lifetime('mismatched-release', 'Given back the wrong way', 'error');
export const READY_AFTER_INSTALL = lifetime('ready-after-install', 'Ready only after the handler is installed');
export const FALLS_INTO_UNWIND = lifetime('falls-into-unwind', 'Success runs into the error path', 'error');
export const NULL_ARGUMENT = lifetime('null-argument', 'Called though a caller gives NULL', 'error');
export const NO_LONGER_SET = lifetime('no-longer-set', 'Set on some ways only');
export const TEST_REMOVED = lifetime('test-removed', 'Test of a result taken away');
export const MAPPING_UNTESTED = lifetime('mapping-untested', 'Mapping used untested');
export const PUT_TWICE = lifetime('put-twice', 'Given back by helper and caller', 'error');

/** Speaks for I9 too: the same defect, seen in a function instead of in a run. */
export const SLEEPS_IN_ATOMIC = context('sleep-in-atomic', 'Sleeps in atomic context', 'error');
export const LOCK_HELD = context('lock-held-at-exit', 'Lock held at exit', 'error');
export const LOCK_DROPPED = context('lock-dropped', 'List walked without its lock');
export const LOCK_TWICE = context('lock-taken-twice', 'Lock taken twice', 'error');
export const UNLOCK_UNHELD = context('unlock-not-held', 'Unlock of what is not held', 'error');

export const RELEASED_BEFORE_STOPPED = lifetime('released-before-stopped', 'Given back before it is stopped', 'error');
export const USED_PAST_UNLOCK = lifetime('used-past-unlock', 'Used after the lock that kept it', 'error');

export const LIFETIME_RULES: readonly Rule[] = [
  LEAK_ON_EXIT,
  USE_AFTER_FREE,
  FREED_TWICE,
  UNCHECKED_POINTER,
  NULL_DEREFERENCE,
  TESTED_AFTER_USE,
  WRONG_ERROR_TEST,
  RESULT_LOST,
  ALLOCATED_UNUSED,
  RELEASE_ORDER,
  UNWIND_SKIPPED,
  MANAGED_FREED,
  FREED_LINKED,
  LOOKUP_UNTESTED,
  MISMATCHED_RELEASE,
  READY_AFTER_INSTALL,
  FALLS_INTO_UNWIND,
  NULL_ARGUMENT,
  PUT_TWICE,
  NO_LONGER_SET,
  UNDOES_FAILED,
  PUBLISHED_EARLY,
  QUEUED_ONLY,
  DOOR_BEFORE_VECTORS,
  TEST_REMOVED,
  MAPPING_UNTESTED,
  RELEASED_BEFORE_STOPPED,
  USED_PAST_UNLOCK,
];
export const CONTEXT_RULES: readonly Rule[] = [LOCK_HELD, LOCK_DROPPED, LOCK_TWICE, UNLOCK_UNHELD];
