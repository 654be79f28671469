/**
 * What an IOMMU driver does to the hardware: SMMUv3 stream table entries and context descriptors, VT-d root and context entries.
 * In: stream ids and domains. Out: entries in memory, registers.
 *
 * Before a device is attached to a domain it belongs to the host and passes untranslated; after a detach it is blocked.
 */
import { write32, write64 } from '../../machine/memory';
import { streamIdOf } from '../../machine/pcie';
import type { IommuSpec, MachineSpec } from '../../machine/types';
import { startLevelOf } from '../../machine/vmsa';
import { highHalf, lowHalf } from '../../machine/word';
import type { TableKind } from './page-tables';
import type { Domain, PlatformState } from './state';
import { allocateBlock } from './table-memory';

type Smmuv3Spec = Extract<IommuSpec, { kind: 'smmuv3' }>;

const STREAM_LOG2 = 16;
const EVENT_LOG2 = 7;
const PASS_THROUGH = 'pass-through';
const BLOCKED = 'blocked';

/** Bits of an IOVA the unit takes: 48 at most for SMMUv3 stage 1; 39, 48 or 57 for VT-d. */
export function inputBitsOf(iommu: IommuSpec): number {
  if (iommu.kind === 'none') return 52;
  return iommu.kind === 'smmuv3' ? Math.min(48, Math.max(25, iommu.addressBits)) : iommu.addressBits >= 48 ? 48 : 39;
}

export function tableKindOf(iommu: IommuSpec): TableKind | null {
  if (iommu.kind === 'none') return null;
  if (iommu.kind === 'vtd')
    return { architecture: 'vtd', granuleBits: 12, startLevel: iommu.addressBits >= 48 ? 0 : 1 };
  const granuleBits = Math.log2(iommu.granule);
  return { architecture: 'arm', granuleBits, startLevel: startLevelOf(granuleBits, inputBitsOf(iommu)) };
}

/** Sets the unit up: tables allocated, all devices of the machine passing untranslated. False when there is no memory for it. */
export function enableIommu(state: PlatformState, spec: MachineSpec): boolean {
  const { smmu, vtd } = state.machine;
  if (smmu !== null) {
    const stream = allocateBlock(state.tables, 64 * 2 ** STREAM_LOG2);
    const events = allocateBlock(state.tables, 4096);
    if (stream === null || events === null) return false;
    smmu.streamBase = stream;
    smmu.streamLog2 = STREAM_LOG2;
    smmu.eventBase = events;
    smmu.eventLog2 = EVENT_LOG2;
    smmu.eventsEnabled = true;
    smmu.recordBadStream = true;
    smmu.enabled = true;
  }
  if (vtd !== null) {
    const root = allocateBlock(state.tables, 4096);
    if (root === null) return false;
    vtd.rootTable = root;
    vtd.translation = true;
  }
  for (const device of spec.devices) setStream(state, spec, device.alias ?? device.requesterId, PASS_THROUGH);
  return true;
}

/** Writes what a stream does from now on: its domain's tables, nothing at all, or everything untranslated. */
function setStream(
  state: PlatformState,
  spec: MachineSpec,
  streamId: number,
  target: Domain | typeof PASS_THROUGH | typeof BLOCKED,
): boolean {
  if (spec.iommu.kind === 'smmuv3') {
    writeStreamEntry(state, streamId, target);
    return true;
  }
  return spec.iommu.kind === 'vtd' && writeContextEntry(state, spec, streamId, target);
}

/** STE (SMMUv3 IHI 0070 5.2): Config 0 abort, 4 bypass, 5 stage 1. */
function writeStreamEntry(
  state: PlatformState,
  streamId: number,
  target: Domain | typeof PASS_THROUGH | typeof BLOCKED,
): void {
  const { smmu, memory } = state.machine;
  if (smmu === null) return;
  const at = smmu.streamBase + streamId * 64;
  if (target === BLOCKED) write64(memory, at, 1, 0);
  else if (target === PASS_THROUGH) write64(memory, at, 1 | (4 << 1), 0);
  else write64(memory, at, (lowHalf(target.context) | 1 | (5 << 1)) >>> 0, highHalf(target.context));
}

/** Root and context entry (VT-d 9.1, 9.3): translation type 2 pass-through, 0 second level; address width in 66:64, domain id in 87:72. */
function writeContextEntry(
  state: PlatformState,
  spec: MachineSpec,
  streamId: number,
  target: Domain | typeof PASS_THROUGH | typeof BLOCKED,
): boolean {
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
  const width = inputBitsOf(spec.iommu) === 48 ? 2 : 1;
  if (target === BLOCKED) {
    write64(memory, at, 0, 0);
    write64(memory, at + 8, 0, 0);
  } else if (target === PASS_THROUGH) {
    write64(memory, at + 8, width, 0);
    write64(memory, at, 1 | (2 << 2), 0);
  } else {
    write64(memory, at + 8, width | ((target.id & 0xffff) << 8), 0);
    write64(memory, at, (lowHalf(target.root) | 1) >>> 0, highHalf(target.root));
  }
  return true;
}

/** Context descriptor of an SMMU domain (IHI 0070 5.4): TTB0 only, faults recorded, terminate by abort. */
export function writeContextDescriptor(
  state: PlatformState,
  iommu: Smmuv3Spec,
  at: number,
  root: number,
  asid: number,
): void {
  const { memory } = state.machine;
  const granule = iommu.granule === 4096 ? 0 : iommu.granule === 65536 ? 1 : 2;
  const inputSize = 64 - inputBitsOf(iommu);
  const lo = (inputSize | (granule << 6) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 30) | (1 << 31)) >>> 0;
  const hi = (5 | (1 << 9) | (1 << 13) | (1 << 14) | (1 << 15) | ((asid & 0xffff) << 16)) >>> 0;
  write64(memory, at, lo, hi);
  write64(memory, at + 8, lowHalf(root), highHalf(root));
}

/** Points a device's stream at a domain. False when there is no memory for the entry. */
export function attachStream(state: PlatformState, spec: MachineSpec, requesterId: number, domain: Domain): boolean {
  return setStream(state, spec, streamIdOf(spec.devices, requesterId), domain);
}

/** Blocks a device's stream. */
export function blockStream(state: PlatformState, spec: MachineSpec, requesterId: number): void {
  setStream(state, spec, streamIdOf(spec.devices, requesterId), BLOCKED);
}

/** Takes the recorded faults in, as the drivers' fault handlers do, so that the queues are empty again. */
export function drainFaults(state: PlatformState): void {
  const { smmu, vtd, memory } = state.machine;
  if (smmu !== null && smmu.eventProducer !== smmu.eventConsumer) {
    const size = 2 ** smmu.eventLog2;
    while (smmu.eventConsumer !== smmu.eventProducer) {
      const at = smmu.eventBase + (smmu.eventConsumer % size) * 32;
      for (let i = 0; i < 8; i++) write32(memory, at + i * 4, 0);
      smmu.eventConsumer = (smmu.eventConsumer + 1) % (size * 2);
    }
    smmu.eventProducer = 0;
    smmu.eventConsumer = 0;
  }
  if (vtd !== null) {
    vtd.faults.length = 0;
    vtd.faultOverflow = false;
  }
}
