/**
 * SMMUv3: registers, stream table, context descriptors, translation, event records.
 * In: a stream id and an input address. Out: an output address, a silent abort, or an event.
 * Knows nothing of MSI: to it a doorbell is one more output address.
 * Source: Arm System Memory Management Unit Architecture, version 3 (IHI 0070): 3.3 (stream table), 3.4 (address sizes),
 * 3.5 (event queue), 5.2 (STE), 5.4 (CD), 6.3 (registers), 7.3 (event records).
 */

import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32, write32 } from './memory';
import type { TableFormat } from './vmsa';
import { startLevelOf, WALK_EXTERNAL_ABORT, walkTable } from './vmsa';
import { addressField, highHalf, lowHalf, powerOfTwo } from './word';

/** Event numbers (IHI 0070 7.3). */
export const SMMU_EVENT = {
  badStreamId: 0x02,
  steFetch: 0x03,
  badSte: 0x04,
  streamDisabled: 0x06,
  cdFetch: 0x09,
  badCd: 0x0a,
  walkExternalAbort: 0x0b,
  translation: 0x10,
  addressSize: 0x11,
  accessFlag: 0x12,
  permission: 0x13,
} as const;

/** Set in a negated result when the event is not recorded. */
const UNRECORDED = 0x100;
/** A silent abort: no event. */
const ABORT = -0x1000;

export interface Smmuv3 {
  readonly name: string;
  /** Bits of an output address (IDR5.OAS): 32, 36, 40, 42, 44, 48 or 52. */
  outputBits: number;
  /** IDR0.S1P, IDR0.S2P. */
  stage1: boolean;
  stage2: boolean;
  /** IDR5: granules as a set of bits, 1 = 4K, 2 = 16K, 4 = 64K. */
  granules: number;
  /** CR0.SMMUEN. */
  enabled: boolean;
  /** GBPA.ABORT: what happens to transactions while disabled. */
  bypassAbort: boolean;
  /** CR2.RECINVSID: C_BAD_STREAMID is recorded. */
  recordBadStream: boolean;
  /** STRTAB_BASE.ADDR, bytes. */
  streamBase: number;
  /** STRTAB_BASE_CFG.LOG2SIZE. */
  streamLog2: number;
  /** STRTAB_BASE_CFG.SPLIT (6, 8, 10) of a two-level table; 0 for a linear one. */
  streamSplit: number;
  /** EVENTQ_BASE.ADDR, bytes, and log2 of its entries. */
  eventBase: number;
  eventLog2: number;
  /** CR0.EVENTQEN. */
  eventsEnabled: boolean;
  /** EVENTQ_PROD.WR and EVENTQ_CONS.RD with their wrap bit; OVFLG toggles when an event is lost. */
  eventProducer: number;
  eventConsumer: number;
  eventOverflow: boolean;
}

export function createSmmuv3(name: string, outputBits: number): Smmuv3 {
  return {
    name,
    outputBits,
    stage1: true,
    stage2: true,
    granules: 7,
    enabled: false,
    bypassAbort: false,
    recordBadStream: false,
    streamBase: 0,
    streamLog2: 0,
    streamSplit: 0,
    eventBase: 0,
    eventLog2: 0,
    eventsEnabled: false,
    eventProducer: 0,
    eventConsumer: 0,
    eventOverflow: false,
  };
}

export function cloneSmmuv3(smmu: Smmuv3): Smmuv3 {
  return { ...smmu };
}

export function hashSmmuv3(smmu: Smmuv3, hash: Hash): void {
  addNumber(
    hash,
    (smmu.enabled ? 1 : 0) +
      (smmu.bypassAbort ? 2 : 0) +
      (smmu.recordBadStream ? 4 : 0) +
      (smmu.eventsEnabled ? 8 : 0) +
      (smmu.eventOverflow ? 16 : 0),
  );
  addNumber(hash, smmu.streamBase);
  addNumber(hash, smmu.streamLog2 * 16 + smmu.streamSplit);
  addNumber(hash, smmu.eventBase + smmu.eventLog2);
  addNumber(hash, smmu.eventProducer);
  addNumber(hash, smmu.eventConsumer);
}

/** What became of one transaction. */
export type SmmuResult =
  | { readonly kind: 'pass'; readonly physical: number }
  | { readonly kind: 'abort'; readonly why: string }
  | { readonly kind: 'event'; readonly type: number; readonly recorded: boolean };

/** Unpacks what `translateStream` returned. */
export function smmuResult(code: number): SmmuResult {
  if (code >= 0) return { kind: 'pass', physical: code };
  if (code === ABORT) return { kind: 'abort', why: 'the stream is set to abort' };
  const event = -code;
  return { kind: 'event', type: event & 0xff, recorded: (event & UNRECORDED) === 0 };
}

/**
 * Translates one access of a stream, without substream id. `sid` 0 … 2^32-1, `address` bytes.
 * Gives the output address, or a negative code for `smmuResult`. Nothing is allocated and nothing is recorded.
 * A bypassed address passes whatever its size: the recorded unit lets addresses beyond OAS out, and the interconnect decides.
 */
export function translateStream(smmu: Smmuv3, memory: Memory, sid: number, address: number, write: boolean): number {
  if (!smmu.enabled) return smmu.bypassAbort ? ABORT : address;
  const ste = streamEntry(smmu, memory, sid);
  if (ste < 0) return ste;
  const lo = read32(memory, ste);
  if ((lo & 1) === 0) return -SMMU_EVENT.badSte;
  const config = (lo >>> 1) & 7;
  if (config < 4) return ABORT;
  if (config === 4) return address;
  if (((config & 1) !== 0 && !smmu.stage1) || ((config & 2) !== 0 && !smmu.stage2)) return -SMMU_EVENT.badSte;
  const second = (config & 2) !== 0 ? secondStage(smmu, memory, ste) : null;
  if (second !== null && second.format === null) return -SMMU_EVENT.badSte;
  if ((config & 1) === 0) return second === null ? ABORT : throughSecond(memory, second, address, write);
  return firstStage(smmu, memory, ste, address, write, second);
}

/** Address of the STE of a stream, or a negative code (IHI 0070 3.3.1, 3.3.2). */
function streamEntry(smmu: Smmuv3, memory: Memory, sid: number): number {
  if (sid >= powerOfTwo(smmu.streamLog2)) return -(SMMU_EVENT.badStreamId | (smmu.recordBadStream ? 0 : UNRECORDED));
  let ste = smmu.streamBase + sid * 64;
  if (smmu.streamSplit > 0) {
    const first = smmu.streamBase + Math.floor(sid / powerOfTwo(smmu.streamSplit)) * 8;
    if (!inRam(memory, first, 8)) return -SMMU_EVENT.steFetch;
    const lo = read32(memory, first);
    const span = lo & 0x1f;
    const index = sid % powerOfTwo(smmu.streamSplit);
    if (span === 0 || span > smmu.streamSplit + 1 || index >= powerOfTwo(span - 1))
      return -(SMMU_EVENT.badStreamId | (smmu.recordBadStream ? 0 : UNRECORDED));
    ste = addressField(lo, read32(memory, first + 4), 6) + index * 64;
  }
  return inRam(memory, ste, 64) ? ste : -SMMU_EVENT.steFetch;
}

/** Granule bits of a TG0 or S2TG field; 0 when reserved or not implemented (IHI 0070 5.4). */
function granuleOf(smmu: Smmuv3, field: number): number {
  if (field === 0) return (smmu.granules & 1) !== 0 ? 12 : 0;
  if (field === 1) return (smmu.granules & 4) !== 0 ? 16 : 0;
  if (field === 2) return (smmu.granules & 2) !== 0 ? 14 : 0;
  return 0;
}

const OUTPUT_SIZES: readonly number[] = [32, 36, 40, 42, 44, 48, 52, 52];

/** Bits of an IPS or S2PS field, not above what the unit has (IHI 0070 5.4, CD.IPS). */
function outputBitsOf(smmu: Smmuv3, field: number): number {
  return Math.min(OUTPUT_SIZES[field] as number, smmu.outputBits);
}

/** Stage 1 through the context descriptor, then through stage 2 when there is one. */
function firstStage(
  smmu: Smmuv3,
  memory: Memory,
  ste: number,
  address: number,
  write: boolean,
  second: SecondStage | null,
): number {
  let at = addressField(read32(memory, ste), read32(memory, ste + 4), 6);
  const contexts = read32(memory, ste + 4) >>> 27;
  if (contexts > 0) {
    // Several contexts, and the transaction names none: STE.S1DSS decides (IHI 0070 5.2).
    const choice = read32(memory, ste + 8) & 3;
    if (choice === 0) return -SMMU_EVENT.streamDisabled;
    if (choice === 1) return second === null ? address : throughSecond(memory, second, address, write);
    if (choice === 3) return -SMMU_EVENT.badSte;
    const format = (read32(memory, ste) >>> 4) & 3;
    if (format === 3) return -SMMU_EVENT.badSte;
    if (format !== 0) {
      const leaf = second === null ? at : throughSecond(memory, second, at, false);
      if (leaf < 0) return leaf;
      if (!inRam(memory, leaf, 8)) return -SMMU_EVENT.cdFetch;
      const lo = read32(memory, leaf);
      if ((lo & 1) === 0) return -SMMU_EVENT.badCd;
      at = addressField(lo, read32(memory, leaf + 4), 12);
    }
  }
  const cd = second === null ? at : throughSecond(memory, second, at, false);
  if (cd < 0) return cd;
  if (!inRam(memory, cd, 64)) return -SMMU_EVENT.cdFetch;
  const lo = read32(memory, cd);
  const hi = read32(memory, cd + 4);
  // V, AA64; S and HA/HD ask for stalls and hardware updates, which this unit has not; A = 0 asks for RAZ/WI, which its
  // termination model (IDR0.TERM_MODEL = 1: always abort) has not (IHI 0070 5.4, 5.5).
  if (lo >>> 31 === 0 || (hi & 0x200) === 0 || (hi & 0x1000) !== 0 || (hi & 0xc00) !== 0 || (hi & 0x4000) === 0)
    return -SMMU_EVENT.badCd;
  const unrecorded = (hi & 0x2000) === 0 ? UNRECORDED : 0;
  if ((lo & 0x4000) !== 0) return -(SMMU_EVENT.translation | unrecorded);
  const granuleBits = granuleOf(smmu, (lo >>> 6) & 3);
  const inputSize = lo & 0x3f;
  if (granuleBits === 0 || inputSize < 16 || inputSize > 39) return -SMMU_EVENT.badCd;
  const inputBits = 64 - inputSize;
  const base = addressField(read32(memory, cd + 8), read32(memory, cd + 12), 4);
  const outputBits = outputBitsOf(smmu, hi & 7);
  const format: TableFormat = {
    granuleBits,
    inputBits,
    startLevel: startLevelOf(granuleBits, inputBits),
    outputBits,
    stage: 1,
    accessFlag: (hi & 8) === 0,
    flatPermissions: (read32(memory, cd + 8) & 2) !== 0,
  };
  const result = walkTable(
    memory,
    base,
    format,
    address,
    write,
    second === null ? null : (table) => throughSecond(memory, second, table, false),
  );
  if (result >= 0) return second === null ? result : throughSecond(memory, second, result, write);
  return result === WALK_EXTERNAL_ABORT || result <= -UNRECORDED ? result : -(-result | unrecorded);
}

interface SecondStage {
  readonly base: number;
  /** Null when the STE's fields contradict each other. */
  readonly format: TableFormat | null;
  /** STE.S2R: faults are recorded. */
  readonly recorded: boolean;
}

/** Stage 2 configuration of an STE: words 2 and 3 (IHI 0070 5.2). */
function secondStage(smmu: Smmuv3, memory: Memory, ste: number): SecondStage {
  const hi = read32(memory, ste + 20);
  const granuleBits = granuleOf(smmu, (hi >>> 14) & 3);
  const inputSize = hi & 0x3f;
  const base = addressField(read32(memory, ste + 24), read32(memory, ste + 28), 4);
  const recorded = (hi & 0x0400_0000) !== 0;
  const aarch64 = (hi & 0x0008_0000) !== 0;
  const stall = (hi & 0x0200_0000) !== 0;
  const hardwareUpdate = (hi & 0x0180_0000) !== 0;
  if (granuleBits === 0 || !aarch64 || stall || hardwareUpdate || inputSize < 16 || inputSize > 39)
    return { base, format: null, recorded };
  const inputBits = 64 - inputSize;
  // S2SL0 names the start level, counted up from 2 (4K) or 3 (16K, 64K); at most 16 tables stand side by side (Arm ARM D8.2).
  const startLevel = (granuleBits === 12 ? 2 : 3) - ((hi >>> 6) & 3);
  if (startLevel < 0) return { base, format: null, recorded };
  const indexBits = inputBits - (granuleBits + (3 - startLevel) * (granuleBits - 3));
  if (indexBits < 1 || indexBits > granuleBits - 3 + 4) return { base, format: null, recorded };
  const format: TableFormat = {
    granuleBits,
    inputBits,
    startLevel,
    outputBits: outputBitsOf(smmu, (hi >>> 16) & 7),
    stage: 2,
    accessFlag: (hi & 0x0020_0000) === 0,
    flatPermissions: true,
  };
  return { base, format, recorded };
}

/** An address through stage 2: output address or a negative code, with the record bit of S2R. */
function throughSecond(memory: Memory, second: SecondStage, address: number, write: boolean): number {
  if (second.format === null) return -SMMU_EVENT.badSte;
  const result = walkTable(memory, second.base, second.format, address, write, null);
  if (result >= 0 || result === WALK_EXTERNAL_ABORT || second.recorded) return result;
  return -(-result | UNRECORDED);
}

/**
 * Writes a 32-byte event record to the event queue (IHI 0070 7.2, 7.3): type, stream id, RnW, input address.
 * A full queue loses the event and notes the overflow; without a queue nothing is written.
 */
export function recordEvent(
  smmu: Smmuv3,
  memory: Memory,
  type: number,
  sid: number,
  address: number,
  write: boolean,
): void {
  if (!smmu.eventsEnabled) return;
  const size = powerOfTwo(smmu.eventLog2);
  if ((smmu.eventProducer ^ smmu.eventConsumer) === size) {
    smmu.eventOverflow = true;
    return;
  }
  const at = smmu.eventBase + (smmu.eventProducer % size) * 32;
  if (inRam(memory, at, 32)) {
    const configuration = type < SMMU_EVENT.walkExternalAbort;
    const words = [
      type,
      sid,
      0,
      write ? 0 : 8,
      configuration ? 0 : lowHalf(address),
      configuration ? 0 : highHalf(address),
      0,
      0,
    ];
    for (let i = 0; i < words.length; i++) write32(memory, at + i * 4, words[i] as number);
  }
  smmu.eventProducer = (smmu.eventProducer + 1) % (size * 2);
}

const EVENT_NAMES: Readonly<Record<number, string>> = {
  2: 'C_BAD_STREAMID: the stream id lies outside the stream table',
  3: 'F_STE_FETCH: the stream table entry cannot be read',
  4: 'C_BAD_STE: the stream table entry is invalid',
  6: 'F_STREAM_DISABLED: the stream may not be used without a substream id',
  9: 'F_CD_FETCH: the context descriptor cannot be read',
  10: 'C_BAD_CD: the context descriptor is invalid',
  11: 'F_WALK_EABT: a translation table cannot be read',
  16: 'F_TRANSLATION: nothing is mapped at this IOVA',
  17: 'F_ADDR_SIZE: an address is wider than the unit allows',
  18: 'F_ACCESS: the access flag is clear',
  19: 'F_PERMISSION: the mapping does not allow the write',
};

/** Name and meaning of an event. */
export function eventText(type: number): string {
  return EVENT_NAMES[type] ?? `event 0x${type.toString(16)}`;
}
