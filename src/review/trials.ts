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

/** Does a change bear on a run: does it touch what the run executed, or define anything by which the run could take another way? */
function bears(change: Amended, before: Amended, last: ScenarioResult): boolean {
  if (change.touched.some(t => last.executed.has(t.name))) return true;
  // Tables and constants decide which programs are entered; a new set of either is enough to try again.
  return change.set.tables !== before.set.tables || change.set.constants !== before.set.constants || change.set.structures !== before.set.structures;
}

/** What is kept of earlier reviews: base runs by design, scenario and machine. */
export type TrialStore = Map<string, ScenarioResult>;

/**
 * Runs every scenario on every machine it was chosen for, after each prefix that bears on it. `results[k]` holds one result per
 * scenario and machine after k patches. Nothing is run on a prefix that cannot differ from the one before.
 */
export function trials(amended: readonly Amended[], scenarios: readonly Scenario[], selection: Selection, store: TrialStore, signal?: Signal): ScenarioResult[][] {
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
          const run: ScenarioResult | undefined = known ?? runScenario(scenario, now.set, { machines: [machine], prefix })[0];
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
