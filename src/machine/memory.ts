/**
 * System memory: DRAM as sparse pages of 32-bit words, and what is not DRAM.
 * In: physical addresses in bytes. Out: words; whether an address is DRAM at all.
 * Knows nothing of who reads it: IOMMU tables, ITS tables and guest data all lie here.
 *
 * The first part of where drivers keep their tables is flat: its words stand at the front of one array, as long as what was written there asks
 * for. All other DRAM is pages of 256 bytes behind it, in the order in which they were first written; which page stands where is kept in a
 * directory that all copies share and that only grows. A copy is one array copied. The hash of the content is kept up to date word by word.
 */
import { mix } from './hash';
import type { RangeSpec } from './types';
import { isAddress } from './word';

const PAGE_WORDS = 64;
const PAGE_SHIFT = 6;
const PAGE_BYTES = 256;
const INVERSE_PAGE = 1 / PAGE_BYTES;
/** The flat part lies below 16 GiB, where the number of a word has 32 bits. */
const FLAT_REACH = 2 ** 34;
/** The part of DRAM that can be flat: the last of it, where drivers keep their tables. */
const TABLE_BYTES = 64 * 1024 * 1024;
/** The flat part begins with this many bytes, and grows to no more than twice what it is, so that it is never much longer than what is used. */
const FLAT_STEP = 65536;

/** Page number to slot; slot 0 is the page that is never written. Shared by copies. */
interface Directory {
  readonly slots: Map<number, number>;
  next: number;
}

export interface Memory {
  /** DRAM, and nothing else, in bytes; ends are exclusive. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly directory: Directory;
  /** Number (address / 4, as 32 bits) of the word at which the flat part starts, and where the DRAM that can be flat ends, in bytes. */
  readonly flatStart: number;
  readonly flatEnd: number;
  /** Words that the flat part can have, and has; multiples of a page's. */
  readonly flatLimit: number;
  flatWords: number;
  /** The flat part's words, then 64 words a slot. Slots beyond the end are unwritten here. */
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
  const start = Math.max(starts.at(-1) ?? 0, end - TABLE_BYTES);
  const reached = end <= FLAT_REACH;
  return {
    starts,
    ends,
    directory: { slots: new Map(), next: 1 },
    flatStart: (start / 4) | 0,
    flatEnd: reached ? end : 0,
    flatLimit: reached ? (end - start) / 4 : 0,
    flatWords: 0,
    words: new Uint32Array(PAGE_WORDS),
    hashA: 0,
    hashB: 0,
    journal: null,
  };
}

/** An independent copy, without an undo log. */
export function cloneMemory(memory: Memory): Memory {
  return { ...memory, words: memory.words.slice(), journal: null };
}

/**
 * For lookups that must be fast: which pair of words of the flat part begins with a word, by the word's number (address / 4, as 32 bits). The
 * address must lie below `flatEnd`. A pair that is not below half of `flatWords` is none of the flat part's. Its words stand at twice this in `words`.
 */
export function flatPair(memory: Memory, word: number): number {
  return (word - memory.flatStart) >>> 1;
}

/** Index in the flat part of the word at an address, or a number that is not below `flatWords`. */
function flatWord(memory: Memory, address: number): number {
  return address < memory.flatEnd ? (address * 0.25 - memory.flatStart) >>> 0 : Number.POSITIVE_INFINITY;
}

/** Index into `words` of the word at an address; of a word that is zero when its page was never written, or is no DRAM. */
function wordIndex(memory: Memory, address: number): number {
  const flat = flatWord(memory, address);
  if (flat < memory.flatWords) return flat;
  const slot = memory.directory.slots.get(Math.floor(address * INVERSE_PAGE)) ?? 0;
  const index = memory.flatWords + (slot << PAGE_SHIFT);
  return (index < memory.words.length ? index : memory.flatWords) + ((address & 0xff) >>> 2);
}

/** Index of the word at an address, with its page made to stand in `words`. */
function writableIndex(memory: Memory, address: number): number {
  const { directory } = memory;
  const flat = flatWord(memory, address);
  if (flat < memory.flatWords || growFlat(memory, flat)) return flat;
  const page = Math.floor(address * INVERSE_PAGE);
  let slot = directory.slots.get(page);
  if (slot === undefined) {
    slot = directory.next++;
    directory.slots.set(page, slot);
  }
  const index = memory.flatWords + (slot << PAGE_SHIFT);
  if (index >= memory.words.length) memory.words = grown(memory.words, index + PAGE_WORDS, 16 * PAGE_WORDS);
  return index + ((address & 0xff) >>> 2);
}

/**
 * Makes the flat part reach beyond a word, when that is near its end: pages that stood in slots move into it. Not while an undo log is
 * kept, which knows words by their index.
 */
function growFlat(memory: Memory, word: number): boolean {
  const { flatWords, flatLimit, flatStart, directory } = memory;
  if (memory.journal !== null || word >= flatLimit || word >= Math.max(FLAT_STEP / 4, flatWords * 2)) return false;
  const longer = Math.min(flatLimit, Math.max(FLAT_STEP / 4, flatWords * 2));
  const words = new Uint32Array(longer + memory.words.length - flatWords);
  words.set(memory.words.subarray(0, flatWords));
  words.set(memory.words.subarray(flatWords), longer);
  for (const [page, slot] of directory.slots) {
    const to = page * PAGE_WORDS - (flatStart >>> 0);
    const from = longer + (slot << PAGE_SHIFT);
    if (to < flatWords || to >= longer || from >= words.length) continue;
    words.copyWithin(to, from, from + PAGE_WORDS);
    words.fill(0, from, from + PAGE_WORDS);
  }
  memory.words = words;
  memory.flatWords = longer;
  return true;
}

/** A longer copy: twice as long as before, at least `least`, in whole steps. */
function grown(array: Uint32Array, least: number, step: number): Uint32Array {
  const length = Math.ceil(Math.max(least, array.length * 2) / step) * step;
  const longer = new Uint32Array(length);
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

/** Writes zero to `[address, address + size)`; both multiples of 4. What is zero already costs little. */
export function clearRange(memory: Memory, address: number, size: number): void {
  for (let at = firstSet(memory, address, address + size); at >= 0; at = firstSet(memory, at, address + size))
    write32(memory, at, 0);
}

/** Is all of `[address, address + size)` zero? Both multiples of 4. */
export function isClear(memory: Memory, address: number, size: number): boolean {
  return firstSet(memory, address, address + size) < 0;
}

/** Address of the first word in `[address, end)` that is not zero; -1 for none. A page's words stand one after the other. */
function firstSet(memory: Memory, address: number, end: number): number {
  const { words } = memory;
  for (let at = address; at < end; ) {
    const count = Math.min(PAGE_WORDS - ((at & 0xff) >>> 2), (end - at) / 4);
    const index = wordIndex(memory, at);
    for (let i = 0; i < count; i++) if ((words[index + i] as number) !== 0) return at + i * 4;
    at += count * 4;
  }
  return -1;
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
