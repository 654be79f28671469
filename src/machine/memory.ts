/**
 * System memory: DRAM as sparse pages of 32-bit words, and what is not DRAM.
 * In: physical addresses in bytes. Out: words; whether an address is DRAM at all.
 * Knows nothing of who reads it: IOMMU tables, ITS tables and guest data all lie here.
 *
 * Pages are shared between copies until one of them writes (copy on write), and the hash of the content is kept up to
 * date word by word, so that copying and hashing a machine cost little.
 */

import { mix } from './hash';
import type { RangeSpec } from './types';
import { isAddress } from './word';

const PAGE_WORDS = 1024;
const PAGE_BYTES = 4096;
const NO_PAGE = new Uint32Array(0);

export interface Memory {
  /** DRAM, and nothing else; ends are exclusive. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Page number (address / 4096) to its words. A page that was never written is absent and reads as zero. */
  readonly pages: Map<number, Uint32Array>;
  /** Pages no other copy shares. */
  readonly owned: Set<number>;
  /** Content hash: exclusive or over all non-zero words. */
  hashA: number;
  hashB: number;
  /** The page looked at last; a cache, no state. */
  lastNumber: number;
  lastPage: Uint32Array;
}

/** Memory with DRAM at the given ranges; ranges of kind `mmio` hold none. Overlapping ranges count once. */
export function createMemory(ranges: readonly RangeSpec[]): Memory {
  const ram = ranges.filter((range) => range.kind !== 'mmio' && isAddress(range.base) && range.size > 0);
  return {
    starts: ram.map((range) => range.base),
    ends: ram.map((range) => range.base + range.size),
    pages: new Map(),
    owned: new Set(),
    hashA: 0,
    hashB: 0,
    lastNumber: -1,
    lastPage: NO_PAGE,
  };
}

/** An independent copy. Pages are copied when written. */
export function cloneMemory(memory: Memory): Memory {
  memory.owned.clear();
  return { ...memory, pages: new Map(memory.pages), owned: new Set() };
}

/** Is all of `[address, address + size)` DRAM of one range? False for anything that is no address. */
export function inRam(memory: Memory, address: number, size: number): boolean {
  const { starts, ends } = memory;
  for (let i = 0; i < starts.length; i++) {
    if (address >= (starts[i] as number) && address + size <= (ends[i] as number)) return true;
  }
  return false;
}

/** The 32-bit word at `address` (bytes, rounded down to a multiple of 4); 0 where nothing was written. Does not ask whether it is DRAM. */
export function read32(memory: Memory, address: number): number {
  const number = Math.floor(address / PAGE_BYTES);
  let page = memory.lastPage;
  if (number !== memory.lastNumber) {
    const found = memory.pages.get(number);
    if (found === undefined) return 0;
    page = found;
    memory.lastNumber = number;
    memory.lastPage = page;
  }
  return page[(address % PAGE_BYTES) >>> 2] ?? 0;
}

/** Writes the 32-bit word at `address` (bytes, rounded down to a multiple of 4). */
export function write32(memory: Memory, address: number, value: number): void {
  const number = Math.floor(address / PAGE_BYTES);
  const index = (address % PAGE_BYTES) >>> 2;
  const word = value >>> 0;
  let page = memory.pages.get(number);
  const before = page === undefined ? 0 : (page[index] as number);
  if (before === word) return;
  if (page === undefined || !memory.owned.has(number)) {
    page = page === undefined ? new Uint32Array(PAGE_WORDS) : page.slice();
    memory.pages.set(number, page);
    memory.owned.add(number);
    if (memory.lastNumber === number) memory.lastPage = page;
  }
  page[index] = word;
  const place = Math.imul(number, 0x9e3779b1) + index + Math.imul(Math.floor(number / 0x1_0000_0000), 0x632be5ab);
  memory.hashA = (memory.hashA ^ contribution(place, before) ^ contribution(place, word)) >>> 0;
  memory.hashB = (memory.hashB ^ contribution(~place, before) ^ contribution(~place, word)) >>> 0;
}

/** What one word at one place adds to the hash; zero adds nothing, so that an unwritten page and a zeroed one are the same. */
function contribution(place: number, word: number): number {
  return word === 0 ? 0 : mix(mix(place) + word);
}

/** Writes a 64-bit word at `address` (bytes, a multiple of 8). */
export function write64(memory: Memory, address: number, lo: number, hi: number): void {
  write32(memory, address, lo);
  write32(memory, address + 4, hi);
}

/** Writes zero to `[address, address + size)`; both multiples of 4. Pages that were never written cost nothing. */
export function clearRange(memory: Memory, address: number, size: number): void {
  for (let at = address; at < address + size; ) {
    const pageEnd = (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES;
    const end = Math.min(pageEnd, address + size);
    if (memory.pages.has(Math.floor(at / PAGE_BYTES))) for (; at < end; at += 4) write32(memory, at, 0);
    at = end;
  }
}

/** Writes the low `size` bytes (1, 2, 4, 8) of `data` (below 2^53) at `address`, little endian, byte by byte. */
export function writeBytes(memory: Memory, address: number, data: number, size: number): void {
  let rest = data;
  for (let i = 0; i < size; i++) {
    const at = address + i;
    const shift = (at % 4) * 8;
    const old = read32(memory, at);
    write32(memory, at, (old & ~(0xff << shift)) | ((rest & 0xff) << shift));
    rest = Math.floor(rest / 256);
  }
}

/** One byte. */
export function read8(memory: Memory, address: number): number {
  return (read32(memory, address) >>> ((address % 4) * 8)) & 0xff;
}
