/**
 * Driver of AMD-Vi: device table entries and I/O page tables. The interrupt half of an entry is written by `irqchip-apic.ts`.
 */
import { write64 } from '../../machine/memory';
import type { IommuSpec } from '../../machine/types';
import { highHalf, lowHalf } from '../../machine/word';
import type { IommuDriver, StreamTarget } from './iommu';
import type { PlatformState } from './state';
import { allocateBlock } from './table-memory';

const DEVICES = 65536;
const READ = 0x2000_0000;
const WRITE = 0x4000_0000;

/** Three levels (39 bits of an IOVA) up to six, which reach all of 64 bits; the model's addresses end at 2^53. */
export function amdDriver(spec: Extract<IommuSpec, { kind: 'amdvi' }>): IommuDriver {
  const levels = Math.max(3, Math.min(6, Math.ceil((spec.addressBits - 12) / 9)));
  return {
    granule: 4096,
    aperture: 2 ** Math.min(53, 12 + 9 * levels),
    tables: { architecture: 'amd', granuleBits: 12, startLevel: 4 - levels },
    subwindow: 0,
    enable(state) {
      const { amd } = state.machine;
      const table = allocateBlock(state.tables, DEVICES * 32);
      if (amd === null || table === null) return false;
      amd.deviceTable = table;
      amd.deviceEntries = DEVICES;
      amd.enabled = true;
      return true;
    },
    createContext: () => 0,
    freeContext: () => undefined,
    setStream: (state, _spec, streamId, target) => writeDeviceEntry(state, levels, streamId, target),
    refresh: () => undefined,
  };
}

/** Entry bits 127:0 (48882, 2.2.2): V 0, TV 1, mode 11:9, root 51:12, IR 61, IW 62, domain id 79:64. Mode 0 passes what IR and IW allow. */
function writeDeviceEntry(state: PlatformState, levels: number, streamId: number, target: StreamTarget): boolean {
  const { amd, memory } = state.machine;
  if (amd === null) return false;
  const at = amd.deviceTable + streamId * 32;
  if (target === 'blocked') {
    write64(memory, at, 3, 0);
    write64(memory, at + 8, 0, 0);
  } else if (target === 'pass-through') {
    write64(memory, at, 3, READ + WRITE);
    write64(memory, at + 8, 0, 0);
  } else {
    write64(memory, at, (lowHalf(target.root) | 3 | (levels << 9)) >>> 0, highHalf(target.root) + READ + WRITE);
    write64(memory, at + 8, target.id & 0xffff, 0);
  }
  return true;
}
