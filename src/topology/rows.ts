/** What an event did to the state, as rows; what it left alone is counted. */
import type { FlatState } from '../scenario/state';
import type { StateChange } from '../scenario/types';
import { pathLabel, valueLabel } from './names';

export interface StateRow {
  readonly path: string;
  readonly mark: 'A' | 'M' | 'D';
  readonly label: string;
  /** Null: it was absent. */
  readonly before: string | null;
  /** Null: it is gone. */
  readonly after: string | null;
}

/** Rows in the order of their paths. A change that changes nothing gives none. */
export function changedRows(changes: readonly StateChange[]): StateRow[] {
  return changes
    .filter(({ before, after }) => before !== after)
    .map(({ path, before, after }) => ({
      path,
      mark: before === null ? ('A' as const) : after === null ? ('D' as const) : ('M' as const),
      label: pathLabel(path),
      before: before === null ? null : valueLabel(path, before),
      after: after === null ? null : valueLabel(path, after),
    }));
}

/** The values of a state that the changes did not touch, in the state's order. */
export function unchangedRows(
  state: FlatState,
  changes: readonly StateChange[],
): { readonly path: string; readonly label: string; readonly value: string }[] {
  const touched = new Set(changes.filter(({ before, after }) => before !== after).map(({ path }) => path));
  return Object.entries(state)
    .filter(([path]) => !touched.has(path))
    .map(([path, value]) => ({ path, label: pathLabel(path), value: valueLabel(path, value) }));
}
