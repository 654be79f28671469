/** The path rules of classes lifetime and context: what a function holds, and in which context it does what it does. */
import { leakRule } from './leaks';
import { lockRule } from './locks';
import type { PathRule } from './types';

export const HOLDING_RULES: readonly PathRule[] = [leakRule, lockRule];
