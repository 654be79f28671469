/**
 * The descriptor walk of the Arm architecture (VMSAv8-64), as an SMMUv3 does it for stage 1 and stage 2.
 * In: memory, a table's base and format, an input address. Out: an output address, or why there is none.
 * Source: Arm ARM (DDI 0487) chapter D8, "The AArch64 Virtual Memory System Architecture"; SMMUv3 (IHI 0070) 3.4.
 *
 * All addresses are bytes below 2^52. Results are numbers so that a walk allocates nothing: an address, or one of the
 * negative codes below (the SMMUv3 event number, negated; IHI 0070 7.3).
 */

import type { Memory } from './memory';
import { inRam, pageIndex, read32 } from './memory';
import { addressField, HIGH, powerOfTwo } from './word';

export const WALK_EXTERNAL_ABORT = -0x0b;
export const WALK_TRANSLATION = -0x10;
export const WALK_ADDRESS_SIZE = -0x11;
export const WALK_ACCESS_FLAG = -0x12;
export const WALK_PERMISSION = -0x13;

/** Tables above 1 TiB take the long way. */
const FAST_LIMIT = 2 ** 40;
/** Input addresses have at most 48 bits. */
const WALK_LIMIT = 2 ** 48;
/** Bytes to page numbers of `pageIndex`. */
const INVERSE_PAGE = 1 / 256;

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
 * Walks the table at `base` for `address`. `nested` translates addresses of stage 1 tables through stage 2 (identity when null);
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
  if (nested === null && format.granuleBits === 12 && format.stage === 1) {
    const output = walkPages(memory, base, format, address, write);
    if (output >= 0) return output;
  }
  return walkLevels(memory, base, format, address, write, nested);
}

/**
 * The usual walk and nothing else: 4 KiB granule, tables down to a page whose descriptor allows the access whatever the format's options are.
 * Works on halves and page numbers, so that a level costs two reads. -1 for anything less plain: then `walkLevels` decides.
 */
function walkPages(memory: Memory, base: number, format: TableFormat, address: number, write: boolean): number {
  const low = address | 0;
  /** Bits 47:30 of the address. */
  const top = (address * 2 ** -30) | 0;
  if (address >= WALK_LIMIT || format.inputBits < 31 || top >>> (format.inputBits - 30) !== 0 || base >= FAST_LIMIT)
    return -1;
  const limit = (-1 << (format.outputBits - 32)) & 0xffff;
  const { words } = memory;
  let page = (base * INVERSE_PAGE) | 0;
  let bits = base & 0xfff;
  for (let level = format.startLevel; level < 3; level++) {
    const index = (level === 2 ? low >>> 21 : level === 1 ? top : top >>> 9) & 0x1ff;
    const word = pageIndex(memory, page + (index >>> 5)) + (index & 0x1f) * 2;
    const lo = words[word] as number;
    const hi = words[word + 1] as number;
    bits |= hi & (limit | 0x6000_ff00);
    if ((lo & 3) !== 3) return -1;
    page = (hi << 24) | ((lo >>> 12) << 4);
  }
  const index = (low >>> 12) & 0x1ff;
  const word = pageIndex(memory, page + (index >>> 5)) + (index & 0x1f) * 2;
  const lo = words[word] as number;
  const hi = words[word + 1] as number;
  // Table aligned; no permission taken away by a table, none above 1 TiB; page valid, accessed, open to the device, writable if it must be.
  if (bits !== 0 || (lo & (write ? 0x4c3 : 0x443)) !== 0x443 || (hi & limit) !== 0) return -1;
  return (hi & 0xffff) * HIGH + (((lo & -4096) | (low & 0xfff)) >>> 0);
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
  let entries = powerOfTwo(inputBits - shift);
  let writable = true;
  let unprivileged = true;
  for (let level = format.startLevel; ; level++) {
    if (table >= limit) return WALK_ADDRESS_SIZE;
    let at = table + (Math.floor(address / powerOfTwo(shift)) % entries) * 8;
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
      entries = powerOfTwo(stride);
      continue;
    }
    if (frame >= limit) return WALK_ADDRESS_SIZE;
    if (format.accessFlag && (lo & 0x400) === 0) return WALK_ACCESS_FLAG;
    if (format.stage === 1) {
      if (!unprivileged || (lo & 0x40) === 0) return WALK_PERMISSION;
      if (write && (!writable || (lo & 0x80) !== 0)) return WALK_PERMISSION;
    } else if ((lo & (write ? 0x80 : 0x40)) === 0) return WALK_PERMISSION;
    return frame - (frame % powerOfTwo(shift)) + (address % powerOfTwo(shift));
  }
}
