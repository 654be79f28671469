/**
 * What IOMMU drivers do to the hardware, one driver a kind of unit.
 * In: stream ids, domains, ranges. Out: entries in memory, registers.
 *
 * Before a device is attached to a domain it belongs to the host and passes untranslated; after a detach it is blocked.
 */
import { write32 } from '../../machine/memory';
import type { IommuSpec, MachineSpec } from '../../machine/types';
import { amdDriver } from './iommu-amd';
import { smmuv2Driver, smmuv3Driver } from './iommu-arm';
import { vtdDriver } from './iommu-intel';
import { pamuDriver } from './iommu-pamu';
import { phbDriver } from './iommu-power';
import { riscvDriver } from './iommu-riscv';
import type { TableKind } from './page-tables';
import { createRoot, freeTables, lookUp, mapRange, unmapRange } from './page-tables';
import type { Domain, PlatformState } from './state';

/** What a stream does from now on: its domain's tables, everything untranslated, or nothing at all. */
export type StreamTarget = Domain | 'pass-through' | 'blocked';

/** How one kind of unit is driven. Functions that allocate give false, or 0, when there is no room. */
export interface IommuDriver {
  readonly granule: number;
  /** First address beyond the aperture. */
  readonly aperture: number;
  /** Null for a unit without page tables. */
  readonly tables: TableKind | null;
  /** Only whole mappings can be unmapped, and each fills a place of this many bytes; 0 where pages are. */
  readonly subwindow: number;
  /** Registers and tables of the unit itself, no stream known yet. */
  enable(state: PlatformState, spec: MachineSpec): boolean;
  /** What a domain needs beside its root table; null when there is no room, 0 when nothing. */
  createContext(state: PlatformState, root: number, id: number): number | null;
  freeContext(state: PlatformState, context: number): void;
  setStream(state: PlatformState, spec: MachineSpec, streamId: number, target: StreamTarget): boolean;
  /** The mappings of a domain changed (units without page tables write them into each stream's entry). */
  refresh(state: PlatformState, spec: MachineSpec, domain: Domain): void;
}

/** The driver of a machine's unit; null without one. */
export function iommuDriverOf(iommu: IommuSpec): IommuDriver | null {
  switch (iommu.kind) {
    case 'none':
      return null;
    case 'smmuv3':
      return smmuv3Driver(iommu);
    case 'smmuv2':
      return smmuv2Driver(iommu);
    case 'vtd':
      return vtdDriver(iommu);
    case 'amdvi':
      return amdDriver(iommu);
    case 'pamu':
      return pamuDriver(iommu);
    case 'phb':
      return phbDriver(iommu);
    case 'riscv':
      return riscvDriver(iommu);
  }
}

/** Sets the unit up, all devices of the machine passing untranslated. False when there is no memory for it. */
export function enableIommu(state: PlatformState, spec: MachineSpec, driver: IommuDriver | null): boolean {
  if (driver === null) return true;
  if (!driver.enable(state, spec)) return false;
  let done = true;
  for (const device of spec.devices)
    done = driver.setStream(state, spec, device.alias ?? device.requesterId, 'pass-through') && done;
  return done;
}

/** Root table of a new domain: 0 for a unit without page tables; null when there is no room. */
export function createTables(state: PlatformState, driver: IommuDriver): number | null {
  return driver.tables === null ? 0 : createRoot(contextOf(state, driver.tables));
}

function contextOf(state: PlatformState, kind: TableKind) {
  return { memory: state.machine.memory, tables: state.tables, kind };
}

/** Maps a range of whole granules over nothing mapped; 0 or a negative errno. */
export function mapInDomain(
  state: PlatformState,
  driver: IommuDriver,
  domain: Domain,
  iova: number,
  physical: number,
  size: number,
  writable: boolean,
): number {
  return driver.tables === null
    ? 0
    : mapRange(contextOf(state, driver.tables), domain.root, iova, physical, size, writable);
}

/** Bytes unmapped. */
export function unmapInDomain(
  state: PlatformState,
  driver: IommuDriver,
  domain: Domain,
  iova: number,
  size: number,
): number {
  return driver.tables === null ? size : unmapRange(contextOf(state, driver.tables), domain.root, iova, size);
}

export function lookUpInDomain(state: PlatformState, driver: IommuDriver, domain: Domain, iova: number): number | null {
  if (driver.tables !== null) return lookUp(contextOf(state, driver.tables), domain.root, iova);
  const mapping = domain.mappings.find((one) => iova >= one.iova && iova < one.iova + one.size);
  return mapping === undefined ? null : mapping.physical + (iova - mapping.iova);
}

export function freeDomainTables(state: PlatformState, driver: IommuDriver, domain: Domain): void {
  if (driver.tables !== null) freeTables(contextOf(state, driver.tables), domain.root);
  driver.freeContext(state, domain.context);
}

/** Takes the recorded faults in, as the drivers' fault handlers do, so that the queues are empty again. A frozen PE stays frozen. */
export function drainFaults(state: PlatformState): void {
  const { smmu, vtd, smmuv2, amd, pamu, riscv, memory } = state.machine;
  if (smmu !== null && smmu.eventProducer !== smmu.eventConsumer) {
    const size = 2 ** smmu.eventLog2;
    while (smmu.eventConsumer !== smmu.eventProducer) {
      const at = smmu.eventBase + (smmu.eventConsumer % size) * 32;
      for (let i = 0; i < 8; i++) write32(memory, at + i * 4, 0);
      smmu.eventConsumer = (smmu.eventConsumer + 1) % (size * 2);
    }
    smmu.eventProducer = 0;
    smmu.eventConsumer = 0;
  }
  if (vtd !== null) {
    vtd.faults.length = 0;
    vtd.faultOverflow = false;
  }
  if (smmuv2 !== null) {
    smmuv2.globalStatus = 0;
    for (const bank of smmuv2.banks) {
      bank.faultStatus = 0;
      bank.faultAddress = 0;
    }
  }
  if (amd !== null) amd.events.length = 0;
  if (riscv !== null) riscv.faults.length = 0;
  if (pamu !== null) {
    pamu.violation = 0;
    pamu.violationAddress = 0;
  }
}
