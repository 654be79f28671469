/**
 * Driver of the GICv3 ITS: tables, collections, commands. Of several ITSes each serves the devices of its buses.
 */
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
import { itsWidths } from '../../machine/its-registers';
import { read32, write32, write64 } from '../../machine/memory';
import { streamIdOf } from '../../machine/pcie';
import type { DeviceSpec, MachineSpec } from '../../machine/types';
import type { HardwareVector } from '../platform';
import type { IrqchipDriver } from './irqchip';
import type { PlatformState } from './state';
import { everyVector } from './state';
import { allocateBlock, freeBlock } from './table-memory';

export const itsDriver: IrqchipDriver = {
  enable: (state, spec) =>
    enableRedistributors(state, spec) && state.machine.its.every((its) => enableIts(state, spec, its)),
  allocate: allocateLpis,
  free: discardEvents,
  move(state, spec, vector, cpu) {
    const its = itsOf(state, spec, vector.requesterId);
    if (its === null) return null;
    command(state, its, moviCommand(streamIdOf(spec.devices, vector.requesterId), vector.data, cpu));
    return { ...vector, interrupt: { ...vector.interrupt, target: cpu } };
  },
};

/** The ITS that serves a device: the first whose buses include the device's; null when none does. */
function itsOf(state: PlatformState, spec: MachineSpec, requesterId: number): Its | null {
  const bus = streamIdOf(spec.devices, requesterId) >>> 8;
  const serving = spec.controllers.find(
    (controller) =>
      controller.kind === 'its' && bus >= (controller.firstBus ?? 0) && bus <= (controller.lastBus ?? 255),
  );
  return state.machine.its.find((its) => its.name === serving?.name) ?? null;
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
  const { deviceBits, entryBytes } = itsWidths(its);
  const devices = allocateBlock(state.tables, Math.max(4096, entryBytes * 2 ** deviceBits));
  const collections = allocateBlock(state.tables, 4096);
  const commands = allocateBlock(state.tables, 4096);
  if (devices === null || collections === null || commands === null) return false;
  its.deviceTable = devices;
  its.deviceEntries = 2 ** deviceBits;
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

/** EventIDs of the DeviceID (devices behind one bridge share it), LPIs from the lowest free; MAPD at the first use, MAPTI for each. */
function allocateLpis(
  state: PlatformState,
  spec: MachineSpec,
  device: DeviceSpec,
  first: number,
  count: number,
): HardwareVector[] | null {
  const its = itsOf(state, spec, device.requesterId);
  if (its === null) return null;
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
    command(state, its, mapdCommand(id, bits, table, true));
  }
  state.itsDevices.set(id, { ...itsDevice, events: [...itsDevice.events, ...events] });
  return events.map((event, i) => {
    const lpi = lpis[i] ?? FIRST_LPI;
    command(state, its, maptiCommand(id, event, lpi, 0));
    enableLpi(state, lpi, true);
    command(state, its, eventCommand('inv', id, event));
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

function discardEvents(
  state: PlatformState,
  spec: MachineSpec,
  requesterId: number,
  vectors: readonly HardwareVector[],
): void {
  const id = streamIdOf(spec.devices, requesterId);
  const its = itsOf(state, spec, requesterId);
  const itsDevice = state.itsDevices.get(id);
  if (its === null || itsDevice === undefined) return;
  for (const vector of vectors) {
    enableLpi(state, vector.interrupt.number, false);
    command(state, its, eventCommand('inv', id, vector.data));
    command(state, its, eventCommand('discard', id, vector.data));
  }
  const gone = new Set(vectors.map((vector) => vector.data));
  const events = itsDevice.events.filter((event) => !gone.has(event));
  if (events.length > 0) {
    state.itsDevices.set(id, { ...itsDevice, events });
    return;
  }
  command(state, its, mapdCommand(id, 1, itsDevice.table, false));
  freeBlock(state.tables, state.machine.memory, itsDevice.table, itsDevice.bytes);
  state.itsDevices.delete(id);
}
