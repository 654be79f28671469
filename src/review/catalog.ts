/**
 * Every rule Doorbell can speak by: id, heading, class and default severity. Each has a page `docs/rules/ID.md`
 * (why, example, how to fix, when it is wrong).
 */
import type { InvariantId } from '../scenario/types';
import { ARITH_RULES } from './catalog-arith';
import { BISECT_RULES } from './catalog-bisect';
import { CONCURRENCY_RULES } from './catalog-context';
import { CONTRACT_RULES } from './catalog-contracts';
import { CONVENTION_RULES } from './catalog-conventions';
import { DESCRIBED_RULES } from './catalog-described';
import { HANDOVER_RULES } from './catalog-handovers';
import { ISOLATION_RULES } from './catalog-isolation';
import { CONTEXT_RULES, LIFETIME_RULES, SLEEPS_IN_ATOMIC } from './catalog-lifetime';
import { STATED_RULES } from './catalog-stated';
import { UAPI_RULES } from './catalog-uapi';
import { WINDOW_RULES } from './catalog-window';
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
  I9: SLEEPS_IN_ATOMIC,
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

export const USED_BEFORE_ADDED: Rule = {
  id: 'used-before-added',
  title: 'Used before it is added',
  class: 'bisect',
  severity: 'error',
};

export const USED_AFTER_REMOVED: Rule = {
  id: 'used-after-removed',
  title: 'Used after it is removed',
  class: 'bisect',
  severity: 'error',
};
export const SIGNATURE_NOT_CONVERTED: Rule = {
  id: 'signature-not-converted',
  title: 'Call left with another signature',
  class: 'bisect',
  severity: 'error',
};
export const STUB_DIFFERS: Rule = {
  id: 'stub-differs',
  title: 'Stub differs from the function',
  class: 'bisect',
  severity: 'error',
};
export const STATIC_UNUSED: Rule = {
  id: 'static-unused',
  title: 'Static and not used yet',
  class: 'bisect',
  severity: 'info',
};
export const DEFINITION_IN_HEADER: Rule = {
  id: 'definition-in-header',
  title: 'Function defined in a header',
  class: 'bisect',
  severity: 'error',
};
export const UNBALANCED: Rule = {
  id: 'unbalanced-statement',
  title: 'Brackets do not match',
  class: 'bisect',
  severity: 'error',
};
export const REPAIRS_OWN_SERIES: Rule = {
  id: 'repairs-own-series',
  title: 'Repairs its own series',
  class: 'bisect',
  severity: 'warning',
};
export const NOT_EXPORTED: Rule = {
  id: 'not-exported',
  title: 'Not exported to a module',
  class: 'bisect',
  severity: 'error',
};
export const DECLARED_NOWHERE: Rule = {
  id: 'declared-nowhere',
  title: 'Called and not declared',
  class: 'bisect',
  severity: 'error',
};
export const INCLUDE_MISSING: Rule = {
  id: 'include-missing',
  title: 'Header not included',
  class: 'bisect',
  severity: 'error',
};
export const STUB_MISSING: Rule = {
  id: 'stub-missing',
  title: 'No stub for the option off',
  class: 'bisect',
  severity: 'error',
};
export const NOT_BUILT: Rule = {
  id: 'not-built',
  title: 'Added and not built',
  class: 'bisect',
  severity: 'warning',
};
export const OBJECT_WITHOUT_SOURCE: Rule = {
  id: 'object-without-source',
  title: 'Object without a source',
  class: 'bisect',
  severity: 'error',
};
export const OPTION_UNUSED: Rule = {
  id: 'option-unused',
  title: 'Option that nothing looks at',
  class: 'bisect',
  severity: 'warning',
};
export const SELECT_UNMET: Rule = {
  id: 'select-unmet',
  title: 'Selects what it does not depend on',
  class: 'bisect',
  severity: 'warning',
};
export const ACCEPTED_BEFORE_SUPPORT: Rule = {
  id: 'accepted-before-support',
  title: 'Told to userspace before it is there',
  class: 'bisect',
  severity: 'warning',
};
export const GUARD_GAP: Rule = {
  id: 'guard-gap',
  title: 'Unguarded in between',
  class: 'bisect',
  severity: 'error',
};

export const PROMISE_NOT_KEPT: Rule = {
  id: 'promise-not-kept',
  title: 'Promise not kept',
  class: 'described',
  severity: 'warning',
};

export const RULES: readonly Rule[] = [
  ...Object.values(INVARIANT_RULES),
  LEFT_ON_ERROR,
  OUT_OF_BOUNDS,
  GAP,
  BROKEN_BETWEEN,
  USED_BEFORE_ADDED,
  USED_AFTER_REMOVED,
  SIGNATURE_NOT_CONVERTED,
  STUB_DIFFERS,
  STATIC_UNUSED,
  DEFINITION_IN_HEADER,
  UNBALANCED,
  REPAIRS_OWN_SERIES,
  NOT_EXPORTED,
  DECLARED_NOWHERE,
  INCLUDE_MISSING,
  STUB_MISSING,
  NOT_BUILT,
  OBJECT_WITHOUT_SOURCE,
  OPTION_UNUSED,
  SELECT_UNMET,
  ACCEPTED_BEFORE_SUPPORT,
  GUARD_GAP,
  PROMISE_NOT_KEPT,
  ...UAPI_RULES,
  ...ISOLATION_RULES,
  ...WINDOW_RULES,
  ...ARITH_RULES,
  ...CONTRACT_RULES,
  ...HANDOVER_RULES,
  ...CONVENTION_RULES,
  ...DESCRIBED_RULES,
  ...STATED_RULES,
  ...LIFETIME_RULES,
  ...CONTEXT_RULES,
  ...BISECT_RULES,
  ...CONCURRENCY_RULES,
];
