/**
 * Sentences about runs: what a step asks, how a write ended, and what an event changed, on one line.
 */
import type { MachineSpec, Outcome } from '../machine/types';
import type { FlatState } from './state';
import { requesterName, stateAfter } from './state';
import { rangeOf } from './step-input';
import type { StepSpec, Trace } from './types';
import type { AgentView } from './view';
import { hex, interruptName } from './view';

/** `Guest A: enable 2 vectors of nic0`. */
export function describeStep(step: StepSpec, agent: AgentView, machine: MachineSpec, granule: number): string {
  const device =
    step.device ?? machine.devices.find((one) => one.requesterId === agent.requesterIds[0])?.name ?? 'no device';
  const range = rangeOf(step, granule);
  const where = range === null ? '' : `${hex(range.iova)}–${hex(range.iova + range.size - 1)}`;
  const count = step.count ?? 1;
  switch (step.stage) {
    case 'enable':
      return `${agent.name}: enable ${count} vector${count === 1 ? '' : 's'} of ${device}`;
    case 'register-window':
      return `${agent.name}: register the MSI window ${where}`;
    case 'unregister-window':
      return `${agent.name}: give up the MSI window ${where}`;
    case 'map':
    case 'unmap':
      return `${agent.name}: ${step.stage} ${where}`;
    case 'affinity':
      return `${agent.name}: move vector ${step.vector ?? 0} of ${device} to CPU ${step.cpu ?? 0}`;
    case 'ioctl':
      return `${agent.name}: ${step.call?.command ?? 'ioctl'} on ${step.call?.file === 'device' ? device : '/dev/iommu'}`;
    case 'fire':
      return `${device} raises its vector ${step.vector ?? 0}`;
    case 'forge':
      return `${agent.name} makes ${device} write a message of its choice`;
    case 'mask':
    case 'unmask':
      return `${agent.name}: ${step.stage} vector ${step.vector ?? 0} of ${device}`;
    default:
      return `${agent.name}: ${step.stage} ${device}`;
  }
}

/** `01:10.0 writes 0x54 to 0x8000040 → SPI 84 via gicv2m0`. */
export function describeEmission(
  requesterId: number,
  message: { readonly address: number; readonly data: number },
  outcome: Outcome,
): string {
  const write = `${requesterName(requesterId)} writes ${hex(message.data)} to ${hex(message.address)}`;
  switch (outcome.kind) {
    case 'interrupt':
      return `${write} → ${interruptName(outcome.interrupt)} via ${outcome.via}`;
    case 'memory':
      return `${write} → memory at ${hex(outcome.physical)}`;
    case 'ignored':
      return `${write} → nothing at ${hex(outcome.physical)}: ${outcome.why}`;
    case 'fault':
      return `${write} → fault ${hex(outcome.code)} of ${outcome.unit}: ${outcome.why}`;
    case 'dropped':
      return `${write} → dropped by ${outcome.unit}: ${outcome.why}`;
  }
}

/** `4/4` pages of an agent's window; null when it has none. */
function fill(state: FlatState, agent: string): string | null {
  const size = state[`windows/${agent}/size`];
  const granule = state[`windows/${agent}/granule`];
  if (size === undefined || granule === undefined) return null;
  const used = Object.keys(state).filter((path) => path.startsWith(`windows/${agent}/pages/`)).length;
  return `${used}/${Math.floor(Number(size) / (Number(granule) || 4096))}`;
}

function interruptLabel(key: string): string {
  const match = /^(spi|lpi):(\d+)$/.exec(key);
  return match === null ? key : `${(match[1] ?? '').toUpperCase()} ${match[2] ?? ''}`;
}

/**
 * What the events `from`…`to` (inclusive) changed, before → after, on one line: `window Guest A 0/4 → 1/4 · IOVA 0x8000000 → gicv2m0`.
 * Null when they changed nothing worth a word. Indexes beyond the trace are taken as its ends.
 */
export function narrate(trace: Trace, from: number, to: number = from): string | null {
  const before = stateAfter(trace.initial, trace.events, Math.max(0, from));
  const after = stateAfter(trace.initial, trace.events, Math.min(trace.events.length, to + 1));
  const parts: string[] = [];
  const agents = new Set(
    [...Object.keys(before), ...Object.keys(after)]
      .filter((path) => path.startsWith('windows/'))
      .map((path) => path.split('/')[1] ?? ''),
  );
  for (const agent of agents) {
    const was = fill(before, agent);
    const now = fill(after, agent);
    if (was === now) continue;
    parts.push(
      was === null
        ? `window ${agent} registered, ${now}`
        : now === null
          ? `window ${agent} gone`
          : `window ${agent} ${was} → ${now}`,
    );
  }
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (path) => before[path] !== after[path],
  );
  for (const path of paths) {
    const [kind, name = '', third, fourth = '', fifth] = path.split('/');
    const now = after[path];
    if (kind === 'domains' && third === 'maps') {
      const target = String(now ?? before[path])
        .split(' ')
        .slice(1)
        .join(' ');
      parts.push(now === undefined ? `IOVA ${fourth} no longer mapped (${target})` : `IOVA ${fourth} → ${target}`);
    } else if (kind === 'devices' && third === 'vectors' && fifth === 'address')
      parts.push(
        now === undefined
          ? `${name} vector ${fourth} freed`
          : `${name} vector ${fourth} → ${typeof now === 'number' ? hex(now) : now}`,
      );
    else if (
      kind === 'devices' &&
      third === 'vectors' &&
      (fifth === 'enabled' || fifth === 'masked') &&
      now !== undefined &&
      before[path] !== undefined
    )
      parts.push(`${name} vector ${fourth} ${fifth} ${before[path]} → ${now}`);
    else if (kind === 'devices' && third === 'domain') parts.push(`${name} in domain ${now ?? 'none'}`);
    else if (kind === 'interrupts' && third === 'pending' && now !== undefined && now !== 0) {
      const owner = after[`interrupts/${name}/owner`];
      parts.push(`${interruptLabel(name)}${owner === undefined ? '' : ` (${owner})`} pending`);
    }
  }
  if (parts.length === 0) return null;
  return parts.length > 4 ? `${parts.slice(0, 4).join(' · ')} · …` : parts.join(' · ');
}
