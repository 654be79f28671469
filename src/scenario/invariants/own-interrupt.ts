import type { Outcome } from '../../machine/types';
import { allocatedBy, answeredAt, causes, changedBy, programmedBy, unmappedBy } from '../causes';
import { requesterName } from '../state';
import type { Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import {
  agentOf,
  deviceName,
  domainOf,
  errnoName,
  hex,
  interruptName,
  lastStep,
  ownerOf,
  sameInterrupt,
  translateIn,
  windowPages,
} from '../view';

/** The enable that stands: the last one of this device, when it returned 0 and nothing took the vectors away since. */
export function standingEnable(view: RunView, requesterId: number): StepRecord | null {
  for (const step of [...view.steps].reverse()) {
    const concerns =
      step.requesterId === requesterId || (step.requesterId === null && step.agent.requesterIds.includes(requesterId));
    if (!concerns || step.run !== 'done') continue;
    switch (step.spec.stage) {
      case 'enable':
        return step.value === 0 && step.undecided.length === 0 ? step : null;
      case 'disable':
      case 'detach':
      case 'release':
      case 'attach':
        return null;
      default:
    }
  }
  return null;
}

function ended(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'fault':
      return `it ends in a fault of ${outcome.unit}: ${outcome.why}`;
    case 'dropped':
      return `${outcome.unit} drops it: ${outcome.why}`;
    case 'memory':
      return `it lands in memory at ${hex(outcome.physical)}`;
    case 'ignored':
      return `it reaches ${hex(outcome.physical)}, where it does nothing: ${outcome.why}`;
    case 'interrupt':
      return `it raises ${interruptName(outcome.interrupt)} instead`;
  }
}

function why(translated: boolean): Violation['why'] {
  return [
    { text: 'The host told the agent that the vector is enabled.', reference: 'Documentation/PCI/msi-howto.rst' },
    translated
      ? {
          text: 'Behind this IOMMU a message is translated like any DMA write: without a mapping of its address to the doorbell it does not arrive.',
          reference:
            'Arm SMMUv3 specification, F_TRANSLATION; Documentation/ABI/testing/sysfs-kernel-iommu_groups (reserved_regions, msi)',
        }
      : {
          text: 'The message as programmed names no entry that leads to the interrupt the vector was given.',
          reference: 'VT-d specification ch. 5; Intel SDM vol. 3 ch. 11',
        },
  ];
}

function lostMessage(view: RunView, step: StepRecord): Violation[] {
  const requesterId = step.requesterId;
  if (requesterId === null || standingEnable(view, requesterId) === null) return [];
  const index = step.spec.vector ?? 0;
  const programmed = step.before.programmed.find((one) => one.requesterId === requesterId && one.index === index);
  const vector = step.before.vectors.find((one) => one.requesterId === requesterId && one.index === index);
  if (programmed?.masked === true) return [];
  const who = `vector ${index} of ${deviceName(view, requesterId)}`;
  const programming = programmedBy(view.events, requesterId, index, step.firstEvent);
  if (step.emitted === null || step.outcome === null) {
    if (programmed?.enabled === true) return [];
    return [
      {
        invariant: 'I3',
        message: `${who} was enabled with success, but the device emits nothing`,
        event: step.lastEvent,
        causes: causes(programming, standingEnable(view, requesterId)?.firstEvent),
        why: why(vector?.translated ?? false).slice(0, 1),
      },
    ];
  }
  const { outcome, emitted } = step;
  if (outcome.kind === 'interrupt') {
    if (vector !== undefined && sameInterrupt(outcome.interrupt, vector.interrupt)) return [];
    const owner = ownerOf(view, step.before.vectors, outcome.interrupt);
    // A foreign interrupt is I1's; here is what arrives at the wrong place of one's own, or nowhere.
    if (vector === undefined || (owner !== null && owner !== agentOf(view, requesterId))) return [];
  }
  const domain = domainOf(step.before, requesterId);
  const page = emitted.address - (emitted.address % view.granule);
  return [
    {
      invariant: 'I3',
      message: `${who} was enabled with success, but its message to ${hex(emitted.address)} does not arrive: ${ended(outcome)}`,
      event: step.lastEvent,
      causes: causes(
        domain === null ? null : unmappedBy(view.events, domain.id, page, step.firstEvent),
        programming,
        changedBy(view.events, `devices/${requesterName(requesterId)}/domain`, step.firstEvent),
      ),
      why: why(vector?.translated ?? false),
    },
  ];
}

/** `enable` must succeed where the scenario says so and the window has room. */
function refused(view: RunView, step: StepRecord): Violation[] {
  if (
    step.injected ||
    step.spec.expect !== 'ok' ||
    step.value === null ||
    step.value === 0 ||
    step.undecided.length > 0
  )
    return [];
  const window = step.before.windows.find((one) => one.agent === step.agent.name);
  // Where messages are translated and no window stands, there is nothing to enable with: no promise was broken.
  if (window === undefined && view.doors.length > 0) return [];
  const room =
    window === undefined ? '' : ` with ${window.allocated.length} of ${windowPages(window)} window pages taken`;
  return [
    {
      invariant: 'I3',
      message: `enabling ${step.spec.count ?? 1} vector(s) of ${step.spec.device ?? step.agent.name} gives ${errnoName(step.value)}${room}`,
      event: step.lastEvent,
      causes: causes(
        ...(window?.allocated ?? []).map((iova) => allocatedBy(view.events, step.agent.name, iova, step.firstEvent)),
        answeredAt(view.events, step.firstEvent, step.lastEvent),
      ),
      why: [
        {
          text: 'The device has vectors left and the window is large enough for its doorbells; the agent must get its interrupts.',
          reference: 'Documentation/driver-api/vfio.rst',
        },
      ],
    },
  ];
}

/** Enabled vectors of a device that never fires in this run: their addresses must lead to their doorbells all the same. */
function misled(view: RunView): Violation[] {
  const step = lastStep(view);
  if (step === null) return [];
  return step.after.programmed.flatMap((programmed) => {
    const { requesterId, index } = programmed;
    const vector = step.after.vectors.find((one) => one.requesterId === requesterId && one.index === index);
    const domain = domainOf(step.after, requesterId);
    const fired = view.steps.some((one) => one.spec.stage === 'fire' && one.requesterId === requesterId);
    if (
      !programmed.enabled ||
      fired ||
      vector === undefined ||
      !vector.translated ||
      domain === null ||
      standingEnable(view, requesterId) === null
    )
      return [];
    const physical = translateIn(domain, programmed.address);
    if (physical === vector.address) return [];
    return [
      {
        invariant: 'I3' as const,
        message: `vector ${index} of ${deviceName(view, requesterId)} is enabled with address ${hex(programmed.address)}, which ${physical === null ? 'is not mapped' : `leads to ${hex(physical)}, not to ${vector.controller} at ${hex(vector.address)}`}`,
        event: step.lastEvent,
        causes: causes(
          unmappedBy(view.events, domain.id, programmed.address - (programmed.address % view.granule)),
          programmedBy(view.events, requesterId, index),
        ),
        why: why(true),
      },
    ];
  });
}

/**
 * I3: a vector enabled with success is delivered, to its owner, at each emission; "enabled" with an address that is not mapped
 * or leads elsewhere is broken too. A masked vector emits nothing, and an enable that failed promised nothing.
 */
export const ownInterrupt: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null) return [];
  const found: Violation[] = [];
  if (step.run === 'done' && step.spec.stage === 'fire') found.push(...lostMessage(view, step));
  if (step.run === 'done' && step.spec.stage === 'enable') found.push(...refused(view, step));
  if (view.finished) found.push(...misled(view));
  return found;
};
