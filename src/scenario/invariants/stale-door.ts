import { causes, mappedBy, programmedBy } from '../causes';
import type { Violation } from '../types';
import type { DoorMap, Invariant, RunView, StepRecord } from '../view';
import { agentOf, deviceName, domainOf, doorMaps, doorPagesInUse, hex, interruptName, lastStep } from '../view';

/** The step after which this device has no vector any more: a disable, detach or release that did not fail. Null while it has some. */
export function gaveUp(view: RunView, requesterId: number, before: number): StepRecord | null {
  for (const step of [...view.steps.slice(0, before)].reverse()) {
    const concerns =
      step.requesterId === requesterId || (step.requesterId === null && step.agent.requesterIds.includes(requesterId));
    if (!concerns || step.run !== 'done') continue;
    if (step.spec.stage === 'enable') return null;
    if (step.spec.stage === 'disable' || step.spec.stage === 'detach' || step.spec.stage === 'release')
      return step.value !== null && step.value < 0 ? null : step;
  }
  return null;
}

const CLOSING = new Set(['disable', 'detach', 'release']);

/**
 * Maps of doorbell pages that no enabled vector of the domain needs, opened before this step and still there after it. Where a doorbell
 * lives as long as its domain, only a domain that has no device any more counts: it should be gone.
 */
function leftMapped(view: RunView, step: StepRecord): Violation[] {
  const mayStay = (map: DoorMap) => view.doorLifetime === 'domain' && map.domain.requesterIds.length > 0;
  const usedBefore = new Set(doorMaps(view, step.before).map((map) => `${map.domain.id}/${map.iova}`));
  return doorMaps(view, step.after)
    .filter((map) => map.domain.agent === step.agent.name && usedBefore.has(`${map.domain.id}/${map.iova}`))
    .filter((map) => !doorPagesInUse(view, step.after, map.domain.requesterIds).includes(map.physical))
    .filter((map) => !mayStay(map))
    .map((map) => ({
      invariant: 'I2',
      message: `after ${step.spec.stage} IOVA ${hex(map.iova)} of ${map.domain.agent} still leads to ${map.door.controller} (${hex(map.physical)}), and no vector uses it`,
      event: step.lastEvent,
      causes: causes(mappedBy(view.events, map.domain.id, map.iova, step.lastEvent), step.firstEvent),
      why: [
        {
          text: `The doorbell page was mapped for the vectors of ${map.domain.agent}; the last of them is gone with this ${step.spec.stage}.`,
          reference: null,
        },
        {
          text: 'Nothing on the way took the mapping away, so a device of the domain can go on writing to the doorbell.',
          reference: 'Documentation/driver-api/vfio.rst; iommu_unmap() in include/linux/iommu.h',
        },
      ],
    }));
}

/** A write with the message of a vector that was given up still becomes an interrupt. */
function stillRings(view: RunView, step: StepRecord): Violation[] {
  if (step.requesterId === null || step.emitted === null || step.outcome?.kind !== 'interrupt') return [];
  const closed = gaveUp(view, step.requesterId, view.steps.length - 1);
  if (closed === null) return [];
  const { interrupt } = step.outcome;
  const given = closed.before.vectors.find(
    (vector) =>
      vector.requesterId === step.requesterId &&
      vector.interrupt.kind === interrupt.kind &&
      vector.interrupt.number === interrupt.number,
  );
  if (given === undefined) return [];
  const domain = domainOf(step.before, step.requesterId);
  const page = step.emitted.address - (step.emitted.address % view.granule);
  // A page that another vector of the same domain needs stays mapped by right; so does any page while its domain lives, where
  // that is the rule. What isolates there is the controller, whose entry for the vector must be gone.
  const byRight =
    domain !== null &&
    doorMaps(view, step.before).some(
      (map) =>
        map.domain.id === domain.id &&
        map.iova === page &&
        ((view.doorLifetime === 'domain' && !view.isolatesMsi) ||
          doorPagesInUse(view, step.before, domain.requesterIds).includes(map.physical)),
    );
  if (byRight) return [];
  return [
    {
      invariant: 'I2',
      message: `${deviceName(view, step.requesterId)} of ${agentOf(view, step.requesterId)} still raises ${interruptName(interrupt)} at ${hex(step.emitted.address)} after ${closed.spec.stage}`,
      event: step.lastEvent,
      causes: causes(
        domain === null ? null : mappedBy(view.events, domain.id, page, step.firstEvent),
        programmedBy(view.events, step.requesterId, given.index, closed.firstEvent),
        closed.firstEvent,
      ),
      why: [
        {
          text: `The vector was given up by ${closed.spec.stage}; its interrupt may go to another device next.`,
          reference: null,
        },
        {
          text: 'The door it used is open still: the device needs no enabled vector to write to it.',
          reference: 'PCI Local Bus Specification 3.0, 6.8: an MSI is an ordinary memory write',
        },
      ],
    },
  ];
}

/**
 * I2: after disable, detach or release no mapping or table entry lets the device still raise the interrupt it gave up, nor
 * keeps the doorbell page mapped once nobody of the domain uses it; where a doorbell lives as long as its domain, once no device
 * is in the domain.
 */
export const staleDoor: Invariant = (view) => {
  const step = lastStep(view);
  // What the host's own drivers do with the host's own devices is not passed through.
  if (step === null || step.run !== 'done' || step.agent.kind === 'host') return [];
  if (step.spec.stage === 'forge' || step.spec.stage === 'fire') return stillRings(view, step);
  // A failed teardown has promised nothing; with an unknown result nobody knows.
  if (!CLOSING.has(step.spec.stage) || (step.value !== null && step.value < 0)) return [];
  return leftMapped(view, step);
};
