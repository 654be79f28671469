/** The rules on what functions and their callers owe each other. */
import { keptNotGivenRule } from './kept-not-given';
import { successToldRule } from './success-told';
import { testedNarrowedRule } from './tested-narrowed';
import type { PathRule } from './types';
import { unmapPartialRule } from './unmap-partial';

export const CONTRACT_PATH_RULES: readonly PathRule[] = [
  successToldRule,
  keptNotGivenRule,
  unmapPartialRule,
  testedNarrowedRule,
];
