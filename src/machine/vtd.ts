/**
 * VT-d remapping hardware: registers, fault records, DMA remapping (root, context, second-level tables).
 * In: a requester id and an address. Out: a physical address or a fault reason. Interrupt remapping is in `vtd-remap.ts`.
 * Source: Intel Virtualization Technology for Directed I/O specification, legacy mode: 3.4 (translation structures), 3.7
 * (second-level), 7.1 (faults), 9.1, 9.3, 9.8 (entries), 10.4 (registers).
 */

import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32 } from './memory';
import { addressField, HIGH, inversePower, powerOfTwo } from './word';

/** Fault reasons of DMA remapping (VT-d 7.1.3, legacy mode). */
export const VTD_FAULT = {
  rootNotPresent: 0x01,
  contextNotPresent: 0x02,
  contextInvalid: 0x03,
  addressBeyond: 0x04,
  write: 0x05,
  read: 0x06,
  tableAccess: 0x07,
  rootAccess: 0x08,
  contextAccess: 0x09,
  rootReserved: 0x0a,
  contextReserved: 0x0b,
  tableReserved: 0x0c,
  typeBlocked: 0x0d,
} as const;

/** Set in a negated result when the entry asks for no recording (FPD). */
export const UNRECORDED = 0x100;

export interface FaultRecord {
  readonly reason: number;
  readonly requesterId: number;
  /** Page address of a DMA fault, or the index of an interrupt fault. */
  readonly information: number;
  readonly write: boolean;
}

export interface Vtd {
  readonly name: string;
  /** CAP.SAGAW, CAP.MGAW: widest second-level table in bits, 39, 48 or 57. */
  addressBits: number;
  /** Host address width: bits of a physical address. */
  hostBits: number;
  /** GSTS.TES and RTADDR, bytes. */
  translation: boolean;
  rootTable: number;
  /** GSTS.IRES: interrupt remapping on. */
  remapping: boolean;
  /** IRTA: table address in bytes, log2 of its entries, extended interrupt mode. */
  remapTable: number;
  remapLog2: number;
  eim: boolean;
  /** GSTS.CFIS: compatibility-format interrupts pass. */
  compatibility: boolean;
  /** CAP.PI: posted entries are supported. */
  posting: boolean;
  /** Fault records in order, and FSTS.PFO: a fault came while all records were in use. */
  faults: FaultRecord[];
  faultOverflow: boolean;
}

/** Fault recording registers (CAP.NFR + 1). */
export const FAULT_RECORDS = 8;

export function createVtd(name: string, addressBits: number): Vtd {
  return {
    name,
    addressBits,
    hostBits: 52,
    translation: false,
    rootTable: 0,
    remapping: false,
    remapTable: 0,
    remapLog2: 1,
    eim: false,
    compatibility: false,
    posting: false,
    faults: [],
    faultOverflow: false,
  };
}

export function cloneVtd(vtd: Vtd): Vtd {
  return { ...vtd, faults: vtd.faults.slice() };
}

export function hashVtd(vtd: Vtd, hash: Hash): void {
  addNumber(
    hash,
    (vtd.translation ? 1 : 0) +
      (vtd.remapping ? 2 : 0) +
      (vtd.eim ? 4 : 0) +
      (vtd.compatibility ? 8 : 0) +
      (vtd.posting ? 16 : 0) +
      (vtd.faultOverflow ? 32 : 0),
  );
  addNumber(hash, vtd.rootTable);
  addNumber(hash, vtd.remapTable + vtd.remapLog2);
  for (const fault of vtd.faults) {
    addNumber(hash, fault.reason + (fault.write ? 0x100 : 0) + fault.requesterId * 0x200);
    addNumber(hash, fault.information);
  }
}

/** Records a fault; false when all records are in use (VT-d 7.2.1). */
export function recordFault(vtd: Vtd, fault: FaultRecord): boolean {
  if (vtd.faults.length >= FAULT_RECORDS) {
    vtd.faultOverflow = true;
    return false;
  }
  vtd.faults.push(fault);
  return true;
}

/**
 * Translates one DMA access (outside the interrupt range). `requesterId` 16 bit, `address` bytes.
 * Gives the physical address, or a negated fault reason, with `UNRECORDED` set where FPD asks for silence.
 */
export function translateDma(vtd: Vtd, memory: Memory, requesterId: number, address: number, write: boolean): number {
  if (!vtd.translation) return address;
  const root = vtd.rootTable + (requesterId >>> 8) * 16;
  if (!inRam(memory, root, 16)) return -VTD_FAULT.rootAccess;
  const rootLo = read32(memory, root);
  const rootHi = read32(memory, root + 4);
  if ((rootLo & 1) === 0) return -VTD_FAULT.rootNotPresent;
  if (
    (rootLo & 0xffe) !== 0 ||
    rootHi >>> 20 !== 0 ||
    read32(memory, root + 8) !== 0 ||
    read32(memory, root + 12) !== 0
  )
    return -VTD_FAULT.rootReserved;
  const context = addressField(rootLo, rootHi, 12) + (requesterId & 0xff) * 16;
  if (!inRam(memory, context, 16)) return -VTD_FAULT.contextAccess;
  const lo = read32(memory, context);
  const hi = read32(memory, context + 4);
  const silent = (lo & 2) !== 0 ? UNRECORDED : 0;
  if ((lo & 1) === 0) return -(VTD_FAULT.contextNotPresent | silent);
  const upper = read32(memory, context + 8);
  if ((lo & 0xff0) !== 0 || hi >>> 20 !== 0 || (upper & 0xff00_0080) !== 0 || read32(memory, context + 12) !== 0)
    return -(VTD_FAULT.contextReserved | silent);
  const type = (lo >>> 2) & 3;
  const width = 30 + 9 * (upper & 7);
  if (type === 3 || (upper & 7) > 3 || (upper & 7) === 0 || width > vtd.addressBits)
    return -(VTD_FAULT.contextInvalid | silent);
  if (type === 2) return address < powerOfTwo(vtd.hostBits) ? address : -(VTD_FAULT.addressBeyond | silent);
  if (address >= powerOfTwo(width)) return -(VTD_FAULT.addressBeyond | silent);
  const result = walkSecondLevel(vtd, memory, addressField(lo, hi, 12), width, address, write);
  return result >= 0 ? result : -(-result | silent);
}

/** Second-level walk: levels of 9 bits, read bit 0, write bit 1, page size bit 7 (VT-d 3.7, 9.8). */
function walkSecondLevel(
  vtd: Vtd,
  memory: Memory,
  base: number,
  width: number,
  address: number,
  write: boolean,
): number {
  const needed = write ? 2 : 1;
  let table = base;
  let shift = width - 9;
  for (;;) {
    const at = table + ((address * inversePower(shift)) & 0x1ff) * 8;
    if (!inRam(memory, at, 8)) return -VTD_FAULT.tableAccess;
    const lo = read32(memory, at);
    if ((lo & needed) === 0) return write ? -VTD_FAULT.write : -VTD_FAULT.read;
    const hi = read32(memory, at + 4);
    const leaf = shift === 12 || (lo & 0x80) !== 0;
    if ((hi & 0x000f_ffff) * HIGH >= powerOfTwo(vtd.hostBits)) return -VTD_FAULT.tableReserved;
    if (!leaf) {
      table = addressField(lo, hi, 12);
      shift -= 9;
      continue;
    }
    if (shift > 30) return -VTD_FAULT.tableReserved;
    const frame = addressField(lo, hi, 12);
    if (shift > 12 && frame % powerOfTwo(shift) !== 0) return -VTD_FAULT.tableReserved;
    return frame + (address % powerOfTwo(shift));
  }
}

const FAULT_TEXT: Readonly<Record<number, string>> = {
  1: 'root entry not present',
  2: 'context entry not present: the device has no domain',
  3: 'context entry invalid',
  4: "address beyond the domain's width",
  5: 'nothing writable is mapped at this IOVA',
  6: 'nothing readable is mapped at this IOVA',
  7: 'a second-level table cannot be read',
  8: 'the root table cannot be read',
  9: 'the context table cannot be read',
  10: 'reserved bits set in the root entry',
  11: 'reserved bits set in the context entry',
  12: 'reserved bits set in a second-level entry',
  13: 'request type blocked',
  32: 'reserved field set in the remappable interrupt request',
  33: 'the interrupt index lies beyond the remapping table',
  34: 'the interrupt remapping entry is not present',
  35: 'the interrupt remapping table cannot be read',
  36: 'reserved field set in the interrupt remapping entry',
  37: 'compatibility-format interrupts are blocked',
  38: "the requester id failed the entry's source check",
  39: 'the posted-interrupt descriptor cannot be read',
  40: 'reserved field set in the posted-interrupt descriptor',
};

/** Meaning of a fault reason. */
export function faultText(reason: number): string {
  return FAULT_TEXT[reason] ?? `fault reason 0x${reason.toString(16)}`;
}
