/**
 * Drivers of the Arm SMMUs: SMMUv3 stream table entries and context descriptors in memory, SMMUv2 stream mapping registers and context banks.
 */
import { write64 } from '../../machine/memory';
import { CONTEXT_TYPE, STREAM_TYPE } from '../../machine/smmuv2';
import type { IommuSpec } from '../../machine/types';
import { startLevelOf } from '../../machine/vmsa';
import { highHalf, lowHalf } from '../../machine/word';
import type { IommuDriver, StreamTarget } from './iommu';
import type { TableKind } from './page-tables';
import type { PlatformState } from './state';
import { allocateBlock, freeBlock } from './table-memory';

type Smmuv3Spec = Extract<IommuSpec, { kind: 'smmuv3' }>;
type Smmuv2Spec = Extract<IommuSpec, { kind: 'smmuv2' }>;

const STREAM_LOG2 = 16;
const EVENT_LOG2 = 7;

/** Bits of an IOVA: 48 at most for stage 1. */
function inputBitsOf(spec: Smmuv3Spec | Smmuv2Spec): number {
  return Math.min(48, Math.max(25, spec.addressBits));
}

function tablesOf(spec: Smmuv3Spec | Smmuv2Spec): TableKind {
  const granuleBits = Math.log2(spec.granule);
  return { architecture: 'arm', granuleBits, startLevel: startLevelOf(granuleBits, inputBitsOf(spec)) };
}

export function smmuv3Driver(spec: Smmuv3Spec): IommuDriver {
  return {
    granule: spec.granule,
    aperture: 2 ** inputBitsOf(spec),
    tables: tablesOf(spec),
    subwindow: 0,
    enable(state) {
      const { smmu } = state.machine;
      const stream = allocateBlock(state.tables, 64 * 2 ** STREAM_LOG2);
      const events = allocateBlock(state.tables, 4096);
      if (smmu === null || stream === null || events === null) return false;
      smmu.streamBase = stream;
      smmu.streamLog2 = STREAM_LOG2;
      smmu.eventBase = events;
      smmu.eventLog2 = EVENT_LOG2;
      smmu.eventsEnabled = true;
      smmu.recordBadStream = true;
      smmu.enabled = true;
      return true;
    },
    createContext(state, root, id) {
      const at = allocateBlock(state.tables, 4096);
      if (at !== null) writeContextDescriptor(state, spec, at, root, id);
      return at;
    },
    freeContext: (state, context) => freeBlock(state.tables, state.machine.memory, context, 4096),
    setStream(state, _spec, streamId, target) {
      writeStreamEntry(state, streamId, target);
      return true;
    },
    refresh: () => undefined,
  };
}

/** STE (SMMUv3 IHI 0070 5.2): Config 0 abort, 4 bypass, 5 stage 1. */
function writeStreamEntry(state: PlatformState, streamId: number, target: StreamTarget): void {
  const { smmu, memory } = state.machine;
  if (smmu === null) return;
  const at = smmu.streamBase + streamId * 64;
  if (target === 'blocked') write64(memory, at, 1, 0);
  else if (target === 'pass-through') write64(memory, at, 1 | (4 << 1), 0);
  else write64(memory, at, (lowHalf(target.context) | 1 | (5 << 1)) >>> 0, highHalf(target.context));
}

/** Context descriptor of an SMMU domain (IHI 0070 5.4): TTB0 only, faults recorded, terminate by abort. */
function writeContextDescriptor(state: PlatformState, spec: Smmuv3Spec, at: number, root: number, asid: number): void {
  const { memory } = state.machine;
  const granule = spec.granule === 4096 ? 0 : spec.granule === 65536 ? 1 : 2;
  const inputSize = 64 - inputBitsOf(spec);
  const lo = (inputSize | (granule << 6) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 30) | (1 << 31)) >>> 0;
  const hi = (5 | (1 << 9) | (1 << 13) | (1 << 14) | (1 << 15) | ((asid & 0xffff) << 16)) >>> 0;
  write64(memory, at, lo, hi);
  write64(memory, at + 8, lowHalf(root), highHalf(root));
}

/** A domain's context is the number of its bank, from 1. */
export function smmuv2Driver(spec: Smmuv2Spec): IommuDriver {
  return {
    granule: spec.granule,
    aperture: 2 ** inputBitsOf(spec),
    tables: tablesOf(spec),
    subwindow: 0,
    enable(state) {
      const { smmuv2 } = state.machine;
      if (smmuv2 === null) return false;
      smmuv2.unmatchedFaults = true;
      smmuv2.enabled = true;
      return true;
    },
    createContext(state, root) {
      const { smmuv2 } = state.machine;
      const index = smmuv2?.banks.findIndex((bank) => !bank.enabled) ?? -1;
      const bank = smmuv2?.banks[index];
      if (bank === undefined) return null;
      bank.type = CONTEXT_TYPE.firstStage;
      bank.table = root;
      bank.granuleBits = Math.log2(spec.granule);
      bank.inputBits = inputBitsOf(spec);
      bank.enabled = true;
      return index + 1;
    },
    freeContext(state, context) {
      const bank = state.machine.smmuv2?.banks[context - 1];
      if (bank === undefined) return;
      bank.enabled = false;
      bank.table = 0;
    },
    setStream: (state, _spec, streamId, target) => writeStreamMapping(state, streamId, target),
    refresh: () => undefined,
  };
}

/** Stream mapping of one id, mask 0; takes a free register at the first use. False when all are taken. */
function writeStreamMapping(state: PlatformState, streamId: number, target: StreamTarget): boolean {
  const { smmuv2 } = state.machine;
  if (smmuv2 === null) return false;
  let index = smmuv2.match.findIndex((match, i) => smmuv2.matchValid[i] === 1 && match === streamId);
  if (index < 0) index = smmuv2.matchValid.indexOf(0);
  if (index < 0) return false;
  smmuv2.matchValid[index] = 1;
  smmuv2.match[index] = streamId;
  smmuv2.stream[index] =
    target === 'pass-through'
      ? STREAM_TYPE.bypass << 16
      : target === 'blocked'
        ? STREAM_TYPE.fault << 16
        : (STREAM_TYPE.translate << 16) | (target.context - 1);
  return true;
}
