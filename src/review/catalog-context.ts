/** Rules on what several threads do at once: locks between functions, and when others may find an object. */
import type { Rule } from './rule';

const context = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'context',
  severity,
});

export const LOCK_NOT_HELD = context('lock-not-held', 'Called without the lock it wants', 'error');
export const LOCK_ORDER = context('lock-order', 'Locks taken in two orders', 'error');
export const NO_GRACE_PERIOD = context('no-grace-period', 'Freed without a grace period', 'error');
export const TESTED_OUTSIDE = context('tested-outside-lock', 'Tested without the lock');
export const WAITS_FOR_ITSELF = context('waits-for-itself', 'Waits for its own read section', 'error');
export const IRQ_LOCK_KIND = context('irq-lock-kind', 'Lock of an interrupt, interrupts enabled');

export const CONCURRENCY_RULES: readonly Rule[] = [
  LOCK_NOT_HELD,
  LOCK_ORDER,
  NO_GRACE_PERIOD,
  TESTED_OUTSIDE,
  WAITS_FOR_ITSELF,
  IRQ_LOCK_KIND,
];
