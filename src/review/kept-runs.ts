/**
 * Runs that were made before, by what they read of their programs. In: a program set. Out: the result of an earlier run that cannot come
 * out differently, because the set answers everything that run asked alike by value: at the same lines, or at others, whose places then
 * stand in the result. Knows nothing of prefixes beyond their numbers.
 */
import type { ProgramTable } from '../code/types';
import { answeredAnew, answerOf, type Read, sameFields, takingReads } from '../host/reads';
import type { Scenario, ScenarioResult } from '../scenario/types';
import { isOfSeries, likenessOf, type Moves, movesOf, taken, UNMOVED } from './moved-places';

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

/**
 * Does the set answer all that a run asked as that run's own did? Null: it does not. The moves hold where places of the series stand elsewhere now;
 * they are empty when none does.
 */
function answersAlike(set: ProgramTable, reads: Read[]): Moves | null {
  const pairs: (readonly [object, object])[] = [];
  let moved = false;
  for (const [i, read] of reads.entries()) {
    const answer = answerOf(set, read);
    if (read.answer === answer) {
      if (isOfSeries(answer)) pairs.push([answer, answer]);
      continue;
    }
    const likeness = read.ask === 'fields' ? sameFields(read, answer) && 'same' : likenessOf(read.answer, answer);
    if (likeness === false) {
      reads.splice(i, 1);
      reads.unshift(read);
      return null;
    }
    moved ||= likeness === 'moved';
    if (read.ask !== 'fields' && isOfSeries(answer)) pairs.push([read.answer as object, answer]);
  }
  return moved ? movesOf(pairs) : UNMOVED;
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
  kept.set(mine, list);
  const known = list.find((one) => one.sets.has(set));
  if (known !== undefined) {
    list.splice(list.indexOf(known), 1);
    list.unshift(known);
    return renamed(known.result, set.name, prefix);
  }
  for (const [at, one] of list.entries()) {
    const moves = answersAlike(set, one.reads);
    const result = moves === null ? null : taken(one.result, moves);
    if (result === null) continue;
    if (result === one.result) {
      one.sets.add(set);
      list.splice(at, 1);
      list.unshift(one);
    } else {
      list.unshift({ reads: answeredAnew(set, one.reads), sets: new WeakSet([set]), result });
      list.length = Math.min(list.length, KEPT);
    }
    return renamed(result, set.name, prefix);
  }
  const { result, reads } = takingReads(set, run);
  if (result === undefined) return undefined;
  list.unshift({ reads, sets: new WeakSet([set]), result });
  list.length = Math.min(list.length, KEPT);
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
