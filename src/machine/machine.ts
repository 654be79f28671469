/**
 * The machine as one plain state: memory, one IOMMU, MSI controllers. What a device's write does to it is in `emit.ts`.
 * In: a spec. Out: the state at reset, copies, hashes. Knows nothing of Linux: drivers set registers and tables (`host/platforms`).
 */

import type { AmdUnit } from './amdvi-dma';
import { cloneAmdUnit, createAmdUnit, hashAmdUnit } from './amdvi-dma';
import type { Apics } from './apic';
import { cloneApics, createApics, hashApics } from './apic';
import type { MsiBank } from './fsl-msi';
import { cloneMsiBank, createMsiBank, hashMsiBank } from './fsl-msi';
import type { Distributor, Gicv2mFrame } from './gicv2m';
import { cloneDistributor, createDistributor, hashDistributor } from './gicv2m';
import { addNumber, createHash, hashValue } from './hash';
import type { Imsic } from './imsic';
import { cloneImsic, createImsic, hashImsic } from './imsic';
import type { Its, Redistributors } from './its';
import { cloneIts, cloneRedistributors, createIts, hashIts } from './its';
import { hashConfiguration } from './lpi-config';
import type { Memory } from './memory';
import { cloneMemory, createMemory } from './memory';
import type { Pamu } from './pamu';
import { createPamu, hashPamu } from './pamu';
import type { Phb } from './phb';
import { clonePhb, createPhb, hashPhb } from './phb';
import type { RiscvUnit } from './riscv-iommu';
import { cloneRiscvUnit, createRiscvUnit, hashRiscvUnit } from './riscv-iommu';
import type { Smmuv2 } from './smmuv2';
import { cloneSmmuv2, createSmmuv2, hashSmmuv2 } from './smmuv2';
import type { Smmuv3 } from './smmuv3';
import { cloneSmmuv3, createSmmuv3, hashSmmuv3 } from './smmuv3';
import type { IommuSpec, MachineSpec } from './types';
import type { Vtd } from './vtd';
import { cloneVtd, createVtd, hashVtd } from './vtd';

export interface Machine {
  readonly spec: MachineSpec;
  readonly memory: Memory;
  /** At most one of the IOMMUs is there. */
  readonly smmu: Smmuv3 | null;
  readonly vtd: Vtd | null;
  readonly smmuv2: Smmuv2 | null;
  readonly amd: AmdUnit | null;
  readonly pamu: Pamu | null;
  readonly phb: Phb | null;
  readonly riscv: RiscvUnit | null;
  /** GICv2m frames, and the distributor's own message register where it is used (`mbi`: a frame of 64 KiB). */
  readonly frames: readonly Gicv2mFrame[];
  readonly distributor: Distributor;
  readonly its: readonly Its[];
  readonly redistributors: Redistributors;
  readonly apics: Apics;
  readonly banks: readonly MsiBank[];
  readonly imsic: Imsic | null;
}

/** A machine at reset: IOMMU off, tables nowhere, nothing pending. */
export function createMachine(spec: MachineSpec): Machine {
  const { iommu, controllers } = spec;
  const msi = controllers.find((controller) => controller.kind === 'phb-msi');
  const files = controllers.find((controller) => controller.kind === 'imsic');
  return {
    spec,
    memory: createMemory(spec.memory),
    ...createIommu(iommu, msi?.base ?? 0, msi?.count ?? 0),
    frames: controllers.flatMap((controller) =>
      controller.kind === 'gicv2m' || controller.kind === 'mbi'
        ? [
            {
              name: controller.name,
              base: controller.base,
              spiBase: controller.spiBase,
              spiCount: controller.spiCount,
              ...(controller.kind === 'mbi' ? { distributor: true } : {}),
            },
          ]
        : [],
    ),
    distributor: createDistributor(),
    its: controllers.flatMap((controller) =>
      controller.kind === 'its' ? [createIts(controller.name, controller.base, controller.deviceBits)] : [],
    ),
    redistributors: { configTable: 0, intidBits: 16, pendingTables: [], enabled: [] },
    apics: createApics(spec.architecture === 'x86' ? spec.cpus : 0),
    banks: controllers.flatMap((controller) =>
      controller.kind === 'fsl-msi' ? [createMsiBank(controller.name, controller.base)] : [],
    ),
    imsic:
      files === undefined ? null : createImsic(files.name, files.base, spec.cpus, files.guestFiles, files.identities),
  };
}

type Iommus = Pick<Machine, 'smmu' | 'vtd' | 'smmuv2' | 'amd' | 'pamu' | 'phb' | 'riscv'>;

function createIommu(iommu: IommuSpec, msiBase: number, msiCount: number): Iommus {
  return {
    smmu: iommu.kind === 'smmuv3' ? createSmmuv3(iommu.name, 48) : null,
    vtd: iommu.kind === 'vtd' ? createVtd(iommu.name, iommu.addressBits) : null,
    smmuv2: iommu.kind === 'smmuv2' ? createSmmuv2(iommu.name, iommu.streamRegisters, iommu.contextBanks) : null,
    amd: iommu.kind === 'amdvi' ? createAmdUnit(iommu.name) : null,
    pamu: iommu.kind === 'pamu' ? createPamu(iommu.name) : null,
    phb: iommu.kind === 'phb' ? createPhb(iommu.name, msiBase, msiCount) : null,
    riscv: iommu.kind === 'riscv' ? createRiscvUnit(iommu.name) : null,
  };
}

/** An independent copy; memory pages are copied, the directory of pages is shared. */
export function cloneMachine(machine: Machine): Machine {
  return {
    ...machine,
    memory: cloneMemory(machine.memory),
    smmu: machine.smmu && cloneSmmuv3(machine.smmu),
    vtd: machine.vtd && cloneVtd(machine.vtd),
    smmuv2: machine.smmuv2 && cloneSmmuv2(machine.smmuv2),
    amd: machine.amd && cloneAmdUnit(machine.amd),
    pamu: machine.pamu && { ...machine.pamu },
    phb: machine.phb && clonePhb(machine.phb),
    riscv: machine.riscv && cloneRiscvUnit(machine.riscv),
    distributor: cloneDistributor(machine.distributor),
    its: machine.its.map(cloneIts),
    redistributors: cloneRedistributors(machine.redistributors),
    apics: cloneApics(machine.apics),
    banks: machine.banks.map(cloneMsiBank),
    imsic: machine.imsic && cloneImsic(machine.imsic),
  };
}

/** A whole number below 2^53: equal states hash equal, different ones almost surely differ. */
export function hashMachine(machine: Machine): number {
  const hash = createHash();
  addNumber(hash, machine.memory.hashA);
  addNumber(hash, machine.memory.hashB);
  if (machine.smmu !== null) hashSmmuv3(machine.smmu, hash);
  if (machine.vtd !== null) hashVtd(machine.vtd, hash);
  if (machine.smmuv2 !== null) hashSmmuv2(machine.smmuv2, hash);
  if (machine.amd !== null) hashAmdUnit(machine.amd, hash);
  if (machine.pamu !== null) hashPamu(machine.pamu, hash);
  if (machine.phb !== null) hashPhb(machine.phb, hash);
  if (machine.riscv !== null) hashRiscvUnit(machine.riscv, hash);
  if (machine.frames.length > 0) hashDistributor(machine.distributor, machine.frames, hash);
  for (const its of machine.its) hashIts(its, hash);
  for (const enabled of machine.redistributors.enabled) addNumber(hash, enabled ? 1 : 0);
  hashConfiguration(machine.redistributors, hash);
  if (machine.apics.cpus > 0) hashApics(machine.apics, hash);
  for (const bank of machine.banks) hashMsiBank(bank, hash);
  if (machine.imsic !== null) hashImsic(machine.imsic, hash);
  return hashValue(hash);
}
