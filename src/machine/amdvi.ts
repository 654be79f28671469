/**
 * AMD-Vi interrupt remapping: from an interrupt request, through the device's table entry, to the interrupt that leaves.
 * In: the device table entry of the requester (the unit finds it by requester id), address and data of a write to the interrupt range.
 * Out: a packed interrupt (see `apic.ts`), or why there is none. Tables are per device, so that one device's index cannot reach another's entry.
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification (48882): 2.2.2 (device table entry), 2.2.5 (interrupt remapping tables),
 * 2.5 (event log). Virtual APIC guest mode is not modelled.
 */

import type { PackedInterrupt } from './apic';
import { compatibilityMessage, isInterruptAddress, packInterrupt } from './apic';
import type { Memory } from './memory';
import { inRam, read32 } from './memory';
import { addressField } from './word';

/** Why a request does not pass, negated in results. */
export const AMD_STOP = {
  /** Event ILLEGAL_DEV_TABLE_ENTRY: reserved values in the entry. */
  illegalEntry: 0x01,
  /** Events IO_PAGE_FAULT of an interrupt request, by what is wrong. */
  index: 0x02,
  remapDisabled: 0x03,
  entryReserved: 0x04,
  interruptType: 0x05,
  /** The table cannot be read: PAGE_TAB_HARDWARE_ERROR. */
  tableAccess: 0x06,
  /** No page fault: stopped by IntCtl, or a type the entry does not let through. */
  control: 0x10,
  typeNotPassed: 0x11,
} as const;

/** Set in a negated result when the event is not logged (IG of the device table entry, SupIOPF of the interrupt table entry). */
export const AMD_UNLOGGED = 0x100;

export interface AmdVi {
  readonly name: string;
  /** IOMMU control: interrupt table entries of 128 bits (guest virtual APIC) instead of 32. */
  wideEntries: boolean;
  /** Device table base in bytes, and entries. */
  deviceTable: number;
  deviceEntries: number;
}

/**
 * Remaps one interrupt request. Without valid interrupt fields (IV = 0) every request passes as it is.
 * Gives a packed interrupt or a negated `AMD_STOP`, with `AMD_UNLOGGED` where nothing is logged. `address` must lie in the interrupt range
 * (a request elsewhere is none: -1 with no meaning is never given; callers ask `isInterruptAddress` first).
 */
export function remapAmdInterrupt(
  unit: AmdVi,
  memory: Memory,
  requesterId: number,
  address: number,
  data: number,
): PackedInterrupt {
  const entry = unit.deviceTable + requesterId * 32;
  if (requesterId >= unit.deviceEntries || !isInterruptAddress(address) || !inRam(memory, entry, 32))
    return -AMD_STOP.illegalEntry;
  const lo = read32(memory, entry + 16);
  const hi = read32(memory, entry + 20);
  if ((lo & 1) === 0) return compatibilityMessage(address, data);
  const control = (hi >>> 28) & 3;
  const lengthLog2 = (lo >>> 1) & 0xf;
  const unlogged = (lo & 0x20) !== 0 ? AMD_UNLOGGED : 0;
  // Reserved: IntCtl 3, tables above 2,048 entries, bits 55:52.
  if (control === 3 || lengthLog2 > MAX_LENGTH_LOG2 || (hi & 0x00f0_0000) !== 0)
    return -(AMD_STOP.illegalEntry | unlogged);
  const type = (data >>> 8) & 7;
  if (type >= 2)
    return passesByType(hi, type) ? compatibilityMessage(address, data) : -(AMD_STOP.typeNotPassed | unlogged);
  if (control === 0) return -(AMD_STOP.control | unlogged);
  if (control === 1) return compatibilityMessage(address, data);
  const index = data & 0x7ff;
  if (index >= 1 << lengthLog2) return -(AMD_STOP.index | unlogged);
  const table = addressField(lo, hi & 0xfffff, 6);
  return unit.wideEntries
    ? wideEntry(memory, table + index * 16, unlogged)
    : narrowEntry(memory, table + index * 4, unlogged);
}

/** Log2 of the longest table. */
const MAX_LENGTH_LOG2 = 11;

/** NMI (58), INIT (56) and ExtINT (57) pass when their bit is set; SMI and reserved types never do. */
function passesByType(hi: number, type: number): boolean {
  const bit = type === 4 ? 0x0400_0000 : type === 5 ? 0x0100_0000 : type === 7 ? 0x0200_0000 : 0;
  return (hi & bit) !== 0;
}

/** 32-bit entry: RemapEn 0, SupIOPF 1, IntType 4:2, RqEoi 5, DM 6, GuestMode 7 (reserved here), destination 15:8, vector 23:16. */
function narrowEntry(memory: Memory, at: number, unlogged: number): PackedInterrupt {
  if (!inRam(memory, at, 4)) return -(AMD_STOP.tableAccess | unlogged);
  const lo = read32(memory, at);
  return resolve(lo, (lo & 0xff00_0080) !== 0, (lo >>> 8) & 0xff, (lo >>> 16) & 0xff, unlogged);
}

/** 128-bit entry: as above, destination 15:8 (31:16 only for x2APIC destinations), vector 71:64. */
function wideEntry(memory: Memory, at: number, unlogged: number): PackedInterrupt {
  if (!inRam(memory, at, 16)) return -(AMD_STOP.tableAccess | unlogged);
  const lo = read32(memory, at);
  const upper = read32(memory, at + 8);
  const reserved =
    (lo & 0xffff_0080) !== 0 ||
    read32(memory, at + 4) !== 0 ||
    (upper & 0xffff_ff00) !== 0 ||
    read32(memory, at + 12) !== 0;
  return resolve(lo, reserved, (lo >>> 8) & 0xff, upper & 0xff, unlogged);
}

function resolve(
  lo: number,
  reserved: boolean,
  destination: number,
  vector: number,
  unlogged: number,
): PackedInterrupt {
  const silent = unlogged !== 0 || (lo & 2) !== 0 ? AMD_UNLOGGED : 0;
  if ((lo & 1) === 0) return -(AMD_STOP.remapDisabled | silent);
  if (reserved) return -(AMD_STOP.entryReserved | silent);
  const type = (lo >>> 2) & 7;
  if (type > 1) return -(AMD_STOP.interruptType | silent);
  return packInterrupt(destination, (lo >>> 6) & 1, 0, type, vector, 0);
}
