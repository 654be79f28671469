/**
 * What a design does in a window that is too small: a scenario for one size, and what its result says of each device.
 */
import type { MachineSpec } from '../machine/types';
import type { Provision, ProvisionRequest } from './provision';
import type { Scenario, ScenarioResult, StepSpec } from './types';

export interface Shortage {
  readonly design: string;
  readonly pages: number;
  /** `result`: what the enable of this device returned, as the trace tells it; `not tried` when the window was refused. */
  readonly devices: readonly { readonly device: string; readonly result: string }[];
}

const AGENT = 'Guest';

/** One guest with all the devices, a window of `pages` pages, and every device enabled in the order asked. */
export function shortageScenario(
  machine: MachineSpec,
  requests: readonly ProvisionRequest[],
  pages: number,
  answer: Provision,
): Scenario {
  const steps: StepSpec[] = requests.map(({ device }) => ({ stage: 'attach', agent: AGENT, device }));
  if (pages > 0)
    steps.push({ stage: 'register-window', agent: AGENT, iova: answer.base ?? 0, size: pages * answer.granule });
  for (const { device, vectors } of requests) steps.push({ stage: 'enable', agent: AGENT, device, count: vectors });
  return {
    id: `provision-${pages}`,
    title: 'Provisioning',
    shows: 'What fails in a window of this size.',
    reference: '',
    rows: ['S10'],
    machines: [machine],
    unsafeInterrupts: true,
    agents: [{ name: AGENT, kind: 'guest', devices: [...new Set(requests.map((one) => one.device))] }],
    steps,
    watch: ['I7'],
    expected: {},
  };
}

/** What each enable returned, read off the plain run. */
export function shortagesOf(
  results: readonly ScenarioResult[],
  design: string,
  pages: number,
  requests: readonly ProvisionRequest[],
): Shortage[] {
  return results.map(({ traces }) => {
    const events = traces[0]?.events ?? [];
    const first = requests.length + (pages > 0 ? 1 : 0);
    const devices = requests.map(({ device }, i) => {
      const said = events.filter((event) => event.step === first + i && event.kind === 'return').at(-1)?.text;
      const returned = said === undefined ? null : /returns (.*)$/.exec(said)?.[1];
      return { device, result: returned === null || returned === undefined ? 'not tried' : returned };
    });
    return { design, pages, devices };
  });
}
