/** Rules on what userspace and the kernel owe each other, and on numbers that mean more than one thing, in one list for each kind. */
import { fetchedByHelperRule } from './fetched-by-helper';
import { minimumGrownRule, moreThanRoomRule } from './grown-structures';
import { highestAsCountRule } from './highest-as-count';
import { irqLockKindRule } from './irq-lock-kind';
import { positiveAsErrorRule } from './positive-results';
import { endingFailsRule, flagsLetInRule } from './refusals-removed';
import { roundedAndSteppedRule, roundedEndRule } from './rounded-ends';
import { signedSizeRule } from './signed-sizes';
import type { PatchRule, PathRule } from './types';

export const USER_CONTRACT_PATH_RULES: readonly PathRule[] = [
  positiveAsErrorRule,
  signedSizeRule,
  roundedEndRule,
  roundedAndSteppedRule,
  highestAsCountRule,
  moreThanRoomRule,
  flagsLetInRule,
  endingFailsRule,
  fetchedByHelperRule,
  irqLockKindRule,
];

export const USER_CONTRACT_PATCH_RULES: readonly PatchRule[] = [minimumGrownRule];
