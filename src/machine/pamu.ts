/**
 * Freescale PAMU: a table of windows by logical I/O device number (LIODN). A window has a base and a power-of-two size, may be cut into
 * subwindows of one size, and each (sub)window passes or translates as a whole: there are no pages.
 * In: a LIODN and an address. Out: a physical address, or the access violation as AVS1 reports it.
 * Source: QorIQ reference manuals, chapter "Peripheral Access Management Unit"; entry fields as Linux names them (drivers/iommu/fsl_pamu.h).
 *
 * Entries (64 bytes) lie in memory. Words here: 0 window base high; 1 window base 31:12, size exponent 11:6 (2^(n+1) bytes), several
 * subwindows 5, access 4:3 (3 all, 1 query, i.e. read), valid 0; 3 subwindow count 7:4 (2^(n+1)), translation mode 3:2 (1 window);
 * 4 translated base high; 5 translated base 31:12, size exponent of this subwindow 11:6; 6 first secondary entry. Subwindow 0 is described
 * by the primary entry itself, subwindow n by secondary entry first + n - 1.
 */
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32 } from './memory';
import { addressField, HIGH, powerOfTwo } from './word';

/** Violations as fields of AVS1: access permission, window, LIODN lookup. */
export const PAMU_VIOLATION = { permission: 0x78, window: 0x380, lookup: 0x400 } as const;

export const PAACE_BYTES = 64;

export interface Pamu {
  readonly name: string;
  /** PC.PE inverted: false lets everything pass. */
  enabled: boolean;
  /** Primary and secondary table, bytes, and their entries. */
  primary: number;
  primaryEntries: number;
  secondary: number;
  secondaryEntries: number;
  /** AVS1 without the LIODN, and AVA: the violation that has not been taken note of; 0 none. */
  violation: number;
  violationAddress: number;
}

export function createPamu(name: string): Pamu {
  return {
    name,
    enabled: false,
    primary: 0,
    primaryEntries: 0,
    secondary: 0,
    secondaryEntries: 0,
    violation: 0,
    violationAddress: 0,
  };
}

export function hashPamu(pamu: Pamu, hash: Hash): void {
  addNumber(hash, (pamu.enabled ? 1 : 0) + pamu.violation * 2);
  addNumber(hash, pamu.primary);
  addNumber(hash, pamu.violationAddress);
}

/** Translates one access. Gives a physical address, or a negated violation, which AVS1 and AVA then hold. */
export function translatePamu(pamu: Pamu, memory: Memory, liodn: number, address: number, write: boolean): number {
  if (!pamu.enabled) return address;
  const result = lookUpWindow(pamu, memory, liodn, address, write);
  if (result < 0 && pamu.violation === 0) {
    pamu.violation = -result;
    pamu.violationAddress = address;
  }
  return result;
}

function lookUpWindow(pamu: Pamu, memory: Memory, liodn: number, address: number, write: boolean): number {
  const primary = pamu.primary + liodn * PAACE_BYTES;
  if (liodn >= pamu.primaryEntries || !inRam(memory, primary, PAACE_BYTES)) return -PAMU_VIOLATION.lookup;
  const fields = read32(memory, primary + 4);
  if ((fields & 1) === 0) return -PAMU_VIOLATION.lookup;
  const base = (read32(memory, primary) & 0xfffff) * HIGH + ((fields & 0xffff_f000) >>> 0);
  const size = powerOfTwo(((fields >>> 6) & 0x3f) + 1);
  const offset = address - base;
  if (size === 0 || offset < 0 || offset >= size) return -PAMU_VIOLATION.window;
  const attributes = read32(memory, primary + 12);
  if ((fields & 0x20) === 0) return throughWindow(memory, primary, fields, size, offset, address, write);
  const subwindow = size / powerOfTwo(((attributes >>> 4) & 0xf) + 1);
  if (subwindow < 4096) return -PAMU_VIOLATION.window;
  const number = Math.floor(offset / subwindow);
  const inside = offset % subwindow;
  if (number === 0) return throughSubwindow(memory, primary, fields, inside, address, write);
  const index = read32(memory, primary + 24) + number - 1;
  const entry = pamu.secondary + index * PAACE_BYTES;
  if (index >= pamu.secondaryEntries || !inRam(memory, entry, PAACE_BYTES)) return -PAMU_VIOLATION.window;
  return throughSubwindow(memory, entry, read32(memory, entry + 4), inside, address, write);
}

/** A subwindow may be smaller than its place: what lies beyond is closed. */
function throughSubwindow(
  memory: Memory,
  entry: number,
  fields: number,
  offset: number,
  address: number,
  write: boolean,
): number {
  if ((fields & 1) === 0) return -PAMU_VIOLATION.window;
  const size = powerOfTwo(((read32(memory, entry + 20) >>> 6) & 0x3f) + 1);
  return throughWindow(memory, entry, fields, size, offset, address, write);
}

function throughWindow(
  memory: Memory,
  entry: number,
  fields: number,
  size: number,
  offset: number,
  address: number,
  write: boolean,
): number {
  if (offset >= size) return -PAMU_VIOLATION.window;
  const access = (fields >>> 3) & 3;
  if ((access & (write ? 2 : 1)) === 0) return -PAMU_VIOLATION.permission;
  if (((read32(memory, entry + 12) >>> 2) & 3) === 0) return address;
  const base = addressField(read32(memory, entry + 20), read32(memory, entry + 16), 12);
  return base - (base % size) + offset;
}

const TEXT: Readonly<Record<number, string>> = {
  [PAMU_VIOLATION.permission]: 'AVS1.APV: the window does not allow the access',
  [PAMU_VIOLATION.window]: "AVS1.WAV: the address lies in no open window of the device's LIODN",
  [PAMU_VIOLATION.lookup]: 'AVS1.LAV: the LIODN has no valid entry',
};

export function pamuText(violation: number): string {
  return TEXT[violation] ?? `AVS1 0x${violation.toString(16)}`;
}
