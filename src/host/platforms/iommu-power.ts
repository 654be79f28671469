/**
 * Driver of a POWER PCI host bridge: one partitionable endpoint (PE) a requester id as the bridge sees it, TCE tables of three levels.
 * Numbers of PEs are the devices' order, from 1. Handing an endpoint over, or taking it back, thaws it: the host resets it then.
 */
import { read32, write32 } from '../../machine/memory';
import { liodnOf } from '../../machine/pcie';
import { PE_COUNT, TVE_CLOSED, TVE_PASS } from '../../machine/phb';
import type { DeviceSpec, IommuSpec } from '../../machine/types';
import type { IommuDriver } from './iommu';
import { allocateBlock } from './table-memory';

const REQUESTERS = 65536;

/** PE of a stream: the same order as the devices have. */
export function endpointOf(devices: readonly DeviceSpec[], streamId: number): number {
  return liodnOf(devices, streamId);
}

export function phbDriver(spec: Extract<IommuSpec, { kind: 'phb' }>): IommuDriver {
  const levels = Math.max(1, Math.min(4, Math.ceil((spec.addressBits - 12) / 9)));
  return {
    granule: 4096,
    aperture: 2 ** (12 + 9 * levels),
    tables: { architecture: 'tce', granuleBits: 12, startLevel: 4 - levels },
    subwindow: 0,
    enable(state) {
      const { phb } = state.machine;
      const requesters = allocateBlock(state.tables, REQUESTERS * 2);
      if (phb === null || requesters === null) return false;
      phb.requesterTable = requesters;
      return true;
    },
    createContext: () => 0,
    freeContext: () => undefined,
    setStream(state, machine, streamId, target) {
      const { phb, memory } = state.machine;
      const pe = endpointOf(machine.devices, streamId);
      if (phb === null || pe >= PE_COUNT) return false;
      const at = phb.requesterTable + (streamId & 0xfffe) * 2;
      const shift = (streamId & 1) * 16;
      write32(memory, at, (read32(memory, at) & ~(0xffff << shift)) | (pe << shift));
      phb.frozen[pe] = 0;
      phb.tables[pe] = typeof target === 'object' ? target.root : 0;
      phb.levels[pe] = target === 'blocked' ? TVE_CLOSED : target === 'pass-through' ? TVE_PASS : levels;
      return true;
    },
    refresh: () => undefined,
  };
}
