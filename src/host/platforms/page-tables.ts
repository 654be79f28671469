/**
 * Building translation tables in the machine's memory: Arm VMSAv8-64 stage 1, VT-d second level, AMD-Vi I/O page tables, POWER TCE tables,
 * RISC-V second stage.
 * In: a format, a root, ranges in bytes. Out: descriptors written; errors as negative errno.
 * Uses the largest blocks that fit, as real drivers do, and splits a block when part of it is unmapped.
 */

import type { Memory } from '../../machine/memory';
import { isClear, read32, write64 } from '../../machine/memory';
import { blockAllowed, levelShift } from '../../machine/vmsa';
import { addressField, highHalf, lowHalf } from '../../machine/word';
import type { TableMemory } from './table-memory';
import { allocateBlock, freeBlock } from './table-memory';

export interface TableKind {
  readonly architecture: 'arm' | 'vtd' | 'amd' | 'tce' | 'riscv';
  readonly granuleBits: number;
  /** Levels count down to 3, the last. */
  readonly startLevel: number;
}

export interface TableContext {
  readonly memory: Memory;
  readonly tables: TableMemory;
  readonly kind: TableKind;
}

const ENOMEM = -12;

interface Descriptor {
  readonly lo: number;
  readonly hi: number;
}

/** Bytes of a table: a granule; the root of a RISC-V second stage is four times as large. */
function tableBytes(kind: TableKind, level: number): number {
  return kind.architecture === 'riscv' && level === kind.startLevel ? 16384 : 2 ** kind.granuleBits;
}

/** Page number << 10: where RISC-V entries hold an address. */
function riscvAddress(address: number): Descriptor {
  return { lo: (Math.floor(address / 4096) % 2 ** 22) * 1024, hi: Math.floor(address / 2 ** 34) };
}

/** The address in an entry. */
function frameOf(kind: TableKind, lo: number, hi: number): number {
  return kind.architecture === 'riscv'
    ? ((hi & 0x3f_ffff) * 2 ** 22 + (lo >>> 10)) * 4096
    : addressField(lo, hi, kind.granuleBits);
}

/** A link to the next table. Arm: bits 1:0. VT-d and TCE: read and write, the same bits. AMD: present, next level, read, write. RISC-V: V alone. */
function tableDescriptor(kind: TableKind, address: number, level: number): Descriptor {
  if (kind.architecture === 'riscv') {
    const { lo, hi } = riscvAddress(address);
    return { lo: lo + 1, hi };
  }
  if (kind.architecture === 'amd')
    return { lo: (lowHalf(address) | 1 | ((3 - level) << 9)) >>> 0, hi: highHalf(address) + AMD_READ + AMD_WRITE };
  return { lo: (lowHalf(address) | 3) >>> 0, hi: highHalf(address) };
}

const AMD_READ = 0x2000_0000;
const AMD_WRITE = 0x4000_0000;

/**
 * Leaf at a level. Arm: AF 10, SH inner 9:8, AP[1] 6, AP[2] 7 read-only, page bit 1 at level 3. VT-d: R 0, W 1, PS 7 above the last level.
 * AMD: present, next level 0. TCE: R 0, W 1. RISC-V: V, R, W, U, A, D.
 */
function leafDescriptor(kind: TableKind, physical: number, level: number, writable: boolean): Descriptor {
  if (kind.architecture === 'riscv') {
    const { lo, hi } = riscvAddress(physical);
    return { lo: lo + (writable ? 0xd7 : 0xd3), hi };
  }
  if (kind.architecture === 'amd')
    return { lo: (lowHalf(physical) | 1) >>> 0, hi: highHalf(physical) + AMD_READ + (writable ? AMD_WRITE : 0) };
  const flags =
    kind.architecture === 'arm'
      ? 0x741 | (level === 3 ? 2 : 0) | (writable ? 0 : 0x80)
      : 1 | (writable ? 2 : 0) | (kind.architecture === 'vtd' && level < 3 ? 0x80 : 0);
  return { lo: (lowHalf(physical) | flags) >>> 0, hi: highHalf(physical) };
}

function isTable(kind: TableKind, lo: number, level: number): boolean {
  if (level === 3 || (lo & 1) === 0) return false;
  switch (kind.architecture) {
    case 'arm':
      return (lo & 2) !== 0;
    case 'vtd':
      return (lo & 0x80) === 0;
    case 'amd':
      return (lo & 0xe00) !== 0;
    case 'tce':
      return true;
    case 'riscv':
      return (lo & 0xe) === 0;
  }
}

function leafWritable(kind: TableKind, lo: number, hi: number): boolean {
  if (kind.architecture === 'amd') return (hi & AMD_WRITE) !== 0;
  if (kind.architecture === 'riscv') return (lo & 4) !== 0;
  return kind.architecture === 'arm' ? (lo & 0x80) === 0 : (lo & 2) !== 0;
}

function leafAllowed(kind: TableKind, level: number): boolean {
  return level === 3 || (kind.architecture !== 'tce' && blockAllowed(kind.granuleBits, level));
}

function indexAt(kind: TableKind, level: number, iova: number): number {
  return Math.floor(iova / 2 ** levelShift(kind.granuleBits, level)) % (tableBytes(kind, level) / 8);
}

/** An empty root table; null when table memory is used up. */
export function createRoot(context: TableContext): number | null {
  return allocateBlock(context.tables, tableBytes(context.kind, context.kind.startLevel));
}

/** Maps `[iova, iova + size)`, all multiples of the granule, over nothing mapped. 0 or -ENOMEM (then nothing of the range is left mapped). */
export function mapRange(
  context: TableContext,
  root: number,
  iova: number,
  physical: number,
  size: number,
  writable: boolean,
): number {
  let done = 0;
  while (done < size) {
    const step = mapOne(context, root, iova + done, physical + done, size - done, writable);
    if (step < 0) {
      unmapRange(context, root, iova, done);
      return step;
    }
    done += step;
  }
  return 0;
}

/** Writes the largest leaf that fits and gives its bytes, or -ENOMEM. */
function mapOne(
  context: TableContext,
  root: number,
  iova: number,
  physical: number,
  size: number,
  writable: boolean,
): number {
  const { memory, tables, kind } = context;
  let table = root;
  for (let level = kind.startLevel; ; level++) {
    const at = table + indexAt(kind, level, iova) * 8;
    const lo = read32(memory, at);
    const bytes = 2 ** levelShift(kind.granuleBits, level);
    const fits =
      leafAllowed(kind, level) && (level === 3 || (iova % bytes === 0 && physical % bytes === 0 && size >= bytes));
    if (fits && !isTable(kind, lo, level)) {
      const leaf = leafDescriptor(kind, physical, level, writable);
      write64(memory, at, leaf.lo, leaf.hi);
      return bytes;
    }
    if (isTable(kind, lo, level)) {
      table = frameOf(kind, lo, read32(memory, at + 4));
      continue;
    }
    const next = allocateBlock(tables, tableBytes(kind, level + 1));
    if (next === null) return ENOMEM;
    const link = tableDescriptor(kind, next, level);
    write64(memory, at, link.lo, link.hi);
    table = next;
  }
}

/** Clears what is mapped in `[iova, iova + size)`; gives the bytes that were mapped. Blocks that reach beyond the range are split first. */
export function unmapRange(context: TableContext, root: number, iova: number, size: number): number {
  const end = iova + size;
  let cleared = 0;
  for (let at = iova; at < end; ) {
    const step = unmapOne(context, root, at, end);
    cleared += step.cleared;
    at = step.next;
  }
  return cleared;
}

function unmapOne(
  context: TableContext,
  root: number,
  iova: number,
  end: number,
): { readonly cleared: number; readonly next: number } {
  const { memory, kind } = context;
  let table = root;
  const path: { readonly table: number; readonly at: number }[] = [];
  for (let level = kind.startLevel; ; level++) {
    const bytes = 2 ** levelShift(kind.granuleBits, level);
    const start = Math.floor(iova / bytes) * bytes;
    const at = table + indexAt(kind, level, iova) * 8;
    const lo = read32(memory, at);
    if ((lo & 1) === 0) return { cleared: 0, next: start + bytes };
    if (!isTable(kind, lo, level)) {
      if (start >= iova && start + bytes <= end) {
        write64(memory, at, 0, 0);
        pruneEmpty(context, path, table);
        return { cleared: bytes, next: start + bytes };
      }
      splitBlock(context, at, level);
      if (read32(memory, at) === lo) return { cleared: 0, next: end };
    }
    path.push({ table, at });
    table = frameOf(kind, read32(memory, at), read32(memory, at + 4));
  }
}

/** Gives tables back that hold nothing any more, from the lowest upwards; the root stays. */
function pruneEmpty(
  context: TableContext,
  path: readonly { readonly table: number; readonly at: number }[],
  lowest: number,
): void {
  const { memory, tables, kind } = context;
  let table = lowest;
  for (let i = path.length - 1; i >= 0; i--) {
    const bytes = 2 ** kind.granuleBits;
    if (!isClear(memory, table, bytes)) return;
    const parent = path[i];
    if (parent === undefined) return;
    write64(memory, parent.at, 0, 0);
    freeBlock(tables, memory, table, bytes);
    table = parent.table;
  }
}

/** Turns a block into a table of smaller leaves; leaves it alone when table memory is used up. */
function splitBlock(context: TableContext, at: number, level: number): void {
  const { memory, tables, kind } = context;
  const next = allocateBlock(tables, tableBytes(kind, level + 1));
  if (next === null) return;
  const lo = read32(memory, at);
  const hi = read32(memory, at + 4);
  const physical = frameOf(kind, lo, hi);
  const bytes = 2 ** levelShift(kind.granuleBits, level + 1);
  for (let i = 0; i < 2 ** (kind.granuleBits - 3); i++) {
    const leaf = leafDescriptor(kind, physical + i * bytes, level + 1, leafWritable(kind, lo, hi));
    write64(memory, next + i * 8, leaf.lo, leaf.hi);
  }
  const link = tableDescriptor(kind, next, level);
  write64(memory, at, link.lo, link.hi);
}

/** Physical address that `iova` is mapped to, or null. */
export function lookUp(context: TableContext, root: number, iova: number): number | null {
  const { memory, kind } = context;
  let table = root;
  for (let level = kind.startLevel; ; level++) {
    const at = table + indexAt(kind, level, iova) * 8;
    const lo = read32(memory, at);
    if ((lo & 1) === 0) return null;
    const address = frameOf(kind, lo, read32(memory, at + 4));
    if (!isTable(kind, lo, level)) return address + (iova % 2 ** levelShift(kind.granuleBits, level));
    table = address;
  }
}

/** Gives all tables below and including the root back. */
export function freeTables(context: TableContext, root: number, level = context.kind.startLevel): void {
  const { memory, tables, kind } = context;
  const bytes = tableBytes(kind, level);
  for (let at = root; at < root + bytes; at += 8) {
    const lo = read32(memory, at);
    if (isTable(kind, lo, level)) freeTables(context, frameOf(kind, lo, read32(memory, at + 4)), level + 1);
  }
  freeBlock(tables, memory, root, bytes);
}
