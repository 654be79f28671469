/** The path rules of classes lifetime and context: what a function holds, and in which context it does what it does. */
import { atomicRule } from './atomic';
import { freedRule } from './freed';
import { leakRule } from './leaks';
import { freedLinkedRule } from './linked';
import { lockRule } from './locks';
import { lookupUntestedRule } from './lookups';
import { managedFreedRule } from './managed';
import { orderRule } from './order';
import { nullCallbackRule, putTwiceRule } from './parameters';
import { pointerRule } from './pointers';
import { mismatchedReleaseRule, readyAfterInstallRule } from './releases';
import { resultRule } from './results';
import type { PathRule } from './types';
import { unwindSkippedRule } from './unwinding';

export const HOLDING_RULES: readonly PathRule[] = [
  leakRule,
  freedRule,
  pointerRule,
  resultRule,
  orderRule,
  lockRule,
  atomicRule,
  unwindSkippedRule,
  managedFreedRule,
  freedLinkedRule,
  lookupUntestedRule,
  mismatchedReleaseRule,
  readyAfterInstallRule,
  nullCallbackRule,
  putTwiceRule,
];
