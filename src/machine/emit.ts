/**
 * One write as a device emits it, and what becomes of it.
 * In: a machine, requester id, address, data, size. Out: an `Outcome`, with pending state and fault records changed.
 *
 * The way hardware takes it: requester id and alias, the interrupt range (x86) or the MSI range (POWER), the IOMMU; then the physical
 * address decides what it is: DRAM, a doorbell, or nothing.
 */
import { AMD_UNLOGGED, remapAmdInterrupt } from './amdvi';
import { amdStopText, eventOfStop, logAmdEvent } from './amdvi-dma';
import {
  acceptInterrupt,
  acknowledgeVector,
  compatibilityMessage,
  INTERRUPT_RANGE_BASE,
  INTERRUPT_RANGE_SIZE,
  isInterruptAddress,
  unpackInterrupt,
} from './apic';
import { BANK_INTERRUPTS, BANK_PAGE, bankInterrupt, MSIIR } from './fsl-msi';
import type { Gicv2mFrame } from './gicv2m';
import {
  acknowledgeSpi,
  CLRSPI_NSR,
  DISTRIBUTOR_SIZE,
  distributorSpi,
  FRAME_SIZE,
  frameSpi,
  raiseSpi,
  SETSPI_NS,
} from './gicv2m';
import { acknowledgeIdentity, FILE_BYTES, FILE_NUMBERS, fileAt, identityEnabled, writeFile } from './imsic';
import { dropText, ITS_SIZE, setPending, signalEvent, TRANSLATER } from './its';
import type { Machine } from './machine';
import { inRam, writeBytes } from './memory';
import { streamIdOf } from './pcie';
import { acknowledgeEntry, isPhbMessage, phbMessage } from './phb';
import { RISCV_CAUSE, storeInFile } from './riscv-iommu';
import type { Resident } from './translate';
import { hasIommu, phbStop, riscvFault, translate, vtdFault } from './translate';
import type { Interrupt, Outcome } from './types';
import type { Vtd } from './vtd';
import { POSTED_SILENTLY, postedEntry, remapIndex, remapInterrupt, takePosted } from './vtd-remap';
import { isAddress } from './word';

/**
 * One memory write: requester id (16 bit), address in bytes, data (below 2^53), size 1, 2, 4 or 8 bytes.
 * What is no address or no size ends as `dropped`; nothing throws.
 */
export function emitWrite(machine: Machine, requesterId: number, address: number, data: number, size: number): Outcome {
  if (!isAddress(address)) return { kind: 'dropped', unit: 'pcie', why: 'no such address' };
  if (!isAddress(data) || (size !== 1 && size !== 2 && size !== 4 && size !== 8))
    return { kind: 'dropped', unit: 'pcie', why: 'malformed write' };
  const id = streamIdOf(machine.spec.devices, requesterId & 0xffff);
  if (machine.spec.architecture === 'x86' && isInterruptAddress(address))
    return interruptRequest(machine, id, address, data, size);
  if (machine.phb !== null && isPhbMessage(machine.phb, address))
    return bridgeMessage(machine, id, address, data >>> 0, size);
  const physical = translate(machine, id, address, true);
  if (typeof physical === 'number') return deliver(machine, id, physical, data, size);
  return physical.kind === 'mrif' ? residentFile(machine, id, physical, address, data >>> 0, size) : physical;
}

/** A write to the interrupt range of x86: remapped when remapping is on; never translated as DMA (VT-d 3.14, 5.1). */
function interruptRequest(machine: Machine, id: number, address: number, data: number, size: number): Outcome {
  const { vtd, amd } = machine;
  const unit = vtd?.name ?? amd?.name ?? 'apic';
  // Only aligned 4-byte writes are interrupt requests; others are aborted ahead of remapping (VT-d 5.1, 3.14).
  if (size !== 4 || address % 4 !== 0)
    return {
      kind: 'dropped',
      unit,
      why: 'malformed interrupt request: aborted before remapping, may come out as a host error',
    };
  const message = data >>> 0;
  if (vtd !== null) return remappedRequest(machine, vtd, id, address, message);
  if (amd === null || !amd.enabled) return accept(machine, compatibilityMessage(address, message), address, 'apic');
  const packed = remapAmdInterrupt(amd, machine.memory, id, address, message);
  if (packed >= 0) return accept(machine, packed, address, amd.name);
  const stop = -packed & ~AMD_UNLOGGED;
  const code = eventOfStop(stop);
  const recorded = code !== 0 && (-packed & AMD_UNLOGGED) === 0;
  if (recorded) logAmdEvent(amd, { code, requesterId: id, address });
  return code === 0
    ? { kind: 'dropped', unit, why: amdStopText(stop) }
    : { kind: 'fault', unit, code, why: amdStopText(stop), address, recorded };
}

function remappedRequest(machine: Machine, vtd: Vtd, id: number, address: number, message: number): Outcome {
  const packed = remapInterrupt(vtd, machine.memory, id, address, message);
  if (packed < 0)
    return vtdFault(vtd, -packed, id, address, (address & 0x10) === 0 ? 0 : remapIndex(address, message), true);
  const remapped = vtd.remapping && (address & 0x10) !== 0;
  const posted = vtd.posting && remapped ? postedEntry(vtd, machine.memory, address, message) : null;
  if (posted !== null) {
    // The descriptor has the vector; the notification, when there is one, only wakes who looks after it.
    if (packed !== POSTED_SILENTLY) acceptInterrupt(machine.apics, packed);
    return { kind: 'interrupt', interrupt: posted, physical: null, via: vtd.name };
  }
  return accept(machine, packed, address, remapped ? vtd.name : 'apic');
}

function accept(machine: Machine, packed: number, address: number, via: string): Outcome {
  const interrupt = acceptInterrupt(machine.apics, packed);
  if (interrupt !== null) return { kind: 'interrupt', interrupt, physical: null, via };
  const { vector } = unpackInterrupt(packed);
  return {
    kind: 'ignored',
    physical: address,
    why: vector < 16 ? 'no APIC takes a vector below 16' : 'no CPU has this destination',
  };
}

/** A write to the MSI range of a POWER bridge; only aligned 4-byte writes are messages. */
function bridgeMessage(machine: Machine, id: number, address: number, data: number, size: number): Outcome {
  const { phb, memory } = machine;
  if (phb === null || size !== 4 || address % 16 !== 0)
    return { kind: 'dropped', unit: phb?.name ?? 'pcie', why: 'no MSI message has this size or address' };
  const result = phbMessage(phb, memory, id, address, data);
  if (result < 0) return phbStop(phb, -result, address);
  const interrupt: Interrupt = { kind: 'bank', number: result % 4096, target: Math.floor(result / 4096) };
  return { kind: 'interrupt', interrupt, physical: null, via: phb.name };
}

/** A write into a memory-resident interrupt file: the identity becomes pending there, and a notice goes out when it is enabled. */
function residentFile(
  machine: Machine,
  id: number,
  resident: Resident,
  address: number,
  data: number,
  size: number,
): Outcome {
  const { riscv, memory } = machine;
  if (riscv === null || size !== 4 || address % 4096 !== 0 || data >= 2048)
    return { kind: 'ignored', physical: resident.file, why: 'no identity of a memory-resident interrupt file' };
  const enabled = storeInFile(memory, resident.file, data);
  if (enabled === null) return riscvFault(riscv, RISCV_CAUSE.mrifAccess, id, address);
  return enabled
    ? deliver(machine, id, resident.notice, resident.noticeId, 4)
    : { kind: 'memory', physical: resident.file };
}

/** A write has reached a physical address: DRAM takes it, a doorbell raises an interrupt, anything else ignores it. */
function deliver(machine: Machine, id: number, physical: number, data: number, size: number): Outcome {
  const { memory } = machine;
  for (const frame of machine.frames) {
    const offset = physical - frame.base;
    if (offset < 0 || offset >= (frame.distributor === true ? DISTRIBUTOR_SIZE : FRAME_SIZE)) continue;
    return frame.distributor === true
      ? toDistributor(machine, frame, offset, physical, data, size)
      : toFrame(machine, frame, offset, physical, data, size);
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
  for (const [index, bank] of machine.banks.entries()) {
    const offset = physical - bank.base;
    if (offset < 0 || offset >= BANK_PAGE) continue;
    if (offset !== MSIIR || size !== 4)
      return { kind: 'ignored', physical, why: `${bank.name} has no doorbell at this offset` };
    const number = bankInterrupt(data >>> 0);
    bank.pending[number >>> 5] = ((bank.pending[number >>> 5] as number) | (1 << (number & 31))) >>> 0;
    const interrupt: Interrupt = { kind: 'bank', number: index * BANK_INTERRUPTS + number, target: 0 };
    return { kind: 'interrupt', interrupt, physical, via: bank.name };
  }
  const { imsic } = machine;
  const file = imsic === null ? -1 : fileAt(imsic, physical);
  if (imsic !== null && file >= 0) {
    const number = size === 4 ? writeFile(imsic, file, (physical - imsic.base) % FILE_BYTES, data >>> 0) : -1;
    if (number < 0) return { kind: 'ignored', physical, why: `${imsic.name} has no such identity or register` };
    if (!identityEnabled(imsic, number))
      return {
        kind: 'ignored',
        physical,
        why: `identity ${number % FILE_NUMBERS} is pending and not enabled in its file of ${imsic.name}`,
      };
    const interrupt: Interrupt = { kind: 'imsic', number, target: Math.floor(file / imsic.filesPerHart) };
    return { kind: 'interrupt', interrupt, physical, via: imsic.name };
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
      why: hasIommu(machine)
        ? 'a translated address in the interrupt range is not an interrupt request'
        : 'interrupt range',
    };
  return { kind: 'ignored', physical, why: 'neither DRAM nor a doorbell' };
}

function toFrame(
  machine: Machine,
  frame: Gicv2mFrame,
  offset: number,
  physical: number,
  data: number,
  size: number,
): Outcome {
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

function toDistributor(
  machine: Machine,
  frame: Gicv2mFrame,
  offset: number,
  physical: number,
  data: number,
  size: number,
): Outcome {
  const spi = size === 4 || size === 2 ? distributorSpi(offset, data >>> 0) : -1;
  if (spi < 0)
    return { kind: 'ignored', physical, why: `${frame.name}: no message register at this offset, or no such SPI` };
  if (offset === CLRSPI_NSR) {
    acknowledgeSpi(machine.distributor, spi);
    return { kind: 'ignored', physical, why: `CLRSPI_NSR: SPI ${spi} is no longer pending` };
  }
  const target = raiseSpi(machine.distributor, spi);
  return { kind: 'interrupt', interrupt: { kind: 'spi', number: spi, target }, physical, via: frame.name };
}

/** Software takes an interrupt: its pending state goes. */
export function acknowledge(machine: Machine, interrupt: Interrupt): void {
  const { number, target } = interrupt;
  if (interrupt.kind === 'spi') acknowledgeSpi(machine.distributor, number);
  if (interrupt.kind === 'lpi') setPending(machine.redistributors, machine.memory, target, number, false);
  if (interrupt.kind === 'vector') {
    acknowledgeVector(machine.apics, target, number);
    if (machine.vtd?.posting === true && target >= machine.apics.cpus) takePosted(machine.memory, target * 64, number);
  }
  if (interrupt.kind === 'imsic' && machine.imsic !== null) acknowledgeIdentity(machine.imsic, number);
  if (interrupt.kind === 'bank') {
    if (machine.phb !== null) acknowledgeEntry(machine.phb, machine.memory, number);
    const bank = machine.banks[Math.floor(number / BANK_INTERRUPTS)];
    const bit = number % BANK_INTERRUPTS;
    if (bank !== undefined) bank.pending[bit >>> 5] = ((bank.pending[bit >>> 5] as number) & ~(1 << (bit & 31))) >>> 0;
  }
}
