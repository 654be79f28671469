/** Rules on how a place for doorbells is chosen, and on what is entered there. */
import { fallbackUntestedRule } from './fallback-untested';
import { maskedLeftOutRule } from './masked-vectors';
import { regionsContradictRule } from './regions-contradict';
import type { PathRule } from './types';
import { zeroAsNoneRule } from './zero-as-none';

export const WINDOW_CHOICE_RULES: readonly PathRule[] = [
  regionsContradictRule,
  fallbackUntestedRule,
  maskedLeftOutRule,
  zeroAsNoneRule,
];
