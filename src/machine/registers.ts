/**
 * All of a machine that is not memory, as a row of numbers: registers, pending bits, fault records.
 * In: a machine and a file. Out: the file filled from the machine, or the machine set from the file. One description serves both ways, so that
 * what is stored and what is read back cannot part.
 */
import type { AmdUnit } from './amdvi-dma';
import { FIRST_SPI, MAX_SPI } from './gicv2m';
import type { Its } from './its';
import type { Machine } from './machine';
import type { RiscvUnit } from './riscv-iommu';
import type { Smmuv2 } from './smmuv2';
import type { Smmuv3 } from './smmuv3';
import type { Vtd } from './vtd';

export interface RegisterFile {
  values: Float64Array;
  /** Numbers in use after a pass. */
  length: number;
  /** True while the machine is being set from the file. */
  loading: boolean;
}

export function createRegisterFile(): RegisterFile {
  return { values: new Float64Array(128), length: 0, loading: false };
}

/** Fills the file from the machine. */
export function storeRegisters(file: RegisterFile, machine: Machine): void {
  file.loading = false;
  transfer(file, machine);
}

/** Sets the machine from a file that was filled from the same machine. */
export function loadRegisters(file: RegisterFile, machine: Machine): void {
  file.loading = true;
  transfer(file, machine);
}

/** One number: kept in the file, or given from it. */
function cell(file: RegisterFile, value: number): number {
  const at = file.length++;
  if (file.loading) return file.values[at] as number;
  if (at >= file.values.length) {
    const longer = new Float64Array(file.values.length * 2);
    longer.set(file.values);
    file.values = longer;
  }
  file.values[at] = value;
  return value;
}

function flag(file: RegisterFile, value: boolean): boolean {
  return cell(file, value ? 1 : 0) === 1;
}

function cells(
  file: RegisterFile,
  values: Uint32Array | Uint8Array | Float64Array,
  from = 0,
  end = values.length,
): void {
  for (let i = from; i < end; i++) values[i] = cell(file, values[i] as number);
}

/** What has a fixed place first, lists of any length last. */
function transfer(file: RegisterFile, machine: Machine): void {
  file.length = 0;
  const { memory, smmu, smmuv2, vtd, amd, pamu, phb, riscv, redistributors, distributor } = machine;
  memory.hashA = cell(file, memory.hashA);
  memory.hashB = cell(file, memory.hashB);
  if (smmu !== null) transferSmmuv3(file, smmu);
  if (smmuv2 !== null) transferSmmuv2(file, smmuv2);
  if (vtd !== null) transferVtd(file, vtd);
  for (const frame of machine.frames) {
    const all = frame.distributor === true;
    const end = all ? MAX_SPI : Math.min(frame.spiBase + frame.spiCount, MAX_SPI);
    cells(file, distributor.targets, all ? FIRST_SPI : frame.spiBase, end);
  }
  if (machine.frames.length > 0) cells(file, distributor.pending);
  for (const its of machine.its) transferIts(file, its);
  if (machine.its.length > 0) {
    redistributors.configTable = cell(file, redistributors.configTable);
    redistributors.intidBits = cell(file, redistributors.intidBits);
    for (let i = 0; i < redistributors.enabled.length; i++)
      redistributors.enabled[i] = flag(file, redistributors.enabled[i] === true);
  }
  cells(file, machine.apics.pending);
  for (const bank of machine.banks) cells(file, bank.pending);
  if (machine.imsic !== null) {
    cells(file, machine.imsic.pending);
    cells(file, machine.imsic.enabled);
  }
  if (pamu !== null) {
    pamu.enabled = flag(file, pamu.enabled);
    pamu.primary = cell(file, pamu.primary);
    pamu.primaryEntries = cell(file, pamu.primaryEntries);
    pamu.secondary = cell(file, pamu.secondary);
    pamu.secondaryEntries = cell(file, pamu.secondaryEntries);
    pamu.violation = cell(file, pamu.violation);
    pamu.violationAddress = cell(file, pamu.violationAddress);
  }
  if (phb !== null) {
    phb.requesterTable = cell(file, phb.requesterTable);
    phb.entries = cell(file, phb.entries);
    cells(file, phb.tables);
    cells(file, phb.levels);
    cells(file, phb.frozen);
  }
  if (redistributors.heldConfiguration !== undefined) {
    const held = list(file, [...redistributors.heldConfiguration], (entry): [number, boolean] => [
      cell(file, entry?.[0] ?? 0),
      flag(file, entry?.[1] ?? false),
    ]);
    if (file.loading) redistributors.heldConfiguration = new Map(held);
  }
  if (vtd !== null) transferFaults(file, vtd);
  if (amd !== null) transferAmd(file, amd);
  if (riscv !== null) transferRiscv(file, riscv);
}

function transferSmmuv3(file: RegisterFile, smmu: Smmuv3): void {
  smmu.outputBits = cell(file, smmu.outputBits);
  smmu.stage1 = flag(file, smmu.stage1);
  smmu.stage2 = flag(file, smmu.stage2);
  smmu.granules = cell(file, smmu.granules);
  smmu.enabled = flag(file, smmu.enabled);
  smmu.bypassAbort = flag(file, smmu.bypassAbort);
  smmu.recordBadStream = flag(file, smmu.recordBadStream);
  smmu.streamBase = cell(file, smmu.streamBase);
  smmu.streamLog2 = cell(file, smmu.streamLog2);
  smmu.streamSplit = cell(file, smmu.streamSplit);
  smmu.eventBase = cell(file, smmu.eventBase);
  smmu.eventLog2 = cell(file, smmu.eventLog2);
  smmu.eventsEnabled = flag(file, smmu.eventsEnabled);
  smmu.eventProducer = cell(file, smmu.eventProducer);
  smmu.eventConsumer = cell(file, smmu.eventConsumer);
  smmu.eventOverflow = flag(file, smmu.eventOverflow);
}

function transferSmmuv2(file: RegisterFile, smmu: Smmuv2): void {
  smmu.outputBits = cell(file, smmu.outputBits);
  smmu.enabled = flag(file, smmu.enabled);
  smmu.unmatchedFaults = flag(file, smmu.unmatchedFaults);
  smmu.globalStatus = cell(file, smmu.globalStatus);
  cells(file, smmu.matchValid);
  cells(file, smmu.match);
  cells(file, smmu.stream);
  for (const bank of smmu.banks) {
    bank.type = cell(file, bank.type);
    bank.secondBank = cell(file, bank.secondBank);
    bank.enabled = flag(file, bank.enabled);
    bank.table = cell(file, bank.table);
    bank.granuleBits = cell(file, bank.granuleBits);
    bank.inputBits = cell(file, bank.inputBits);
    bank.faultStatus = cell(file, bank.faultStatus);
    bank.faultAddress = cell(file, bank.faultAddress);
  }
}

function transferVtd(file: RegisterFile, vtd: Vtd): void {
  vtd.addressBits = cell(file, vtd.addressBits);
  vtd.hostBits = cell(file, vtd.hostBits);
  vtd.translation = flag(file, vtd.translation);
  vtd.rootTable = cell(file, vtd.rootTable);
  vtd.remapping = flag(file, vtd.remapping);
  vtd.remapTable = cell(file, vtd.remapTable);
  vtd.remapLog2 = cell(file, vtd.remapLog2);
  vtd.eim = flag(file, vtd.eim);
  vtd.compatibility = flag(file, vtd.compatibility);
  vtd.posting = flag(file, vtd.posting);
  vtd.faultOverflow = flag(file, vtd.faultOverflow);
}

function transferIts(file: RegisterFile, its: Its): void {
  its.enabled = flag(file, its.enabled);
  its.deviceBits = cell(file, its.deviceBits);
  its.eventBits = cell(file, its.eventBits);
  its.deviceTable = cell(file, its.deviceTable);
  its.deviceEntries = cell(file, its.deviceEntries);
  its.collectionTable = cell(file, its.collectionTable);
  its.collectionEntries = cell(file, its.collectionEntries);
  its.commandBase = cell(file, its.commandBase);
  its.commandSize = cell(file, its.commandSize);
  its.commandRead = cell(file, its.commandRead);
  its.commandWrite = cell(file, its.commandWrite);
  its.commandError = cell(file, its.commandError);
}

/** A list: its length, then its members; loading makes new members. */
function list<T>(file: RegisterFile, now: readonly T[], member: (of: T | null) => T): T[] {
  const length = cell(file, now.length);
  const then: T[] = [];
  for (let i = 0; i < length; i++) then.push(member(file.loading ? null : (now[i] ?? null)));
  return then;
}

function transferFaults(file: RegisterFile, vtd: Vtd): void {
  const faults = list(file, vtd.faults, (fault) => ({
    reason: cell(file, fault?.reason ?? 0),
    requesterId: cell(file, fault?.requesterId ?? 0),
    information: cell(file, fault?.information ?? 0),
    write: flag(file, fault?.write ?? false),
  }));
  if (file.loading) vtd.faults = faults;
}

function transferAmd(file: RegisterFile, amd: AmdUnit): void {
  amd.enabled = flag(file, amd.enabled);
  amd.wideEntries = flag(file, amd.wideEntries);
  amd.deviceTable = cell(file, amd.deviceTable);
  amd.deviceEntries = cell(file, amd.deviceEntries);
  const events = list(file, amd.events, (event) => ({
    code: cell(file, event?.code ?? 0),
    requesterId: cell(file, event?.requesterId ?? 0),
    address: cell(file, event?.address ?? 0),
  }));
  if (file.loading) amd.events = events;
}

function transferRiscv(file: RegisterFile, riscv: RiscvUnit): void {
  riscv.enabled = flag(file, riscv.enabled);
  riscv.directory = cell(file, riscv.directory);
  const faults = list(file, riscv.faults, (fault) => ({
    cause: cell(file, fault?.cause ?? 0),
    deviceId: cell(file, fault?.deviceId ?? 0),
    address: cell(file, fault?.address ?? 0),
  }));
  if (file.loading) riscv.faults = faults;
}
