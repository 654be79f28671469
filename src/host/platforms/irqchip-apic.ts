/**
 * Driver of x86 MSIs: vectors of local APICs, with VT-d or AMD-Vi remapping or without, and VT-d entries posted to a guest.
 */
import { INTERRUPT_RANGE_BASE } from '../../machine/apic';
import { write32, write64 } from '../../machine/memory';
import { streamIdOf } from '../../machine/pcie';
import type { DeviceSpec, MachineSpec } from '../../machine/types';
import { remappableAddress } from '../../machine/vtd-remap';
import { highHalf, lowHalf } from '../../machine/word';
import type { HardwareVector } from '../platform';
import type { IrqchipDriver } from './irqchip';
import type { PlatformState } from './state';
import { everyVector, vectorKey } from './state';
import { allocateBlock, freeBlock } from './table-memory';

/** Vectors a device can be given: above the exceptions and legacy vectors, below the system's own. */
const FIRST_VECTOR = 0x22;
const LAST_VECTOR = 0xec;
/** The vector that tells a CPU that an interrupt was posted to one of its guests. */
const NOTIFICATION_VECTOR = 0xf2;
/** The first VT-d entries belong to the I/O APIC's pins. */
const FIRST_INDEX = 0x11;
const REMAP_LOG2 = 16;
/** Entries of an AMD-Vi interrupt table. */
const AMD_LOG2 = 8;

type Remapping = 'vtd' | 'amd' | 'none';

function remappingOf(state: PlatformState, spec: MachineSpec): Remapping {
  if (state.machine.vtd?.remapping === true) return 'vtd';
  return spec.iommu.kind === 'amdvi' && spec.iommu.remapping ? 'amd' : 'none';
}

export const apicDriver: IrqchipDriver = {
  enable(state, spec) {
    const { vtd } = state.machine;
    if (spec.iommu.kind === 'amdvi' && spec.iommu.remapping)
      for (const device of spec.devices) writeAmdInterrupts(state, device.alias ?? device.requesterId, null);
    if (spec.iommu.kind !== 'vtd' || vtd === null || !spec.iommu.remapping) return true;
    const table = allocateBlock(state.tables, 16 * 2 ** REMAP_LOG2);
    if (table === null) return false;
    vtd.remapTable = table;
    vtd.remapLog2 = REMAP_LOG2;
    vtd.eim = spec.iommu.eim;
    vtd.compatibility = spec.iommu.compatibility;
    vtd.posting = spec.iommu.posting === true;
    vtd.remapping = true;
    return true;
  },
  allocate: allocateApicVectors,
  free: freeApicVectors,
  move(state, spec, vector, cpu) {
    // Where a posted interrupt goes is the descriptor's business.
    if (state.posted.has(vectorKey(vector))) return null;
    const number = freeVector(state, cpu, new Set());
    if (number === 0) return null;
    const moved = apicVector(
      spec,
      remappingOf(state, spec),
      vector.requesterId,
      vector.index,
      cpu,
      number,
      entryOf(vector),
    );
    writeEntry(state, spec, moved);
    return moved;
  },
};

/** A CPU's lowest free vector, or 0. */
function freeVector(state: PlatformState, cpu: number, taken: ReadonlySet<number>): number {
  const used = new Set(
    [...everyVector(state), ...state.posted.values()]
      .filter((vector) => vector.interrupt.target === cpu)
      .map((vector) => vector.interrupt.number),
  );
  for (let vector = FIRST_VECTOR; vector <= LAST_VECTOR; vector++)
    if (!used.has(vector) && !taken.has(cpu * 256 + vector)) return vector;
  return 0;
}

/** Entry of a remapped message: index of the VT-d entry in the address, of the AMD-Vi entry in the data. */
function entryOf(vector: HardwareVector): number {
  return (vector.address & 0x10) !== 0 ? vtdIndex(vector) : vector.data & 0x7ff;
}

function vtdIndex(vector: HardwareVector): number {
  return ((vector.address >>> 5) & 0x7fff) | ((vector.address & 4) << 13);
}

function allocateApicVectors(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  first: number,
  count: number,
): HardwareVector[] | null {
  const remapping = remappingOf(state, spec);
  const streamId = streamIdOf(spec.devices, device.requesterId);
  const used = new Set(
    everyVector(state)
      .filter((vector) => remapping === 'vtd' || streamIdOf(spec.devices, vector.requesterId) === streamId)
      .map(entryOf),
  );
  const end = 2 ** (remapping === 'vtd' ? REMAP_LOG2 : AMD_LOG2);
  const taken = new Set<number>();
  const fresh: HardwareVector[] = [];
  let cpu = 0;
  let entry = remapping === 'vtd' ? FIRST_INDEX : 0;
  while (fresh.length < count) {
    const vector = freeVector(state, cpu, taken);
    if (vector === 0) {
      if (++cpu >= spec.cpus) return null;
      continue;
    }
    taken.add(cpu * 256 + vector);
    if (remapping !== 'none') while (used.has(entry)) entry++;
    if (remapping !== 'none' && entry >= end) return null;
    fresh.push(apicVector(spec, remapping, device.requesterId, first + fresh.length, cpu, vector, entry));
    entry++;
  }
  if (remapping === 'amd' && !amdTableFor(state, streamId)) return null;
  for (const vector of fresh) writeEntry(state, spec, vector);
  return fresh;
}

/** Logical destination in the flat model for the first 8 CPUs (one bit each), physical above. */
function apicDestination(cpu: number): { readonly destination: number; readonly logical: boolean } {
  return cpu < 8 ? { destination: 1 << cpu, logical: true } : { destination: cpu, logical: false };
}

function apicVector(
  spec: MachineSpec,
  remapping: Remapping,
  requesterId: number,
  index: number,
  cpu: number,
  vector: number,
  entry: number,
): HardwareVector {
  const { destination, logical } = apicDestination(cpu);
  const message =
    remapping === 'vtd'
      ? { address: remappableAddress(entry), data: 0 }
      : remapping === 'amd'
        ? { address: INTERRUPT_RANGE_BASE, data: entry }
        : { address: INTERRUPT_RANGE_BASE + destination * 0x1000 + (logical ? 4 : 0), data: vector };
  return {
    requesterId,
    index,
    interrupt: { kind: 'vector', number: vector, target: cpu },
    controller: spec.controllers.find((controller) => controller.kind === 'apic')?.name ?? 'apic',
    ...message,
    translated: false,
  };
}

/** Writes the remapping entry of a vector, where there is remapping. */
function writeEntry(state: PlatformState, spec: MachineSpec, vector: HardwareVector): void {
  const remapping = remappingOf(state, spec);
  if (remapping === 'vtd') writeRemapEntry(state, spec, vector);
  if (remapping === 'amd') writeAmdEntry(state, spec, vector, true);
}

/** IRTE (VT-d 9.10): fixed, edge; source validation of the whole requester id (of the bridge's for devices behind one), or none. */
function writeRemapEntry(state: PlatformState, spec: MachineSpec, vector: HardwareVector): void {
  const { vtd, memory } = state.machine;
  if (vtd === null) return;
  const at = vtd.remapTable + vtdIndex(vector) * 16;
  const { destination, logical } = vtd.eim
    ? { destination: vector.interrupt.target, logical: false }
    : apicDestination(vector.interrupt.target);
  write64(memory, at + 8, sourceOf(spec, vector.requesterId), 0);
  write64(
    memory,
    at,
    (1 | (logical ? 4 : 0) | (vector.interrupt.number << 16)) >>> 0,
    vtd.eim ? destination : destination << 8,
  );
}

function sourceOf(spec: MachineSpec, requesterId: number): number {
  return spec.iommu.kind === 'vtd' && spec.iommu.sourceCheck ? (1 << 18) | streamIdOf(spec.devices, requesterId) : 0;
}

/**
 * Interrupt half of a device table entry (48882, 2.2.2): IV 0, table length log2 4:1, table 51:6, IntCtl 61:60 (2 remap). Without a
 * table IV stands alone, so that IntCtl aborts.
 */
function writeAmdInterrupts(state: PlatformState, streamId: number, table: number | null): void {
  const { amd, memory } = state.machine;
  if (amd === null) return;
  const at = amd.deviceTable + streamId * 32 + 16;
  if (table === null) write64(memory, at, 1, 0);
  else write64(memory, at, (lowHalf(table) | (AMD_LOG2 << 1) | 1) >>> 0, (highHalf(table) | (2 << 28)) >>> 0);
}

/** Makes the interrupt table of a device id at the first use; false without memory. */
function amdTableFor(state: PlatformState, streamId: number): boolean {
  if (state.interruptTables.has(streamId)) return true;
  const table = allocateBlock(state.tables, 4096);
  if (table === null) return false;
  state.interruptTables.set(streamId, table);
  writeAmdInterrupts(state, streamId, table);
  return true;
}

/** 32-bit entry: RemapEn 0, IntType 4:2 (fixed), DM 6, destination 15:8, vector 23:16. */
function writeAmdEntry(state: PlatformState, spec: MachineSpec, vector: HardwareVector, enabled: boolean): void {
  const table = state.interruptTables.get(streamIdOf(spec.devices, vector.requesterId));
  if (table === undefined) return;
  const { destination, logical } = apicDestination(vector.interrupt.target);
  const word = 1 | (logical ? 0x40 : 0) | (destination << 8) | (vector.interrupt.number << 16);
  write32(state.machine.memory, table + (vector.data & 0x7ff) * 4, enabled ? word : 0);
}

function freeApicVectors(
  state: PlatformState,
  spec: MachineSpec,
  requesterId: number,
  vectors: readonly HardwareVector[],
): void {
  const { vtd, memory } = state.machine;
  const remapping = remappingOf(state, spec);
  for (const vector of vectors) {
    if (remapping === 'vtd' && vtd !== null) {
      write64(memory, vtd.remapTable + vtdIndex(vector) * 16, 0, 0);
      write64(memory, vtd.remapTable + vtdIndex(vector) * 16 + 8, 0, 0);
    }
    if (remapping === 'amd') writeAmdEntry(state, spec, vector, false);
    state.posted.delete(vectorKey(vector));
  }
  freeDescriptors(state);
  const streamId = streamIdOf(spec.devices, requesterId);
  const table = state.interruptTables.get(streamId);
  if (table === undefined || everyVector(state).some((one) => streamIdOf(spec.devices, one.requesterId) === streamId))
    return;
  freeBlock(state.tables, memory, table, 4096);
  state.interruptTables.delete(streamId);
  writeAmdInterrupts(state, streamId, null);
}

/** A virtual CPU's interrupt as the host asks VT-d to post it. */
export interface PostTarget {
  /** Number of the virtual CPU over all guests. */
  readonly vcpu: number;
  /** The guest's vector. */
  readonly vector: number;
  /** The CPU it runs on: where notifications go. */
  readonly cpu: number;
}

/**
 * Posts a vector to a guest (VT-d 9.11, 9.12), or takes it back with null. The message stays; what it raises changes. Gives the vector as
 * it is then; null when the unit cannot post, there is no such vector or guest vector, or no memory.
 */
export function postVector(
  state: PlatformState,
  spec: MachineSpec,
  vector: HardwareVector,
  to: PostTarget | null,
): HardwareVector | null {
  const { vtd, memory } = state.machine;
  const original = state.posted.get(vectorKey(vector)) ?? vector;
  if (vtd === null || !vtd.posting || !vtd.remapping) return null;
  if (to === null) {
    if (original !== vector) writeRemapEntry(state, spec, original);
    state.posted.delete(vectorKey(vector));
    return original;
  }
  if (to.vector < 16 || to.vector > 255 || to.cpu < 0 || to.cpu >= spec.cpus) return null;
  const descriptor = state.descriptors.get(to.vcpu) ?? allocateBlock(state.tables, 4096);
  if (descriptor === null) return null;
  state.descriptors.set(to.vcpu, descriptor);
  write64(memory, descriptor + 32, NOTIFICATION_VECTOR << 16, vtd.eim ? to.cpu : to.cpu << 8);
  const at = vtd.remapTable + vtdIndex(vector) * 16;
  write64(memory, at + 8, sourceOf(spec, vector.requesterId), highHalf(descriptor));
  write64(memory, at, (1 | 0x8000 | (to.vector << 16)) >>> 0, lowHalf(descriptor));
  state.posted.set(vectorKey(vector), original);
  return { ...vector, interrupt: { kind: 'vector', number: to.vector, target: descriptor / 64 } };
}

/** Gives the descriptors back that no entry posts to any more. */
export function freeDescriptors(state: PlatformState): void {
  const used = new Set(everyVector(state).map((vector) => vector.interrupt.target));
  for (const [vcpu, descriptor] of state.descriptors) {
    if (used.has(descriptor / 64)) continue;
    freeBlock(state.tables, state.machine.memory, descriptor, 4096);
    state.descriptors.delete(vcpu);
  }
}
