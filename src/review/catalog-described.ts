import type { Rule } from './rule';

export const DESCRIBED_RULES: readonly Rule[] = [];
