import { allocatedBy, answeredAt, causes, failedAfter, mappedBy, programmedBy } from '../causes';
import type { Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import { deviceName, doorMaps, doorPagesInUse, errnoName, hex, lastStep, windowPages } from '../view';

const BALANCE: Violation['why'][number] = {
  text: 'Pages taken from the window, pages mapped and doorbell pages in use are the same number at rest; what is not given back is lost to every later device.',
  reference: 'Documentation/driver-api/vfio.rst; alloc_iova() and free_iova() in include/linux/iova.h',
};

/** Pages allocated and not mapped, though all is at rest after this teardown. A page still mapped is I2's. */
function kept(view: RunView, step: StepRecord): Violation[] {
  return step.after.windows
    .filter((window) => window.agent === step.agent.name)
    .flatMap((window) => {
      const mapped = new Set(
        doorMaps(view, step.after)
          .filter((map) => map.domain.agent === window.agent)
          .map((map) => map.iova),
      );
      const devices = step.after.domains
        .filter((domain) => domain.agent === window.agent)
        .flatMap((domain) => domain.requesterIds);
      const needed = doorPagesInUse(view, step.after, devices.length > 0 ? devices : step.agent.requesterIds).length;
      const idle = window.allocated.filter((iova) => !mapped.has(iova));
      if (window.allocated.length <= needed) return [];
      return idle.slice(0, 1).map((iova) => ({
        invariant: 'I7' as const,
        message: `after ${step.spec.stage} ${window.allocated.length} page(s) of the window of ${window.agent} are still taken and ${needed} in use; ${hex(iova)} is not mapped any more`,
        event: step.lastEvent,
        causes: causes(allocatedBy(view.events, window.agent, iova), step.firstEvent),
        why: [{ text: `The page at ${hex(iova)} was taken for a vector that is gone.`, reference: null }, BALANCE],
      }));
    });
}

/** A failed enable leaves the device as it was: nothing programmed and enabled, nothing mapped, nothing taken. */
function half(view: RunView, step: StepRecord): Violation[] {
  const value = step.value;
  if (value === null || value === 0) return [];
  const because = value > 0 ? `gives ${value} (so many are available)` : `fails with ${errnoName(value)}`;
  const found: Violation[] = [];
  const push = (text: string, ...events: (number | null)[]): void => {
    found.push({
      invariant: 'I7',
      message: `enable ${because}, but ${text}`,
      event: step.lastEvent,
      onError: true,
      causes: causes(
        ...events.flatMap((event) => [failedAfter(view.events, event, step.lastEvent), event]),
        step.firstEvent,
      ),
      why: [
        {
          text: 'An enable that did not succeed must leave nothing behind: the caller will not disable what it was told it does not have.',
          reference: 'Documentation/PCI/msi-howto.rst; pci_enable_msix_range()',
        },
        BALANCE,
      ],
    });
  };
  if (step.requesterId !== null) {
    const was = new Set(
      step.before.programmed.filter((one) => one.enabled).map((one) => `${one.requesterId}/${one.index}`),
    );
    const left = step.after.programmed.filter(
      (one) => one.requesterId === step.requesterId && one.enabled && !was.has(`${one.requesterId}/${one.index}`),
    );
    const first = left[0];
    if (first !== undefined)
      push(
        `${left.length} vector(s) of ${deviceName(view, step.requesterId)} stay enabled, the first with address ${hex(first.address)}`,
        programmedBy(view.events, first.requesterId, first.index),
      );
  }
  const mappedBefore = new Set(doorMaps(view, step.before).map((map) => `${map.domain.id}/${map.iova}`));
  const open = doorMaps(view, step.after).filter((map) => !mappedBefore.has(`${map.domain.id}/${map.iova}`));
  // Where a doorbell lives as long as its domain, it may wait there for the next enable.
  const door = view.doorLifetime === 'domain' ? undefined : open[0];
  if (door !== undefined)
    push(
      `the doorbell of ${door.door.controller} stays mapped at IOVA ${hex(door.iova)}`,
      mappedBy(view.events, door.domain.id, door.iova),
    );
  for (const window of step.after.windows) {
    const before = step.before.windows.find((one) => one.event === window.event);
    const taken = window.allocated.filter(
      (iova) => before?.allocated.includes(iova) !== true && !open.some((map) => map.iova === iova),
    );
    const page = taken[0];
    if (page !== undefined)
      push(
        `${taken.length} page(s) of the window stay taken, the first at ${hex(page)}`,
        allocatedBy(view.events, window.agent, page),
      );
  }
  return found;
}

/** Mapped in the window but not taken from it: the allocator will hand the same IOVA out again. */
function unaccounted(view: RunView, step: StepRecord): Violation[] {
  return step.after.windows.flatMap((window) =>
    doorMaps(view, step.after)
      .filter(
        (map) => map.domain.agent === window.agent && map.iova >= window.base && map.iova < window.base + window.size,
      )
      .filter((map) => !window.allocated.includes(map.iova))
      .filter((map) => doorPagesInUse(view, step.after, map.domain.requesterIds).includes(map.physical))
      .slice(0, 1)
      .map((map) => ({
        invariant: 'I7' as const,
        message: `IOVA ${hex(map.iova)} of the window of ${window.agent} is mapped and in use but not taken from the window: it can be given out twice`,
        event: step.lastEvent,
        causes: causes(mappedBy(view.events, map.domain.id, map.iova), step.firstEvent),
        why: [BALANCE],
      })),
  );
}

/** The window is in use and has no page left for another doorbell: the enable must say so. A window that nobody takes pages from is I3's. */
function mustFail(view: RunView, step: StepRecord): Violation[] {
  const full = step.before.windows.some(
    (window) =>
      window.agent === step.agent.name && window.allocated.length > 0 && window.allocated.length >= windowPages(window),
  );
  if (!full) return [];
  if (
    step.injected ||
    step.value === null ||
    step.value !== 0 ||
    (step.spec.expect !== 'error' && step.spec.expect !== 'ENOSPC')
  )
    return [];
  return [
    {
      invariant: 'I7',
      message: `enable returns success though the window has no page left for the doorbell of ${step.spec.device ?? step.agent.name}`,
      event: step.lastEvent,
      causes: causes(
        step.requesterId === null
          ? null
          : programmedBy(view.events, step.requesterId, step.spec.vector ?? 0, step.lastEvent),
        answeredAt(view.events, step.firstEvent, step.lastEvent),
        step.firstEvent,
      ),
      why: [
        {
          text: 'With the window full there is no address the message could go to: the agent must be given an error.',
          reference: 'pci_enable_msix_range(): programmed, or an error',
        },
      ],
    },
  ];
}

/** I7: pages taken = pages mapped = doorbell pages in use, all returned at the end; one page short is an error at enable, and never a half-programmed device. */
export const windowClosed: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.run !== 'done') return [];
  switch (step.spec.stage) {
    case 'enable':
      return [...half(view, step), ...(step.value === 0 ? unaccounted(view, step) : []), ...mustFail(view, step)];
    case 'disable':
    case 'detach':
    case 'release':
      return step.value !== null && step.value < 0 ? [] : kept(view, step);
    default:
      return [];
  }
};
