/** What a replay says of one recorded fact about a kernel, and the sum over many. */
import type { RowVerdict } from '../../machine/replay/verdict';

export type EraVerdict =
  | RowVerdict
  /** The model has no machine or no stage for it: said, and not counted as agreement. */
  | { readonly kind: 'left-out'; readonly why: string };

/** One recorded fact, or a sequence of calls on one host; `table` says of what kind. */
export interface EraRow {
  readonly table: string;
}

export interface EraCount {
  readonly agrees: number;
  readonly disagrees: number;
  readonly unreadable: number;
  readonly quirks: Readonly<Record<string, number>>;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly examples: readonly string[];
}

const EXAMPLES = 12;

/** Counts by table. */
export function countEra(verdicts: Iterable<readonly [string, EraVerdict]>): Readonly<Record<string, EraCount>> {
  const tables: Record<
    string,
    {
      agrees: number;
      disagrees: number;
      unreadable: number;
      quirks: Record<string, number>;
      leftOut: Record<string, number>;
      examples: string[];
    }
  > = {};
  for (const [table, verdict] of verdicts) {
    tables[table] ??= { agrees: 0, disagrees: 0, unreadable: 0, quirks: {}, leftOut: {}, examples: [] };
    const count = tables[table];
    switch (verdict.kind) {
      case 'agrees':
        count.agrees++;
        break;
      case 'quirk':
        for (const name of verdict.names) count.quirks[name] = (count.quirks[name] ?? 0) + 1;
        break;
      case 'left-out':
        count.leftOut[verdict.why] = (count.leftOut[verdict.why] ?? 0) + 1;
        break;
      case 'disagrees':
        count.disagrees++;
        if (count.examples.length < EXAMPLES) count.examples.push(`expected ${verdict.expected}, got ${verdict.got}`);
        break;
      case 'unreadable':
        count.unreadable++;
        if (count.examples.length < EXAMPLES) count.examples.push(verdict.why);
        break;
    }
  }
  return tables;
}

export const AGREES: EraVerdict = { kind: 'agrees' };

/** Equal texts agree. `what` names the fact in a disagreement. */
export function same(what: string, expected: string, got: string): EraVerdict {
  return expected === got ? AGREES : { kind: 'disagrees', expected: `${what}: ${expected}`, got };
}
