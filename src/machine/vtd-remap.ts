/**
 * VT-d interrupt remapping: from an interrupt request to the interrupt that leaves, or a fault reason.
 * In: requester id, address and data of a write to the interrupt range. Out: a packed interrupt (see `apic.ts`) or a negated reason.
 * Source: VT-d specification 5.1.2 (request formats), 5.1.3 (remapping table), 5.1.4 (source-id verification), 5.1.5 (processing and
 * order of checks), 5.2 (posting), 7.1.4 (fault reasons 20h–28h), 9.10, 9.11 (entries).
 */

import type { PackedInterrupt } from './apic';
import { compatibilityMessage, packInterrupt } from './apic';
import type { Memory } from './memory';
import { flatPair, inRam, read32, write32 } from './memory';
import type { Interrupt } from './types';
import type { Vtd } from './vtd';
import { UNRECORDED } from './vtd';
import { HIGH } from './word';

export const REMAP_FAULT = {
  requestReserved: 0x20,
  index: 0x21,
  notPresent: 0x22,
  tableAccess: 0x23,
  entryReserved: 0x24,
  compatibilityBlocked: 0x25,
  source: 0x26,
  descriptorAccess: 0x27,
  descriptorReserved: 0x28,
} as const;

/** A request that a posted entry took in without a notification: the descriptor holds it, no interrupt leaves. */
export const POSTED_SILENTLY = 2 ** 50;

/** Index of the entry a remappable-format request names: handle, plus the subhandle when SHV is set; 0 … 0x1fffe. */
export function remapIndex(address: number, data: number): number {
  const handle = ((address >>> 5) & 0x7fff) | ((address & 4) << 13);
  return (address & 8) !== 0 ? handle + (data & 0xffff) : handle;
}

/** The address of a remappable-format message with SHV for an index 0 … 0xffff (VT-d 5.1.2.2). */
export function remappableAddress(index: number): number {
  return 0xfee0_0000 + ((index & 0x7fff) << 5) + 0x18 + ((index & 0x8000) !== 0 ? 4 : 0);
}

/** Bits of the redirection-table entry's low half that must be zero: 14:12 and 31:24 (VT-d 9.10). */
const RESERVED_LOW = 0xff00_7000;
/** Destination bits that must be zero outside extended interrupt mode: all but 15:8 of the field. */
const RESERVED_DESTINATION = 0xffff_00ff;

/** Bits of the entry's low half that are alike in every remapped entry that passes: P set, IM and reserved bits clear. */
const PASSING_LOW = 0xff00_f001;
/** Delivery modes that are no reserved encoding, as a set of bits. */
const DELIVERY_MODES = 0b1011_0111;

/**
 * Remaps one interrupt request. `data` is the 32-bit message data. Without remapping (`remapping` false) every request passes as a
 * compatibility-format one. Gives a packed interrupt, `POSTED_SILENTLY`, or a negated fault reason with `UNRECORDED` where FPD is set.
 * The request that passes is decided here; every other one by `judgeRequest`, in the order of checks the specification gives.
 */
export function remapInterrupt(
  vtd: Vtd,
  memory: Memory,
  requesterId: number,
  address: number,
  data: number,
): PackedInterrupt {
  const low = address | 0;
  const index = (((low >>> 5) & 0x7fff) | ((low & 4) << 13)) + (data & -((low >>> 3) & 1));
  if (
    vtd.remapping &&
    vtd.remapTable < memory.flatEnd &&
    (low & 0x10) !== 0 &&
    data >>> 16 === 0 &&
    index >>> vtd.remapLog2 === 0
  ) {
    const { words } = memory;
    const pair = flatPair(memory, (((vtd.remapTable / 4) | 0) + (index << 2)) | 0);
    if (pair < memory.flatWords >>> 1) {
      const entry = pair << 1;
      const lo = words[entry] as number;
      const destination = words[entry | 1] as number;
      const source = words[entry | 2] as number;
      const wrong =
        ((lo & PASSING_LOW) ^ 1) |
        (((DELIVERY_MODES >>> ((lo >>> 5) & 7)) & 1) ^ 1) |
        (words[entry | 3] as number) |
        (source >>> 19) |
        (destination & RESERVED_DESTINATION) |
        ((source & 0x4_0000) === 0 ? 0 : (source ^ requesterId) & (QUALIFIER[(source >>> 16) & 3] as number));
      if (wrong === 0 && !vtd.eim)
        return ((destination & 0xff00) << 6) | ((lo >>> 16) & 0xff) | ((lo << 3) & 0x700) | ((lo << 9) & 0x3800);
    }
  }
  // As in `walkTable`: the sign keeps both results out of heap objects.
  return +judgeRequest(vtd, memory, requesterId, address, data);
}

/** The whole of `remapInterrupt`, check by check (VT-d 5.1.5). */
export function judgeRequest(
  vtd: Vtd,
  memory: Memory,
  requesterId: number,
  address: number,
  data: number,
): PackedInterrupt {
  if (!vtd.remapping) return compatibilityMessage(address, data);
  if ((address & 0x10) === 0)
    return vtd.compatibility && !vtd.eim ? compatibilityMessage(address, data) : -REMAP_FAULT.compatibilityBlocked;
  if (data >>> 16 !== 0) return -REMAP_FAULT.requestReserved;
  const index = remapIndex(address, data);
  if (index >= 1 << vtd.remapLog2) return -REMAP_FAULT.index;
  const entry = vtd.remapTable + index * 16;
  if (!inRam(memory, entry, 16)) return -REMAP_FAULT.tableAccess;
  const lo = read32(memory, entry);
  const silent = (lo & 2) !== 0 ? UNRECORDED : 0;
  if ((lo & 1) === 0) return -(REMAP_FAULT.notPresent | silent);
  const destination = read32(memory, entry + 4);
  const source = read32(memory, entry + 8);
  const last = read32(memory, entry + 12);
  const posted = (lo & 0x8000) !== 0;
  const reserved = posted
    ? postedReserved(vtd, lo, destination, source)
    : remappedReserved(vtd, lo, destination, source, last);
  if (reserved) return -(REMAP_FAULT.entryReserved | silent);
  if (!sourceMatches(source, requesterId)) return -(REMAP_FAULT.source | silent);
  if (posted) return postInterrupt(vtd, memory, lo, destination, last, silent);
  return packInterrupt(
    vtd.eim ? destination : (destination >>> 8) & 0xff,
    (lo >>> 2) & 1,
    (lo >>> 3) & 1,
    (lo >>> 5) & 7,
    (lo >>> 16) & 0xff,
    (lo >>> 4) & 1,
  );
}

/** Reserved fields of a remapped entry: also the delivery modes 3 and 6 and the validation type 3 (VT-d 9.10). */
function remappedReserved(vtd: Vtd, lo: number, destination: number, source: number, last: number): boolean {
  const mode = (lo >>> 5) & 7;
  return (
    (lo & RESERVED_LOW) !== 0 ||
    mode === 3 ||
    mode === 6 ||
    last !== 0 ||
    source >>> 20 !== 0 ||
    ((source >>> 18) & 3) === 3 ||
    (!vtd.eim && (destination & RESERVED_DESTINATION) !== 0)
  );
}

/** Reserved fields of a posted entry; all of it where posting is not supported, as IM is reserved then (VT-d 9.11). */
function postedReserved(vtd: Vtd, lo: number, address: number, source: number): boolean {
  return (
    !vtd.posting ||
    (lo & 0xff00_30fc) !== 0 ||
    (address & 0x3f) !== 0 ||
    source >>> 20 !== 0 ||
    ((source >>> 18) & 3) === 3
  );
}

/** Which bits of the requester id a source qualifier leaves out: none, 2, 2:1, 2:0 (VT-d 9.10, SQ). */
const QUALIFIER: readonly number[] = [0xffff, 0xfffb, 0xfff9, 0xfff8];

/** Source-id verification (VT-d 5.1.4): SVT 0 none, 1 by id and qualifier, 2 by a range of buses (first in 15:8, last in 7:0). */
function sourceMatches(source: number, requesterId: number): boolean {
  const type = (source >>> 18) & 3;
  if (type === 0) return true;
  if (type === 1) return ((source ^ requesterId) & (QUALIFIER[(source >>> 16) & 3] as number)) === 0;
  const bus = requesterId >>> 8;
  return bus >= ((source >>> 8) & 0xff) && bus <= (source & 0xff);
}

/**
 * Posts an interrupt (VT-d 5.2.3): sets the vector's bit in the descriptor; when no notification is outstanding and it is not suppressed
 * (or the entry is urgent), sets ON and sends the notification vector to the notification destination.
 */
function postInterrupt(
  vtd: Vtd,
  memory: Memory,
  lo: number,
  address: number,
  last: number,
  silent: number,
): PackedInterrupt {
  const descriptor = last * HIGH + ((address & 0xffff_ffc0) >>> 0);
  if (!inRam(memory, descriptor, 64)) return -(REMAP_FAULT.descriptorAccess | silent);
  const control = read32(memory, descriptor + 32);
  const destination = read32(memory, descriptor + 36);
  if ((control & 0xff00_fffc) !== 0 || (!vtd.eim && (destination & RESERVED_DESTINATION) !== 0))
    return -(REMAP_FAULT.descriptorReserved | silent);
  const vector = (lo >>> 16) & 0xff;
  const at = descriptor + (vector >>> 5) * 4;
  write32(memory, at, read32(memory, at) | (1 << (vector & 31)));
  const urgent = (lo & 0x4000) !== 0;
  if ((control & 1) !== 0 || ((control & 2) !== 0 && !urgent)) return POSTED_SILENTLY;
  write32(memory, descriptor + 32, control | 1);
  return packInterrupt(vtd.eim ? destination : (destination >>> 8) & 0xff, 0, 0, 0, (control >>> 16) & 0xff, 0);
}

/**
 * The guest's interrupt that a request through a posted entry becomes; null when the entry is none (VT-d 9.11: IM bit 15, urgent 14,
 * vector 23:16, descriptor address 31:6 and 127:96). Asked after `remapInterrupt` let the request pass.
 */
export function postedEntry(vtd: Vtd, memory: Memory, address: number, data: number): Interrupt | null {
  const entry = vtd.remapTable + remapIndex(address, data) * 16;
  const lo = read32(memory, entry);
  if ((lo & 0x8001) !== 0x8001) return null;
  const descriptor = read32(memory, entry + 12) * HIGH + ((read32(memory, entry + 4) & 0xffff_ffc0) >>> 0);
  return { kind: 'vector', number: (lo >>> 16) & 0xff, target: descriptor / 64 };
}

/** A virtual CPU takes a posted vector out of its descriptor: the vector's bit and ON are clear (VT-d 9.12). */
export function takePosted(memory: Memory, descriptor: number, vector: number): void {
  if (!inRam(memory, descriptor, 64) || vector > 255) return;
  const at = descriptor + (vector >>> 5) * 4;
  write32(memory, at, read32(memory, at) & ~(1 << (vector & 31)));
  write32(memory, descriptor + 32, read32(memory, descriptor + 32) & ~1);
}
