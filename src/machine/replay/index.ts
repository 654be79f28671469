/**
 * Fidelity: recorded ground truth replayed on the model.
 * In: rows, parsed from JSON lines. Out: a verdict for each, and counts. Knows nothing of files.
 */
import { amdRemappingSet } from './amd-ir';
import { itsSet } from './its';
import { riscvMsiSet } from './riscv-msi';
import { smmuv3Set } from './smmuv3';
import type { ReplaySet } from './verdict';
import { vtdRemappingSet } from './vtd-ir';

export const replaySets: readonly ReplaySet[] = [vtdRemappingSet, itsSet, smmuv3Set, amdRemappingSet, riscvMsiSet];

export type { ReplayCount, ReplaySet, RowVerdict } from './verdict';
export { countRows } from './verdict';
