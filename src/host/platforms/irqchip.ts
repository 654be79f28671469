/**
 * What irqchip drivers do to the hardware: SPIs of GICv2m frames, LPIs behind an ITS, vectors of local APICs with and without
 * VT-d remapping.
 * In: a device and a count. Out: vectors with the message that reaches them; ITS commands and remapping entries in memory.
 */
import { INTERRUPT_RANGE_BASE } from '../../machine/apic';
import { SETSPI_NS } from '../../machine/gicv2m';
import type { Its } from '../../machine/its';
import { FIRST_LPI, setPending, TRANSLATER } from '../../machine/its';
import type { CommandWords } from '../../machine/its-commands';
import {
  eventCommand,
  mapcCommand,
  mapdCommand,
  maptiCommand,
  moviCommand,
  queueCommand,
  runCommands,
} from '../../machine/its-commands';
import { read32, write32, write64 } from '../../machine/memory';
import { streamIdOf } from '../../machine/pcie';
import type { DeviceSpec, MachineSpec } from '../../machine/types';
import { remappableAddress } from '../../machine/vtd-remap';
import type { HardwareVector } from '../platform';
import type { PlatformState } from './state';
import { allocateBlock, freeBlock } from './table-memory';

/** Vectors a device can be given: above the exceptions and legacy vectors, below the system's own. */
const FIRST_VECTOR = 0x22;
const LAST_VECTOR = 0xec;
/** The first remapping entries belong to the I/O APIC's pins. */
const FIRST_INDEX = 0x11;
const REMAP_LOG2 = 16;

export type IrqchipKind = 'gicv2m' | 'its' | 'apic' | 'none';

/** Which irqchip serves PCI MSIs: an ITS when there is one. */
export function irqchipKindOf(spec: MachineSpec): IrqchipKind {
  for (const kind of ['its', 'gicv2m', 'apic'] as const)
    if (spec.controllers.some((controller) => controller.kind === kind)) return kind;
  return 'none';
}

/** Sets the controllers up: ITS tables and collections, the remapping table. False when there is no memory for it. */
export function enableIrqchip(state: PlatformState, spec: MachineSpec): boolean {
  const { vtd } = state.machine;
  if (spec.iommu.kind === 'vtd' && vtd !== null && spec.iommu.remapping) {
    const table = allocateBlock(state.tables, 16 * 2 ** REMAP_LOG2);
    if (table === null) return false;
    vtd.remapTable = table;
    vtd.remapLog2 = REMAP_LOG2;
    vtd.eim = spec.iommu.eim;
    vtd.compatibility = spec.iommu.compatibility;
    vtd.remapping = true;
  }
  return (
    state.machine.its.length === 0 ||
    (enableRedistributors(state, spec) && state.machine.its.every((its) => enableIts(state, spec, its)))
  );
}

function enableRedistributors(state: PlatformState, spec: MachineSpec): boolean {
  const { redistributors, memory } = state.machine;
  const config = allocateBlock(state.tables, 65536);
  if (config === null) return false;
  redistributors.configTable = config;
  for (let cpu = 0; cpu < spec.cpus; cpu++) {
    const pending = allocateBlock(state.tables, 65536);
    if (pending === null) return false;
    redistributors.pendingTables = [...redistributors.pendingTables, pending];
    redistributors.enabled.push(true);
    write32(memory, pending, 0);
  }
  return true;
}

function enableIts(state: PlatformState, spec: MachineSpec, its: Its): boolean {
  const devices = allocateBlock(state.tables, Math.max(4096, 8 * 2 ** its.deviceBits));
  const collections = allocateBlock(state.tables, 4096);
  const commands = allocateBlock(state.tables, 4096);
  if (devices === null || collections === null || commands === null) return false;
  its.deviceTable = devices;
  its.deviceEntries = 2 ** its.deviceBits;
  its.collectionTable = collections;
  its.collectionEntries = 512;
  its.commandBase = commands;
  its.commandSize = 4096;
  its.enabled = true;
  for (let cpu = 0; cpu < spec.cpus; cpu++) command(state, its, mapcCommand(cpu, cpu, true));
  return true;
}

/** Queues one command, lets the ITS run it, and clears the slot behind it. */
function command(state: PlatformState, its: Its, words: CommandWords): void {
  const { memory, redistributors } = state.machine;
  const slot = its.commandBase + its.commandWrite;
  if (!queueCommand(its, memory, words)) return;
  runCommands(its, redistributors, memory);
  for (let i = 0; i < 4; i++) write64(memory, slot + i * 8, 0, 0);
}

function everyVector(state: PlatformState): HardwareVector[] {
  return [...state.vectors.values()].flat();
}

/** `count` more vectors for a device, numbered after those it has; null when the controller has not that many. */
export function allocateVectors(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  count: number,
): readonly HardwareVector[] | null {
  const kind = irqchipKindOf(spec);
  const first = state.vectors.get(device.requesterId)?.length ?? 0;
  const fresh =
    kind === 'gicv2m'
      ? allocateSpis(state, device, first, count)
      : kind === 'its'
        ? allocateLpis(state, spec, device, first, count)
        : kind === 'apic'
          ? allocateApicVectors(state, spec, device, first, count)
          : null;
  if (fresh === null) return null;
  state.vectors.set(device.requesterId, [...(state.vectors.get(device.requesterId) ?? []), ...fresh]);
  return fresh;
}

/** SPIs from the first frame that has one free, one by one, as vectors of MSI-X are. */
function allocateSpis(state: PlatformState, device: DeviceSpec, first: number, count: number): HardwareVector[] | null {
  const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
  const fresh: HardwareVector[] = [];
  for (const frame of state.machine.frames) {
    for (let spi = frame.spiBase; spi < frame.spiBase + frame.spiCount && fresh.length < count; spi++) {
      if (used.has(spi)) continue;
      fresh.push({
        requesterId: device.requesterId,
        index: first + fresh.length,
        interrupt: { kind: 'spi', number: spi, target: state.machine.distributor.targets[spi] ?? 0 },
        controller: frame.name,
        address: frame.base + SETSPI_NS,
        data: spi,
        translated: true,
      });
    }
  }
  return fresh.length === count ? fresh : null;
}

/** EventIDs of the DeviceID (devices behind one bridge share it), LPIs from the lowest free; MAPD at the first use, MAPTI for each. */
function allocateLpis(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  first: number,
  count: number,
): HardwareVector[] | null {
  const its = state.machine.its[0];
  if (its === undefined) return null;
  const { redistributors, memory } = state.machine;
  const id = streamIdOf(spec.devices, device.requesterId);
  const sharing = spec.devices.filter((other) => (other.alias ?? other.requesterId) === id);
  const total = Math.max(
    2,
    sharing.reduce((sum, other) => sum + other.vectors, 0),
  );
  const bits = Math.min(16, Math.ceil(Math.log2(total)));
  const owner = state.itsDevices.get(id);
  const events: number[] = [];
  for (let event = 0; event < 2 ** bits && events.length < count; event++)
    if (owner === undefined || !owner.events.includes(event)) events.push(event);
  const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
  const lpis: number[] = [];
  for (let lpi = FIRST_LPI; lpi < 2 ** redistributors.intidBits && lpis.length < count; lpi++)
    if (!used.has(lpi)) lpis.push(lpi);
  if (events.length < count || lpis.length < count || id >= its.deviceEntries) return null;
  let itsDevice = owner;
  if (itsDevice === undefined) {
    const bytes = Math.max(4096, 8 * 2 ** bits);
    const table = allocateBlock(state.tables, bytes);
    if (table === null) return null;
    itsDevice = { table, bytes, events: [] };
    state.itsDevices.set(id, itsDevice);
    command(state, its, mapdCommand(id, bits, table, true));
  }
  itsDevice.events = [...itsDevice.events, ...events];
  return events.map((event, i) => {
    const lpi = lpis[i] ?? FIRST_LPI;
    command(state, its, maptiCommand(id, event, lpi, 0));
    enableLpi(state, lpi, true);
    setPending(redistributors, memory, 0, lpi, false);
    return {
      requesterId: device.requesterId,
      index: first + i,
      interrupt: { kind: 'lpi', number: lpi, target: 0 },
      controller: its.name,
      address: its.base + TRANSLATER,
      data: event,
      translated: true,
    };
  });
}

/** The LPI's byte of the configuration table: priority a0h, enable bit 0 (IHI 0069 5.1.1). Absent LPIs have byte 0. */
function enableLpi(state: PlatformState, lpi: number, enable: boolean): void {
  const { memory, redistributors } = state.machine;
  const at = redistributors.configTable + lpi - FIRST_LPI;
  const shift = (at % 4) * 8;
  write32(memory, at, (read32(memory, at) & ~(0xff << shift)) | ((enable ? 0xa1 : 0) << shift));
}

/** A CPU's lowest free vector, or 0. */
function freeVector(state: PlatformState, cpu: number, taken: ReadonlySet<number>): number {
  const used = new Set(
    everyVector(state)
      .filter((vector) => vector.interrupt.target === cpu)
      .map((vector) => vector.interrupt.number),
  );
  for (let vector = FIRST_VECTOR; vector <= LAST_VECTOR; vector++)
    if (!used.has(vector) && !taken.has(cpu * 256 + vector)) return vector;
  return 0;
}

function allocateApicVectors(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  first: number,
  count: number,
): HardwareVector[] | null {
  const remapped = state.machine.vtd?.remapping === true;
  const usedIndexes = new Set(remapped ? everyVector(state).map(indexOf) : []);
  const taken = new Set<number>();
  const fresh: HardwareVector[] = [];
  let cpu = 0;
  let index = FIRST_INDEX;
  while (fresh.length < count) {
    const vector = freeVector(state, cpu, taken);
    if (vector === 0) {
      if (++cpu >= spec.cpus) return null;
      continue;
    }
    taken.add(cpu * 256 + vector);
    while (usedIndexes.has(index)) index++;
    if (remapped && index >= 2 ** REMAP_LOG2) return null;
    fresh.push(apicVector(spec, device.requesterId, first + fresh.length, cpu, vector, remapped ? index++ : null));
  }
  if (remapped) for (const vector of fresh) writeRemapEntry(state, spec, vector);
  return fresh;
}

/** Logical destination in the flat model for the first 8 CPUs (one bit each), physical above. */
function apicDestination(cpu: number): { readonly destination: number; readonly logical: boolean } {
  return cpu < 8 ? { destination: 1 << cpu, logical: true } : { destination: cpu, logical: false };
}

function apicVector(
  spec: MachineSpec,
  requesterId: number,
  index: number,
  cpu: number,
  vector: number,
  entry: number | null,
): HardwareVector {
  const { destination, logical } = apicDestination(cpu);
  return {
    requesterId,
    index,
    interrupt: { kind: 'vector', number: vector, target: cpu },
    controller: spec.controllers.find((controller) => controller.kind === 'apic')?.name ?? 'apic',
    address:
      entry === null ? INTERRUPT_RANGE_BASE + destination * 0x1000 + (logical ? 4 : 0) : remappableAddress(entry),
    data: entry === null ? vector : 0,
    translated: false,
  };
}

/** Index of the remapping entry in a message of `remappableAddress`. */
function indexOf(vector: HardwareVector): number {
  return ((vector.address >>> 5) & 0x7fff) | ((vector.address & 4) << 13);
}

/** IRTE (VT-d 9.10): fixed, edge; source validation of the whole requester id (of the bridge's for devices behind one), or none. */
function writeRemapEntry(state: PlatformState, spec: MachineSpec, vector: HardwareVector): void {
  const { vtd, memory } = state.machine;
  if (vtd === null || spec.iommu.kind !== 'vtd') return;
  const at = vtd.remapTable + indexOf(vector) * 16;
  const { destination, logical } = vtd.eim
    ? { destination: vector.interrupt.target, logical: false }
    : apicDestination(vector.interrupt.target);
  const source = spec.iommu.sourceCheck ? (1 << 18) | streamIdOf(spec.devices, vector.requesterId) : 0;
  write64(memory, at + 8, source, 0);
  write64(
    memory,
    at,
    (1 | (logical ? 4 : 0) | (vector.interrupt.number << 16)) >>> 0,
    vtd.eim ? destination : destination << 8,
  );
}

/** Gives all vectors of a device back: entries cleared, events discarded, pending state gone. */
export function freeVectors(state: PlatformState, spec: MachineSpec, requesterId: number): void {
  const vectors = state.vectors.get(requesterId) ?? [];
  state.vectors.delete(requesterId);
  const { machine } = state;
  const { vtd, memory } = machine;
  const kind = irqchipKindOf(spec);
  if (kind === 'apic' && vtd?.remapping === true) {
    for (const vector of vectors) {
      write64(memory, vtd.remapTable + indexOf(vector) * 16, 0, 0);
      write64(memory, vtd.remapTable + indexOf(vector) * 16 + 8, 0, 0);
    }
  }
  if (kind === 'its') discardEvents(state, spec, requesterId, vectors);
  if (kind === 'gicv2m') for (const vector of vectors) machine.distributor.targets[vector.interrupt.number] = 0;
}

function discardEvents(
  state: PlatformState,
  spec: MachineSpec,
  requesterId: number,
  vectors: readonly HardwareVector[],
): void {
  const id = streamIdOf(spec.devices, requesterId);
  const its = state.machine.its[0];
  const itsDevice = state.itsDevices.get(id);
  if (its === undefined || itsDevice === undefined) return;
  for (const vector of vectors) {
    command(state, its, eventCommand('discard', id, vector.data));
    enableLpi(state, vector.interrupt.number, false);
  }
  const gone = new Set(vectors.map((vector) => vector.data));
  itsDevice.events = itsDevice.events.filter((event) => !gone.has(event));
  if (itsDevice.events.length > 0) return;
  command(state, its, mapdCommand(id, 1, itsDevice.table, false));
  freeBlock(state.tables, state.machine.memory, itsDevice.table, itsDevice.bytes);
  state.itsDevices.delete(id);
}

/** Moves a vector to another CPU; null when there is no such vector, CPU, or room. */
export function setAffinity(
  state: PlatformState,
  spec: MachineSpec,
  requesterId: number,
  index: number,
  cpu: number,
): HardwareVector | null {
  const vectors = state.vectors.get(requesterId);
  const at = vectors?.findIndex((candidate) => candidate.index === index) ?? -1;
  const vector = vectors?.[at];
  if (vectors === undefined || vector === undefined || !Number.isInteger(cpu) || cpu < 0 || cpu >= spec.cpus)
    return null;
  if (vector.interrupt.target === cpu) return vector;
  const moved = moveVector(state, spec, vector, cpu);
  if (moved === null) return null;
  vectors[at] = moved;
  return moved;
}

function moveVector(
  state: PlatformState,
  spec: MachineSpec,
  vector: HardwareVector,
  cpu: number,
): HardwareVector | null {
  const interrupt = { ...vector.interrupt, target: cpu };
  if (vector.interrupt.kind === 'spi') {
    state.machine.distributor.targets[vector.interrupt.number] = cpu;
    return { ...vector, interrupt };
  }
  if (vector.interrupt.kind === 'lpi') {
    const its = state.machine.its[0];
    if (its === undefined) return null;
    command(state, its, moviCommand(streamIdOf(spec.devices, vector.requesterId), vector.data, cpu));
    return { ...vector, interrupt };
  }
  const number = freeVector(state, cpu, new Set());
  if (number === 0) return null;
  const remapped = state.machine.vtd?.remapping === true;
  const moved = apicVector(spec, vector.requesterId, vector.index, cpu, number, remapped ? indexOf(vector) : null);
  if (remapped) writeRemapEntry(state, spec, moved);
  return moved;
}
