/**
 * RISC-V IOMMU: the unit as a whole: device directory, device contexts, second-stage tables, fault queue, all in memory. What becomes of a
 * guest page is decided in `riscv-msi.ts`.
 * In: a device id and an address. Out: a physical address, a memory-resident interrupt file, or a fault cause.
 * Source: RISC-V IOMMU Architecture Specification 1.0: chapter 2 (device directory table: three levels, 64-byte contexts; ddtp),
 * chapter 3 (faults); second-stage entries as in the RISC-V privileged architecture (Sv39x4, Sv48x4, Sv57x4).
 */
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32, write32 } from './memory';
import type { GuestMapping, RiscvCapabilities, RiscvContext, RiscvMemory, SecondStageMode } from './riscv-msi';
import { translateRiscv } from './riscv-msi';
import { HIGH, powerOfTwo } from './word';

/** Causes beside those of `riscv-msi.ts`. */
export const RISCV_CAUSE = {
  directoryAccess: 257,
  contextInvalid: 258,
  contextMisconfigured: 259,
  mrifAccess: 264,
} as const;

export interface RiscvFault {
  readonly cause: number;
  readonly deviceId: number;
  readonly address: number;
}

export interface RiscvUnit {
  readonly name: string;
  /** ddtp: off (false) lets nothing pass; the root of a three-level directory, bytes. */
  enabled: boolean;
  directory: number;
  readonly capabilities: RiscvCapabilities;
  /** The fault queue, up to its size. */
  faults: RiscvFault[];
}

const FAULT_QUEUE = 128;

export function createRiscvUnit(name: string): RiscvUnit {
  return {
    name,
    enabled: false,
    directory: 0,
    capabilities: { widest: 'sv57x4', mrif: true, physicalBits: 56 },
    faults: [],
  };
}

export function cloneRiscvUnit(unit: RiscvUnit): RiscvUnit {
  return { ...unit, faults: unit.faults.slice() };
}

export function hashRiscvUnit(unit: RiscvUnit, hash: Hash): void {
  addNumber(hash, unit.directory + (unit.enabled ? 1 : 0));
  for (const fault of unit.faults) addNumber(hash, fault.cause * 0x1_0000 + fault.deviceId + fault.address * 4);
}

export function recordRiscvFault(unit: RiscvUnit, fault: RiscvFault): void {
  if (unit.faults.length < FAULT_QUEUE) unit.faults.push(fault);
}

/** PPN in 53:10 of a directory or second-stage entry, as an address in bytes (the top four bits beyond 2^52 are not kept). */
function entryAddress(lo: number, hi: number): number {
  return ((hi & 0x3f_ffff) * 2 ** 22 + (lo >>> 10)) * 4096;
}

/** Address of the 64-byte context of a device id (24 bits: 9, 9, 6), or a negated cause. */
export function contextAt(unit: RiscvUnit, memory: Memory, deviceId: number): number {
  let table = unit.directory;
  for (const index of [(deviceId >>> 15) & 0x1ff, (deviceId >>> 6) & 0x1ff]) {
    const at = table + index * 8;
    if (!inRam(memory, at, 8)) return -RISCV_CAUSE.directoryAccess;
    const lo = read32(memory, at);
    if ((lo & 1) === 0) return -RISCV_CAUSE.contextInvalid;
    if ((lo & 0x3fe) !== 0) return -RISCV_CAUSE.contextMisconfigured;
    table = entryAddress(lo, read32(memory, at + 4));
  }
  const at = table + (deviceId & 0x3f) * 64;
  return inRam(memory, at, 64) ? at : -RISCV_CAUSE.directoryAccess;
}

const MODES: Readonly<Record<number, SecondStageMode>> = { 0: 'bare', 8: 'sv39x4', 9: 'sv48x4', 10: 'sv57x4' };
const LEVELS: Readonly<Record<SecondStageMode, number>> = { bare: 0, sv39x4: 3, sv48x4: 4, sv57x4: 5 };

export type RiscvOutcome =
  | { readonly kind: 'pass'; readonly physical: number }
  | { readonly kind: 'mrif'; readonly file: number; readonly notice: number; readonly noticeId: number }
  | { readonly kind: 'fault'; readonly cause: number };

/** Translates one access of a device without first stage. */
export function translateRiscvUnit(
  unit: RiscvUnit,
  memory: Memory,
  deviceId: number,
  address: number,
  write: boolean,
): RiscvOutcome {
  if (!unit.enabled) return { kind: 'fault', cause: 256 };
  const at = contextAt(unit, memory, deviceId);
  if (at < 0) return { kind: 'fault', cause: -at };
  const lo = read32(memory, at);
  if ((lo & 1) === 0) return { kind: 'fault', cause: RISCV_CAUSE.contextInvalid };
  const stageHigh = read32(memory, at + 12);
  const secondStage = MODES[stageHigh >>> 28];
  // A first stage (fsc) is not modelled: a context that asks for one counts as misconfigured.
  if (secondStage === undefined || read32(memory, at + 28) !== 0)
    return { kind: 'fault', cause: RISCV_CAUSE.contextMisconfigured };
  const root = ((stageHigh & 0xfff) * HIGH + read32(memory, at + 8)) * 4096;
  const msiHigh = read32(memory, at + 36);
  const context: RiscvContext = {
    deviceId,
    valid: true,
    secondStage,
    msiMode: msiHigh >>> 28,
    msiTable: (msiHigh & 0xfff) * HIGH + read32(memory, at + 32),
    mask: pageNumber(memory, at + 40),
    pattern: pageNumber(memory, at + 48),
  };
  const access = write ? 'write' : 'read';
  const reads = readsOf(memory, root, secondStage);
  const result = translateRiscv(unit.capabilities, context, reads, deviceId, Math.floor(address / 4096), access);
  if (result.kind === 'fault') return { kind: 'fault', cause: result.cause };
  if (result.kind === 'mrif')
    return {
      kind: 'mrif',
      file: result.file * 512,
      notice: result.noticePage * 4096,
      noticeId: result.noticeId,
    };
  const physical = result.page * 4096 + (address % 4096);
  return physical <= Number.MAX_SAFE_INTEGER
    ? { kind: 'pass', physical }
    : { kind: 'fault', cause: RISCV_CAUSE.contextMisconfigured };
}

/** A whole doubleword; those of 2^52 and more are reserved and need not be exact. */
function pageNumber(memory: Memory, at: number): number {
  return read32(memory, at + 4) * HIGH + read32(memory, at);
}

function readsOf(memory: Memory, root: number, mode: SecondStageMode): RiscvMemory {
  return {
    msiEntry: (table, index) => {
      const at = table * 4096 + index * 16;
      if (!inRam(memory, at, 16)) return 'access-fault';
      return {
        lo: { lo: read32(memory, at), hi: read32(memory, at + 4) },
        hi: { lo: read32(memory, at + 8), hi: read32(memory, at + 12) },
      };
    },
    guestPage: (page) => guestPage(memory, root, LEVELS[mode], page),
  };
}

/** Second-stage walk: 9 bits a level, two more at the root; V 0, R 1, W 2, X 3, U 4, A 6, D 7. */
function guestPage(memory: Memory, root: number, levels: number, page: number): GuestMapping | null {
  let table = root;
  for (let level = levels - 1; level >= 0; level--) {
    const size = powerOfTwo(9 * level);
    const at = table + (Math.floor(page / size) % (level === levels - 1 ? 2048 : 512)) * 8;
    if (!inRam(memory, at, 8)) return null;
    const lo = read32(memory, at);
    const hi = read32(memory, at + 4);
    if ((lo & 1) === 0 || hi >>> 22 !== 0) return null;
    const frame = entryAddress(lo, hi);
    if ((lo & 0xe) === 0) {
      table = frame;
      continue;
    }
    const first = frame / 4096;
    if (first % size !== 0 || (lo & 6) === 4) return null;
    let permissions = '';
    for (const [letter, bit] of BITS) if ((lo & bit) !== 0) permissions += letter;
    return { page: first + (page % size), permissions };
  }
  return null;
}

const BITS: readonly (readonly [string, number])[] = [
  ['R', 2],
  ['W', 4],
  ['X', 8],
  ['U', 16],
  ['A', 64],
  ['D', 128],
];

/**
 * Stores an identity (11 bits) in a memory-resident interrupt file: pending bits in even doublewords, enable bits in odd ones. True when the
 * identity is enabled there, so that a notice goes out; null when the file is no DRAM.
 */
export function storeInFile(memory: Memory, file: number, identity: number): boolean | null {
  const at = file + (identity >>> 6) * 16 + ((identity >>> 5) & 1) * 4;
  if (!inRam(memory, file, 512)) return null;
  const bit = 1 << (identity & 31);
  write32(memory, at, read32(memory, at) | bit);
  return (read32(memory, at + 8) & bit) !== 0;
}

const TEXT: Readonly<Record<number, string>> = {
  1: 'an interrupt file cannot be executed',
  20: 'nothing executable is mapped at this guest address',
  21: 'nothing readable is mapped at this guest address',
  23: 'nothing writable is mapped at this guest address',
  256: 'the IOMMU is off and lets nothing pass',
  257: 'the device directory cannot be read',
  258: 'the device has no valid context',
  259: 'the device context is misconfigured',
  261: 'the MSI page table cannot be read',
  262: 'the MSI page table entry is not valid',
  263: 'the MSI page table entry is misconfigured',
  264: 'the memory-resident interrupt file cannot be reached',
  270: 'the MSI page table entry is corrupted',
};

export function riscvFaultText(cause: number): string {
  return TEXT[cause] ?? `cause ${cause}`;
}
