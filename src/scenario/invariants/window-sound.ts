import type { HostWindow } from '../../host/host';
import { causes, mappedBy } from '../causes';
import type { Violation } from '../types';
import type { Invariant, RunView, StepRecord } from '../view';
import { doorMaps, hex, lastStep, overlaps } from '../view';

const end = (window: HostWindow): string => hex(window.base + window.size - 1);

/** Is this range of a domain's mappings ordinary memory, that is, no doorbell? */
function ramMaps(view: RunView, step: StepRecord, agent: string): { iova: number; size: number }[] {
  const doors = new Set(doorMaps(view, step.before).map((map) => `${map.domain.id}/${map.iova}`));
  return step.before.domains
    .filter((domain) => domain.agent === agent)
    .flatMap((domain) =>
      domain.maps
        .filter((map) => !doors.has(`${domain.id}/${map.iova}`))
        .map((map) => ({ iova: map.iova, size: map.size })),
    );
}

/** Ranges the agent mapped in earlier steps and has not unmapped: what the container keeps, whether or not a domain exists yet. */
function mappedEarlier(view: RunView, agent: string): { iova: number; size: number; event: number }[] {
  let ranges: { iova: number; size: number; event: number }[] = [];
  for (const step of view.steps) {
    if (
      step.agent.name !== agent ||
      step.run !== 'done' ||
      step.range === null ||
      step.value === null ||
      step.value < 0
    )
      continue;
    const { iova, size } = step.range;
    if (step.spec.stage === 'map') ranges.push({ iova, size, event: step.lastEvent });
    if (step.spec.stage === 'unmap')
      ranges = ranges.filter((one) => one.iova < iova || one.iova + one.size > iova + size);
  }
  return ranges;
}

function placement(view: RunView, step: StepRecord, window: HostWindow): Violation[] {
  const found: Violation[] = [];
  const report = (
    text: string,
    because: string,
    reference: string | null,
    form?: Violation['form'],
    ...more: (number | null)[]
  ): void => {
    found.push({
      invariant: 'I6',
      ...(form === undefined ? {} : { form }),
      message: `the window ${hex(window.base)}–${end(window)} of ${window.agent} ${text}`,
      event: step.lastEvent,
      causes: causes(window.event, step.firstEvent, ...more),
      why: [
        { text: 'The registration was accepted: it returned success.', reference: null },
        { text: because, reference },
      ],
    });
  };
  const range = { start: window.base, size: window.size };
  // Before a group is attached nobody knows which IOMMU will translate the window.
  const domain = step.before.domains.some((one) => one.agent === window.agent);
  if (domain && (window.base % view.granule !== 0 || window.size % view.granule !== 0))
    report(
      `is not aligned to the IOMMU's page of ${hex(view.granule)} bytes`,
      'A doorbell is mapped by whole pages of the IOMMU.',
      'iommu_map(): iova, paddr and size must be aligned to the minimum page size',
    );
  if (domain && window.base + window.size > view.aperture)
    report(
      `reaches beyond the aperture, which ends at ${hex(view.aperture - 1)}`,
      'The IOMMU cannot translate addresses beyond its aperture.',
      'struct iommu_domain_geometry in include/linux/iommu.h',
    );
  if (
    step.range !== null &&
    (window.base < step.range.iova || window.base + window.size > step.range.iova + step.range.size)
  )
    report(
      `is more than the ${hex(step.range.iova)}–${hex(step.range.iova + step.range.size - 1)} that was asked for`,
      'Pages outside what userspace gave away may be memory of the guest: the limit of an allocator is the last page frame it may hand out, not the first it may not.',
      'init_iova_domain() and alloc_iova() in include/linux/iova.h',
      'bounds',
    );
  for (const region of view.hardwareRegions)
    if (region.type !== 'sw-msi' && overlaps(range, { start: region.start, size: region.length }))
      report(
        `overlaps the reserved region ${hex(region.start)}–${hex(region.start + region.length - 1)} (${region.type})`,
        'Addresses of a reserved region do not go through the translation tables as others do.',
        'Documentation/ABI/testing/sysfs-kernel-iommu_groups',
      );
  // Behind a root complex without ACS redirection a write to a peer's registers never reaches the IOMMU.
  for (const bar of view.machine.memory)
    if (bar.kind === 'mmio' && bar.name.startsWith('pci') && overlaps(range, { start: bar.base, size: bar.size }))
      report(
        `lies in ${bar.name} (${hex(bar.base)}–${hex(bar.base + bar.size - 1)}), the addresses of devices' own registers`,
        'Between devices below one bridge such a write goes from peer to peer and is never translated.',
        'PCI Express Base Specification, ACS; Documentation/driver-api/vfio.rst',
      );
  for (const map of mappedEarlier(view, window.agent))
    if (overlaps(range, { start: map.iova, size: map.size }))
      report(
        `covers memory that is mapped already at ${hex(map.iova)}–${hex(map.iova + map.size - 1)}`,
        'A doorbell page and guest memory would share an IOVA: a DMA of the guest becomes an interrupt, or an interrupt a write into its memory.',
        'Documentation/driver-api/vfio.rst, VFIO_IOMMU_MAP_DMA',
        undefined,
        map.event,
      );
  if (found.length === 0)
    for (const map of ramMaps(view, step, window.agent))
      if (overlaps(range, { start: map.iova, size: map.size }))
        report(`covers a mapping of the domain at ${hex(map.iova)}`, 'The IOVA is taken.', null);
  return found;
}

/** A window that the host's drivers chose, seen when its first page is taken, and what it meets. */
function chosen(view: RunView, step: StepRecord): Violation[] {
  const known = new Set(step.before.windows.map((window) => window.event));
  return step.after.windows
    .filter((window) => window.agent === step.agent.name && !known.has(window.event))
    .flatMap((window) =>
      view.hardwareRegions
        .filter(
          ({ start, length, type }) =>
            type !== 'sw-msi' && overlaps({ start: window.base, size: window.size }, { start, size: length }),
        )
        .map(
          ({ start, length, type }): Violation => ({
            invariant: 'I6',
            message: `the window ${hex(window.base)}–${end(window)} that the host chose for ${window.agent} overlaps the reserved region ${hex(start)}–${hex(start + length - 1)} (${type})`,
            event: step.lastEvent,
            causes: causes(window.event, step.firstEvent),
            why: [
              {
                text: 'Two ranges meet when each begins before the other ends; that one holds all of the other is not needed.',
                reference: null,
              },
              {
                text: 'Addresses of a reserved region are not for DMA of the device: a doorbell there is none.',
                reference: 'Documentation/ABI/testing/sysfs-kernel-iommu_groups',
              },
            ],
          }),
        ),
    );
}

/** Two IOVAs of one domain for one doorbell page. */
function twice(view: RunView, step: StepRecord): Violation[] {
  const first = new Map<string, number>();
  const found: Violation[] = [];
  for (const map of doorMaps(view, step.after)) {
    const key = `${map.domain.id}/${map.physical}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, map.iova);
    else
      found.push({
        invariant: 'I6',
        message: `the doorbell page of ${map.door.controller} is mapped twice for ${map.domain.agent}: at ${hex(other)} and at ${hex(map.iova)}`,
        event: step.lastEvent,
        causes: causes(mappedBy(view.events, map.domain.id, map.iova), mappedBy(view.events, map.domain.id, other)),
        why: [
          {
            text: 'All vectors that go to one doorbell page can share one IOVA of the domain.',
            reference: 'Documentation/driver-api/vfio.rst',
          },
          { text: 'A page for every vector or device exhausts the window before its doorbells do.', reference: null },
        ],
      });
  }
  return found;
}

/**
 * I6: the window lies in the aperture, aligned to the granule, disjoint from guest memory mapped before and from reserved regions; each
 * doorbell page of a domain has one IOVA. A map laid over a standing window is I8's.
 */
export const windowSound: Invariant = (view) => {
  const step = lastStep(view);
  if (step === null || step.run !== 'done') return [];
  if (step.spec.stage === 'register-window' && step.value !== null && step.value >= 0) {
    const known = new Set(step.before.windows.map((window) => window.event));
    return step.after.windows
      .filter((window) => window.agent === step.agent.name && !known.has(window.event))
      .flatMap((window) => placement(view, step, window));
  }
  return step.spec.stage === 'enable' && step.value !== null && step.value >= 0
    ? [...chosen(view, step), ...twice(view, step)]
    : [];
};
