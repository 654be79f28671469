/**
 * Where a driver keeps its tables: the top of the machine's last DRAM range, handed out in pages and blocks.
 * In: sizes in bytes. Out: zeroed physical addresses, or null when the carve-out is used up.
 */

import type { Memory } from '../../machine/memory';
import { clearRange } from '../../machine/memory';
import type { MachineSpec } from '../../machine/types';

export interface TableMemory {
  next: number;
  readonly end: number;
  /** Freed blocks by size in bytes, last freed first. */
  readonly free: Map<number, number[]>;
}

/** Bytes kept for tables, or half of a smaller range. */
const CARVE_OUT = 64 * 1024 * 1024;

/** The carve-out of a machine: guests' RAM should not be laid there. Empty when the machine has no DRAM. */
export function tableRegion(spec: MachineSpec): { readonly base: number; readonly size: number } {
  const last = spec.memory.filter((range) => range.kind !== 'mmio').at(-1);
  if (last === undefined) return { base: 0, size: 0 };
  const size = Math.min(CARVE_OUT, Math.floor(last.size / 2 / 65536) * 65536);
  const end = Math.floor((last.base + last.size) / 65536) * 65536;
  return { base: end - size, size };
}

export function createTableMemory(spec: MachineSpec): TableMemory {
  const region = tableRegion(spec);
  return { next: region.base, end: region.base + region.size, free: new Map() };
}

export function cloneTableMemory(tables: TableMemory): TableMemory {
  return {
    next: tables.next,
    end: tables.end,
    free: new Map([...tables.free].map(([size, list]) => [size, list.slice()])),
  };
}

/** A zeroed block of `size` bytes (a power of two, at least 4096), aligned to its size up to 64 KiB; null when there is no room. */
export function allocateBlock(tables: TableMemory, size: number): number | null {
  const freed = tables.free.get(size)?.pop();
  if (freed !== undefined) return freed;
  const align = Math.min(size, 65536);
  const at = Math.ceil(tables.next / align) * align;
  if (at + size > tables.end) return null;
  tables.next = at + size;
  return at;
}

/** Gives a block back; its content is cleared. */
export function freeBlock(tables: TableMemory, memory: Memory, at: number, size: number): void {
  clearRange(memory, at, size);
  const list = tables.free.get(size);
  if (list === undefined) tables.free.set(size, [at]);
  else list.push(at);
}
