/**
 * The machine: memory, PCIe, one IOMMU, MSI controllers, as one plain state.
 * In: a spec; then writes as devices emit them. Out: what became of each write (`Outcome`), with pending state and fault records changed.
 * Knows nothing of Linux: drivers set registers and tables (`host/platforms`).
 *
 * `emit` takes a write down the way hardware does: requester id and alias, interrupt range (x86), IOMMU, then the physical address
 * decides what it is: DRAM, a doorbell, or nothing.
 */

import type { Apics } from './apic';
import {
  acceptInterrupt,
  acknowledgeVector,
  cloneApics,
  compatibilityMessage,
  createApics,
  hashApics,
  INTERRUPT_RANGE_BASE,
  INTERRUPT_RANGE_SIZE,
  isInterruptAddress,
  unpackInterrupt,
} from './apic';
import type { Distributor, Gicv2mFrame } from './gicv2m';
import {
  acknowledgeSpi,
  cloneDistributor,
  createDistributor,
  FRAME_SIZE,
  frameSpi,
  hashDistributor,
  raiseSpi,
  SETSPI_NS,
} from './gicv2m';
import { addNumber, createHash, hashValue } from './hash';
import type { Its, Redistributors } from './its';
import {
  cloneIts,
  cloneRedistributors,
  createIts,
  dropText,
  hashIts,
  ITS_SIZE,
  setPending,
  signalEvent,
  TRANSLATER,
} from './its';
import type { Memory } from './memory';
import { cloneMemory, createMemory, inRam, writeBytes } from './memory';
import { streamIdOf } from './pcie';
import type { Smmuv3 } from './smmuv3';
import { cloneSmmuv3, createSmmuv3, eventText, hashSmmuv3, recordEvent, smmuResult, translateStream } from './smmuv3';
import type { Interrupt, MachineSpec, Outcome } from './types';
import type { Vtd } from './vtd';
import { cloneVtd, createVtd, faultText, hashVtd, recordFault, translateDma, UNRECORDED } from './vtd';
import { POSTED_SILENTLY, remapIndex, remapInterrupt } from './vtd-remap';
import { isAddress } from './word';

export interface Machine {
  readonly spec: MachineSpec;
  readonly memory: Memory;
  readonly smmu: Smmuv3 | null;
  readonly vtd: Vtd | null;
  readonly frames: readonly Gicv2mFrame[];
  readonly distributor: Distributor;
  readonly its: readonly Its[];
  readonly redistributors: Redistributors;
  readonly apics: Apics;
}

/** A machine at reset: IOMMU off, tables nowhere, nothing pending. */
export function createMachine(spec: MachineSpec): Machine {
  const { iommu } = spec;
  const frames: Gicv2mFrame[] = [];
  const its: Its[] = [];
  for (const controller of spec.controllers) {
    if (controller.kind === 'gicv2m')
      frames.push({
        name: controller.name,
        base: controller.base,
        spiBase: controller.spiBase,
        spiCount: controller.spiCount,
      });
    if (controller.kind === 'its') its.push(createIts(controller.name, controller.base, controller.deviceBits));
  }
  return {
    spec,
    memory: createMemory(spec.memory),
    smmu: iommu.kind === 'smmuv3' ? createSmmuv3(iommu.name, 48) : null,
    vtd: iommu.kind === 'vtd' ? createVtd(iommu.name, iommu.addressBits) : null,
    frames,
    distributor: createDistributor(),
    its,
    redistributors: { configTable: 0, intidBits: 16, pendingTables: [], enabled: [] },
    apics: createApics(spec.architecture === 'x86' ? spec.cpus : 0),
  };
}

/** An independent copy; memory pages are shared until one side writes. */
export function cloneMachine(machine: Machine): Machine {
  return {
    ...machine,
    memory: cloneMemory(machine.memory),
    smmu: machine.smmu === null ? null : cloneSmmuv3(machine.smmu),
    vtd: machine.vtd === null ? null : cloneVtd(machine.vtd),
    distributor: cloneDistributor(machine.distributor),
    its: machine.its.map(cloneIts),
    redistributors: cloneRedistributors(machine.redistributors),
    apics: cloneApics(machine.apics),
  };
}

/** A whole number below 2^53: equal states hash equal, different ones almost surely differ. */
export function hashMachine(machine: Machine): number {
  const hash = createHash();
  addNumber(hash, machine.memory.hashA);
  addNumber(hash, machine.memory.hashB);
  if (machine.smmu !== null) hashSmmuv3(machine.smmu, hash);
  if (machine.vtd !== null) hashVtd(machine.vtd, hash);
  if (machine.frames.length > 0) hashDistributor(machine.distributor, machine.frames, hash);
  for (const its of machine.its) hashIts(its, hash);
  for (const enabled of machine.redistributors.enabled) addNumber(hash, enabled ? 1 : 0);
  if (machine.apics.cpus > 0) hashApics(machine.apics, hash);
  return hashValue(hash);
}

/**
 * One memory write as a device emits it: requester id (16 bit), address in bytes, data (below 2^53), size 1, 2, 4 or 8 bytes.
 * What is no address or no size ends as `dropped`; nothing throws.
 */
export function emitWrite(machine: Machine, requesterId: number, address: number, data: number, size: number): Outcome {
  if (!isAddress(address)) return { kind: 'dropped', unit: 'pcie', why: 'no such address' };
  if (!isAddress(data) || (size !== 1 && size !== 2 && size !== 4 && size !== 8))
    return { kind: 'dropped', unit: 'pcie', why: 'malformed write' };
  const id = streamIdOf(machine.spec.devices, requesterId & 0xffff);
  if (machine.spec.architecture === 'x86' && isInterruptAddress(address))
    return interruptRequest(machine, id, address, data, size);
  const physical = translate(machine, id, address, true);
  return typeof physical === 'number'
    ? deliver(machine, id, physical, data, size, machine.smmu !== null || machine.vtd !== null)
    : physical;
}

/** Through the IOMMU: a physical address, or what stopped the access. Faults are recorded as the unit records them. */
export function translate(machine: Machine, streamId: number, address: number, write: boolean): number | Outcome {
  const { smmu, vtd, memory } = machine;
  if (smmu !== null) {
    const result = smmuResult(translateStream(smmu, memory, streamId, address, write));
    if (result.kind === 'pass') return result.physical;
    if (result.kind === 'abort')
      return {
        kind: 'dropped',
        unit: smmu.name,
        why: smmu.enabled ? 'the stream table entry aborts the stream' : 'the SMMU is off and aborts all',
      };
    if (result.recorded) recordEvent(smmu, memory, result.type, streamId, address, write);
    return {
      kind: 'fault',
      unit: smmu.name,
      code: result.type,
      why: eventText(result.type),
      address,
      recorded: result.recorded,
    };
  }
  if (vtd !== null) {
    const result = translateDma(vtd, memory, streamId, address, write);
    if (result >= 0) return result;
    return vtdFault(vtd, -result, streamId, address, address - (address % 4096), write);
  }
  return address;
}

function vtdFault(
  vtd: Vtd,
  code: number,
  requesterId: number,
  address: number,
  information: number,
  write: boolean,
): Outcome {
  const reason = code & 0xff;
  const recorded = (code & UNRECORDED) === 0;
  if (recorded) recordFault(vtd, { reason, requesterId, information, write });
  return { kind: 'fault', unit: vtd.name, code: reason, why: faultText(reason), address, recorded };
}

/** A write to the interrupt range of x86: remapped when remapping is on; never translated as DMA (VT-d 3.14, 5.1). */
function interruptRequest(machine: Machine, id: number, address: number, data: number, size: number): Outcome {
  const unit = machine.vtd?.name ?? 'apic';
  // Only aligned 4-byte writes are interrupt requests; others are aborted ahead of remapping (VT-d 5.1, 3.14).
  if (size !== 4 || address % 4 !== 0)
    return {
      kind: 'dropped',
      unit,
      why: 'malformed interrupt request: aborted before remapping, may come out as a host error',
    };
  const message = data >>> 0;
  const packed =
    machine.vtd === null
      ? compatibilityMessage(address, message)
      : remapInterrupt(machine.vtd, machine.memory, id, address, message);
  if (packed < 0 && machine.vtd !== null) {
    const index = (address & 0x10) === 0 ? 0 : remapIndex(address, message);
    return vtdFault(machine.vtd, -packed, id, address, index, true);
  }
  if (packed === POSTED_SILENTLY) return { kind: 'ignored', physical: address, why: 'posted without notification' };
  const interrupt = acceptInterrupt(machine.apics, packed);
  if (interrupt === null) {
    const { vector } = unpackInterrupt(packed);
    return {
      kind: 'ignored',
      physical: address,
      why: vector < 16 ? 'no APIC takes a vector below 16' : 'no CPU has this destination',
    };
  }
  return {
    kind: 'interrupt',
    interrupt,
    physical: null,
    via: machine.vtd?.remapping === true && (address & 0x10) !== 0 ? machine.vtd.name : 'apic',
  };
}

/** A write has reached a physical address: DRAM takes it, a doorbell raises an interrupt, anything else ignores it. */
function deliver(
  machine: Machine,
  id: number,
  physical: number,
  data: number,
  size: number,
  translated: boolean,
): Outcome {
  const { memory } = machine;
  for (const frame of machine.frames) {
    const offset = physical - frame.base;
    if (offset < 0 || offset >= FRAME_SIZE) continue;
    const spi = size === 4 ? frameSpi(frame, offset, data >>> 0) : -1;
    if (spi < 0)
      return {
        kind: 'ignored',
        physical,
        why: offset === SETSPI_NS ? `${frame.name} has no such SPI` : `${frame.name} has no doorbell at this offset`,
      };
    const target = raiseSpi(machine.distributor, spi);
    return { kind: 'interrupt', interrupt: { kind: 'spi', number: spi, target }, physical, via: frame.name };
  }
  for (const its of machine.its) {
    const offset = physical - its.base;
    if (offset < 0 || offset >= ITS_SIZE) continue;
    if (offset !== TRANSLATER || (size !== 4 && size !== 2))
      return { kind: 'ignored', physical, why: `${its.name} has no doorbell at this offset` };
    const result = signalEvent(its, machine.redistributors, memory, id, data >>> 0);
    if (result < 0) return { kind: 'dropped', unit: its.name, why: dropText(result) };
    const interrupt: Interrupt = { kind: 'lpi', number: result % 0x100_0000, target: Math.floor(result / 0x100_0000) };
    return { kind: 'interrupt', interrupt, physical, via: its.name };
  }
  if (inRam(memory, physical, size)) {
    writeBytes(memory, physical, data, size);
    return { kind: 'memory', physical };
  }
  const inRange =
    machine.spec.architecture === 'x86' &&
    physical >= INTERRUPT_RANGE_BASE &&
    physical < INTERRUPT_RANGE_BASE + INTERRUPT_RANGE_SIZE;
  if (inRange)
    return {
      kind: 'ignored',
      physical,
      why: translated ? 'a translated address in the interrupt range is not an interrupt request' : 'interrupt range',
    };
  return { kind: 'ignored', physical, why: 'neither DRAM nor a doorbell' };
}

/** Software takes an interrupt: its pending state goes. */
export function acknowledge(machine: Machine, interrupt: Interrupt): void {
  if (interrupt.kind === 'spi') acknowledgeSpi(machine.distributor, interrupt.number);
  if (interrupt.kind === 'lpi')
    setPending(machine.redistributors, machine.memory, interrupt.target, interrupt.number, false);
  if (interrupt.kind === 'vector') acknowledgeVector(machine.apics, interrupt.target, interrupt.number);
}
