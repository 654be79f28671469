/** The reviewer and the simulator, made ready for Node: front end loaded, designs read. */
import { designs } from '../host/designs';
import { programSet } from '../host/programs';
import { createReviewer, type Reviewer } from '../review/review';
import { runScenario } from '../scenario/run';
import type { Scenario, ScenarioResult } from '../scenario/types';
import { preparedDesign } from './designs';
import { loadFrontEnd, startFast } from './wasm';

/** Loads what a review needs; about 0.1 s. `brief`: for a run that is over soon. */
export async function loadReviewer(brief = false): Promise<Reviewer['review']> {
  if (brief) startFast();
  return createReviewer(await loadFrontEnd(), preparedDesign).review;
}

export interface Simulator {
  /** Names of the built-in designs. */
  readonly designs: readonly string[];
  /** One result for each of the scenario's machines (or of those named); null for an unknown design. */
  run(scenario: Scenario, design: string, machines?: readonly string[]): readonly ScenarioResult[] | null;
}

/** Loads what a simulation needs. A design's programs are read when it is first run. */
export async function loadSimulator(): Promise<Simulator> {
  const frontEnd = await loadFrontEnd();
  const sets = new Map<string, ReturnType<typeof programSet>>();
  return {
    designs: designs.map((design) => design.name),
    run(scenario, name, machines) {
      const design = designs.find((one) => one.name === name);
      if (!design) return null;
      const set = sets.get(name) ?? preparedDesign(name) ?? programSet(design, frontEnd);
      sets.set(name, set);
      return runScenario(scenario, set, machines ? { machines } : {});
    },
  };
}
