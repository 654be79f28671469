/**
 * The ITS command queue: commands of 32 bytes, read from memory between GITS_CREADR and GITS_CWRITER.
 * In: ITS state and memory. Out: changed tables and pending bits; the syndrome of a command that broke a rule.
 * Source: GIC architecture (IHI 0069) 5.3 (commands, encodings, errors). A command in error is ignored and the queue goes on, which is
 * one of the behaviours 5.3.1 permits. Virtual LPI commands (GICv4) are unknown here.
 */

import type { Its, Redistributors } from './its';
import {
  collectionTarget,
  deviceEntry,
  eventEntry,
  FIRST_LPI,
  ITS_DROP,
  pendingLpis,
  setPending,
  signalEvent,
} from './its';
import { giveUpConfiguration } from './lpi-config';
import type { Memory } from './memory';
import { inRam, read32, write64 } from './memory';
import { addressField, highHalf, lowHalf } from './word';

/** Command numbers (IHI 0069 5.3, table of ITS commands). */
export const ITS_COMMAND = {
  movi: 0x01,
  int: 0x03,
  clear: 0x04,
  sync: 0x05,
  mapd: 0x08,
  mapc: 0x09,
  mapti: 0x0a,
  mapi: 0x0b,
  inv: 0x0c,
  invall: 0x0d,
  movall: 0x0e,
  discard: 0x0f,
} as const;

/** A command as its eight 32-bit words, lowest first. */
export type CommandWords = readonly [number, number, number, number, number, number, number, number];

const VALID = 0x8000_0000;

/** MAPD: `bits` event bits (1 … 32) and an ITT address, 256-byte aligned, for a DeviceID; `valid` false unmaps. */
export function mapdCommand(device: number, bits: number, itt: number, valid: boolean): CommandWords {
  return [
    ITS_COMMAND.mapd,
    device,
    (bits - 1) & 0x1f,
    0,
    lowHalf(itt),
    (highHalf(itt) & 0xfffff) + (valid ? VALID : 0),
    0,
    0,
  ];
}

/** MAPC: a collection to a redistributor (by processor number). */
export function mapcCommand(collection: number, redistributor: number, valid: boolean): CommandWords {
  return [
    ITS_COMMAND.mapc,
    0,
    0,
    0,
    ((collection & 0xffff) + (redistributor & 0xffff) * 0x1_0000) >>> 0,
    ((redistributor >>> 16) & 0x7ffff) + (valid ? VALID : 0),
    0,
    0,
  ];
}

export function maptiCommand(device: number, event: number, lpi: number, collection: number): CommandWords {
  return [ITS_COMMAND.mapti, device, event, lpi, collection & 0xffff, 0, 0, 0];
}

export function moviCommand(device: number, event: number, collection: number): CommandWords {
  return [ITS_COMMAND.movi, device, event, 0, collection & 0xffff, 0, 0, 0];
}

export function movallCommand(from: number, to: number): CommandWords {
  return [ITS_COMMAND.movall, 0, 0, 0, (from & 0xffff) * 0x1_0000, from >>> 16, (to & 0xffff) * 0x1_0000, to >>> 16];
}

/** INT, CLEAR, DISCARD or INV of one event. */
export function eventCommand(
  command: 'int' | 'clear' | 'discard' | 'inv',
  device: number,
  event: number,
): CommandWords {
  return [ITS_COMMAND[command], device, event, 0, 0, 0, 0, 0];
}

/** INVALL: the redistributor of a collection gives up what it holds of the configuration. */
export function invallCommand(collection: number): CommandWords {
  return [ITS_COMMAND.invall, 0, 0, 0, collection & 0xffff, 0, 0, 0];
}

export function syncCommand(redistributor: number): CommandWords {
  return [ITS_COMMAND.sync, 0, 0, 0, (redistributor & 0xffff) * 0x1_0000, redistributor >>> 16, 0, 0];
}

/** Writes a command at GITS_CWRITER and advances it; false when the queue is full or not set up. */
export function queueCommand(its: Its, memory: Memory, words: CommandWords): boolean {
  const next = (its.commandWrite + 32) % its.commandSize;
  const at = its.commandBase + its.commandWrite;
  if (its.commandSize < 64 || next === its.commandRead || !inRam(memory, at, 32)) return false;
  for (let i = 0; i < 4; i++) write64(memory, at + i * 8, words[i * 2] as number, words[i * 2 + 1] as number);
  its.commandWrite = next;
  return true;
}

/** Runs all queued commands; nothing while the ITS is disabled. At most one turn of the queue, so it always ends. */
export function runCommands(its: Its, redistributors: Redistributors, memory: Memory): void {
  if (!its.enabled || its.commandSize < 32) return;
  for (let turn = its.commandSize / 32; turn > 0 && its.commandRead !== its.commandWrite; turn--) {
    const at = its.commandBase + its.commandRead;
    its.commandRead = (its.commandRead + 32) % its.commandSize;
    if (!inRam(memory, at, 32)) continue;
    const word = (i: number) => read32(memory, at + i * 4);
    const error = runCommand(its, redistributors, memory, [
      word(0),
      word(1),
      word(2),
      word(3),
      word(4),
      word(5),
      word(6),
      word(7),
    ]);
    if (error !== 0) its.commandError = error;
  }
}

/** Executes one command. 0, or the syndrome 0x01CCEE: command CC, error EE (IHI 0069, ITS command error encodings). */
export function runCommand(its: Its, redistributors: Redistributors, memory: Memory, words: CommandWords): number {
  const command = words[0] & 0xff;
  const error = execute(its, redistributors, memory, command, words);
  return error === 0 ? 0 : 0x01_0000 + command * 0x100 + error;
}

const ERROR = {
  device: 0x01,
  size: 0x02,
  collection: 0x03,
  deviceUnmapped: 0x04,
  event: 0x05,
  lpi: 0x06,
  eventUnmapped: 0x07,
  target: 0x08,
  collectionUnmapped: 0x09,
} as const;

function execute(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  command: number,
  words: CommandWords,
): number {
  const device = words[1];
  const event = words[2];
  const collection = words[4] & 0xffff;
  switch (command) {
    case ITS_COMMAND.mapd:
      return mapDevice(its, memory, device, words);
    case ITS_COMMAND.mapc:
      return mapCollection(its, redistributors, memory, collection, words);
    case ITS_COMMAND.mapti:
      return mapEvent(its, redistributors, memory, device, event, words[3], collection);
    case ITS_COMMAND.mapi:
      return mapEvent(its, redistributors, memory, device, event, event, collection);
    case ITS_COMMAND.movi:
      return moveEvent(its, redistributors, memory, device, event, collection);
    case ITS_COMMAND.movall:
      return moveAll(redistributors, memory, redistributorOf(words[4], words[5]), redistributorOf(words[6], words[7]));
    case ITS_COMMAND.int: {
      const result = signalEvent(its, redistributors, memory, device, event);
      return result < 0 ? errorOf(result) : 0;
    }
    case ITS_COMMAND.clear:
    case ITS_COMMAND.discard:
      return forgetEvent(its, redistributors, memory, device, event, command === ITS_COMMAND.discard);
    case ITS_COMMAND.inv: {
      const at = mappedEvent(its, memory, device, event);
      if (at < 0) return errorOf(at);
      const holder = collectionTarget(its, memory, read32(memory, at + 4) & 0xffff);
      if (holder >= 0) giveUpConfiguration(redistributors, holder, read32(memory, at));
      return 0;
    }
    case ITS_COMMAND.invall: {
      const holder = collectionTarget(its, memory, collection);
      if (holder < 0) return ERROR.collectionUnmapped;
      giveUpConfiguration(redistributors, holder);
      return 0;
    }
    case ITS_COMMAND.sync:
      return 0;
    default:
      return 0xff;
  }
}

/** Processor number in bits 50:16 of a doubleword (GITS_TYPER.PTA = 0). */
function redistributorOf(lo: number, hi: number): number {
  return (hi & 0x7ffff) * 0x1_0000 + (lo >>> 16);
}

function errorOf(code: number): number {
  if (code === ITS_DROP.deviceOutOfRange) return ERROR.device;
  if (code === ITS_DROP.deviceUnmapped) return ERROR.deviceUnmapped;
  if (code === ITS_DROP.eventOutOfRange) return ERROR.event;
  if (code === ITS_DROP.collectionUnmapped) return ERROR.collectionUnmapped;
  return ERROR.eventUnmapped;
}

function mapDevice(its: Its, memory: Memory, device: number, words: CommandWords): number {
  const at = deviceEntry(its, memory, device);
  if (at < 0) return ERROR.device;
  const bits = words[2] & 0x1f;
  const valid = (words[5] & VALID) !== 0;
  if (valid && bits + 1 > its.eventBits) return ERROR.size;
  const itt = addressField(words[4], words[5], 8);
  write64(memory, at, valid ? lowHalf(itt) + bits : 0, valid ? (highHalf(itt) + VALID) >>> 0 : 0);
  return 0;
}

function mapCollection(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  collection: number,
  words: CommandWords,
): number {
  const at = its.collectionTable + collection * 8;
  if (collection >= its.collectionEntries || !inRam(memory, at, 8)) return ERROR.collection;
  const valid = (words[5] & VALID) !== 0;
  const target = redistributorOf(words[4], words[5]);
  if (valid && target >= redistributors.pendingTables.length) return ERROR.target;
  write64(memory, at, valid ? target : 0, valid ? VALID : 0);
  return 0;
}

/** Address of the ITT entry of a mapped event, or a code of `ITS_DROP`. */
function mappedEvent(its: Its, memory: Memory, device: number, event: number): number {
  const at = eventEntry(its, memory, device, event);
  return at >= 0 && (read32(memory, at + 4) & VALID) === 0 ? ITS_DROP.eventUnmapped : at;
}

function mapEvent(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  device: number,
  event: number,
  lpi: number,
  collection: number,
): number {
  const at = eventEntry(its, memory, device, event);
  if (at < 0) return errorOf(at);
  if (collection >= its.collectionEntries) return ERROR.collection;
  if (lpi < FIRST_LPI || lpi >= 2 ** redistributors.intidBits) return ERROR.lpi;
  write64(memory, at, lpi, (collection + VALID) >>> 0);
  return 0;
}

/** MOVI: retargets an event; a pending LPI moves along (IHI 0069 5.3.12). */
function moveEvent(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  device: number,
  event: number,
  collection: number,
): number {
  const at = mappedEvent(its, memory, device, event);
  if (at < 0) return errorOf(at);
  if (collection >= its.collectionEntries) return ERROR.collection;
  const from = collectionTarget(its, memory, read32(memory, at + 4) & 0xffff);
  const to = collectionTarget(its, memory, collection);
  if (from < 0 || to < 0) return ERROR.collectionUnmapped;
  const lpi = read32(memory, at);
  if (from !== to) movePending(redistributors, memory, from, to, lpi);
  write64(memory, at, lpi, (collection + VALID) >>> 0);
  return 0;
}

/** The pending bit of one LPI goes from one redistributor to another. */
function movePending(redistributors: Redistributors, memory: Memory, from: number, to: number, lpi: number): void {
  const table = redistributors.pendingTables[from];
  if (table === undefined || (read32(memory, table + (lpi >>> 5) * 4) & (1 << (lpi & 31))) === 0) return;
  setPending(redistributors, memory, from, lpi, false);
  setPending(redistributors, memory, to, lpi, true);
}

/** MOVALL: all pending LPIs of one redistributor go to another. */
function moveAll(redistributors: Redistributors, memory: Memory, from: number, to: number): number {
  const count = redistributors.pendingTables.length;
  if (from >= count || to >= count) return ERROR.target;
  if (from === to) return 0;
  for (const lpi of pendingLpis(redistributors, memory, from)) {
    setPending(redistributors, memory, from, lpi, false);
    setPending(redistributors, memory, to, lpi, true);
  }
  return 0;
}

/** CLEAR: the pending state goes. DISCARD: the mapping goes too. */
function forgetEvent(
  its: Its,
  redistributors: Redistributors,
  memory: Memory,
  device: number,
  event: number,
  discard: boolean,
): number {
  const at = mappedEvent(its, memory, device, event);
  if (at < 0) return errorOf(at);
  const target = collectionTarget(its, memory, read32(memory, at + 4) & 0xffff);
  if (target < 0) return ERROR.collectionUnmapped;
  setPending(redistributors, memory, target, read32(memory, at), false);
  if (discard) write64(memory, at, 0, 0);
  return 0;
}
