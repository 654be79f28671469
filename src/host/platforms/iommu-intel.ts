/**
 * Driver of VT-d's DMA remapping: root and context entries, second-level tables.
 */
import { write64 } from '../../machine/memory';
import type { IommuSpec } from '../../machine/types';
import { highHalf, lowHalf } from '../../machine/word';
import type { IommuDriver, StreamTarget } from './iommu';
import type { PlatformState } from './state';
import { allocateBlock } from './table-memory';

/** 39 bits of an IOVA, or 48 where the unit walks four levels. */
export function vtdDriver(spec: Extract<IommuSpec, { kind: 'vtd' }>): IommuDriver {
  const wide = spec.addressBits >= 48;
  return {
    granule: 4096,
    aperture: 2 ** (wide ? 48 : 39),
    tables: { architecture: 'vtd', granuleBits: 12, startLevel: wide ? 0 : 1 },
    subwindow: 0,
    enable(state) {
      const { vtd } = state.machine;
      const root = allocateBlock(state.tables, 4096);
      if (vtd === null || root === null) return false;
      vtd.rootTable = root;
      vtd.translation = true;
      return true;
    },
    createContext: () => 0,
    freeContext: () => undefined,
    setStream: (state, _spec, streamId, target) => writeContextEntry(state, wide ? 2 : 1, streamId, target),
    refresh: () => undefined,
  };
}

/** Root and context entry (VT-d 9.1, 9.3): translation type 2 pass-through, 0 second level; address width in 66:64, domain id in 87:72. */
function writeContextEntry(state: PlatformState, width: number, streamId: number, target: StreamTarget): boolean {
  const { vtd, memory } = state.machine;
  if (vtd === null) return false;
  const bus = streamId >>> 8;
  let table = state.contextTables.get(bus);
  if (table === undefined) {
    const fresh = allocateBlock(state.tables, 4096);
    if (fresh === null) return false;
    table = fresh;
    state.contextTables.set(bus, fresh);
    write64(memory, vtd.rootTable + bus * 16, (lowHalf(fresh) | 1) >>> 0, highHalf(fresh));
  }
  const at = table + (streamId & 0xff) * 16;
  if (target === 'blocked') {
    write64(memory, at, 0, 0);
    write64(memory, at + 8, 0, 0);
  } else if (target === 'pass-through') {
    write64(memory, at + 8, width, 0);
    write64(memory, at, 1 | (2 << 2), 0);
  } else {
    write64(memory, at + 8, width | ((target.id & 0xffff) << 8), 0);
    write64(memory, at, (lowHalf(target.root) | 1) >>> 0, highHalf(target.root));
  }
  return true;
}
