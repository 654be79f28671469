/**
 * The descriptor walk of the Arm architecture (VMSAv8-64), as an SMMUv3 does it for stage 1 and stage 2.
 * In: memory, a table's base and format, an input address. Out: an output address, or why there is none.
 * Source: Arm ARM (DDI 0487) chapter D8, "The AArch64 Virtual Memory System Architecture"; SMMUv3 (IHI 0070) 3.4.
 *
 * All addresses are bytes below 2^52. Results are numbers so that a walk allocates nothing: an address, or one of the
 * negative codes below (the SMMUv3 event number, negated; IHI 0070 7.3).
 */

import type { Memory } from './memory';
import { inRam, read32 } from './memory';
import { addressField } from './word';

export const WALK_EXTERNAL_ABORT = -0x0b;
export const WALK_TRANSLATION = -0x10;
export const WALK_ADDRESS_SIZE = -0x11;
export const WALK_ACCESS_FLAG = -0x12;
export const WALK_PERMISSION = -0x13;

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

/** 2^-n, to shift addresses above 32 bits right without BigInt. */
const INVERSE: readonly number[] = Array.from({ length: 64 }, (_, n) => 2 ** -n);
const POWER: readonly number[] = Array.from({ length: 64 }, (_, n) => 2 ** n);

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
  const { granuleBits, inputBits, outputBits } = format;
  if (!(address >= 0 && address < (POWER[inputBits] ?? 0))) return WALK_TRANSLATION;
  const stride = granuleBits - 3;
  const limit = POWER[outputBits] ?? 0;
  const strideMask = (1 << stride) - 1;
  let table = base;
  let shift = granuleBits + (3 - format.startLevel) * stride;
  let mask = (1 << (inputBits - shift)) - 1;
  let writable = true;
  let unprivileged = true;
  for (let level = format.startLevel; ; level++) {
    if (table >= limit) return WALK_ADDRESS_SIZE;
    let at = table + ((address * (INVERSE[shift] as number)) & mask) * 8;
    if (nested !== null) {
      at = nested(at);
      if (at < 0) return at;
    }
    if (!inRam(memory, at, 8)) return WALK_EXTERNAL_ABORT;
    const lo = read32(memory, at);
    if ((lo & 1) === 0) return WALK_TRANSLATION;
    const hi = read32(memory, at + 4);
    const table2 = (lo & 2) !== 0;
    if (level === 3 ? !table2 : !table2 && !blockAllowed(granuleBits, level)) return WALK_TRANSLATION;
    if (level < 3 && table2) {
      if (format.stage === 1 && !format.flatPermissions) {
        if ((hi & 0x4000_0000) !== 0) writable = false;
        if ((hi & 0x2000_0000) !== 0) unprivileged = false;
      }
      table = addressField(lo, hi & 0xffff, granuleBits);
      shift -= stride;
      mask = strideMask;
      continue;
    }
    const frame = addressField(lo, hi & 0xffff, granuleBits);
    const output =
      Math.floor(frame * (INVERSE[shift] as number)) * (POWER[shift] as number) + (address % (POWER[shift] as number));
    if (frame >= limit) return WALK_ADDRESS_SIZE;
    if (format.accessFlag && (lo & 0x400) === 0) return WALK_ACCESS_FLAG;
    if (format.stage === 1) {
      if (!unprivileged || (lo & 0x40) === 0) return WALK_PERMISSION;
      if (write && (!writable || (lo & 0x80) !== 0)) return WALK_PERMISSION;
    } else if ((lo & (write ? 0x80 : 0x40)) === 0) return WALK_PERMISSION;
    return output;
  }
}
