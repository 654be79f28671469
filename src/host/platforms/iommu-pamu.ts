/**
 * Driver of Freescale's PAMU: one window a LIODN, as large as the aperture, cut into subwindows of one size.
 * A domain has no tables of its own: what is mapped in it is written into the entries of each LIODN attached.
 */
import { write32 } from '../../machine/memory';
import { PAACE_BYTES } from '../../machine/pamu';
import { liodnOf, streamIdOf } from '../../machine/pcie';
import type { IommuSpec, MachineSpec } from '../../machine/types';
import { highHalf, lowHalf } from '../../machine/word';
import type { IommuDriver, StreamTarget } from './iommu';
import type { Mapping, PlatformState } from './state';
import { allocateBlock } from './table-memory';

type PamuSpec = Extract<IommuSpec, { kind: 'pamu' }>;

const ACCESS_ALL = 3;
const ACCESS_READ = 1;
const TRANSLATE = 1;
const SEVERAL_SUBWINDOWS = 0x20;

function log2(size: number): number {
  return Math.round(Math.log2(size));
}

export function pamuDriver(spec: PamuSpec): IommuDriver {
  const aperture = 2 ** spec.addressBits;
  const subwindow = aperture / spec.subwindows;
  return {
    granule: 4096,
    aperture,
    tables: null,
    subwindow,
    enable(state, machine) {
      const { pamu } = state.machine;
      const streams = new Set(machine.devices.map((device) => device.alias ?? device.requesterId)).size;
      const places = 2 ** Math.ceil(Math.log2(streams + 1));
      const primary = allocateBlock(state.tables, Math.max(4096, places * PAACE_BYTES));
      const secondary = allocateBlock(state.tables, Math.max(4096, places * spec.subwindows * PAACE_BYTES));
      if (pamu === null || primary === null || secondary === null) return false;
      pamu.primary = primary;
      pamu.primaryEntries = places;
      pamu.secondary = secondary;
      pamu.secondaryEntries = places * spec.subwindows;
      pamu.enabled = true;
      return true;
    },
    createContext: () => 0,
    freeContext: () => undefined,
    setStream(state, machine, streamId, target) {
      writeWindow(state, spec, liodnOf(machine.devices, streamId), target);
      return true;
    },
    refresh(state, machine: MachineSpec, domain) {
      for (const requesterId of domain.attached)
        writeWindow(state, spec, liodnOf(machine.devices, streamIdOf(machine.devices, requesterId)), domain);
    },
  };
}

/** Entries of one LIODN: closed, the whole address space as it is, or the subwindows of a domain. */
function writeWindow(state: PlatformState, spec: PamuSpec, liodn: number, target: StreamTarget): void {
  const { pamu, memory } = state.machine;
  if (pamu === null) return;
  const aperture = 2 ** spec.addressBits;
  const primary = pamu.primary + liodn * PAACE_BYTES;
  const size = (spec.addressBits - 1) << 6;
  const first = liodn * spec.subwindows;
  const inDomain = typeof target === 'object';
  write32(memory, primary + 24, inDomain ? first : 0);
  write32(memory, primary + 12, inDomain ? ((log2(spec.subwindows) - 1) << 4) | (TRANSLATE << 2) : 0);
  if (!inDomain) {
    write32(memory, primary + 4, target === 'blocked' ? 0 : size | (ACCESS_ALL << 3) | 1);
    write32(memory, primary + 16, 0);
    write32(memory, primary + 20, 0);
    for (let i = 0; i < spec.subwindows - 1; i++) writeSubwindow(state, first + i, null);
    return;
  }
  const bytes = aperture / spec.subwindows;
  const places = new Map(target.mappings.map((mapping) => [Math.floor(mapping.iova / bytes), mapping]));
  const own = places.get(0);
  write32(memory, primary + 4, size | SEVERAL_SUBWINDOWS | (accessOf(own) << 3) | 1);
  write32(memory, primary + 16, own === undefined ? 0 : highHalf(own.physical));
  write32(memory, primary + 20, own === undefined ? (log2(bytes) - 1) << 6 : translated(own));
  for (let i = 1; i < spec.subwindows; i++) writeSubwindow(state, first + i - 1, places.get(i) ?? null);
}

function accessOf(mapping: Mapping | undefined): number {
  return mapping === undefined ? 0 : mapping.writable ? ACCESS_ALL : ACCESS_READ;
}

function translated(mapping: Mapping): number {
  return (lowHalf(mapping.physical) | ((log2(mapping.size) - 1) << 6)) >>> 0;
}

function writeSubwindow(state: PlatformState, index: number, mapping: Mapping | null): void {
  const { pamu, memory } = state.machine;
  if (pamu === null) return;
  const at = pamu.secondary + index * PAACE_BYTES;
  write32(memory, at + 4, mapping === null ? 0 : (accessOf(mapping) << 3) | 1);
  write32(memory, at + 12, mapping === null ? 0 : TRANSLATE << 2);
  write32(memory, at + 16, mapping === null ? 0 : highHalf(mapping.physical));
  write32(memory, at + 20, mapping === null ? 0 : translated(mapping));
}
