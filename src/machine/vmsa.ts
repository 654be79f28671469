/**
 * The descriptor walk of the Arm architecture (VMSAv8-64), as an SMMUv3 does it for stage 1 and stage 2.
 * In: memory, a table's base and format, an input address. Out: an output address, or why there is none.
 * Source: Arm ARM (DDI 0487) chapter D8, "The AArch64 Virtual Memory System Architecture"; SMMUv3 (IHI 0070) 3.4.
 *
 * All addresses are bytes below 2^52. Results are numbers so that a walk allocates nothing: an address, or one of the
 * negative codes below (the SMMUv3 event number, negated; IHI 0070 7.3).
 */

import type { Memory } from './memory';
import { NO_PAGE, pageAt } from './memory';
import { HIGH, powerOfTwo } from './word';

export const WALK_EXTERNAL_ABORT = -0x0b;
export const WALK_TRANSLATION = -0x10;
export const WALK_ADDRESS_SIZE = -0x11;
export const WALK_ACCESS_FLAG = -0x12;
export const WALK_PERMISSION = -0x13;

/** Page numbers of tables fit in 32 bits; there is no DRAM above. */
const RAM_LIMIT = 2 ** 44;
const INVERSE_HIGH = 2 ** -32;
const INVERSE_PAGE = 2 ** -12;

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
  const high = (address * INVERSE_HIGH) | 0;
  const low = address | 0;
  const limit = -1 << (format.outputBits - 32);
  if (!(address < powerOfTwo(format.inputBits)) || base % 4096 !== 0) return -1;
  let page = (base * INVERSE_PAGE) | 0;
  let bits = 0;
  for (let shift = 39 - format.startLevel * 9; shift > 12; shift -= 9) {
    const tables = pageAt(memory, page);
    const word = ((shift >= 32 ? high >>> (shift - 32) : (high << (32 - shift)) | (low >>> shift)) & 0x1ff) * 2;
    const lo = tables[word] ?? 0;
    const hi = tables[word + 1] ?? 0;
    bits |= hi;
    if ((lo & 3) !== 3 || (hi & limit & 0xffff) !== 0) return -1;
    page = (hi << 20) | (lo >>> 12);
  }
  const pages = pageAt(memory, page);
  const word = (low >>> 11) & 0x3fe;
  const lo = pages[word] ?? 0;
  const hi = pages[word + 1] ?? 0;
  // No permission taken away by a table, no page above 16 TiB among the tables, page valid, accessed, open to the device, writable if it must be.
  if ((bits & 0x6000_f000) !== 0 || (lo & (write ? 0x4c3 : 0x443)) !== 0x443 || (hi & limit & 0xffff) !== 0) return -1;
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
  if (base >= powerOfTwo(outputBits)) return WALK_ADDRESS_SIZE;
  if (base >= RAM_LIMIT) return WALK_EXTERNAL_ABORT;
  const high = (address * INVERSE_HIGH) | 0;
  const low = address | 0;
  const highLimit = 1 << (outputBits - 32);
  const alignment = -1 << granuleBits;
  const stride = granuleBits - 3;
  let page = (base * INVERSE_PAGE) | 0;
  let word = (base & 0xfff) >>> 2;
  let shift = granuleBits + (3 - format.startLevel) * stride;
  let mask = (1 << (inputBits - shift)) - 1;
  let writable = true;
  let unprivileged = true;
  for (let level = format.startLevel; ; level++) {
    const index = (shift >= 32 ? high >>> (shift - 32) : (high << (32 - shift)) | (low >>> shift)) & mask;
    word += index * 2;
    page += word >>> 10;
    word &= 0x3ff;
    if (nested !== null) {
      const at = nested((page >>> 0) * 4096 + word * 4);
      if (at < 0) return at;
      if (at >= RAM_LIMIT) return WALK_EXTERNAL_ABORT;
      page = (at * INVERSE_PAGE) | 0;
      word = (at & 0xfff) >>> 2;
    }
    const words = pageAt(memory, page);
    if (words === NO_PAGE) return WALK_EXTERNAL_ABORT;
    const lo = words[word] as number;
    if ((lo & 1) === 0) return WALK_TRANSLATION;
    const hi = words[word + 1] as number;
    if ((hi & 0xffff) >= highLimit && (level < 3 || (lo & 2) !== 0)) {
      // A descriptor of a reserved kind is no address; all others are checked for their size first.
      if ((lo & 2) !== 0 || blockAllowed(granuleBits, level)) return WALK_ADDRESS_SIZE;
    }
    if ((lo & 2) !== 0 && level < 3) {
      if (format.stage === 1 && !format.flatPermissions) {
        if ((hi & 0x4000_0000) !== 0) writable = false;
        if ((hi & 0x2000_0000) !== 0) unprivileged = false;
      }
      if ((hi & 0xf000) !== 0) return WALK_EXTERNAL_ABORT;
      const table = lo & alignment;
      page = (hi << 20) | (table >>> 12);
      word = (table & 0xfff) >>> 2;
      shift -= stride;
      mask = (1 << stride) - 1;
      continue;
    }
    if ((lo & 2) === 0 && (level === 3 || !blockAllowed(granuleBits, level))) return WALK_TRANSLATION;
    if (format.accessFlag && (lo & 0x400) === 0) return WALK_ACCESS_FLAG;
    if (format.stage === 1) {
      if (!unprivileged || (lo & 0x40) === 0) return WALK_PERMISSION;
      if (write && (!writable || (lo & 0x80) !== 0)) return WALK_PERMISSION;
    } else if ((lo & (write ? 0x80 : 0x40)) === 0) return WALK_PERMISSION;
    const offsetMask = (1 << shift) - 1;
    return (hi & 0xffff) * HIGH + (((lo & alignment & ~offsetMask) | (low & offsetMask)) >>> 0);
  }
}
