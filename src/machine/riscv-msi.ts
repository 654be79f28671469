/**
 * RISC-V IOMMU: MSI page tables, the redirection of writes to interrupt files, in front of the second stage.
 * In: a device context, a guest page number, the kind of access. Out: the interrupt file's page, a memory-resident file, an ordinary second-stage
 * address, or a fault cause.
 * Source: RISC-V IOMMU Architecture Specification 1.0: 2.1.3 (device context), 3.1 (process), 3.1.3.6 (MSI address translation), 4.2 (causes);
 * RISC-V Advanced Interrupt Architecture 1.0, chapter 9 (MSI page tables, memory-resident interrupt files).
 *
 * Guest addresses reach 59 bits, so pages go by number (address / 4096, exact below 2^52) and the offset stays with the caller.
 */

import type { Word } from './word';
import { HIGH } from './word';

export const RISCV_FAULT = {
  executeAccess: 1,
  guestExecute: 20,
  guestRead: 21,
  guestWrite: 23,
  contextInvalid: 258,
  contextMisconfigured: 259,
  msiAccess: 261,
  msiInvalid: 262,
  msiMisconfigured: 263,
  msiCorrupted: 270,
} as const;

export type RiscvAccess = 'read' | 'write' | 'exec';
export type SecondStageMode = 'bare' | 'sv39x4' | 'sv48x4' | 'sv57x4';

/** Bits of a guest physical address of each mode; 0 for bare. */
export const GUEST_BITS: Readonly<Record<SecondStageMode, number>> = { bare: 0, sv39x4: 41, sv48x4: 50, sv57x4: 59 };

export interface RiscvCapabilities {
  /** The widest second-stage mode. */
  readonly widest: SecondStageMode;
  /** Memory-resident interrupt files. */
  readonly mrif: boolean;
  /** Bits of a physical address. */
  readonly physicalBits: number;
}

export interface RiscvContext {
  readonly deviceId: number;
  readonly valid: boolean;
  readonly secondStage: SecondStageMode;
  /** msiptp.MODE: 0 off, 1 flat. */
  readonly msiMode: number;
  /** msiptp.PPN. */
  readonly msiTable: number;
  /** msi_addr_mask and msi_addr_pattern: page numbers below 2^52; larger ones are reserved (and need not be exact). */
  readonly mask: number;
  readonly pattern: number;
}

/** A leaf of the second stage. */
export interface GuestMapping {
  readonly page: number;
  /** Letters of R W X U A D. */
  readonly permissions: string;
}

/** What the unit reads: the 16-byte entry at page * 4096 + index * 16, and second-stage leaves. */
export interface RiscvMemory {
  readonly msiEntry: (
    table: number,
    index: number,
  ) => { readonly lo: Word; readonly hi: Word } | 'access-fault' | 'corrupted';
  readonly guestPage: (page: number) => GuestMapping | null;
}

export type RiscvResult =
  | { readonly kind: 'msi'; readonly page: number }
  /** `address` in bytes is file * 512; the notice goes to `noticePage` with `noticeId` as data. */
  | { readonly kind: 'mrif'; readonly file: number; readonly noticePage: number; readonly noticeId: number }
  | { readonly kind: 'second-stage'; readonly page: number }
  | { readonly kind: 'fault'; readonly cause: number; readonly guestFault: boolean };

/** One untranslated request of a device, first stage off. `page`: guest page number. */
export function translateRiscv(
  capabilities: RiscvCapabilities,
  context: RiscvContext,
  memory: RiscvMemory,
  deviceId: number,
  page: number,
  access: RiscvAccess,
): RiscvResult {
  if (!context.valid || context.deviceId !== deviceId) return fault(RISCV_FAULT.contextInvalid);
  if (misconfigured(capabilities, context)) return fault(RISCV_FAULT.contextMisconfigured);
  const isMsi =
    context.msiMode === 1 &&
    page < 2 ** (GUEST_BITS[capabilities.widest] - 12) &&
    matches(page, context.pattern, context.mask);
  return isMsi
    ? redirect(capabilities, context, memory, page, access)
    : throughSecondStage(context, memory, page, access);
}

function fault(cause: number, guestFault = false): RiscvResult {
  return { kind: 'fault', cause, guestFault };
}

/** 2.1.4: reserved bits 63:52 of mask or pattern, a reserved MSI mode, a second-stage mode the unit has not, MSI translation without second stage. */
function misconfigured(capabilities: RiscvCapabilities, context: RiscvContext): boolean {
  if (GUEST_BITS[context.secondStage] > GUEST_BITS[capabilities.widest] || context.msiMode > 1) return true;
  if (context.mask >= PAGE_LIMIT || context.pattern >= PAGE_LIMIT) return true;
  return context.secondStage === 'bare' && context.msiMode !== 0;
}

/** Page numbers have 52 bits. */
const PAGE_LIMIT = 2 ** 52;

/** Does the page agree with the pattern in all bits that the mask leaves? */
function matches(page: number, pattern: number, mask: number): boolean {
  const low = (page ^ pattern) & ~mask;
  const high = (Math.floor(page / HIGH) ^ Math.floor(pattern / HIGH)) & ~Math.floor(mask / HIGH);
  return low === 0 && high === 0;
}

/** The interrupt file number: the page's bits under the mask, packed towards bit 0. */
export function interruptFile(page: number, mask: number): number {
  let file = 0;
  let weight = 1;
  for (let bit = 0; bit < 52; bit++) {
    const place = 2 ** bit;
    if (Math.floor(mask / place) % 2 === 0) continue;
    if (Math.floor(page / place) % 2 === 1) file += weight;
    weight *= 2;
  }
  return file;
}

/** Reserved bits of an entry (AIA 9.5): first doubleword 62:54 and 9:3 in basic mode, 6:3 for a resident file; its second doubleword 63:61 and 59:54. */
const RESERVED_HIGH = 0x7fc0_0000;
const CUSTOM = 0x8000_0000;

function redirect(
  capabilities: RiscvCapabilities,
  context: RiscvContext,
  memory: RiscvMemory,
  page: number,
  access: RiscvAccess,
): RiscvResult {
  const file = interruptFile(page, context.mask);
  const address = context.msiTable + Math.floor((file * 16) / 4096);
  if (address >= 2 ** (capabilities.physicalBits - 12)) return fault(RISCV_FAULT.msiAccess);
  const entry = memory.msiEntry(context.msiTable, file);
  if (entry === 'access-fault') return fault(RISCV_FAULT.msiAccess);
  if (entry === 'corrupted') return fault(RISCV_FAULT.msiCorrupted);
  const { lo, hi } = entry;
  if ((lo.lo & 1) === 0) return fault(RISCV_FAULT.msiInvalid);
  const mode = (lo.lo >>> 1) & 3;
  if ((lo.hi & CUSTOM) !== 0 || (lo.hi & RESERVED_HIGH) !== 0 || mode === 0 || mode === 2)
    return fault(RISCV_FAULT.msiMisconfigured);
  if (mode === 3) {
    if ((lo.lo & 0x3f8) !== 0) return fault(RISCV_FAULT.msiMisconfigured);
    return access === 'exec' ? fault(RISCV_FAULT.executeAccess) : { kind: 'msi', page: pageField(lo) };
  }
  if (!capabilities.mrif || (lo.lo & 0x78) !== 0 || (hi.hi & 0xefc0_0000) !== 0)
    return fault(RISCV_FAULT.msiMisconfigured);
  if (access === 'exec') return fault(RISCV_FAULT.executeAccess);
  return {
    kind: 'mrif',
    file: (lo.hi & 0x3f_ffff) * 2 ** 25 + (lo.lo >>> 7),
    noticePage: pageField(hi),
    noticeId: (hi.lo & 0x3ff) + ((hi.hi & 0x1000_0000) !== 0 ? 0x400 : 0),
  };
}

/** PPN in bits 53:10. */
function pageField(word: Word): number {
  return (word.hi & 0x3f_ffff) * 2 ** 22 + (word.lo >>> 10);
}

const GUEST_FAULT: Readonly<Record<RiscvAccess, number>> = {
  read: RISCV_FAULT.guestRead,
  write: RISCV_FAULT.guestWrite,
  exec: RISCV_FAULT.guestExecute,
};
const NEEDED: Readonly<Record<RiscvAccess, string>> = { read: 'RUA', write: 'WUAD', exec: 'XUA' };

/** The ordinary second stage: every needed permission and status bit is set, as the unit updates none itself. */
function throughSecondStage(
  context: RiscvContext,
  memory: RiscvMemory,
  page: number,
  access: RiscvAccess,
): RiscvResult {
  if (context.secondStage === 'bare') return { kind: 'second-stage', page };
  const mapping = page < 2 ** (GUEST_BITS[context.secondStage] - 12) ? memory.guestPage(page) : null;
  const allowed = mapping !== null && [...NEEDED[access]].every((letter) => mapping.permissions.includes(letter));
  return mapping !== null && allowed ? { kind: 'second-stage', page: mapping.page } : fault(GUEST_FAULT[access], true);
}
