/** Rules on what outlives the function that made it: what a file, a device or an interrupt took over, and what others read meanwhile. */
import type { Rule } from './rule';

const rule = (
  id: string,
  title: string,
  of: Rule['class'] = 'lifetime',
  severity: Rule['severity'] = 'warning',
): Rule => ({ id, title, class: of, severity });

export const FILE_TOOK_REFERENCE = rule('file-took-reference', 'Dropped by the file and again');
export const MANAGED_BEHIND_FILE = rule('managed-behind-file', 'File outlives managed memory');
export const MANAGED_ORDER = rule('managed-order', 'Action runs before the handler is gone');
export const NO_LONGER_CLEARED = rule('no-longer-cleared', 'Freed and no longer cleared');
export const WRONG_GRACE_PERIOD = rule('wrong-grace-period', 'Waits for other readers', 'lifetime', 'error');
export const NOT_ASKED_AGAIN = rule('not-asked-again', 'Not asked again under the lock');
export const FREED_UNDER_HANDLER = rule('freed-under-handler', 'Freed before the handler is stopped');
export const SIGNAL_IN_WAKEUP = rule('signal-in-wakeup', 'Eventfd signalled from an eventfd', 'context');
export const FLAGS_NOT_PASSED = rule('flags-not-passed', 'Caller’s allocation flags not passed on', 'context');
export const MARK_LEFT_SET = rule('mark-left-set', 'Marked as registered and is not');
export const MAPS_IN_COMPOSE = rule('maps-in-compose', 'Made where the message is composed', 'context');
export const WAITS_FOR_HANDLER = rule('waits-for-handler', 'Waits for what needs its lock', 'context', 'error');

export const HANDOVER_RULES: readonly Rule[] = [
  FILE_TOOK_REFERENCE,
  MANAGED_BEHIND_FILE,
  MANAGED_ORDER,
  NO_LONGER_CLEARED,
  WRONG_GRACE_PERIOD,
  NOT_ASKED_AGAIN,
  FREED_UNDER_HANDLER,
  SIGNAL_IN_WAKEUP,
  FLAGS_NOT_PASSED,
  MARK_LEFT_SET,
  MAPS_IN_COMPOSE,
  WAITS_FOR_HANDLER,
];
