/**
 * The scenario runner.
 * In: a scenario, the programs of a design (or of a design amended by some patches of a series). Out: for each machine a verdict with traces.
 * Knows nothing of patches, mails or editors. The parts: `drive` does one run, `explore` walks the variants and judges, `invariants/` say
 * what must hold, `recording` takes events down, `chooser` repeats and varies the open decisions.
 */
import { createHost } from '../host/create';
import { missingDriver } from '../host/designs/tables';
import { createPlatform, type MachinePlatform } from '../host/platforms/index';
import type { ProgramSet } from '../host/types';
import { machinePreset } from '../machine/presets';
import type { MachineSpec } from '../machine/types';
import type { RunOptions } from './explore';
import { runIn } from './explore';
import type { Scenario, ScenarioResult } from './types';
import type { World } from './world';

export type { RunOptions };

const fresh = new WeakMap<MachineSpec, MachinePlatform>();

/** A platform in its state after reset: a copy of the first one made of the spec, whose drivers need not set it up again. */
function platformOf(spec: MachineSpec): MachinePlatform {
  let first = fresh.get(spec);
  if (first === undefined) {
    first = createPlatform(spec);
    fresh.set(spec, first);
  }
  return first.clone();
}

/** Presets, platforms and the host as they are. */
export const world: World = {
  machine: machinePreset,
  platform: platformOf,
  missing: missingDriver,
  host: createHost,
};

/** One result for each machine, in the scenario's order. A machine that is not known gives `n/a` with the reason; nothing is thrown for what a file or a patch says. */
export function runScenario(scenario: Scenario, set: ProgramSet, options: RunOptions = {}): ScenarioResult[] {
  return runIn(world, scenario, set, options);
}
