import type { Amended } from '../code/bodies';
import { runScenario } from '../scenario/run';
import type { Scenario, ScenarioResult } from '../scenario/types';
import { machinesOf, type Selection } from './choose';

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

/** What is kept of earlier reviews: base runs by design, scenario and machine. */
export type TrialStore = Map<string, ScenarioResult>;

/**
 * Runs every scenario on every machine it was chosen for, after each prefix that bears on it. `results[k]` holds one result per
 * scenario and machine after k patches. Nothing is run on a prefix that cannot differ from the one before.
 */
export function trials(
  amended: readonly Amended[],
  scenarios: readonly Scenario[],
  selection: Selection,
  store: TrialStore,
  signal?: Signal,
): ScenarioResult[][] {
  const results: ScenarioResult[][] = amended.map(() => []);
  for (const scenario of scenarios) {
    const machines = machinesOf(scenario, selection);
    for (const machine of machines) {
      let last: ScenarioResult | null = null;
      for (const [prefix, now] of amended.entries()) {
        if (signal?.aborted) return results;
        const before = amended[prefix - 1];
        if (last === null || before === undefined || bears(now, before, last)) {
          const key = prefix === 0 ? `${now.set.name}|${scenario.id}|${machine}` : null;
          const known: ScenarioResult | undefined = key === null ? undefined : store.get(key);
          const run: ScenarioResult | undefined =
            known ?? runScenario(scenario, now.set, { machines: [machine], prefix })[0];
          if (run === undefined) break;
          if (key !== null) store.set(key, run);
          last = run;
        }
        results[prefix]?.push(last);
      }
    }
  }
  return results;
}
