import type { Amended } from '../code/bodies';
import type { ProgramTable } from '../code/types';
import { runScenario } from '../scenario/run';
import type { Scenario, ScenarioResult } from '../scenario/types';
import { machinesOf, type Selection } from './choose';
import { type KeptRuns, keptRun } from './kept-runs';
import { type Judged, plainly, secondLook } from './second-look';

/** The runs of one scenario on one machine after k patches. */
export interface Trial {
  readonly prefix: number;
  readonly result: ScenarioResult;
}

interface Signal {
  readonly aborted: boolean;
}

/** Has something that was known before another value now, or is it gone? What is new is reached through code that changed. */
function changed<T>(before: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): boolean {
  if (before === now) return false;
  for (const [name, value] of before) if (now.get(name) !== value) return true;
  return false;
}

/** A new constant of the userspace interface is itself a way in: the stages call by what the interface defines. */
function opensWayIn(before: Amended, now: Amended): boolean {
  if (before.set.constants === now.set.constants) return false;
  return [...now.set.constants.keys()].some((name) => /^(?:VFIO|IOMMU)_/.test(name) && !before.set.constants.has(name));
}

/** Does a change bear on a run: does it touch what the run executed, or anything by which the run could take another way? */
function bears(now: Amended, before: Amended, last: ScenarioResult): boolean {
  return (
    now.touched.some((touched) => last.executed.has(touched.name)) ||
    changed(before.set.tables, now.set.tables) ||
    changed(before.set.constants, now.set.constants) ||
    opensWayIn(before, now)
  );
}

/** What is kept of earlier reviews: runs of the base for good, other runs by what they executed. */
export interface TrialStore {
  /** By design, scenario and machine. */
  readonly base: Map<string, Judged>;
  readonly runs: KeptRuns;
}

export function trialStore(): TrialStore {
  return { base: new Map(), runs: new Map() };
}

/**
 * Runs every scenario on every machine it was chosen for, after each prefix that bears on it. `results[k]` holds one result per
 * scenario and machine after k patches. Nothing is run on a prefix that cannot differ from the one before, nor what `store`
 * has of functions that are all the same.
 */
export function trials(
  amended: readonly Amended[],
  scenarios: readonly Scenario[],
  selection: Selection,
  store: TrialStore,
  signal?: Signal,
): ScenarioResult[][] {
  const results: ScenarioResult[][] = amended.map(() => []);
  const base = amended[0];
  if (base === undefined) return results;
  for (const scenario of scenarios) {
    for (const machine of machinesOf(scenario, selection, base.set.name)) {
      const options = { machines: [machine] };
      const key = `${base.set.name}|${scenario.id}|${machine}`;
      let last = store.base.get(key);
      if (last === undefined) {
        const plain = keptRun(
          store.runs,
          key,
          scenario,
          base.set,
          0,
          (watched) => runScenario(scenario, watched, { ...options, prefix: 0 })[0],
        );
        if (plain === undefined) continue;
        last = plainly(plain);
        store.base.set(key, last);
      }
      results[0]?.push(last.result);
      for (const [prefix, now] of amended.entries()) {
        if (signal?.aborted) return results;
        const before = amended[prefix - 1];
        if (before === undefined) continue;
        if (bears(now, before, last.result)) {
          const run = (set: ProgramTable): ScenarioResult | undefined =>
            keptRun(
              store.runs,
              key,
              scenario,
              set,
              prefix,
              (watched) => runScenario(scenario, watched, { ...options, prefix })[0],
            );
          const raw = run(now.set);
          if (raw === undefined) break;
          last = secondLook(raw, amended, prefix, last, run);
        }
        results[prefix]?.push(last.result);
      }
    }
  }
  return results;
}
