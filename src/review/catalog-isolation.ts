import type { Rule } from './rule';

/** The rules on isolation and on the window that need no run: what one function shows by itself. */
const rule = (id: string, title: string, of: Rule['class']): Rule => ({ id, title, class: of, severity: 'warning' });

export const DOMAIN_MIXED = rule('domain-mixed', 'Another domain is attached than recorded', 'isolation');
export const ANY_INSTEAD_OF_ALL = rule('any-instead-of-all', 'One safe member makes the group safe', 'isolation');
export const TRUE_ON_EMPTY = rule('true-on-empty', 'Safe because nothing is there', 'isolation');
export const OVERRIDE_SKIPS = rule('override-skips-checks', 'Override skips other checks', 'isolation');
export const SAFETY_RESULT_DROPPED = rule('safety-result-dropped', 'Failure leaves nothing reserved', 'isolation');
export const ATTACH_RESULT_DROPPED = rule('attach-result-dropped', 'Attach may have failed', 'isolation');
export const CLAIM_UNFOUNDED = rule('claim-unfounded', 'Isolation claimed that nothing gives', 'isolation');
export const SOURCE_UNCHECKED = rule('source-unchecked', 'Entry that any device may use', 'isolation');
export const REMAP_TABLE_SHARED = rule('remap-table-shared', 'Remapping table of several devices', 'isolation');
export const GUARD_BYPASSED = rule('guard-bypassed', 'Way around the test of isolation', 'isolation');
export const OWNER_ORDER = rule('owner-order', 'Attached while not the owner', 'isolation');
export const BLOCKED_OPENS = rule('blocked-opens', 'Bypass instead of blocked', 'isolation');
export const INVALIDATION_STOPS = rule('invalidation-stops', 'Invalidation ends at the first error', 'isolation');
export const ALIAS_LOST = rule('alias-lost', 'Requester id of the wrong device', 'isolation');
export const STATE_SHARED = rule('state-shared', 'One unit decides for all', 'isolation');
export const NOTIFIER_WITHOUT_INVALIDATION = rule(
  'notifier-without-invalidation',
  'Notifier that does not invalidate',
  'isolation',
);
export const COUNT_UNEVEN = rule('count-uneven', 'Counted down for more than up', 'isolation');
export const LEFT_BEFORE_DISABLED = rule('left-before-disabled', 'Off the list before it is disabled', 'isolation');
export const DIRECT_LATE = rule('direct-late', 'Reserved regions mapped too late', 'isolation');
export const PARTIAL_ATTACH = rule('partial-attach', 'Group left in two domains', 'isolation');
export const DOMAIN_UNCHECKED = rule('domain-unchecked', 'Any domain taken for a nested one', 'isolation');
export const PARENTS_UNASKED = rule('parents-unasked', 'Parents not asked', 'isolation');
export const FLUSH_TOO_EARLY = rule('flush-too-early', 'Invalidated before it is taken away', 'isolation');
export const STEPS_SWAPPED = rule('steps-swapped', 'Steps in another order than before', 'isolation');
export const FREED_BEFORE_FLUSH = rule('freed-before-flush', 'Given back before hardware forgets it', 'lifetime');
export const FLUSH_LOST = rule('flush-lost', 'Not invalidated any more', 'isolation');
export const IOVA_FREED_MAPPED = rule('iova-freed-mapped', 'IOVA given back before it is unmapped', 'lifetime');
export const MEMBERS_CACHED = rule('members-cached', 'Answer kept when a member joins', 'isolation');
export const KEY_OVERLAPS = rule('key-overlaps', 'Two pairs of numbers in one key', 'isolation');
export const OWNER_ABSENT = rule('owner-absent', 'No owner taken for a free thing', 'isolation');
export const DOMAIN_DROPPED = rule('domain-dropped', 'Mapped by device, not by domain', 'window');
export const WINDOW_IN_CPU_PAGES = rule('window-in-cpu-pages', 'Window counted in CPU pages', 'arith');

export const ISOLATION_RULES: readonly Rule[] = [
  DOMAIN_MIXED,
  ANY_INSTEAD_OF_ALL,
  TRUE_ON_EMPTY,
  OVERRIDE_SKIPS,
  SAFETY_RESULT_DROPPED,
  ATTACH_RESULT_DROPPED,
  CLAIM_UNFOUNDED,
  SOURCE_UNCHECKED,
  REMAP_TABLE_SHARED,
  GUARD_BYPASSED,
  OWNER_ORDER,
  BLOCKED_OPENS,
  INVALIDATION_STOPS,
  ALIAS_LOST,
  STATE_SHARED,
  NOTIFIER_WITHOUT_INVALIDATION,
  COUNT_UNEVEN,
  LEFT_BEFORE_DISABLED,
  DIRECT_LATE,
  PARTIAL_ATTACH,
  DOMAIN_UNCHECKED,
  PARENTS_UNASKED,
  FLUSH_TOO_EARLY,
  STEPS_SWAPPED,
  FREED_BEFORE_FLUSH,
  FLUSH_LOST,
  IOVA_FREED_MAPPED,
  MEMBERS_CACHED,
  KEY_OVERLAPS,
  OWNER_ABSENT,
  DOMAIN_DROPPED,
  WINDOW_IN_CPU_PAGES,
];
