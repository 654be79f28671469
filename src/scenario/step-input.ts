/**
 * From a step as written to what host and hardware are asked: defaults, names made numbers.
 */
import type { StageInput } from '../host/host';
import type { MachineSpec } from '../machine/types';
import type { StepSpec } from './types';
import type { AgentView, Snapshot } from './view';

/** Where a window is registered when a step names no address: the place Linux chose later for its own. */
export const WINDOW_BASE = 0x8000000;
/** Where guest memory is mapped when a step names no address. */
export const GUEST_BASE = 0x40000000;
const MAP_PAGES = 16;

/** The device of a step: the named one, else the agent's only (or first) device. Null when the machine has none of that name. */
export function requesterOf(step: StepSpec, agent: AgentView, machine: MachineSpec): number | null {
  if (step.device === undefined) return agent.requesterIds[0] ?? null;
  return machine.devices.find((device) => device.name === step.device)?.requesterId ?? null;
}

/** A 2 MiB aligned stretch of the machine's first memory that stands for an agent's own pages. Bytes. */
function memoryOf(agent: number, agents: number, machine: MachineSpec): number {
  const memory =
    machine.memory.find((range) => range.kind !== 'mmio' && range.size >= 0x1000000) ??
    machine.memory.find((range) => range.kind !== 'mmio');
  if (memory === undefined) return 0;
  const share = Math.floor((memory.size / (agents + 2)) * (agent + 1));
  const align = memory.size >= 0x1000000 ? 0x200000 : 0x10000;
  return memory.base + share - (share % align);
}

/** IOVA and bytes of a step about a range; null for other steps. */
export function rangeOf(step: StepSpec, granule: number): { readonly iova: number; readonly size: number } | null {
  switch (step.stage) {
    case 'register-window':
    case 'unregister-window':
      return { iova: step.iova ?? WINDOW_BASE, size: step.size ?? (step.pages ?? 1) * granule };
    case 'map':
    case 'unmap':
      return { iova: step.iova ?? GUEST_BASE, size: step.size ?? (step.pages ?? MAP_PAGES) * granule };
    default:
      return null;
  }
}

export function stageInput(
  step: StepSpec,
  agent: AgentView,
  agents: readonly AgentView[],
  machine: MachineSpec,
  granule: number,
): StageInput {
  const range = rangeOf(step, granule);
  return {
    stage: step.stage,
    agent: agent.name,
    requesterId: requesterOf(step, agent, machine),
    vector: step.vector ?? 0,
    count: step.count ?? 1,
    iova: range?.iova ?? 0,
    size: range?.size ?? 0,
    physical: step.physical ?? memoryOf(agents.indexOf(agent), agents.length, machine),
    cpu: step.cpu ?? 0,
  };
}

export interface Emission {
  readonly address: number;
  readonly data: number;
}

/** What a device's own vector emits now; null while it is disabled, masked, or not programmed. */
export function ownMessage(requesterId: number, vector: number, now: Snapshot): Emission | null {
  const programmed = now.programmed.find((one) => one.requesterId === requesterId && one.index === vector);
  return programmed === undefined || !programmed.enabled || programmed.masked
    ? null
    : { address: programmed.address, data: programmed.data };
}

/** The message of a vector as it is, or as it last was in the snapshots given (newest last), or as its controller composes it. */
function knownMessage(requesterId: number, vector: number, history: readonly Snapshot[]): Emission | null {
  for (const snapshot of [...history].reverse()) {
    const programmed = snapshot.programmed.find(
      (one) => one.requesterId === requesterId && one.index === vector && one.address !== 0,
    );
    if (programmed !== undefined) return { address: programmed.address, data: programmed.data };
  }
  for (const snapshot of [...history].reverse()) {
    const hardware = snapshot.vectors.find((one) => one.requesterId === requesterId && one.index === vector);
    if (hardware !== undefined) return { address: hardware.address, data: hardware.data };
  }
  return null;
}

/** What a `forge` step makes its device write; null when a message it refers to was never programmed. */
export function forged(
  step: StepSpec,
  requesterId: number,
  machine: MachineSpec,
  history: readonly Snapshot[],
): Emission | null {
  const messageOf = (name: string, vector: number): Emission | null => {
    const id = machine.devices.find((device) => device.name === name)?.requesterId;
    return id === undefined ? null : knownMessage(id, vector, history);
  };
  const own = knownMessage(requesterId, step.vector ?? 0, history);
  const address =
    typeof step.address === 'number'
      ? step.address
      : step.address === undefined || step.address === 'own-door'
        ? own?.address
        : messageOf(step.address.doorOf, 0)?.address;
  const data =
    typeof step.data === 'number'
      ? step.data
      : step.data === undefined
        ? own?.data
        : messageOf(step.data.dataOf, step.data.vector ?? 0)?.data;
  return address === undefined || data === undefined ? null : { address, data };
}
