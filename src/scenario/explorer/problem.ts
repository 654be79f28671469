/**
 * The explorer: bounded exhaustive search at the level of the machine.
 * In: a scenario and one of its machines. Out: a problem for `search`: each agent with the steps of its own, in its own order; how the
 * agents' steps fall together, and when devices write, is left to the search. Knows nothing of host designs: the host here does all right
 * (`guardian.ts`), so that what is found is what the hardware lets happen.
 */
import { createPlatform } from '../../host/platforms/index';
import type { MachineSpec } from '../../machine/types';
import type { Scenario } from '../types';
import type { Actor, Problem } from './configurations';
import { matters } from './guardian';

/** A device has at most 255 neighbours in a search. */
const MOST_ACTORS = 16;

/** A text says why the scenario cannot be explored on this machine. */
export function problemOf(scenario: Scenario, machine: MachineSpec): Problem | string {
  if (scenario.agents.length > MOST_ACTORS) return `at most ${MOST_ACTORS} agents can be explored`;
  const idOf = (name: string) => machine.devices.find((device) => device.name === name)?.requesterId;
  const actors: Actor[] = [];
  for (const agent of scenario.agents) {
    const requesterIds: number[] = [];
    for (const name of agent.devices) {
      const id = idOf(name);
      if (id === undefined) return `${machine.id} has no device named ${name}`;
      requesterIds.push(id);
    }
    const steps = scenario.steps.flatMap((spec) => {
      const requesterId = spec.device === undefined ? requesterIds[0] : idOf(spec.device);
      return spec.agent === agent.name && matters(spec) && requesterId !== undefined ? [{ spec, requesterId }] : [];
    });
    actors.push({ name: agent.name, kind: agent.kind, requesterIds, steps });
  }
  return { platform: createPlatform(machine), actors, unsafeInterrupts: scenario.unsafeInterrupts };
}
