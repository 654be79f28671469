/** The path rules of classes lifetime and context: what a function holds, and in which context it does what it does. */
import { atomicRule } from './atomic';
import { freedRule } from './freed';
import { leakRule } from './leaks';
import { lockRule } from './locks';
import { orderRule } from './order';
import { pointerRule } from './pointers';
import { resultRule } from './results';
import type { PathRule } from './types';

export const HOLDING_RULES: readonly PathRule[] = [
  leakRule,
  freedRule,
  pointerRule,
  resultRule,
  orderRule,
  lockRule,
  atomicRule,
];
