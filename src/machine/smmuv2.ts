/**
 * SMMUv2: stream mapping registers, context banks, translation, fault registers. All of its configuration is in registers, none in memory.
 * In: a stream id and an input address. Out: an output address, or a fault with the bit of the register that tells it.
 * Knows nothing of MSI: to it a doorbell is one more output address.
 * Source: Arm System Memory Management Unit Architecture Specification, version 2.0 (IHI 0062): stream mapping (SMR, S2CR), context bank
 * attributes (CBAR), translation (SCTLR, TTBR, TCR), fault status (sGFSR, FSR). Tables have the AArch64 format (`vmsa.ts`).
 */
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import type { TableFormat } from './vmsa';
import {
  startLevelOf,
  WALK_ACCESS_FLAG,
  WALK_ADDRESS_SIZE,
  WALK_EXTERNAL_ABORT,
  WALK_PERMISSION,
  WALK_TRANSLATION,
  walkTable,
} from './vmsa';

/** Bits of sGFSR, the global fault status. */
export const GLOBAL_FAULT = { invalidContext: 0x1, unidentifiedStream: 0x2, streamConflict: 0x4 } as const;
/** Bits of FSR, the fault status of a context bank. */
export const CONTEXT_FAULT = {
  translation: 0x2,
  access: 0x4,
  permission: 0x8,
  external: 0x10,
  addressSize: 0x80,
} as const;
/** Set in a result that is a global fault. */
export const GLOBAL = 0x1000;
const MULTI = 0x8000_0000;

/** S2CR.TYPE. */
export const STREAM_TYPE = { translate: 0, bypass: 1, fault: 2 } as const;
/** CBAR.TYPE. */
export const CONTEXT_TYPE = { secondStage: 0, firstStage: 1, firstStageFault: 2, nested: 3 } as const;

export interface ContextBank {
  /** CBAR.TYPE; of a nested bank CBAR.CBNDX names the second stage's. */
  type: number;
  secondBank: number;
  /** SCTLR.M: translation on; off, the bank passes addresses as they are. */
  enabled: boolean;
  /** TTBR0, bytes. */
  table: number;
  /** TCR: log2 of the granule, input bits (64 - T0SZ), and the level a second stage starts at. */
  granuleBits: number;
  inputBits: number;
  /** FSR and FAR. */
  faultStatus: number;
  faultAddress: number;
}

export interface Smmuv2 {
  readonly name: string;
  /** IDR2.OAS as bits. */
  outputBits: number;
  /** sCR0.CLIENTPD inverted: false lets everything pass. */
  enabled: boolean;
  /** sCR0.USFCFG: a stream that matches nothing faults instead of passing. */
  unmatchedFaults: boolean;
  /** SMR: valid, id in 15:0, mask in 31:16 (set bits are not compared). */
  readonly matchValid: Uint8Array;
  readonly match: Uint32Array;
  /** S2CR: type in 17:16, context bank in 7:0. */
  readonly stream: Uint32Array;
  readonly banks: readonly ContextBank[];
  /** sGFSR. */
  globalStatus: number;
}

export function createSmmuv2(name: string, streamRegisters: number, contextBanks: number): Smmuv2 {
  return {
    name,
    outputBits: 48,
    enabled: false,
    unmatchedFaults: false,
    matchValid: new Uint8Array(streamRegisters),
    match: new Uint32Array(streamRegisters),
    stream: new Uint32Array(streamRegisters),
    banks: Array.from({ length: contextBanks }, () => ({
      type: CONTEXT_TYPE.firstStage,
      secondBank: 0,
      enabled: false,
      table: 0,
      granuleBits: 12,
      inputBits: 48,
      faultStatus: 0,
      faultAddress: 0,
    })),
    globalStatus: 0,
  };
}

export function cloneSmmuv2(smmu: Smmuv2): Smmuv2 {
  return {
    ...smmu,
    matchValid: smmu.matchValid.slice(),
    match: smmu.match.slice(),
    stream: smmu.stream.slice(),
    banks: smmu.banks.map((bank) => ({ ...bank })),
  };
}

export function hashSmmuv2(smmu: Smmuv2, hash: Hash): void {
  addNumber(hash, (smmu.enabled ? 1 : 0) + (smmu.unmatchedFaults ? 2 : 0) + smmu.globalStatus * 4);
  for (let i = 0; i < smmu.match.length; i++) {
    if (smmu.matchValid[i] !== 1) continue;
    addNumber(hash, smmu.match[i] as number);
    addNumber(hash, (smmu.stream[i] as number) * 256 + i);
  }
  for (const bank of smmu.banks) {
    if (!bank.enabled && bank.faultStatus === 0) continue;
    addNumber(hash, bank.table + bank.type);
    addNumber(hash, bank.faultStatus * 64 + bank.inputBits);
    addNumber(hash, bank.faultAddress);
  }
}

/**
 * Translates one access of a stream. `streamId` 16 bits are compared (extended stream matching), `address` bytes. Gives the output address, or negated the fault
 * bit: of FSR, or of sGFSR with `GLOBAL` set. The fault registers take it down.
 */
export function translateSmmuv2(
  smmu: Smmuv2,
  memory: Memory,
  streamId: number,
  address: number,
  write: boolean,
): number {
  if (!smmu.enabled) return address;
  let found = -1;
  for (let i = 0; i < smmu.match.length; i++) {
    if (smmu.matchValid[i] !== 1) continue;
    const register = smmu.match[i] as number;
    if (((streamId ^ register) & ~(register >>> 16) & 0xffff) !== 0) continue;
    if (found >= 0) return globalFault(smmu, GLOBAL_FAULT.streamConflict);
    found = i;
  }
  if (found < 0) return smmu.unmatchedFaults ? globalFault(smmu, GLOBAL_FAULT.unidentifiedStream) : address;
  const register = smmu.stream[found] as number;
  const type = (register >>> 16) & 3;
  if (type === STREAM_TYPE.bypass) return address;
  const bank = smmu.banks[register & 0xff];
  if (type !== STREAM_TYPE.translate || bank === undefined) return globalFault(smmu, GLOBAL_FAULT.invalidContext);
  return throughBank(smmu, memory, bank, address, write);
}

function globalFault(smmu: Smmuv2, bit: number): number {
  smmu.globalStatus = (smmu.globalStatus | bit | (smmu.globalStatus !== 0 ? MULTI : 0)) >>> 0;
  return -(GLOBAL | bit);
}

function throughBank(smmu: Smmuv2, memory: Memory, bank: ContextBank, address: number, write: boolean): number {
  if (bank.type === CONTEXT_TYPE.firstStageFault) {
    const result = bank.enabled ? walk(smmu, memory, bank, address, write, null) : address;
    return result < 0 ? contextFault(bank, result, address) : globalFault(smmu, GLOBAL_FAULT.invalidContext);
  }
  const second = bank.type === CONTEXT_TYPE.nested ? smmu.banks[bank.secondBank] : undefined;
  if (bank.type === CONTEXT_TYPE.nested && (second === undefined || second.type !== CONTEXT_TYPE.secondStage))
    return globalFault(smmu, GLOBAL_FAULT.invalidContext);
  const middle = bank.enabled ? walk(smmu, memory, bank, address, write, second ?? null) : address;
  if (middle < 0) return contextFault(bank, middle, address);
  if (second === undefined || !second.enabled) return middle;
  const result = walk(smmu, memory, second, middle, write, null);
  return result < 0 ? contextFault(second, result, middle) : result;
}

function walk(
  smmu: Smmuv2,
  memory: Memory,
  bank: ContextBank,
  address: number,
  write: boolean,
  second: ContextBank | null,
): number {
  const format: TableFormat = {
    granuleBits: bank.granuleBits,
    inputBits: bank.inputBits,
    startLevel: startLevelOf(bank.granuleBits, bank.inputBits),
    outputBits: smmu.outputBits,
    stage: bank.type === CONTEXT_TYPE.secondStage ? 2 : 1,
    accessFlag: true,
    flatPermissions: false,
  };
  const nested = second?.enabled === true ? (at: number) => walk(smmu, memory, second, at, false, null) : null;
  return walkTable(memory, bank.table, format, address, write, nested);
}

function contextFault(bank: ContextBank, code: number, address: number): number {
  const bit =
    code === WALK_TRANSLATION
      ? CONTEXT_FAULT.translation
      : code === WALK_ACCESS_FLAG
        ? CONTEXT_FAULT.access
        : code === WALK_PERMISSION
          ? CONTEXT_FAULT.permission
          : code === WALK_ADDRESS_SIZE
            ? CONTEXT_FAULT.addressSize
            : code === WALK_EXTERNAL_ABORT
              ? CONTEXT_FAULT.external
              : CONTEXT_FAULT.external;
  if (bank.faultStatus === 0) bank.faultAddress = address;
  bank.faultStatus = (bank.faultStatus | bit | (bank.faultStatus !== 0 ? MULTI : 0)) >>> 0;
  return -bit;
}

const GLOBAL_TEXT: Readonly<Record<number, string>> = {
  1: 'sGFSR.ICF: the stream leads to an invalid context',
  2: 'sGFSR.USF: the stream matches no stream mapping register',
  4: 'sGFSR.SMCF: the stream matches several stream mapping registers',
};
const CONTEXT_TEXT: Readonly<Record<number, string>> = {
  2: 'FSR.TF: nothing is mapped at this IOVA',
  4: 'FSR.AFF: the access flag is clear',
  8: 'FSR.PF: the mapping does not allow the write',
  16: 'FSR.EF: a translation table cannot be read',
  128: 'FSR.ASF: an address is wider than the unit allows',
};

/** Meaning of a negated result of `translateSmmuv2`. */
export function smmuv2FaultText(code: number): string {
  return ((code & GLOBAL) !== 0 ? GLOBAL_TEXT : CONTEXT_TEXT)[code & 0xfff] ?? `fault 0x${code.toString(16)}`;
}
