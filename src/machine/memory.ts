/**
 * System memory: DRAM as sparse pages of 32-bit words, and what is not DRAM.
 * In: physical addresses in bytes. Out: words; whether an address is DRAM at all.
 * Knows nothing of who reads it: IOMMU tables, ITS tables and guest data all lie here.
 *
 * Pages are small (256 bytes), and all written pages of a memory stand in one array, so that a copy is one array copied. Which page stands
 * where is kept in a directory that all copies share and that only grows. The hash of the content is kept up to date word by word.
 */
import { mix } from './hash';
import type { RangeSpec } from './types';
import { isAddress } from './word';

const PAGE_WORDS = 64;
const PAGE_SHIFT = 6;
const PAGE_BYTES = 256;
const INVERSE_PAGE = 1 / PAGE_BYTES;
/** Addresses `wordIndex` takes by page number: below 1 TiB. */
const FAST_LIMIT = 2 ** 40;
/** The part of DRAM whose pages are found without a search: the last of it, where drivers keep their tables. */
const DENSE_BYTES = 64 * 1024 * 1024;

/** Page number to slot; slot 0 is the page that is never written. Shared by copies. */
interface Directory {
  /** Page number of the first dense page. */
  readonly first: number;
  readonly pages: number;
  /** Slots of the dense pages; grows to `pages`. */
  dense: Int32Array;
  readonly sparse: Map<number, number>;
  slots: number;
}

export interface Memory {
  /** DRAM, and nothing else, in bytes; ends are exclusive. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly directory: Directory;
  /** 64 words a slot. Slots beyond its end are unwritten here. */
  words: Uint32Array;
  /** Content hash: exclusive or over all non-zero words. */
  hashA: number;
  hashB: number;
  /** While an undo log is kept (`snapshot.ts`): pairs of index in `words` and value before. */
  journal: number[] | null;
}

/** Memory with DRAM at the given ranges, cut to whole pages; ranges of kind `mmio` hold none. */
export function createMemory(ranges: readonly RangeSpec[]): Memory {
  const ram = ranges.filter(
    (range) => range.kind !== 'mmio' && isAddress(range.base) && isAddress(range.base + range.size) && range.size > 0,
  );
  const starts = ram.map((range) => Math.ceil(range.base / PAGE_BYTES) * PAGE_BYTES);
  const ends = ram.map((range) => Math.floor((range.base + range.size) / PAGE_BYTES) * PAGE_BYTES);
  const end = ends.at(-1) ?? 0;
  const start = Math.max(starts.at(-1) ?? 0, end - DENSE_BYTES);
  const directory: Directory = {
    first: start / PAGE_BYTES,
    pages: end <= FAST_LIMIT ? Math.max(0, (end - start) / PAGE_BYTES) : 0,
    dense: new Int32Array(0),
    sparse: new Map(),
    slots: 1,
  };
  return { starts, ends, directory, words: new Uint32Array(PAGE_WORDS), hashA: 0, hashB: 0, journal: null };
}

/** An independent copy, without an undo log. */
export function cloneMemory(memory: Memory): Memory {
  return { ...memory, words: memory.words.slice(), journal: null };
}

/**
 * Index into `words` of the first word of a page, by page number (address / 256, as 32 bits: addresses below 1 TiB). A page that was never
 * written, and one that is no DRAM, gives 0: words that are all zero. Pages are 256 bytes.
 */
export function pageIndex(memory: Memory, page: number): number {
  const { directory } = memory;
  const offset = (page - directory.first) | 0;
  const slot =
    offset >= 0 && offset < directory.dense.length
      ? (directory.dense[offset] as number)
      : sparseSlot(directory, page >>> 0);
  const index = slot << PAGE_SHIFT;
  return index < memory.words.length ? index : 0;
}

function sparseSlot(directory: Directory, page: number): number {
  return (directory.sparse.get(page) ?? 0) | 0;
}

/** Index into `words` of the word at an address. */
function wordIndex(memory: Memory, address: number): number {
  const within = (address & 0xff) >>> 2;
  if (address < FAST_LIMIT) return pageIndex(memory, (address * INVERSE_PAGE) | 0) + within;
  const index = sparseSlot(memory.directory, Math.floor(address * INVERSE_PAGE)) << PAGE_SHIFT;
  return (index < memory.words.length ? index : 0) + within;
}

/** Index of the word at an address, with its page made to stand in `words`. */
function writableIndex(memory: Memory, address: number): number {
  const { directory } = memory;
  const page = Math.floor(address * INVERSE_PAGE);
  const offset = page - directory.first;
  const isDense = offset >= 0 && offset < directory.pages;
  let slot = (isDense ? directory.dense[offset] : directory.sparse.get(page)) ?? 0;
  if (slot === 0) {
    slot = directory.slots++;
    if (!isDense) directory.sparse.set(page, slot);
    else {
      if (offset >= directory.dense.length) directory.dense = grown(directory.dense, offset + 1, 1024, Int32Array);
      directory.dense[offset] = slot;
    }
  }
  const index = slot << PAGE_SHIFT;
  if (index >= memory.words.length)
    memory.words = grown(memory.words, index + PAGE_WORDS, 16 * PAGE_WORDS, Uint32Array);
  return index + ((address & 0xff) >>> 2);
}

/** A longer copy: twice as long as before, at least `least`, in whole steps. */
function grown<T extends Int32Array | Uint32Array>(
  array: T,
  least: number,
  step: number,
  make: new (length: number) => T,
): T {
  const length = Math.ceil(Math.max(least, array.length * 2) / step) * step;
  const longer = new make(length);
  longer.set(array);
  return longer;
}

/** Is all of `[address, address + size)` DRAM of one range? False for anything that is no address. */
export function inRam(memory: Memory, address: number, size: number): boolean {
  const { starts, ends } = memory;
  for (let i = 0; i < starts.length; i++) {
    if (address >= (starts[i] as number) && address + size <= (ends[i] as number)) return true;
  }
  return false;
}

/** The 32-bit word at `address` (bytes, rounded down to a multiple of 4); 0 where nothing was written, or there is no DRAM. */
export function read32(memory: Memory, address: number): number {
  return memory.words[wordIndex(memory, address)] ?? 0;
}

/** Writes the 32-bit word at `address` (bytes, rounded down to a multiple of 4). Without DRAM there, nothing happens. */
export function write32(memory: Memory, address: number, value: number): void {
  const word = value >>> 0;
  const before = read32(memory, address);
  if (before === word || !inRam(memory, address - (address % 4), 4)) return;
  const index = writableIndex(memory, address);
  if (memory.journal !== null) memory.journal.push(index, before);
  memory.words[index] = word;
  const place = Math.imul(Math.floor(address / PAGE_BYTES), 0x9e3779b1) + ((address & 0xff) >>> 2);
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

/** Writes zero to `[address, address + size)`; both multiples of 4. Pages that were never written cost little. */
export function clearRange(memory: Memory, address: number, size: number): void {
  for (let at = address; at < address + size; ) {
    const pageEnd = (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES;
    const end = Math.min(pageEnd, address + size);
    if (wordIndex(memory, at) >= PAGE_WORDS) for (; at < end; at += 4) write32(memory, at, 0);
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
