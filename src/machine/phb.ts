/**
 * POWER PCI host bridge (PHB3, IODA2): every requester belongs to a partitionable endpoint (PE); DMA goes through the PE's translation
 * control entries (TCE); a write to the MSI range selects, by its address, an entry that carries the PE it may come from.
 * In: requester id, address, data. Out: a physical address, an MSI entry, or why not. What breaks a rule freezes the PE: until the host
 * thaws it, nothing of the PE passes.
 * Source: IODA2 as OPAL's documents and the PHB3 model of QEMU show it (entry address / 16, or'ed with data 4:0; PE in bits 15:0 of the entry).
 *
 * In memory: requester translation table, 2 bytes a requester id: its PE. MSI entries, 16 bytes each, the first 8 used: server * 4 in
 * 63:40, priority 39:32 (ffh masks), P 31:24, Q 23:16, PE 15:0. TCEs, 8 bytes: read 0, write 1, page 51:12. The PE's translation
 * validation entry (table, levels) is on the chip. Words stand in the machine's own byte order.
 */
import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Memory } from './memory';
import { inRam, read32, write32 } from './memory';
import { addressField, powerOfTwo } from './word';

/** Why the bridge stops a request. The numbers are the model's own: the chip tells by error registers, which are not modelled. */
export const PHB_STOP = {
  /** The requester belongs to no PE. */
  noPe: 1,
  frozen: 2,
  /** No TCE allows the access; the PE is frozen now. */
  tce: 3,
  /** The MSI entry belongs to another PE; the sender's PE is frozen now. */
  foreignPe: 4,
  /** No such MSI entry; the PE is frozen now. */
  entry: 5,
  /** The entry is masked (priority ffh): Q is set, nothing is sent. */
  masked: 6,
} as const;

export const PE_COUNT = 64;
export const NO_PE = 0xffff;
export const IVE_BYTES = 16;

/** Translation validation of a PE: no DMA, everything as it is, or through TCE tables of so many levels. */
export const TVE_CLOSED = 0;
export const TVE_PASS = 0xff;

export interface Phb {
  readonly name: string;
  /** MSI range: base in bytes, entries. */
  readonly msiBase: number;
  readonly msiCount: number;
  /** Requester translation table and MSI entries, bytes. */
  requesterTable: number;
  entries: number;
  /** By PE: TCE table, levels (or `TVE_CLOSED`, `TVE_PASS`), and whether the PE is frozen. */
  readonly tables: Float64Array;
  readonly levels: Uint8Array;
  readonly frozen: Uint8Array;
}

export function createPhb(name: string, msiBase: number, msiCount: number): Phb {
  return {
    name,
    msiBase,
    msiCount,
    requesterTable: 0,
    entries: 0,
    tables: new Float64Array(PE_COUNT),
    levels: new Uint8Array(PE_COUNT),
    frozen: new Uint8Array(PE_COUNT),
  };
}

export function clonePhb(phb: Phb): Phb {
  return { ...phb, tables: phb.tables.slice(), levels: phb.levels.slice(), frozen: phb.frozen.slice() };
}

export function hashPhb(phb: Phb, hash: Hash): void {
  addNumber(hash, phb.requesterTable);
  for (let pe = 0; pe < PE_COUNT; pe++) {
    if (phb.levels[pe] === TVE_CLOSED && phb.frozen[pe] === 0) continue;
    addNumber(hash, pe * 1024 + (phb.levels[pe] as number) * 2 + (phb.frozen[pe] as number));
    addNumber(hash, phb.tables[pe] as number);
  }
}

/** PE of a requester, or `NO_PE`. */
export function peOf(phb: Phb, memory: Memory, requesterId: number): number {
  const at = phb.requesterTable + (requesterId & 0xfffe) * 2;
  if (!inRam(memory, at, 4)) return NO_PE;
  const pe = (read32(memory, at) >>> ((requesterId & 1) * 16)) & 0xffff;
  return pe < PE_COUNT ? pe : NO_PE;
}

/** Is the address in the MSI range? It is looked at before any translation. */
export function isPhbMessage(phb: Phb, address: number): boolean {
  return address >= phb.msiBase && address < phb.msiBase + phb.msiCount * 16;
}

/** A DMA access of a requester outside the MSI range: physical address, or a negated `PHB_STOP`. */
export function translatePhb(phb: Phb, memory: Memory, requesterId: number, address: number, write: boolean): number {
  const pe = peOf(phb, memory, requesterId);
  if (pe === NO_PE) return -PHB_STOP.noPe;
  if (phb.frozen[pe] !== 0) return -PHB_STOP.frozen;
  const levels = phb.levels[pe] as number;
  if (levels === TVE_PASS) return address;
  const physical = levels === TVE_CLOSED ? -1 : walkTces(memory, phb.tables[pe] as number, levels, address, write);
  if (physical < 0) {
    phb.frozen[pe] = 1;
    return -PHB_STOP.tce;
  }
  return physical;
}

/** Tables of 512 entries a level; -1 where nothing allows the access. */
function walkTces(memory: Memory, base: number, levels: number, address: number, write: boolean): number {
  if (levels > 5 || address >= powerOfTwo(12 + 9 * levels)) return -1;
  let table = base;
  for (let level = levels - 1; ; level--) {
    const at = table + (Math.floor(address / powerOfTwo(12 + 9 * level)) % 512) * 8;
    if (!inRam(memory, at, 8)) return -1;
    const lo = read32(memory, at);
    if ((lo & (level === 0 && write ? 2 : level === 0 ? 1 : 3)) === 0) return -1;
    const frame = addressField(lo, read32(memory, at + 4), 12);
    if (level === 0) return frame + (address % 4096);
    table = frame;
  }
}

/**
 * A write to the MSI range. Gives server * 4,096 + entry, with the entry's P set (or Q, when P was), or a negated `PHB_STOP`. The range
 * needs no mapping: what decides is the PE in the entry.
 */
export function phbMessage(phb: Phb, memory: Memory, requesterId: number, address: number, data: number): number {
  const pe = peOf(phb, memory, requesterId);
  if (pe === NO_PE) return -PHB_STOP.noPe;
  if (phb.frozen[pe] !== 0) return -PHB_STOP.frozen;
  const entry = Math.floor((address - phb.msiBase) / 16) | (data & 0x1f);
  const at = phb.entries + entry * IVE_BYTES;
  if (entry >= phb.msiCount || !inRam(memory, at, IVE_BYTES)) return freeze(phb, pe, PHB_STOP.entry);
  const lo = read32(memory, at);
  const hi = read32(memory, at + 4);
  if ((lo & 0xffff) !== pe) return freeze(phb, pe, PHB_STOP.foreignPe);
  if ((hi & 0xff) === 0xff) {
    write32(memory, at, lo | 0x0001_0000);
    return -PHB_STOP.masked;
  }
  write32(memory, at, lo | ((lo & 0x0100_0000) !== 0 ? 0x0001_0000 : 0x0100_0000));
  return (hi >>> 10) * 4096 + entry;
}

function freeze(phb: Phb, pe: number, stop: number): number {
  phb.frozen[pe] = 1;
  return -stop;
}

/** The host has taken the interrupt: P and Q are clear. */
export function acknowledgeEntry(phb: Phb, memory: Memory, entry: number): void {
  const at = phb.entries + entry * IVE_BYTES;
  if (entry >= 0 && entry < phb.msiCount && inRam(memory, at, 8)) write32(memory, at, read32(memory, at) & 0xffff);
}

const TEXT: Readonly<Record<number, string>> = {
  1: 'the requester belongs to no partitionable endpoint',
  2: 'the partitionable endpoint is frozen',
  3: 'no translation control entry allows the access: the partitionable endpoint is frozen',
  4: "the MSI entry carries another partitionable endpoint's number: the sender's is frozen",
  5: 'there is no such MSI entry: the partitionable endpoint is frozen',
  6: 'the MSI entry is masked',
};

export function phbText(stop: number): string {
  return TEXT[stop] ?? `stop ${stop}`;
}
