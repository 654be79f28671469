/**
 * AMD-Vi: the unit as a whole: device table, DMA translation, event log. Interrupt remapping is in `amdvi.ts`.
 * In: a requester id and an address. Out: a physical address or the event that is logged.
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification (48882): 2.2.2 (device table entry), 2.2.3 (I/O page tables), 2.5
 * (event log). Of an entry that is valid without translation information (V set, TV clear) every access ends in a page fault here.
 */
import type { AmdVi } from './amdvi';
import { AMD_STOP } from './amdvi';
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32 } from './memory';
import { addressField, powerOfTwo } from './word';

/** Event codes (48882, 2.5). */
export const AMD_EVENT = {
  illegalEntry: 0x1,
  pageFault: 0x2,
  deviceTable: 0x3,
  pageTable: 0x4,
  invalidRequest: 0x8,
} as const;

export interface AmdEvent {
  readonly code: number;
  readonly requesterId: number;
  readonly address: number;
}

export interface AmdUnit extends AmdVi {
  /** Control: the unit translates and remaps. */
  enabled: boolean;
  /** Events in order, up to the log's size. */
  events: AmdEvent[];
  deviceTable: number;
  deviceEntries: number;
}

const EVENT_LOG = 512;

export function createAmdUnit(name: string): AmdUnit {
  return { name, wideEntries: false, deviceTable: 0, deviceEntries: 0, enabled: false, events: [] };
}

export function cloneAmdUnit(unit: AmdUnit): AmdUnit {
  return { ...unit, events: unit.events.slice() };
}

export function hashAmdUnit(unit: AmdUnit, hash: Hash): void {
  addNumber(hash, unit.deviceTable + (unit.enabled ? 1 : 0));
  for (const event of unit.events) addNumber(hash, event.code * 0x1_0000 + event.requesterId + event.address * 0x10);
}

export function logAmdEvent(unit: AmdUnit, event: AmdEvent): void {
  if (unit.events.length < EVENT_LOG) unit.events.push(event);
}

/** Event code of a stopped interrupt request; 0 for a request that is aborted without one (IntCtl, a type not let through). */
export function eventOfStop(stop: number): number {
  if (stop === AMD_STOP.illegalEntry) return AMD_EVENT.illegalEntry;
  if (stop === AMD_STOP.tableAccess) return AMD_EVENT.pageTable;
  return stop < AMD_STOP.control ? AMD_EVENT.pageFault : 0;
}

/** Translates one access outside the interrupt range: physical address, or a negated event code. An entry with V clear lets all pass. */
export function translateAmd(
  unit: AmdUnit,
  memory: Memory,
  requesterId: number,
  address: number,
  write: boolean,
): number {
  if (!unit.enabled) return address;
  const entry = unit.deviceTable + requesterId * 32;
  if (requesterId >= unit.deviceEntries) return -AMD_EVENT.illegalEntry;
  if (!inRam(memory, entry, 32)) return -AMD_EVENT.deviceTable;
  const lo = read32(memory, entry);
  const hi = read32(memory, entry + 4);
  if ((lo & 1) === 0) return address;
  if ((lo & 2) === 0) return -AMD_EVENT.pageFault;
  const needed = write ? 0x4000_0000 : 0x2000_0000;
  if ((hi & needed) === 0) return -AMD_EVENT.pageFault;
  const mode = (lo >>> 9) & 7;
  if (mode === 7) return -AMD_EVENT.illegalEntry;
  return mode === 0 ? address : walkPages(memory, addressField(lo, hi, 12), mode, address, needed);
}

/** Entries of 8 bytes: present 0, next level 11:9, address 51:12, read 61, write 62. Next level 0 and 7 are pages; levels may be skipped. */
function walkPages(memory: Memory, base: number, mode: number, address: number, needed: number): number {
  if (mode < 6 && address >= powerOfTwo(12 + 9 * mode)) return -AMD_EVENT.pageFault;
  let table = base;
  let level = mode;
  for (;;) {
    const at = table + (Math.floor(address / powerOfTwo(3 + 9 * level)) % 512) * 8;
    if (!inRam(memory, at, 8)) return -AMD_EVENT.pageTable;
    const lo = read32(memory, at);
    const hi = read32(memory, at + 4);
    if ((lo & 1) === 0 || (hi & needed) === 0) return -AMD_EVENT.pageFault;
    const next = (lo >>> 9) & 7;
    const frame = addressField(lo, hi, 12);
    if (next === 0 || next === 7) {
      const size = next === 0 ? powerOfTwo(3 + 9 * level) : encodedSize(frame);
      return frame - (frame % size) + (address % size);
    }
    if (next >= level) return -AMD_EVENT.pageFault;
    // The address bits of skipped levels must be zero.
    if (Math.floor(address / powerOfTwo(12 + 9 * next)) % powerOfTwo(9 * (level - 1 - next)) !== 0)
      return -AMD_EVENT.pageFault;
    table = frame;
    level = next;
  }
}

/** Page size of an entry of next level 7: the lowest clear address bit from 12 on is the highest bit below the size. */
function encodedSize(frame: number): number {
  let bit = 12;
  while (bit < 51 && Math.floor(frame / powerOfTwo(bit)) % 2 === 1) bit++;
  return powerOfTwo(bit + 1);
}

const TEXT: Readonly<Record<number, string>> = {
  1: 'ILLEGAL_DEV_TABLE_ENTRY: the device table entry is invalid',
  2: 'IO_PAGE_FAULT: nothing allows this access',
  3: 'DEV_TAB_HARDWARE_ERROR: the device table cannot be read',
  4: 'PAGE_TAB_HARDWARE_ERROR: a table cannot be read',
};

export function amdEventText(code: number): string {
  return TEXT[code] ?? `event 0x${code.toString(16)}`;
}

const STOP_TEXT: Readonly<Record<number, string>> = {
  [AMD_STOP.illegalEntry]: 'ILLEGAL_DEV_TABLE_ENTRY: the interrupt fields of the device table entry are invalid',
  [AMD_STOP.index]: "IO_PAGE_FAULT: the data's index lies beyond the device's interrupt table",
  [AMD_STOP.remapDisabled]: 'IO_PAGE_FAULT: the interrupt table entry is not enabled',
  [AMD_STOP.entryReserved]: 'IO_PAGE_FAULT: reserved bits set in the interrupt table entry',
  [AMD_STOP.interruptType]: 'IO_PAGE_FAULT: the interrupt table entry has a type that cannot be remapped',
  [AMD_STOP.tableAccess]: "PAGE_TAB_HARDWARE_ERROR: the device's interrupt table cannot be read",
  [AMD_STOP.control]: 'IntCtl aborts interrupts of this device',
  [AMD_STOP.typeNotPassed]: 'the device table entry lets no interrupt of this delivery mode pass',
};

/** Why an interrupt request was stopped. */
export function amdStopText(stop: number): string {
  return STOP_TEXT[stop] ?? `stopped (${stop})`;
}
