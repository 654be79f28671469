/**
 * Runs that were made before, by what they read of their programs. In: a program set. Out: the result of an earlier run that cannot come
 * out differently, because the set answers everything that run asked alike, by value and at the same lines. Knows nothing of prefixes
 * beyond their numbers.
 */
import type { ProgramTable } from '../code/types';
import { answerOf, type Read, takingReads } from '../host/reads';
import type { Scenario, ScenarioResult } from '../scenario/types';

/** A run with what it rests on. */
interface KeptRun {
  /** What the last comparisons failed on stands first. */
  readonly reads: Read[];
  /** Sets that are known to answer alike. */
  readonly sets: WeakSet<ProgramTable>;
  readonly result: ScenarioResult;
}

/** Newest first, by scenario and machine. */
export type KeptRuns = Map<string, KeptRun[]>;

/** Kept for each scenario and machine: the prefixes of one long series, before and after an edit. */
const KEPT = 20;

const values = new WeakMap<object, string | null>();

/** Equal for equal values; null for a whole program of a design, which is itself alone. */
function valueText(of: object): string | null {
  let value = values.get(of);
  if (value === undefined) {
    const { source, evidence } = of as { readonly source?: string; readonly evidence?: string };
    value = source === 'design' && evidence === 'full' ? null : JSON.stringify(of);
    values.set(of, value);
  }
  return value;
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map || b instanceof Map) return false;
  const value = valueText(a);
  return value !== null && value === valueText(b);
}

/** Does the set answer all that a run asked as that run's own did? */
function answersAlike(set: ProgramTable, reads: Read[]): boolean {
  for (const [i, read] of reads.entries()) {
    if (same(read.answer, answerOf(set, read))) continue;
    reads.splice(i, 1);
    reads.unshift(read);
    return false;
  }
  return true;
}

/** Calls are made to fail by the scenario's own wish on the base, and behind a patch alone after it. */
function failsOnBase(scenario: Scenario): boolean {
  return scenario.variants?.some(failsOnBase) ?? scenario.steps.some((step) => step.failEach === true);
}

/** The result of a run on `set`, made by `run` unless one is kept that is the same. Its traces are named for the set and the prefix asked for. */
export function keptRun(
  kept: KeptRuns,
  key: string,
  scenario: Scenario,
  set: ProgramTable,
  prefix: number,
  run: (set: ProgramTable) => ScenarioResult | undefined,
): ScenarioResult | undefined {
  const mine = prefix === 0 && failsOnBase(scenario) ? `${key}|0` : key;
  const list = kept.get(mine) ?? [];
  const known = list.findIndex((one) => one.sets.has(set));
  const at = known >= 0 ? known : list.findIndex((one) => answersAlike(set, one.reads));
  const found = list[at];
  if (found !== undefined) {
    found.sets.add(set);
    list.splice(at, 1);
    list.unshift(found);
    return renamed(found.result, set.name, prefix);
  }
  const { result, reads } = takingReads(set, run);
  if (result === undefined) return undefined;
  list.unshift({ reads, sets: new WeakSet([set]), result });
  list.length = Math.min(list.length, KEPT);
  kept.set(mine, list);
  return result;
}

function renamed(result: ScenarioResult, design: string, prefix: number): ScenarioResult {
  if (result.traces.every((trace) => trace.design === design && trace.prefix === prefix)) return result;
  return {
    ...result,
    traces: result.traces.map((trace) => ({
      ...trace,
      id: trace.id.replace(`/${trace.design}+${trace.prefix}`, `/${design}+${prefix}`),
      design,
      prefix,
    })),
  };
}
