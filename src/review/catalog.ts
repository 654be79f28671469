/**
 * Every rule Doorbell can speak by: id, heading, class and default severity. Each has a page `docs/rules/ID.md`
 * (why, example, how to fix, when it is wrong).
 */
import type { InvariantId } from '../scenario/types';
import { ARITH_RULES } from './catalog-arith';
import { DESCRIBED_RULES } from './catalog-described';
import { UAPI_RULES } from './catalog-uapi';
import type { Rule } from './rule';

export type { Rule } from './rule';

/** The rule that speaks for a broken invariant. I12 has none of its own: it is I1–I11 on a prefix, `broken-between`. */
export const INVARIANT_RULES: Readonly<Record<Exclude<InvariantId, 'I12'>, Rule>> = {
  I1: { id: 'foreign-interrupt', title: 'Foreign interrupt', class: 'isolation', severity: 'error' },
  I2: { id: 'stale-door', title: 'Stale door', class: 'isolation', severity: 'error' },
  I3: { id: 'interrupt-lost', title: 'Interrupt does not arrive', class: 'window', severity: 'error' },
  I4: { id: 'false-capability', title: 'False isolation claim', class: 'isolation', severity: 'error' },
  I5: { id: 'unguarded-attach', title: 'Attach not refused', class: 'isolation', severity: 'error' },
  I6: { id: 'window-unsound', title: 'Window unsound', class: 'window', severity: 'error' },
  I7: { id: 'window-leak', title: 'Window not given back', class: 'window', severity: 'error' },
  I8: { id: 'window-open', title: 'Window open to the guest', class: 'window', severity: 'error' },
  I9: { id: 'sleep-in-atomic', title: 'Sleeps in atomic context', class: 'context', severity: 'error' },
  I10: { id: 'wrong-order', title: 'Wrong order', class: 'lifetime', severity: 'error' },
  I11: { id: 'not-balanced', title: 'Acquired and not released', class: 'lifetime', severity: 'error' },
};

/** A doorbell, its page or a programmed vector that stays behind when a call on the way fails. */
export const LEFT_ON_ERROR: Rule = {
  id: 'left-on-error',
  title: 'Left behind by an error path',
  class: 'lifetime',
  severity: 'error',
};

/** A range that the code makes longer than what was asked for. */
export const OUT_OF_BOUNDS: Rule = {
  id: 'out-of-bounds',
  title: 'Longer than asked for',
  class: 'arith',
  severity: 'error',
};

/** The order is wrong for a moment inside one operation, and right at its end. */
export const GAP: Rule = { id: 'gap-in-order', title: 'Open for a moment', class: 'lifetime', severity: 'info' };

/** A state that is broken only between two patches of the series (I12). */
export const BROKEN_BETWEEN: Rule = {
  id: 'broken-between',
  title: 'Broken between patches',
  class: 'bisect',
  severity: 'warning',
};

export const PROMISE_NOT_KEPT: Rule = {
  id: 'promise-not-kept',
  title: 'Promise not kept',
  class: 'described',
  severity: 'warning',
};

export const LEAK_ON_EXIT: Rule = {
  id: 'leak-on-exit',
  title: 'Leaked on this exit',
  class: 'lifetime',
  severity: 'warning',
};
export const LOCK_HELD: Rule = {
  id: 'lock-held-at-exit',
  title: 'Lock held at exit',
  class: 'context',
  severity: 'error',
};

export const RULES: readonly Rule[] = [
  ...Object.values(INVARIANT_RULES),
  LEFT_ON_ERROR,
  OUT_OF_BOUNDS,
  GAP,
  BROKEN_BETWEEN,
  PROMISE_NOT_KEPT,
  LEAK_ON_EXIT,
  LOCK_HELD,
  ...UAPI_RULES,
  ...ARITH_RULES,
  ...DESCRIBED_RULES,
];
