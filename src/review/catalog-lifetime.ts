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

export const LOCK_HELD = context('lock-held-at-exit', 'Lock held at exit', 'error');
export const LOCK_TWICE = context('lock-taken-twice', 'Lock taken twice', 'error');
export const UNLOCK_UNHELD = context('unlock-not-held', 'Unlock of what is not held', 'error');

export const LIFETIME_RULES: readonly Rule[] = [LEAK_ON_EXIT];
export const CONTEXT_RULES: readonly Rule[] = [LOCK_HELD, LOCK_TWICE, UNLOCK_UNHELD];
