/** The path rules of class context that look at more than one thread: locks of helpers, and when others find an object. */
import { gracePeriodRule } from './grace-period';
import { lockCalleesRule } from './lock-callees';
import { lockLeftInLoopRule } from './lock-left-in-loop';
import { ownReadersRule } from './own-readers';
import { publishedRule } from './published';
import { testedOutsideRule } from './tested-outside-lock';
import type { PathRule } from './types';

export const CONCURRENCY_PATH_RULES: readonly PathRule[] = [
  lockCalleesRule,
  lockLeftInLoopRule,
  publishedRule,
  gracePeriodRule,
  testedOutsideRule,
  ownReadersRule,
];
