import { answeredAt, causes, unmappedBy } from '../causes';
import type { Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import { doorMaps, doorPagesInUse, hex, lastStep, overlaps } from '../view';

const RULE: Violation['why'][number] = {
  text: 'The window belongs to the host: mapping or unmapping in it by userspace would let the guest choose where messages go.',
  reference: 'Documentation/driver-api/vfio.rst, VFIO_IOMMU_MAP_DMA; reserved regions of type msi',
};

function mappedOver(view: RunView, step: StepRecord): Violation[] {
  const range = step.range;
  if (range === null || step.value === null || step.value < 0) return [];
  return step.before.windows
    .filter(
      (window) =>
        window.agent === step.agent.name &&
        overlaps({ start: window.base, size: window.size }, { start: range.iova, size: range.size }),
    )
    .map((window) => ({
      invariant: 'I8' as const,
      message: `${step.agent.name} maps ${hex(range.iova)}–${hex(range.iova + range.size - 1)} over its MSI window ${hex(window.base)}–${hex(window.base + window.size - 1)}, and it is accepted`,
      event: step.lastEvent,
      causes: causes(answeredAt(view.events, step.firstEvent, step.lastEvent), step.firstEvent, window.event),
      why: [{ text: 'The request lies in the registered window, and the answer was success.', reference: null }, RULE],
    }));
}

function unmappedDoor(view: RunView, step: StepRecord): Violation[] {
  const left = new Set(doorMaps(view, step.after).map((map) => `${map.domain.id}/${map.iova}`));
  return doorMaps(view, step.before)
    .filter(
      (map) =>
        !left.has(`${map.domain.id}/${map.iova}`) &&
        doorPagesInUse(view, step.before, map.domain.requesterIds).includes(map.physical),
    )
    .map((map) => ({
      invariant: 'I8' as const,
      message: `an unmap by ${step.agent.name} takes away the doorbell at IOVA ${hex(map.iova)} that enabled vectors use`,
      event: step.lastEvent,
      causes: causes(unmappedBy(view.events, map.domain.id, map.iova), step.firstEvent),
      why: [
        {
          text: 'Afterwards the messages of the enabled vectors fault, or end where the guest maps the address next.',
          reference: null,
        },
        RULE,
      ],
    }));
}

/** I8: userspace cannot map, unmap or read through the window, nor make the host program an address of its choice. */
export const guestKeepsOut: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.run !== 'done') return [];
  if (step.spec.stage === 'map') return mappedOver(view, step);
  return step.spec.stage === 'unmap' ? unmappedDoor(view, step) : [];
};
