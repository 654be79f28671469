/**
 * Platforms: the drivers' side of a machine.
 * In: a machine spec. Out: a `Platform` whose every call writes the tables, entries and commands real drivers write, and whose `emit`
 * sends a device's write through the hardware model. Knows nothing of VFIO, windows or designs.
 */

import { INTERRUPT_RANGE_BASE, INTERRUPT_RANGE_SIZE } from '../../machine/apic';
import { emitWrite } from '../../machine/emit';
import { createMachine, hashMachine } from '../../machine/machine';
import { streamIdOf } from '../../machine/pcie';
import type { MachineSpec } from '../../machine/types';
import { isAddress } from '../../machine/word';
import type { Errno, HardwareVector, Platform, ReservedRegion } from '../platform';
import { doorbellOf, doorsOf } from './doors';
import type { IommuDriver } from './iommu';
import {
  createTables,
  drainFaults,
  enableIommu,
  freeDomainTables,
  iommuDriverOf,
  lookUpInDomain,
  mapInDomain,
  unmapInDomain,
} from './iommu';
import { allocateVectors, enableIrqchip, freeVectors, irqchipKindOf, replaceVector, setAffinity } from './irqchip';
import type { PostTarget } from './irqchip-apic';
import { freeDescriptors, postVector } from './irqchip-apic';
import type { Domain, Mapping, PlatformState } from './state';
import { clonePlatformState, createPlatformState } from './state';
import { createTableMemory } from './table-memory';

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
  /** A copy of the drivers' books over the same machine: for who brings the machine itself back to where the books belong (`snapshot.ts`). */
  fork(): MachinePlatform;
  /** A whole number below 2^53 over all hardware state. */
  hash(): number;
  /**
   * Posts a vector to a guest (VT-d posted interrupts), or takes it back with null: the message stays, what it raises changes. Null when
   * the machine cannot post, the vector or the guest's vector does not exist, or memory is used up.
   */
  post(requesterId: number, index: number, to: PostTarget | null): HardwareVector | null;
}

/**
 * The machine of a spec with its drivers loaded: IOMMU enabled with every device passing untranslated (the host's), controllers set up, no
 * vector allocated. A spec without DRAM gives a platform on which nothing can be allocated.
 */
export function createPlatform(spec: MachineSpec): MachinePlatform {
  const state = createPlatformState(createMachine(spec), createTableMemory(spec));
  enableIommu(state, spec, iommuDriverOf(spec.iommu));
  enableIrqchip(state, spec);
  return platformOver(state, spec);
}

/**
 * Address ranges that hardware takes as interrupts whatever a page table says: the interrupt range of x86, the MSI range of a POWER bridge,
 * the interrupt files where MSI page tables redirect them. The window Linux picks for ARM doorbells is software's and not among them.
 */
function interruptRegionsOf(spec: MachineSpec): ReservedRegion[] {
  if (spec.architecture === 'x86') return [{ start: INTERRUPT_RANGE_BASE, length: INTERRUPT_RANGE_SIZE, type: 'msi' }];
  return spec.controllers.flatMap((controller): ReservedRegion[] => {
    const decoded =
      (controller.kind === 'phb-msi' && spec.iommu.kind === 'phb') ||
      (controller.kind === 'imsic' && spec.iommu.kind === 'riscv');
    const { start, size } = doorsOf(controller, spec.cpus);
    return decoded ? [{ start, length: size, type: 'msi' }] : [];
  });
}

/** What no page table decides about, and what firmware keeps for itself. */
function hardwareRegionsOf(spec: MachineSpec): ReservedRegion[] {
  const kept = (spec.reserved ?? []).map(({ base, size }) => ({
    start: base,
    length: size,
    type: 'reserved' as const,
  }));
  return [...interruptRegionsOf(spec), ...kept];
}

/**
 * Are interrupts kept apart by requester id? By an ITS; by VT-d with source checks and no compatibility-format way round; by AMD-Vi's
 * tables of each device; by a PAMU when each domain has a bank of its own; by the PE of POWER's MSI entries; by guest interrupt files of
 * RISC-V. Frames, banks and files that devices share do not.
 */
function isolatesMsiOf(spec: MachineSpec): boolean {
  const { iommu, controllers } = spec;
  switch (irqchipKindOf(spec)) {
    case 'its':
      return !controllers.some((controller) => controller.kind === 'gicv2m' || controller.kind === 'mbi');
    case 'apic':
      if (iommu.kind === 'amdvi') return iommu.remapping;
      return iommu.kind === 'vtd' && iommu.remapping && iommu.sourceCheck && !(iommu.compatibility && !iommu.eim);
    case 'fsl-msi':
      return (
        iommu.kind === 'pamu' &&
        controllers.every((controller) => controller.kind !== 'fsl-msi' || controller.perDomain)
      );
    case 'phb-msi':
      return iommu.kind === 'phb';
    case 'imsic':
      return iommu.kind === 'riscv' && iommu.filePerDomain;
    default:
      return false;
  }
}

function platformOver(state: PlatformState, spec: MachineSpec): MachinePlatform {
  const driver = iommuDriverOf(spec.iommu);
  const granule = driver?.granule ?? 4096;
  const aperture = driver?.aperture ?? 2 ** 52;
  const deviceOf = (requesterId: number) => spec.devices.find((device) => device.requesterId === requesterId);
  const vectorOf = (requesterId: number, index: number) =>
    state.vectors.get(requesterId)?.find((vector) => vector.index === index);

  return {
    spec,
    state,
    granule,
    aperture,
    hardwareRegions: hardwareRegionsOf(spec),
    isolatesMsi: isolatesMsiOf(spec),
    clone: () => platformOver(clonePlatformState(state), spec),
    fork: () => platformOver(clonePlatformState(state, state.machine), spec),
    hash: () => hashMachine(state.machine),

    /** 0 when the machine has no IOMMU, no memory left for tables, or no context bank. */
    allocateDomain(): number {
      const root = driver === null ? null : createTables(state, driver);
      if (driver === null || root === null) return 0;
      const id = state.nextDomain;
      const context = driver.createContext(state, root, id);
      if (context === null) return 0;
      state.nextDomain++;
      state.domains.set(id, { id, root, context, mappings: [], attached: [] });
      return id;
    },

    freeDomain(id: number): void {
      const domain = state.domains.get(id);
      if (domain === undefined || driver === null) return;
      for (const requesterId of domain.attached)
        driver.setStream(state, spec, streamIdOf(spec.devices, requesterId), 'blocked');
      freeDomainTables(state, driver, domain);
      state.domains.delete(id);
    },

    /** -ENODEV for an unknown device or without an IOMMU, -EINVAL for an unknown domain. A device of another domain moves. */
    attach(requesterId: number, id: number): Errno {
      if (driver === null || deviceOf(requesterId) === undefined) return ENODEV;
      const domain = state.domains.get(id);
      if (domain === undefined) return EINVAL;
      const streamId = streamIdOf(spec.devices, requesterId);
      for (const other of state.domains.values()) {
        if (other !== domain)
          other.attached = other.attached.filter((candidate) => streamIdOf(spec.devices, candidate) !== streamId);
      }
      if (!domain.attached.includes(requesterId)) domain.attached = [...domain.attached, requesterId];
      return driver.setStream(state, spec, streamId, domain) ? 0 : ENOMEM;
    },

    detach(requesterId: number, id: number): void {
      const domain = state.domains.get(id);
      if (driver === null || domain === undefined || !domain.attached.includes(requesterId)) return;
      domain.attached = domain.attached.filter((candidate) => candidate !== requesterId);
      const streamId = streamIdOf(spec.devices, requesterId);
      if (!domain.attached.some((candidate) => streamIdOf(spec.devices, candidate) === streamId))
        driver.setStream(state, spec, streamId, 'blocked');
    },

    /** A PAMU takes only what fills subwindows from their start: power-of-two pieces, aligned in physical memory too (-EINVAL otherwise). */
    map(id: number, iova: number, physical: number, size: number, writable: boolean): Errno {
      const domain = state.domains.get(id);
      if (domain === undefined || driver === null) return EINVAL;
      if (![iova, physical, size].every((value) => isAddress(value) && value % granule === 0) || size === 0)
        return EINVAL;
      if (iova + size > aperture || physical + size > 2 ** 48) return ERANGE;
      if (domain.mappings.some((mapping) => iova < mapping.iova + mapping.size && mapping.iova < iova + size))
        return EEXIST;
      const pieces = piecesOf(driver, { iova, physical, size, writable });
      if (pieces === null) return EINVAL;
      const result = mapInDomain(state, driver, domain, iova, physical, size, writable);
      if (result !== 0) return result;
      domain.mappings = [...domain.mappings, ...pieces].sort((a, b) => a.iova - b.iova);
      driver.refresh(state, spec, domain);
      return 0;
    },

    /** Of a PAMU's subwindows only those that lie in the range as a whole. */
    unmap(id: number, iova: number, size: number): number {
      const domain = state.domains.get(id);
      if (domain === undefined || driver === null || !isAddress(iova) || !isAddress(size)) return 0;
      const start = Math.floor(iova / granule) * granule;
      const end = Math.min(Math.ceil((iova + size) / granule) * granule, aperture);
      let bytes = 0;
      const left: Mapping[] = [];
      for (const mapping of domain.mappings) {
        const from = Math.max(start, mapping.iova);
        const to = Math.min(end, mapping.iova + mapping.size);
        if (from >= to || (driver.subwindow > 0 && to - from < mapping.size)) left.push(mapping);
        else {
          bytes += unmapInDomain(state, driver, domain, from, to - from);
          left.push(...without(mapping, start, end));
        }
      }
      if (bytes === 0) return 0;
      domain.mappings = left;
      driver.refresh(state, spec, domain);
      return bytes;
    },

    translate(id: number, iova: number): number | null {
      const domain = state.domains.get(id);
      return domain === undefined || driver === null || !isAddress(iova) || iova >= aperture
        ? null
        : lookUpInDomain(state, driver, domain, iova);
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

    post(requesterId: number, index: number, to: PostTarget | null) {
      const vector = vectorOf(requesterId, index);
      const posted = vector === undefined ? null : postVector(state, spec, vector, to);
      if (posted !== null) replaceVector(state, posted);
      freeDescriptors(state);
      return posted;
    },

    emit(requesterId: number, address: number, data: number, size: number) {
      const outcome = emitWrite(state.machine, requesterId, address, data, size);
      drainFaults(state);
      return outcome;
    },

    doorbellAt: (physical: number) => doorbellOf(spec, physical, granule),
    vectors: () => [...state.vectors.values()].flat(),
  };
}

/** What a mapping is in the books: itself, or, for a unit with subwindows, one mapping for each it fills; null when it fits none. */
function piecesOf(driver: IommuDriver, mapping: Mapping): Mapping[] | null {
  const place = driver.subwindow;
  if (place === 0) return [mapping];
  const pieces: Mapping[] = [];
  for (let done = 0; done < mapping.size; done += place) {
    const iova = mapping.iova + done;
    const physical = mapping.physical + done;
    const size = Math.min(place, mapping.size - done);
    if (iova % place !== 0 || !Number.isInteger(Math.log2(size)) || physical % size !== 0) return null;
    pieces.push({ iova, physical, size, writable: mapping.writable });
  }
  return pieces;
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

export type { Domain };
