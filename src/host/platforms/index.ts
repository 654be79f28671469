/**
 * Platforms: the drivers' side of a machine.
 * In: a machine spec. Out: a `Platform` whose every call writes the tables, entries and commands real drivers write, and whose `emit`
 * sends a device's write through the hardware model. Knows nothing of VFIO, windows or designs.
 */

import { INTERRUPT_RANGE_BASE, INTERRUPT_RANGE_SIZE, isInterruptAddress } from '../../machine/apic';
import { emitWrite } from '../../machine/emit';
import { FRAME_SIZE } from '../../machine/gicv2m';
import { ITS_SIZE } from '../../machine/its';
import { createMachine, hashMachine } from '../../machine/machine';
import { streamIdOf } from '../../machine/pcie';
import type { MachineSpec } from '../../machine/types';
import { isAddress } from '../../machine/word';
import type { Errno, Platform, ReservedRegion } from '../platform';
import {
  attachStream,
  blockStream,
  drainFaults,
  enableIommu,
  inputBitsOf,
  tableKindOf,
  writeContextDescriptor,
} from './iommu';
import { allocateVectors, enableIrqchip, freeVectors, irqchipKindOf, setAffinity } from './irqchip';
import type { TableContext } from './page-tables';
import { createRoot, freeTables, lookUp, mapRange, unmapRange } from './page-tables';
import type { Domain, Mapping, PlatformState } from './state';
import { clonePlatformState } from './state';
import { allocateBlock, createTableMemory, freeBlock } from './table-memory';

const ENOMEM = -12;
const EEXIST = -17;
const ENODEV = -19;
const EINVAL = -22;
const ERANGE = -34;

/** A platform that can be copied and hashed, for search over its states. */
export interface MachinePlatform extends Platform {
  readonly state: PlatformState;
  /** An independent copy; memory is shared until one side writes. */
  clone(): MachinePlatform;
  /** A whole number below 2^53 over all hardware state. */
  hash(): number;
}

/**
 * The machine of a spec with its drivers loaded: IOMMU enabled with every device passing untranslated (the host's), controllers set up, no
 * vector allocated. A spec without DRAM gives a platform on which nothing can be allocated.
 */
export function createPlatform(spec: MachineSpec): MachinePlatform {
  const state: PlatformState = {
    machine: createMachine(spec),
    tables: createTableMemory(spec),
    nextDomain: 1,
    domains: new Map(),
    vectors: new Map(),
    itsDevices: new Map(),
    contextTables: new Map(),
  };
  enableIommu(state, spec);
  enableIrqchip(state, spec);
  return platformOver(state, spec);
}

/** Reserved by the hardware itself: the interrupt range of x86. The window Linux picks for ARM doorbells is software's and not among them. */
function hardwareRegionsOf(spec: MachineSpec): ReservedRegion[] {
  return spec.architecture === 'x86'
    ? [{ start: INTERRUPT_RANGE_BASE, length: INTERRUPT_RANGE_SIZE, type: 'msi' }]
    : [];
}

/** Are interrupts kept apart by requester id? An ITS does; VT-d does with source checks and no compatibility-format way round; others do not. */
function isolatesMsiOf(spec: MachineSpec): boolean {
  const kind = irqchipKindOf(spec);
  if (kind === 'its') return !spec.controllers.some((controller) => controller.kind === 'gicv2m');
  const { iommu } = spec;
  return (
    kind === 'apic' &&
    iommu.kind === 'vtd' &&
    iommu.remapping &&
    iommu.sourceCheck &&
    !(iommu.compatibility && !iommu.eim)
  );
}

function platformOver(state: PlatformState, spec: MachineSpec): MachinePlatform {
  const kind = tableKindOf(spec.iommu);
  const granule = spec.iommu.kind === 'smmuv3' ? spec.iommu.granule : 4096;
  const aperture = 2 ** inputBitsOf(spec.iommu);
  const context: TableContext | null =
    kind === null ? null : { memory: state.machine.memory, tables: state.tables, kind };
  const deviceOf = (requesterId: number) => spec.devices.find((device) => device.requesterId === requesterId);

  return {
    spec,
    state,
    granule,
    aperture,
    hardwareRegions: hardwareRegionsOf(spec),
    isolatesMsi: isolatesMsiOf(spec),
    clone: () => platformOver(clonePlatformState(state), spec),
    hash: () => hashMachine(state.machine),

    /** 0 when the machine has no IOMMU or no memory left for tables. */
    allocateDomain(): number {
      const root = context === null ? null : createRoot(context);
      if (root === null) return 0;
      const id = state.nextDomain;
      let descriptor = 0;
      if (spec.iommu.kind === 'smmuv3') {
        descriptor = allocateBlock(state.tables, 4096) ?? 0;
        if (descriptor === 0) return 0;
        writeContextDescriptor(state, spec.iommu, descriptor, root, id);
      }
      state.nextDomain++;
      state.domains.set(id, { id, root, context: descriptor, mappings: [], attached: [] });
      return id;
    },

    freeDomain(id: number): void {
      const domain = state.domains.get(id);
      if (domain === undefined || context === null) return;
      for (const requesterId of domain.attached) blockStream(state, spec, requesterId);
      freeTables(context, domain.root);
      if (domain.context !== 0) freeBlock(state.tables, state.machine.memory, domain.context, 4096);
      state.domains.delete(id);
    },

    /** -ENODEV for an unknown device or without an IOMMU, -EINVAL for an unknown domain. A device of another domain moves. */
    attach(requesterId: number, id: number): Errno {
      if (context === null || deviceOf(requesterId) === undefined) return ENODEV;
      const domain = state.domains.get(id);
      if (domain === undefined) return EINVAL;
      const streamId = streamIdOf(spec.devices, requesterId);
      for (const other of state.domains.values()) {
        if (other !== domain)
          other.attached = other.attached.filter((candidate) => streamIdOf(spec.devices, candidate) !== streamId);
      }
      if (!domain.attached.includes(requesterId)) domain.attached.push(requesterId);
      return attachStream(state, spec, requesterId, domain) ? 0 : ENOMEM;
    },

    detach(requesterId: number, id: number): void {
      const domain = state.domains.get(id);
      if (domain === undefined || !domain.attached.includes(requesterId)) return;
      domain.attached = domain.attached.filter((candidate) => candidate !== requesterId);
      const streamId = streamIdOf(spec.devices, requesterId);
      if (!domain.attached.some((candidate) => streamIdOf(spec.devices, candidate) === streamId))
        blockStream(state, spec, requesterId);
    },

    map(id: number, iova: number, physical: number, size: number, writable: boolean): Errno {
      const domain = state.domains.get(id);
      if (domain === undefined || context === null) return EINVAL;
      if (![iova, physical, size].every((value) => isAddress(value) && value % granule === 0) || size === 0)
        return EINVAL;
      if (iova + size > aperture || physical + size > 2 ** 48) return ERANGE;
      if (domain.mappings.some((mapping) => iova < mapping.iova + mapping.size && mapping.iova < iova + size))
        return EEXIST;
      const result = mapRange(context, domain.root, iova, physical, size, writable);
      if (result === 0)
        domain.mappings = [...domain.mappings, { iova, physical, size, writable }].sort((a, b) => a.iova - b.iova);
      return result;
    },

    unmap(id: number, iova: number, size: number): number {
      const domain = state.domains.get(id);
      if (domain === undefined || context === null || !isAddress(iova) || !isAddress(size)) return 0;
      const start = Math.floor(iova / granule) * granule;
      const end = Math.min(Math.ceil((iova + size) / granule) * granule, aperture);
      if (end <= start || !domain.mappings.some((mapping) => start < mapping.iova + mapping.size && mapping.iova < end))
        return 0;
      let bytes = 0;
      for (const mapping of domain.mappings) {
        const from = Math.max(start, mapping.iova);
        const to = Math.min(end, mapping.iova + mapping.size);
        if (from < to) bytes += unmapRange(context, domain.root, from, to - from);
      }
      domain.mappings = domain.mappings.flatMap((mapping) => without(mapping, start, end));
      return bytes;
    },

    translate(id: number, iova: number): number | null {
      const domain = state.domains.get(id);
      return domain === undefined || context === null || !isAddress(iova) || iova >= aperture
        ? null
        : lookUp(context, domain.root, iova);
    },

    mappings: (id: number) => state.domains.get(id)?.mappings ?? [],

    allocateVectors(requesterId: number, count: number) {
      const device = deviceOf(requesterId);
      return device === undefined || !Number.isInteger(count) || count < 1
        ? null
        : allocateVectors(state, spec, device, count);
    },

    freeVectors: (requesterId: number) => freeVectors(state, spec, requesterId),
    setAffinity: (requesterId: number, index: number, cpu: number) => setAffinity(state, spec, requesterId, index, cpu),

    emit(requesterId: number, address: number, data: number, size: number) {
      const outcome = emitWrite(state.machine, requesterId, address, data, size);
      drainFaults(state);
      return outcome;
    },

    doorbellAt: (physical: number) => doorbellOf(spec, physical, granule),
    vectors: () => [...state.vectors.values()].flat(),
  };
}

/** What is left of a mapping outside `[start, end)`. */
function without(mapping: Mapping, start: number, end: number): Mapping[] {
  const left: Mapping[] = [];
  const stop = mapping.iova + mapping.size;
  if (mapping.iova < start) left.push({ ...mapping, size: Math.min(stop, start) - mapping.iova });
  if (stop > end) {
    const from = Math.max(mapping.iova, end);
    left.push({ ...mapping, iova: from, physical: mapping.physical + (from - mapping.iova), size: stop - from });
  }
  return left;
}

/** The controller whose doorbell register lies in the granule that starts at `physical`; the first one when a large granule holds several. */
function doorbellOf(spec: MachineSpec, physical: number, granule: number): string | null {
  const page = Math.floor(physical / granule) * granule;
  for (const controller of spec.controllers) {
    if (controller.kind === 'apic') {
      if (isInterruptAddress(physical)) return controller.name;
      continue;
    }
    const start = controller.kind === 'its' ? controller.base + ITS_SIZE / 2 : controller.base;
    const size = controller.kind === 'its' ? ITS_SIZE / 2 : FRAME_SIZE;
    if (page < start + size && start < page + granule) return controller.name;
  }
  return null;
}

export type { Domain };
