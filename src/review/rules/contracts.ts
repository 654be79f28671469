/** The rules on what functions and their callers owe each other. */
import { domainKindRule } from './domain-kind';
import { firstNotLastRule } from './first-not-last';
import { keptNotGivenRule } from './kept-not-given';
import { negativePassesRule } from './negative-passes';
import { newSiblingRule } from './new-siblings';
import { outputUnsetRule } from './output-unset';
import { resultTurnedRule } from './result-turned';
import { storedOtherwiseRule } from './stored-otherwise';
import { successToldRule } from './success-told';
import { testedNarrowedRule } from './tested-narrowed';
import { textDiffersRule } from './text-differs';
import type { PatchRule, PathRule } from './types';
import { unmapPartialRule } from './unmap-partial';
import { valueIgnoredRule } from './value-ignored';
import { zeroMessageRule } from './zero-message';

export const CONTRACT_PATH_RULES: readonly PathRule[] = [
  successToldRule,
  keptNotGivenRule,
  unmapPartialRule,
  testedNarrowedRule,
  zeroMessageRule,
  negativePassesRule,
  textDiffersRule,
  valueIgnoredRule,
];

export const CONTRACT_PATCH_RULES: readonly PatchRule[] = [
  resultTurnedRule,
  outputUnsetRule,
  domainKindRule,
  firstNotLastRule,
  newSiblingRule,
  storedOtherwiseRule,
];
