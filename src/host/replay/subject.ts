/** A host made for a replay: one user with one device, the host with another, nothing injected and nothing left to chance. */
import type { MachineSpec } from '../../machine/types';
import type { ObservedHost } from '../create';
import { createHost, errnoName } from '../create';
import type { PciFunction, StageInput } from '../host';
import { createPlatform } from '../platforms/index';
import type { ProgramSet } from '../types';
import { USER_DEVICE, VICTIM_DEVICE } from './facts';

export const USER = 'user';
/** Where the user's own pages lie; the model pins whatever is named. */
const PAGES = 0x6000_0000;
const BUDGET = 400_000;

export interface Subject {
  readonly host: ObservedHost;
  /** Texts of all events so far. */
  readonly events: readonly string[];
  /** Runs a stage for the user's device; the result as `0`, a count or `EINVAL`; what was not decided otherwise. */
  run(stage: StageInput['stage'], more?: Partial<StageInput>): string;
}

export function resultText(value: number | null, undecided: readonly string[]): string {
  if (value === null || undecided.length > 0) return `undecided: ${undecided[0] ?? 'no program for it'}`;
  return errnoName(value).replace(/^-/, '');
}

export function subjectOf(
  set: ProgramSet,
  machine: MachineSpec,
  unsafe: boolean,
  functions: ReadonlyMap<number, PciFunction> = new Map(),
  container: 'type1' | 'iommufd' = 'type1',
  hostDma = false,
): Subject {
  const events: string[] = [];
  let asked: string | null = null;
  const host = createHost(set, createPlatform(machine), {
    unsafeInterrupts: unsafe,
    functions,
    interface: container,
    hostDma,
    agents: [
      { name: 'host', kind: 'host', requesterIds: [VICTIM_DEVICE] },
      {
        name: USER,
        kind: 'guest',
        requesterIds: machine.devices.map((one) => one.requesterId).filter((id) => id !== VICTIM_DEVICE),
      },
    ],
    recorder: { event: (event) => events.push(event.text) - 1 },
    chooser: {
      decide: (question) => {
        asked = question;
        return false;
      },
      fail: () => null,
    },
    budget: BUDGET,
  });
  return {
    host,
    events,
    run(stage, more = {}) {
      asked = null;
      const { value, undecided } = host.run({
        stage,
        agent: USER,
        requesterId: USER_DEVICE,
        vector: 0,
        count: 1,
        iova: 0,
        size: 0,
        physical: PAGES,
        cpu: 0,
        ...more,
      });
      return resultText(value, asked === null ? undecided : [asked, ...undecided]);
    },
  };
}
