/** The rules on what outlives the function that made it, and on what others read meanwhile. */
import { fileTookReferenceRule, managedBehindFileRule } from './file-owners';
import { flagsNotPassedRule } from './flags-not-passed';
import { freedUnderHandlerRule } from './freed-under-handler';
import { managedOrderRule } from './managed-order';
import { mapsInComposeRule } from './maps-in-compose';
import { markLeftSetRule } from './mark-left-set';
import { movedIntoAtomicRule } from './moved-into-atomic';
import { noLongerClearedRule } from './no-longer-cleared';
import { notAskedAgainRule } from './not-asked-again';
import { signalInWakeupRule } from './signal-in-wakeup';
import type { PatchRule, PathRule } from './types';
import { waitsForHandlerRule } from './waits-for-handler';
import { wantsHeldRule } from './wants-held';
import { wrongGracePeriodRule } from './wrong-grace-period';

export const HANDOVER_PATH_RULES: readonly PathRule[] = [
  fileTookReferenceRule,
  managedBehindFileRule,
  managedOrderRule,
  movedIntoAtomicRule,
  noLongerClearedRule,
  notAskedAgainRule,
  flagsNotPassedRule,
  wantsHeldRule,
];

export const HANDOVER_PATCH_RULES: readonly PatchRule[] = [
  freedUnderHandlerRule,
  signalInWakeupRule,
  wrongGracePeriodRule,
  mapsInComposeRule,
  markLeftSetRule,
  waitsForHandlerRule,
];
