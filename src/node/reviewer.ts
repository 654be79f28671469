/** The reviewer and the simulator, made ready for Node: front end loaded, designs read. */
import type { ProgramSet } from '../host/types';
import type { Reviewer, ReviewOptions } from '../review/review';
import type { Review } from '../review/types';
import type { Scenario, ScenarioResult } from '../scenario/types';
import type { Series } from '../series/types';
import { type BlobStore, openBlobs } from './blobs';
import { preparedDesign } from './designs';
import { blobsNamed, createReviewer, designs, programSet, runScenario } from './engine';
import { loadFrontEnd, startFast } from './wasm';

/** A reviewer that asks the user's checkouts first. */
export interface Judge {
  review(series: Series, options?: Omit<ReviewOptions, 'blobs'>): Promise<Review>;
  /** One sentence for each checkout that could not be asked, so far. */
  problems(): readonly string[];
}

/** Loads what a review needs; about 0.1 s. `brief`: for a run that is over soon. `checkouts`: folders of git. */
export async function loadReviewer(brief = false, checkouts: readonly string[] = []): Promise<Judge> {
  if (brief) startFast();
  return judgeWith(createReviewer(await loadFrontEnd(), preparedDesign), openBlobs(checkouts));
}

export function judgeWith(reviewer: Reviewer, store: BlobStore): Judge {
  return {
    async review(series, options = {}) {
      const blobs = store.empty ? null : await store.fetch(blobsNamed(series));
      return reviewer.review(series, { ...options, blobs });
    },
    problems: () => store.problems(),
  };
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
  const sets = new Map<string, ProgramSet>();
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
