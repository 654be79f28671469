/**
 * The descriptor walk of the Arm architecture (VMSAv8-64), as an SMMUv3 does it for stage 1 and stage 2.
 * In: memory, a table's base and format, an input address. Out: an output address, or why there is none.
 * Source: Arm ARM (DDI 0487) chapter D8, "The AArch64 Virtual Memory System Architecture"; SMMUv3 (IHI 0070) 3.4.
 *
 * All addresses are bytes below 2^52. Results are numbers so that a walk allocates nothing: an address, or one of the
 * negative codes below (the SMMUv3 event number, negated; IHI 0070 7.3).
 */

import type { Memory } from './memory';
import { flatPair, inRam, read32 } from './memory';
import { addressField, HIGH, inversePower, powerOfTwo } from './word';

export const WALK_EXTERNAL_ABORT = -0x0b;
export const WALK_TRANSLATION = -0x10;
export const WALK_ADDRESS_SIZE = -0x11;
export const WALK_ACCESS_FLAG = -0x12;
export const WALK_PERMISSION = -0x13;

/** Bytes to the part of an input address above bit 29. */
const INVERSE_GIB = 2 ** -30;

export interface TableFormat {
  /** 12, 14 or 16: log2 of the granule in bytes. */
  readonly granuleBits: number;
  /** Bits of the input address (64 - T0SZ). */
  readonly inputBits: number;
  /** Level the walk starts at, 0 … 3. */
  readonly startLevel: number;
  /** Bits of an output address. */
  readonly outputBits: number;
  readonly stage: 1 | 2;
  /** False where AFFD is set: a clear access flag does not fault. */
  readonly accessFlag: boolean;
  /** True where HAD0 is set: permissions in table descriptors are not looked at. */
  readonly flatPermissions: boolean;
}

/** Level at which a stage 1 walk starts: as few levels as the input bits need (Arm ARM D8.2). */
export function startLevelOf(granuleBits: number, inputBits: number): number {
  return 4 - Math.ceil((inputBits - granuleBits) / (granuleBits - 3));
}

/** Bits of the address that a descriptor at this level leaves untranslated. */
export function levelShift(granuleBits: number, level: number): number {
  return granuleBits + (3 - level) * (granuleBits - 3);
}

/** May a block descriptor stand at this level? 4K: levels 1, 2. 16K: level 2. 64K: level 2 (level 1 needs 52-bit addresses). */
export function blockAllowed(granuleBits: number, level: number): boolean {
  return level === 2 || (level === 1 && granuleBits === 12);
}

/**
 * Walks the table at `base` (a multiple of 8) for `address`. `nested` translates addresses of stage 1 tables through stage 2 (identity when null);
 * it may return a negative code, which ends the walk. Gives the output address or a negative WALK_ code.
 */
export function walkTable(
  memory: Memory,
  base: number,
  format: TableFormat,
  address: number,
  write: boolean,
  nested: ((address: number) => number) | null,
): number {
  if (nested === null && format.granuleBits === 12 && format.stage === 1 && format.startLevel === 1) {
    /** Bits 47:30 of the address, of which the table at `base` takes as many as the input has. An address is below 2^53, so that none is cut. */
    const top = (address * INVERSE_GIB) | 0;
    const low = address | 0;
    if (format.inputBits >= 31 && top >>> (format.inputBits - 30) === 0) {
      const limit = (-1 << (format.outputBits - 32)) & 0xffff;
      const leaf = pageDescriptor(memory, base, limit, top, low);
      if (leaf >= 0) {
        const lo = memory.words[leaf] as number;
        const hi = memory.words[leaf + 1] as number;
        // A page that is valid, accessed, open to the device, writable if it must be: whatever the format's options are.
        if ((((lo & (write ? 0x4c3 : 0x443)) ^ 0x443) | (hi & limit)) === 0)
          return (hi & 0xffff) * HIGH + (((lo & -4096) | (low & 0xfff)) >>> 0);
      }
    }
  }
  // The sign tells a compiler that this is a number too, so that neither result is put into a heap object.
  return +walkLevels(memory, base, format, address, write, nested);
}

/** Bits of a table descriptor's high half that take a permission away (APTable, 62:61), and address bits from 16 GiB on. */
const TABLE_HIGH = 0x6000_fffc;

/**
 * The usual walk and nothing else: through two tables of 4 KiB in the flat part of memory that take no permission away, for an address of
 * 39 bits in halves (47:30, 31:0). Gives the index of the page's descriptor in `words`; -1 for anything less plain. Works on the numbers of words,
 * and takes and gives whole numbers of 32 bits, so that a level costs two reads and nothing is allocated.
 */
function pageDescriptor(memory: Memory, base: number, limit: number, top: number, low: number): number {
  const { words } = memory;
  const pairs = memory.flatWords >>> 1;
  if (base >= memory.flatEnd) return -1;
  const first = flatPair(memory, (((base / 4) | 0) + (top << 1)) | 0);
  if (first >= pairs) return -1;
  const firstLow = words[first << 1] as number;
  const firstHigh = words[(first << 1) | 1] as number;
  const middle = flatPair(memory, (((firstHigh << 30) | ((firstLow >>> 12) << 10)) + ((low >>> 20) & 0x3fe)) | 0);
  if (middle >= pairs) return -1;
  const secondLow = words[middle << 1] as number;
  const secondHigh = words[(middle << 1) | 1] as number;
  const wrong = ((firstLow & secondLow & 3) ^ 3) | ((firstHigh | secondHigh) & (limit | TABLE_HIGH));
  const last = flatPair(memory, (((secondHigh << 30) | ((secondLow >>> 12) << 10)) + ((low >>> 11) & 0x3fe)) | 0);
  return wrong !== 0 || last >= pairs ? -1 : last << 1;
}

/** The whole of `walkTable`, level by level, check by check. */
export function walkLevels(
  memory: Memory,
  base: number,
  format: TableFormat,
  address: number,
  write: boolean,
  nested: ((address: number) => number) | null,
): number {
  const { granuleBits, inputBits, outputBits } = format;
  if (!(address >= 0 && address < powerOfTwo(inputBits))) return WALK_TRANSLATION;
  const limit = powerOfTwo(outputBits);
  const stride = granuleBits - 3;
  let table = base;
  let shift = granuleBits + (3 - format.startLevel) * stride;
  // Entries of a table less one. A shifted address has no more than 36 bits; the mask takes the low ones.
  let mask = powerOfTwo(inputBits - shift) - 1;
  let writable = true;
  let unprivileged = true;
  for (let level = format.startLevel; ; level++) {
    if (table >= limit) return WALK_ADDRESS_SIZE;
    let at = table + ((address * inversePower(shift)) & mask) * 8;
    if (nested !== null) {
      at = nested(at);
      if (at < 0) return at;
    }
    if (!inRam(memory, at, 8)) return WALK_EXTERNAL_ABORT;
    const lo = read32(memory, at);
    if ((lo & 1) === 0) return WALK_TRANSLATION;
    const hi = read32(memory, at + 4);
    const isTable = level < 3 && (lo & 2) !== 0;
    if (!isTable && (lo & 2) === 0 && (level === 3 || !blockAllowed(granuleBits, level))) return WALK_TRANSLATION;
    const frame = addressField(lo, hi & 0xffff, granuleBits);
    if (isTable) {
      if (format.stage === 1 && !format.flatPermissions) {
        if ((hi & 0x4000_0000) !== 0) writable = false;
        if ((hi & 0x2000_0000) !== 0) unprivileged = false;
      }
      table = frame;
      shift -= stride;
      mask = (1 << stride) - 1;
      continue;
    }
    if (frame >= limit) return WALK_ADDRESS_SIZE;
    if (format.accessFlag && (lo & 0x400) === 0) return WALK_ACCESS_FLAG;
    if (format.stage === 1) {
      if (!unprivileged || (lo & 0x40) === 0) return WALK_PERMISSION;
      if (write && (!writable || (lo & 0x80) !== 0)) return WALK_PERMISSION;
    } else if ((lo & (write ? 0x80 : 0x40)) === 0) return WALK_PERMISSION;
    // Blocks have up to 30 bits.
    const within = (1 << shift) - 1;
    return frame - (frame & within) + (address & within);
  }
}
