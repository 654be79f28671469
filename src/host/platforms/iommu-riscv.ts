/**
 * Driver of the RISC-V IOMMU: device directory and contexts, second-stage tables (Sv39x4, Sv48x4), and an MSI page table a domain.
 *
 * A domain sees the host's interrupt files where they are; its MSI page table leads each to a guest file of the domain on the same hart, or
 * to the host's own file where domains have none. A domain's context is its MSI page table.
 */
import { filePage } from '../../machine/imsic';
import { read32, write64 } from '../../machine/memory';
import type { IommuSpec } from '../../machine/types';
import { highHalf, lowHalf } from '../../machine/word';
import type { IommuDriver, StreamTarget } from './iommu';
import type { PlatformState } from './state';
import { allocateBlock, freeBlock } from './table-memory';

type RiscvSpec = Extract<IommuSpec, { kind: 'riscv' }>;

export function riscvDriver(spec: RiscvSpec): IommuDriver {
  const wide = spec.addressBits >= 50;
  return {
    granule: 4096,
    aperture: 2 ** (wide ? 50 : 41),
    tables: { architecture: 'riscv', granuleBits: 12, startLevel: wide ? 0 : 1 },
    subwindow: 0,
    enable(state) {
      const { riscv } = state.machine;
      const root = allocateBlock(state.tables, 4096);
      if (riscv === null || root === null) return false;
      riscv.directory = root;
      riscv.enabled = true;
      return true;
    },
    createContext(state, _root, id) {
      const at = allocateBlock(state.tables, 4096);
      if (at !== null) writeMsiTable(state, spec, at, id);
      return at;
    },
    freeContext(state, context) {
      for (const [file, owner] of state.guestFiles) if (owner.table === context) state.guestFiles.delete(file);
      freeBlock(state.tables, state.machine.memory, context, 4096);
    },
    setStream: (state, _machine, streamId, target) => writeContext(state, wide ? 9 : 8, streamId, target),
    refresh: () => undefined,
  };
}

/** One entry a hart (AIA 9.5): V 0, M 2:1 (3: write-through), page number 53:10. Without a guest file left the entries stay invalid. */
function writeMsiTable(state: PlatformState, spec: RiscvSpec, table: number, domain: number): void {
  const { imsic, memory } = state.machine;
  if (imsic === null) return;
  let file = 0;
  if (spec.filePerDomain) {
    file = 1;
    while (file < imsic.filesPerHart && state.guestFiles.has(file)) file++;
    if (file === imsic.filesPerHart) return;
    state.guestFiles.set(file, { domain, table });
  }
  for (let hart = 0; hart < imsic.harts; hart++) {
    const page = filePage(imsic, hart * imsic.filesPerHart + file) / 4096;
    write64(memory, table + hart * 16, (((page % 2 ** 22) << 10) | 7) >>> 0, Math.floor(page / 2 ** 22));
  }
}

/** Device context of 64 bytes: tc, iohgatp (mode 63:60, PPN 43:0), ta, fsc, msiptp (mode 63:60, PPN 43:0), MSI address mask and pattern. */
function writeContext(state: PlatformState, mode: number, deviceId: number, target: StreamTarget): boolean {
  const { memory, imsic } = state.machine;
  const at = contextFor(state, deviceId);
  if (at === null) return false;
  const inDomain = typeof target === 'object';
  const root = inDomain ? target.root / 4096 : 0;
  write64(
    memory,
    at + 8,
    lowHalf(root),
    inDomain ? (highHalf(root) | ((target.id & 0xffff) << 12) | (mode << 28)) >>> 0 : 0,
  );
  const redirected = inDomain && imsic !== null;
  const table = redirected ? target.context / 4096 : 0;
  write64(memory, at + 32, lowHalf(table), redirected ? (highHalf(table) | (1 << 28)) >>> 0 : 0);
  const pattern = redirected ? imsic.base / 4096 : 0;
  write64(memory, at + 40, redirected ? hartMask(imsic.harts, imsic.filesPerHart) : 0, 0);
  write64(memory, at + 48, lowHalf(pattern), highHalf(pattern));
  write64(memory, at, target === 'blocked' ? 0 : 1, 0);
  return true;
}

/** Page-number bits that tell the hart: harts and files of a hart come in powers of two. */
function hartMask(harts: number, filesPerHart: number): number {
  return (2 ** Math.ceil(Math.log2(Math.max(1, harts))) - 1) * filesPerHart;
}

/** Address of a device's context, with the directory above it made; null when there is no memory. */
function contextFor(state: PlatformState, deviceId: number): number | null {
  const { riscv, memory } = state.machine;
  if (riscv === null) return null;
  let table = riscv.directory;
  for (const index of [(deviceId >>> 15) & 0x1ff, (deviceId >>> 6) & 0x1ff]) {
    const at = table + index * 8;
    const lo = read32(memory, at);
    if ((lo & 1) !== 0) {
      table = ((read32(memory, at + 4) & 0x3f_ffff) * 2 ** 22 + (lo >>> 10)) * 4096;
      continue;
    }
    const next = allocateBlock(state.tables, 4096);
    if (next === null) return null;
    const page = next / 4096;
    write64(memory, at, (((page % 2 ** 22) << 10) | 1) >>> 0, Math.floor(page / 2 ** 22));
    table = next;
  }
  return table + (deviceId & 0x3f) * 64;
}
