/**
 * Window accounting over a run: for each window, how it stood at its fullest.
 */
import type { MachineSpec } from '../machine/types';
import type { ProvisionRequest } from './provision';
import { provision } from './provision';
import type { WindowUsage } from './types';
import type { RunView } from './view';
import { doorMaps } from './view';
import type { World } from './world';

export interface Accounting {
  /** To be called after every step. */
  note(view: RunView): void;
  usage(): readonly WindowUsage[];
}

/** Requests for vectors that stand after the last step: enabled, or tried and refused in that very step. */
function wanted(view: RunView, agent: string): ProvisionRequest[] {
  const requests = new Map<number, ProvisionRequest>();
  view.steps.forEach((step, i) => {
    if (step.agent.name !== agent || step.requesterId === null || step.run !== 'done') return;
    const device = view.machine.devices.find((one) => one.requesterId === step.requesterId);
    if (device === undefined) return;
    if (step.spec.stage === 'enable' && (step.value === 0 || i === view.steps.length - 1))
      requests.set(step.requesterId, { device: device.name, vectors: step.spec.count ?? 1 });
    if (step.spec.stage === 'disable' || step.spec.stage === 'detach' || step.spec.stage === 'release')
      requests.delete(step.requesterId);
  });
  return [...requests.values()];
}

/** Pages that a set of requests needs on a machine never change: asking a fresh platform each time would cost more than the run. */
const known = new WeakMap<MachineSpec, Map<string, number>>();

function pagesFor(world: World, machine: MachineSpec, requests: readonly ProvisionRequest[]): number {
  const answers = known.get(machine) ?? new Map<string, number>();
  known.set(machine, answers);
  const key = JSON.stringify(requests);
  let pages = answers.get(key);
  if (pages === undefined) {
    pages = provision(machine, requests, (spec) => world.platform(spec)).pages;
    answers.set(key, pages);
  }
  return pages;
}

export function accounting(world: World, machine: MachineSpec): Accounting {
  const fullest = new Map<string, WindowUsage>();
  return {
    note(view) {
      const after = view.steps[view.steps.length - 1]?.after;
      if (after === undefined) return;
      for (const window of after.windows) {
        const domain = window.domain ?? after.domains.find((one) => one.agent === window.agent)?.id ?? 0;
        const key = `${window.agent}/${window.base}`;
        const names = doorMaps(view, after)
          .filter(
            (map) =>
              map.domain.agent === window.agent && map.iova >= window.base && map.iova < window.base + window.size,
          )
          .sort((a, b) => a.iova - b.iova)
          .map((map) => map.door.controller);
        const usage: WindowUsage = {
          domain,
          agent: window.agent,
          base: window.base,
          size: window.size,
          granule: window.granule,
          pagesUsed: window.allocated.length,
          pagesNeeded: pagesFor(world, machine, wanted(view, window.agent)),
          doorbells: [...new Set(names)],
        };
        const before = fullest.get(key);
        if (
          before === undefined ||
          usage.pagesUsed > before.pagesUsed ||
          (usage.pagesUsed === before.pagesUsed && usage.pagesNeeded > before.pagesNeeded)
        )
          fullest.set(key, usage);
      }
    },
    usage: () => [...fullest.values()],
  };
}
