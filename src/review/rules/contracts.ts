/** The rules on what functions and their callers owe each other. */
import { keptNotGivenRule } from './kept-not-given';
import { outputUnsetRule } from './output-unset';
import { resultTurnedRule } from './result-turned';
import { successToldRule } from './success-told';
import { testedNarrowedRule } from './tested-narrowed';
import type { PatchRule, PathRule } from './types';
import { unmapPartialRule } from './unmap-partial';

export const CONTRACT_PATH_RULES: readonly PathRule[] = [
  successToldRule,
  keptNotGivenRule,
  unmapPartialRule,
  testedNarrowedRule,
];

export const CONTRACT_PATCH_RULES: readonly PatchRule[] = [resultTurnedRule, outputUnsetRule];
