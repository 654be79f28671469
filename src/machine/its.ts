/**
 * GICv3 ITS: from a write of an EventID by a DeviceID to an LPI pending at a redistributor.
 * In: DeviceID, EventID. Out: the LPI and its redistributor, or why nothing happens. The command queue is in `its-commands.ts`.
 * Source: Arm Generic Interrupt Controller Architecture, GICv3 and GICv4 (IHI 0069): 5.2 (ITS), 5.1 (LPIs), 12.11 (redistributor
 * registers), 12.19 (ITS registers).
 *
 * All tables lie in memory, where real software puts them (GITS_BASER, the ITT address of MAPD, GICR_PENDBASER, GICR_PROPBASER).
 * The architecture leaves the format of entries to the implementation (5.2.2); here
 *   device table entry, 8 bytes: valid 63, event bits - 1 in 3:0, ITT address 51:8
 *   ITT entry, 8 bytes:          valid 63, collection 47:32, LPI 31:0
 *   collection entry, 8 bytes:   valid 63, redistributor 15:0
 * Pending tables (one bit an INTID) and the configuration table (one byte an LPI: enable 0, priority 7:2) are architected (5.1.1, 5.1.2).
 */

import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { flatPair, inRam, read8, read32, write32 } from './memory';
import { addressField } from './word';

/** Frame of two 64 KiB pages: control, then translation. */
export const ITS_SIZE = 0x2_0000;
export const TRANSLATER = 0x1_0040;
export const FIRST_LPI = 8192;
const VALID = 0x8000_0000;

export interface Its {
  readonly name: string;
  /** Physical base in bytes. */
  readonly base: number;
  /** GITS_CTLR.Enabled. */
  enabled: boolean;
  /** GITS_TYPER.Devbits + 1 and ID_bits + 1. */
  deviceBits: number;
  eventBits: number;
  /** GITS_BASER of the device table: address in bytes (whole pages of 4 KiB), entries. */
  deviceTable: number;
  deviceEntries: number;
  /** GITS_BASER of the collection table. */
  collectionTable: number;
  collectionEntries: number;
  /** GITS_CBASER: address in bytes, size in bytes; GITS_CREADR, GITS_CWRITER as offsets. */
  commandBase: number;
  commandSize: number;
  commandRead: number;
  commandWrite: number;
  /** Syndrome of the last command that broke a rule (IHI 0069 5.3.20 and table of command errors); 0 none. */
  commandError: number;
}

/** What the redistributors hold for LPIs. */
export interface Redistributors {
  /** GICR_PROPBASER: configuration table, common to all. */
  configTable: number;
  /** GICR_PROPBASER.IDbits + 1: INTIDs below 2^n. */
  intidBits: number;
  /** GICR_PENDBASER of each; its length is the number of redistributors. */
  pendingTables: readonly number[];
  /** GICR_CTLR.EnableLPIs of each. */
  readonly enabled: boolean[];
  /** Enable bits that the redistributors hold of the configuration table, by redistributor * 2^24 + LPI; absent: they hold none (`lpi-config.ts`). */
  heldConfiguration?: Map<number, boolean>;
}

export function createIts(name: string, base: number, deviceBits: number): Its {
  return {
    name,
    base,
    enabled: false,
    deviceBits,
    eventBits: 16,
    deviceTable: 0,
    deviceEntries: 0,
    collectionTable: 0,
    collectionEntries: 0,
    commandBase: 0,
    commandSize: 0,
    commandRead: 0,
    commandWrite: 0,
    commandError: 0,
  };
}

export function cloneIts(its: Its): Its {
  return { ...its };
}

export function cloneRedistributors(redistributors: Redistributors): Redistributors {
  const held = redistributors.heldConfiguration;
  return {
    ...redistributors,
    enabled: redistributors.enabled.slice(),
    ...(held === undefined ? {} : { heldConfiguration: new Map(held) }),
  };
}

export function hashIts(its: Its, hash: Hash): void {
  // Of the command queue only what is still to be done counts, not where in the ring it lies.
  const waiting = its.commandSize === 0 ? 0 : (its.commandWrite - its.commandRead + its.commandSize) % its.commandSize;
  addNumber(hash, (its.enabled ? 1 : 0) + waiting * 2);
  addNumber(hash, its.commandError);
  addNumber(hash, its.deviceTable);
  addNumber(hash, its.collectionTable);
}

/** Why an event does not become an interrupt. */
export const ITS_DROP = {
  disabled: -1,
  deviceOutOfRange: -2,
  deviceUnmapped: -3,
  eventOutOfRange: -4,
  eventUnmapped: -5,
  collectionUnmapped: -6,
  lpiOutOfRange: -7,
  redistributor: -8,
} as const;

const DROP_TEXT: Readonly<Record<number, string>> = {
  [-1]: 'the ITS is disabled',
  [-2]: 'the DeviceID lies outside the device table',
  [-3]: 'the DeviceID is not mapped',
  [-4]: 'the EventID is beyond what MAPD gave the device',
  [-5]: 'the EventID is not mapped',
  [-6]: 'the collection is not mapped',
  [-7]: 'the INTID is not an LPI',
  [-8]: 'the redistributor does not take LPIs',
};

export function dropText(code: number): string {
  return DROP_TEXT[code] ?? 'dropped by the ITS';
}

/** Address of a table entry, or -1 when it lies outside the table or outside DRAM. */
function entryAt(memory: Memory, table: number, entries: number, index: number): number {
  if (index >= entries) return -1;
  const at = table + index * 8;
  return inRam(memory, at, 8) ? at : -1;
}

/** Address of the entry of a DeviceID in the device table; -1 out of range. */
export function deviceEntry(its: Its, memory: Memory, device: number): number {
  return device < 2 ** its.deviceBits ? entryAt(memory, its.deviceTable, its.deviceEntries, device) : -1;
}

/** Address of the ITT entry of an event of a mapped device; a code of `ITS_DROP` otherwise. */
export function eventEntry(its: Its, memory: Memory, device: number, event: number): number {
  const dte = deviceEntry(its, memory, device);
  if (dte < 0) return ITS_DROP.deviceOutOfRange;
  const hi = read32(memory, dte + 4);
  if ((hi & VALID) === 0) return ITS_DROP.deviceUnmapped;
  const lo = read32(memory, dte);
  if (event >= 2 << (lo & 0xf)) return ITS_DROP.eventOutOfRange;
  const at = addressField(lo, hi, 8) + event * 8;
  return inRam(memory, at, 8) ? at : ITS_DROP.eventUnmapped;
}

/** Redistributor of a collection, or a code of `ITS_DROP`. */
export function collectionTarget(its: Its, memory: Memory, collection: number): number {
  const at = entryAt(memory, its.collectionTable, its.collectionEntries, collection);
  if (at < 0 || (read32(memory, at + 4) & VALID) === 0) return ITS_DROP.collectionUnmapped;
  return read32(memory, at) & 0xffff;
}

/**
 * Translates an event: redistributor * 2^24 + LPI, or a code of `ITS_DROP`. Changes nothing.
 * Every MSI goes this way, so what is mapped throughout in the flat part of memory is found by the numbers of words alone; `lookUpEvent` decides
 * the rest.
 */
export function translateEvent(its: Its, memory: Memory, device: number, event: number): number {
  const { words, flatEnd } = memory;
  const pairs = memory.flatWords >>> 1;
  const devices = its.deviceTable;
  const targets = its.collectionTable;
  if (device < its.deviceEntries && device >>> its.deviceBits === 0 && devices < flatEnd && targets < flatEnd) {
    const dte = flatPair(memory, (((devices / 4) | 0) + (device << 1)) | 0);
    if (dte < pairs) {
      const deviceLow = words[dte << 1] as number;
      const deviceHigh = (words[(dte << 1) | 1] as number) | 0;
      const ite = flatPair(memory, (((deviceHigh << 30) | ((deviceLow >>> 8) << 6)) + (event << 1)) | 0);
      // Valid, an event that it has, and an ITT below 16 GiB.
      if (deviceHigh < 0 && (deviceHigh & 0xf_fffc) === 0 && event < 2 << (deviceLow & 0xf) && ite < pairs) {
        const lpi = (words[ite << 1] as number) & 0xff_ffff;
        const eventHigh = (words[(ite << 1) | 1] as number) | 0;
        const collection = eventHigh & 0xffff;
        const cte = flatPair(memory, (((targets / 4) | 0) + (collection << 1)) | 0);
        if (
          eventHigh < 0 &&
          collection < its.collectionEntries &&
          cte < pairs &&
          ((words[(cte << 1) | 1] as number) | 0) < 0
        )
          return ((words[cte << 1] as number) & 0xffff) * 0x100_0000 + lpi;
      }
    }
  }
  // As in `walkTable`: the sign keeps both results out of heap objects.
  return +lookUpEvent(its, memory, device, event);
}

/** The whole of `translateEvent`, step by step. */
export function lookUpEvent(its: Its, memory: Memory, device: number, event: number): number {
  const at = eventEntry(its, memory, device, event);
  if (at < 0) return at;
  const hi = read32(memory, at + 4);
  if ((hi & VALID) === 0) return ITS_DROP.eventUnmapped;
  const target = collectionTarget(its, memory, hi & 0xffff);
  return target < 0 ? target : target * 0x100_0000 + (read32(memory, at) & 0xff_ffff);
}

/** A device's write of GITS_TRANSLATER. Makes the LPI pending and gives redistributor * 2^24 + LPI, or a code of `ITS_DROP`. */
export function signalEvent(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  device: number,
  event: number,
): number {
  if (!its.enabled) return ITS_DROP.disabled;
  const translated = translateEvent(its, memory, device, event);
  if (translated < 0) return translated;
  const target = Math.floor(translated / 0x100_0000);
  if (redistributors.enabled[target] !== true) return ITS_DROP.redistributor;
  const lpi = translated & 0xff_ffff;
  if (!setPending(redistributors, memory, target, lpi, true)) return ITS_DROP.lpiOutOfRange;
  // Its configuration is looked up when it becomes pending, and may be held from then on.
  const held = redistributors.heldConfiguration;
  if (held !== undefined && !held.has(translated)) held.set(translated, lpiEnabled(redistributors, memory, lpi));
  return translated;
}

/** Sets or clears the pending bit of an LPI; false when the INTID is no LPI of this machine or the table cannot be written. */
export function setPending(
  redistributors: Redistributors,
  memory: Memory,
  target: number,
  lpi: number,
  pending: boolean,
): boolean {
  const table = redistributors.pendingTables[target];
  if (table === undefined || lpi < FIRST_LPI || lpi >= 2 ** redistributors.intidBits) return false;
  const at = table + (lpi >>> 5) * 4;
  if (!inRam(memory, at, 4)) return false;
  const bit = 1 << (lpi & 31);
  const word = read32(memory, at);
  write32(memory, at, pending ? word | bit : word & ~bit);
  return true;
}

export function lpiPending(redistributors: Redistributors, memory: Memory, target: number, lpi: number): boolean {
  const table = redistributors.pendingTables[target];
  return table !== undefined && (read32(memory, table + (lpi >>> 5) * 4) & (1 << (lpi & 31))) !== 0;
}

/** All pending LPIs of a redistributor, ascending. */
export function pendingLpis(redistributors: Redistributors, memory: Memory, target: number): number[] {
  const table = redistributors.pendingTables[target];
  const found: number[] = [];
  if (table === undefined) return found;
  const end = 2 ** redistributors.intidBits;
  for (let lpi = FIRST_LPI; lpi < end; lpi += 32) {
    const word = read32(memory, table + (lpi >>> 5) * 4);
    if (word === 0) continue;
    for (let bit = 0; bit < 32; bit++) if ((word & (1 << bit)) !== 0) found.push(lpi + bit);
  }
  return found;
}

/** Is the LPI enabled in the configuration table? A disabled one becomes pending and is not signalled (IHI 0069 5.1.1). */
export function lpiEnabled(redistributors: Redistributors, memory: Memory, lpi: number): boolean {
  return (read8(memory, redistributors.configTable + lpi - FIRST_LPI) & 1) !== 0;
}
