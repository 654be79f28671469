/**
 * Experiments on bare machines: two guests with a device each, no kernel between them. In: a preset. Out: what its hardware does with messages, forged
 * ones too. Each experiment is made once for a preset and kept: hardware does not depend on a series.
 */
import type { HardwareVector } from '../../host/platform';
import { createPlatform, type MachinePlatform } from '../../host/platforms/index';
import { streamIdOf } from '../../machine/pcie';
import { machinePresets } from '../../machine/presets';
import type { DeviceSpec, MachineSpec, Outcome } from '../../machine/types';
import { describeEmission } from '../../scenario/narrate';
import { sameInterrupt } from '../../scenario/view';

/** A multiple of every granule and of a PAMU's subwindow, below every aperture of the presets. */
const DOOR = 0x8000_0000;
const SPARE = 0x9000_0000;
const MSI_BYTES = 4;

interface Guest {
  readonly device: DeviceSpec;
  readonly domain: number;
  readonly vectors: readonly HardwareVector[];
}

interface Bench {
  readonly platform: MachinePlatform;
  readonly guests: readonly Guest[];
}

const pageOf = (bench: Bench, address: number): number => address - (address % bench.platform.granule);

function guestOf(platform: MachinePlatform, device: DeviceSpec): Guest | null {
  const domain = platform.allocateDomain();
  if (domain > 0 && platform.attach(device.requesterId, domain) !== 0) return null;
  const vectors = platform.allocateVectors(device.requesterId, 1);
  return vectors === null ? null : { device, domain, vectors };
}

/** Devices that are not the machine's first (the host keeps that one): two with ids of their own, or two that share one. */
function pairOf(spec: MachineSpec, sharing: boolean): readonly DeviceSpec[] | null {
  const devices = spec.devices.slice(1);
  for (const [i, a] of devices.entries())
    for (const b of devices.slice(i + 1))
      if ((streamIdOf(spec.devices, a.requesterId) === streamIdOf(spec.devices, b.requesterId)) === sharing)
        return [a, b];
  return null;
}

function bench(spec: MachineSpec, devices: readonly DeviceSpec[]): Bench | null {
  const platform = createPlatform(spec);
  const guests = devices.flatMap((device) => guestOf(platform, device) ?? []);
  return guests.length === devices.length ? { platform, guests } : null;
}

/** Maps the page of a guest's door at `DOOR` where messages are translated, and gives the address its device writes to. */
function openDoor(b: Bench, guest: Guest): number | null {
  const vector = guest.vectors[0];
  if (vector === undefined) return null;
  if (!vector.translated || guest.domain === 0) return vector.address;
  const page = pageOf(b, vector.address);
  const result = b.platform.map(guest.domain, DOOR, page, b.platform.granule, true);
  return result === 0 || result === -17 ? DOOR + (vector.address - page) : null;
}

const emit = (b: Bench, device: DeviceSpec, address: number, data: number): Outcome =>
  b.platform.emit(device.requesterId, address, data, MSI_BYTES);

const told = (device: DeviceSpec, address: number, data: number, outcome: Outcome): string =>
  describeEmission(device.requesterId, { address, data }, outcome);

/** One write of the experiment: what it was, in words, and whether it raised the interrupt in question. */
export interface Write {
  readonly text: string;
  readonly raised: boolean;
  readonly outcome: Outcome;
}

export interface Isolation {
  readonly spec: MachineSpec;
  /** No forged write raised the other guest's interrupt. */
  readonly isolated: boolean;
  /** The write that did, or the one that was stopped last. */
  readonly attack: Write;
  /** Both devices' messages are alike and mean different interrupts: each device has a table of its own. */
  readonly ownTable: boolean;
}

function attacked(spec: MachineSpec, sharing: boolean): Isolation | null {
  const pair = pairOf(spec, sharing);
  const b = pair === null ? null : bench(spec, pair);
  const [victim, attacker] = b?.guests ?? [];
  const wanted = victim?.vectors[0];
  const own = attacker?.vectors[0];
  if (b === null || victim === undefined || attacker === undefined || wanted === undefined || own === undefined)
    return null;
  const door = openDoor(b, victim);
  const ownDoor = openDoor(b, attacker);
  if (door === null || ownDoor === null) return null;
  // The attacker maps what a guest with a device may map: the page of its own door, which is the victim's where the controller is one.
  const aimed = wanted.translated ? ownDoor - (own.address - wanted.address) : wanted.address;
  const writes = [
    { address: aimed, data: wanted.data },
    { address: ownDoor, data: wanted.data },
    { address: door, data: wanted.data },
  ].filter((one, i, all) => one.address >= 0 && all.findIndex((other) => other.address === one.address) === i);
  const ownTable =
    own.data === wanted.data && own.address === wanted.address && !sameInterrupt(own.interrupt, wanted.interrupt);
  let stopped: Write | null = null;
  for (const { address, data } of writes) {
    const outcome = emit(b, attacker.device, address, data);
    const raised = outcome.kind === 'interrupt' && sameInterrupt(outcome.interrupt, wanted.interrupt);
    const write: Write = { text: told(attacker.device, address, data, outcome), raised, outcome };
    if (raised) return { spec, isolated: false, attack: write, ownTable };
    stopped =
      stopped === null || (stopped.outcome.kind === 'interrupt' && outcome.kind !== 'interrupt') ? write : stopped;
  }
  return stopped === null ? null : { spec, isolated: true, attack: stopped, ownTable };
}

export interface Translation {
  readonly spec: MachineSpec;
  /** Its own message with nothing mapped, and with the page of the controller mapped (null where nothing has to be). */
  readonly unmapped: Write;
  readonly mapped: Write | null;
  /** The same message with the page mapped onto memory instead. */
  readonly onMemory: Write | null;
}

/** Its own message, sent in three states of the domain. Null on a machine without an IOMMU. */
function sent(spec: MachineSpec): Translation | null {
  if (spec.iommu.kind === 'none') return null;
  const pair = pairOf(spec, false);
  const ready = () => (pair?.[0] === undefined ? null : bench(spec, [pair[0]]));
  const first = ready();
  const guest = first?.guests[0];
  const vector = guest?.vectors[0];
  if (first === null || guest === undefined || vector === undefined) return null;
  const write = (b: Bench, address: number): Write => {
    const outcome = emit(b, guest.device, address, vector.data);
    return {
      text: told(guest.device, address, vector.data, outcome),
      raised: outcome.kind === 'interrupt' && sameInterrupt(outcome.interrupt, vector.interrupt),
      outcome,
    };
  };
  const unmapped = write(first, vector.address);
  if (!vector.translated) return { spec, unmapped, mapped: null, onMemory: null };
  const door = openDoor(first, guest);
  const second = ready();
  const other = second?.guests[0];
  const memory = spec.memory.find((range) => range.kind !== 'mmio');
  let onMemory: Write | null = null;
  if (second !== null && other !== undefined && memory !== undefined) {
    const { granule } = second.platform;
    const page = Math.ceil((memory.base + granule) / granule) * granule;
    if (second.platform.map(other.domain, DOOR, page, granule, true) === 0)
      onMemory = write(second, DOOR + (vector.address % granule));
  }
  return { spec, unmapped, mapped: door === null ? null : write(first, door), onMemory };
}

export interface RangeWrites {
  readonly spec: MachineSpec;
  /** The same plain DMA write to the address: with nothing mapped there, and with memory mapped there. */
  readonly unmapped: Write;
  readonly mapped: Write | null;
  /** With remapping: another device's own message, sent by this device. */
  readonly foreign: Write | null;
}

/** A plain write of vector 30h to an address, mapped and unmapped; null where the machine has no IOMMU. */
function written(spec: MachineSpec, address: number): RangeWrites | null {
  const pair = pairOf(spec, false);
  if (spec.iommu.kind === 'none' || pair === null) return null;
  const ready = () => bench(spec, pair);
  const first = ready();
  const guest = first?.guests[0];
  if (first === null || guest === undefined) return null;
  const data = 0x30;
  const write = (b: Bench): Write => {
    const outcome = emit(b, guest.device, address, data);
    return { text: told(guest.device, address, data, outcome), raised: outcome.kind === 'interrupt', outcome };
  };
  const unmapped = write(first);
  const second = ready();
  const other = second?.guests[0];
  const memory = spec.memory.find((range) => range.kind !== 'mmio');
  let mapped: Write | null = null;
  if (second !== null && other !== undefined && memory !== undefined) {
    const { granule } = second.platform;
    const page = Math.ceil((memory.base + granule) / granule) * granule;
    if (second.platform.map(other.domain, address - (address % granule), page, granule, true) === 0)
      mapped = write(second);
  }
  const foreignVector = first.guests[1]?.vectors[0];
  let foreign: Write | null = null;
  if (foreignVector !== undefined && !foreignVector.translated) {
    const outcome = emit(first, guest.device, foreignVector.address, foreignVector.data);
    foreign = {
      text: told(guest.device, foreignVector.address, foreignVector.data, outcome),
      raised: outcome.kind === 'interrupt' && sameInterrupt(outcome.interrupt, foreignVector.interrupt),
      outcome,
    };
  }
  return { spec, unmapped, mapped, foreign };
}

export interface Deciding {
  readonly spec: MachineSpec;
  /** The data of a message written to the door, and the same data written to memory. */
  readonly toDoor: Write;
  readonly toMemory: Write;
  /** The same write to the door by a device that has no entry there; null where there is none. */
  readonly byAnother: Write | null;
}

/** What tells a message from another write: the same data at two addresses, and from two devices. */
function decided(spec: MachineSpec): Deciding | null {
  const pair = pairOf(spec, false);
  const b = pair === null || spec.iommu.kind === 'none' ? null : bench(spec, pair);
  const [guest, other] = b?.guests ?? [];
  const vector = guest?.vectors[0];
  const memory = spec.memory.find((range) => range.kind !== 'mmio');
  if (b === null || guest === undefined || vector === undefined || memory === undefined) return null;
  const door = openDoor(b, guest);
  const { granule } = b.platform;
  const page = Math.ceil((memory.base + granule) / granule) * granule;
  if (door === null || b.platform.map(guest.domain, SPARE, page, granule, true) !== 0) return null;
  const write = (device: DeviceSpec, address: number): Write => {
    const outcome = emit(b, device, address, vector.data);
    const raised = outcome.kind === 'interrupt' && sameInterrupt(outcome.interrupt, vector.interrupt);
    return { text: told(device, address, vector.data, outcome), raised, outcome };
  };
  const otherDoor = other === undefined ? null : openDoor(b, other);
  return {
    spec,
    toDoor: write(guest.device, door),
    toMemory: write(guest.device, SPARE + (vector.address % granule)),
    byAnother: other === undefined || otherDoor === null ? null : write(other.device, otherDoor),
  };
}

/** Keeps the answer of an experiment for each key. */
function kept<T>(experiment: (spec: MachineSpec, option: number) => T | null) {
  const known = new Map<string, T | null>();
  return (spec: MachineSpec, option = 0): T | null => {
    const key = `${spec.id}|${option}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = experiment(spec, option);
    known.set(key, answer);
    return answer;
  };
}

/** Forged messages of one guest against an interrupt of another whose device has an id of its own. */
export const isolation = kept((spec) => attacked(spec, false));
/** The same between devices that share an id; null where none do. */
export const isolationOfSharers = kept((spec) => attacked(spec, true));
export const translation = kept((spec) => sent(spec));
export const rangeWrites = kept((spec, address) => written(spec, address));
export const deciding = kept((spec) => decided(spec));

/** Experiments over presets, without those that a machine does not allow. */
export function over<T>(presets: readonly MachineSpec[], experiment: (spec: MachineSpec) => T | null): T[] {
  return presets.flatMap((spec) => experiment(spec) ?? []);
}

export { machinePresets };
