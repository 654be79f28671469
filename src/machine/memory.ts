/**
 * System memory: DRAM as sparse pages of 32-bit words, and what is not DRAM.
 * In: physical addresses in bytes. Out: words; whether an address is DRAM at all.
 * Knows nothing of who reads it: IOMMU tables, ITS tables and guest data all lie here.
 *
 * Pages are shared between copies until one of them writes (copy on write), and the hash of the content is kept up to
 * date word by word, so that copying and hashing a machine cost little. Tables are read through `pageAt`, by page number,
 * which needs no arithmetic on numbers wider than 32 bits.
 */
import { mix } from './hash';
import type { RangeSpec } from './types';
import { isAddress } from './word';

const PAGE_WORDS = 1024;
const PAGE_BYTES = 4096;
/** Page numbers fit in 32 bits: no DRAM at or above 16 TiB. */
const LIMIT = 2 ** 44;
/** A page that was never written. */
const ZERO_PAGE = new Uint32Array(PAGE_WORDS);
/** What `pageAt` gives where there is no DRAM: an array without words. */
export const NO_PAGE = new Uint32Array(0);

interface Page {
  readonly words: Uint32Array;
  /** The copy that may write it. */
  readonly owner: object;
}

export interface Memory {
  /** DRAM, and nothing else, in whole pages: first page numbers and the page numbers behind the last. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** By page number (address / 4096). A page that was never written is absent and reads as zero. */
  readonly pages: Map<number, Page>;
  /** Changes with each copy taken, so that pages written before it are shared from then on. */
  owner: object;
  /** Content hash: exclusive or over all non-zero words. */
  hashA: number;
  hashB: number;
}

/** Memory with DRAM at the given ranges, cut to whole pages below 16 TiB; ranges of kind `mmio` hold none. */
export function createMemory(ranges: readonly RangeSpec[]): Memory {
  const ram = ranges.filter(
    (range) => range.kind !== 'mmio' && isAddress(range.base) && range.base < LIMIT && range.size > 0,
  );
  return {
    starts: ram.map((range) => Math.ceil(range.base / PAGE_BYTES)),
    ends: ram.map((range) => Math.floor(Math.min(range.base + range.size, LIMIT) / PAGE_BYTES)),
    pages: new Map(),
    owner: {},
    hashA: 0,
    hashB: 0,
  };
}

/** An independent copy. Pages are copied when one side writes them. */
export function cloneMemory(memory: Memory): Memory {
  memory.owner = {};
  return { ...memory, pages: new Map(memory.pages), owner: {} };
}

/*
 * The pages read last, of the memory read last: a cache as hardware has one, no state. It is emptied when another memory is read, and
 * an entry is replaced when its page is written for the first time or copied.
 */
const CACHE_ENTRIES = 4096;
const cacheTags = new Int32Array(CACHE_ENTRIES).fill(-1);
const cachePages: Uint32Array[] = Array.from({ length: CACHE_ENTRIES }, () => NO_PAGE);
let cacheOf: Memory | null = null;

/**
 * The words of the page with this number (0 … 2^32-1): 1024 of them where there is DRAM, none (`NO_PAGE`) elsewhere. To be read, not written.
 */
export function pageAt(memory: Memory, page: number): Uint32Array {
  const slot = page & (CACHE_ENTRIES - 1);
  if (cacheOf === memory && cacheTags[slot] === (page | 0)) return cachePages[slot] as Uint32Array;
  return fillCache(memory, page >>> 0, slot);
}

function fillCache(memory: Memory, page: number, slot: number): Uint32Array {
  const words = memory.pages.get(page)?.words ?? (isRamPage(memory, page) ? ZERO_PAGE : NO_PAGE);
  if (cacheOf !== memory) {
    cacheTags.fill(-1);
    cacheOf = memory;
  }
  // The tag of page number 2^32-1 would look like an empty entry.
  if (page !== 0xffff_ffff) {
    cacheTags[slot] = page | 0;
    cachePages[slot] = words;
  }
  return words;
}

function isRamPage(memory: Memory, page: number): boolean {
  const { starts, ends } = memory;
  for (let i = 0; i < starts.length; i++) if (page >= (starts[i] as number) && page < (ends[i] as number)) return true;
  return false;
}

/** Is all of `[address, address + size)` DRAM? False for anything that is no address. */
export function inRam(memory: Memory, address: number, size: number): boolean {
  if (!(address >= 0 && address + size <= LIMIT)) return false;
  const first = Math.floor(address / PAGE_BYTES);
  const last = Math.floor((address + size - 1) / PAGE_BYTES);
  for (let page = first; page <= last; page++) if (!isRamPage(memory, page)) return false;
  return true;
}

/** The 32-bit word at `address` (bytes, rounded down to a multiple of 4); 0 where nothing was written, or there is no DRAM. */
export function read32(memory: Memory, address: number): number {
  if (!(address >= 0 && address < LIMIT)) return 0;
  return pageAt(memory, Math.floor(address / PAGE_BYTES))[(address & 0xfff) >>> 2] ?? 0;
}

/** Writes the 32-bit word at `address` (bytes, rounded down to a multiple of 4). Without DRAM there, nothing happens. */
export function write32(memory: Memory, address: number, value: number): void {
  if (!(address >= 0 && address < LIMIT)) return;
  const number = Math.floor(address / PAGE_BYTES);
  const index = (address & 0xfff) >>> 2;
  const word = value >>> 0;
  let page = memory.pages.get(number);
  const before = page === undefined ? 0 : (page.words[index] as number);
  if (before === word || (page === undefined && !isRamPage(memory, number))) return;
  if (page === undefined || page.owner !== memory.owner) {
    page = { words: page === undefined ? new Uint32Array(PAGE_WORDS) : page.words.slice(), owner: memory.owner };
    memory.pages.set(number, page);
    const slot = number & (CACHE_ENTRIES - 1);
    if (cacheOf === memory && cacheTags[slot] === (number | 0)) cachePages[slot] = page.words;
  }
  page.words[index] = word;
  const place = Math.imul(number, 0x9e3779b1) + index;
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
