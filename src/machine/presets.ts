/**
 * Machine presets: boards as they are met, with a few devices each.
 * In: nothing. Out: specs by id. Layouts follow the usual virt and server boards: GICv2m frames from 0802_0000h, the ITS at 0808_0000h, Arm
 * DRAM from 1 GiB, the interrupt range of x86 at FEE0_0000h.
 */
import type { ControllerSpec, DeviceSpec, IommuSpec, MachineSpec, RangeSpec } from './types';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Two virtual functions and their physical function, and an NVMe drive: MSI-X table sizes as such devices have them. */
const SERVER_DEVICES: readonly DeviceSpec[] = [
  { name: 'nic-pf', requesterId: 0x0100, vectors: 16 },
  { name: 'nic-vf0', requesterId: 0x0180, vectors: 16 },
  { name: 'nic-vf1', requesterId: 0x0181, vectors: 16 },
  { name: 'nvme', requesterId: 0x0500, vectors: 65 },
];

/** Two conventional devices behind a PCIe-to-PCI bridge: the IOMMU and the ITS see both as 03:00.0, the id of the secondary bus. */
const BRIDGE_DEVICES: readonly DeviceSpec[] = [
  { name: 'nic-pf', requesterId: 0x0100, vectors: 16 },
  { name: 'nic-vf0', requesterId: 0x0180, vectors: 16 },
  { name: 'pci-nic', requesterId: 0x0308, alias: 0x0300, vectors: 4, group: 1 },
  { name: 'pci-serial', requesterId: 0x0310, alias: 0x0300, vectors: 4, group: 1 },
];

const ARM_MEMORY: readonly RangeSpec[] = [
  { name: 'gic', base: 0x0800_0000, size: 0x0102_0000, kind: 'mmio' },
  { name: 'pcie-mmio', base: 0x1000_0000, size: 0x2eff_0000, kind: 'mmio' },
  { name: 'ram', base: 0x4000_0000, size: 8 * GIB, kind: 'ram' },
];

const X86_MEMORY: readonly RangeSpec[] = [
  { name: 'ram-low', base: 0, size: 2 * GIB, kind: 'ram' },
  { name: 'pcie-mmio', base: 0xc000_0000, size: 0x3000_0000, kind: 'mmio' },
  { name: 'interrupts', base: 0xfee0_0000, size: MIB, kind: 'mmio' },
  { name: 'ram-high', base: 4 * GIB, size: 6 * GIB, kind: 'ram' },
];

const ITS: ControllerSpec = { kind: 'its', name: 'its0', base: 0x0808_0000, deviceBits: 16 };
const GICV2M: ControllerSpec = { kind: 'gicv2m', name: 'v2m0', base: 0x0802_0000, spiBase: 80, spiCount: 64 };

function smmu(granule: 4096 | 16384 | 65536): IommuSpec {
  return { kind: 'smmuv3', name: 'smmu0', granule, addressBits: 48 };
}

function arm(
  id: string,
  title: string,
  controllers: readonly ControllerSpec[],
  granule: 4096 | 16384 | 65536,
  devices: readonly DeviceSpec[],
): MachineSpec {
  return { id, title, architecture: 'arm64', cpus: 4, memory: ARM_MEMORY, devices, iommu: smmu(granule), controllers };
}

function x86(id: string, title: string, remapping: boolean, sourceCheck: boolean, posting = false): MachineSpec {
  return {
    id,
    title,
    architecture: 'x86',
    cpus: 4,
    memory: X86_MEMORY,
    devices: SERVER_DEVICES,
    iommu: {
      kind: 'vtd',
      name: 'dmar0',
      remapping,
      compatibility: false,
      eim: false,
      addressBits: 39,
      sourceCheck,
      ...(posting ? { posting } : {}),
    },
    controllers: [{ kind: 'apic', name: 'apic' }],
  };
}

const USUAL: readonly MachineSpec[] = [
  arm('arm64-smmuv3-gicv2m', 'Arm server, SMMUv3, one GICv2m frame of 64 SPIs', [GICV2M], 4096, SERVER_DEVICES),
  arm(
    'arm64-smmuv3-gicv2m-2frames',
    'Arm server, SMMUv3, two GICv2m frames of 8 SPIs each',
    [
      { kind: 'gicv2m', name: 'v2m0', base: 0x0802_0000, spiBase: 80, spiCount: 8 },
      { kind: 'gicv2m', name: 'v2m1', base: 0x0802_1000, spiBase: 88, spiCount: 8 },
    ],
    4096,
    SERVER_DEVICES,
  ),
  arm('arm64-smmuv3-its', 'Arm server, SMMUv3, GICv3 ITS', [ITS], 4096, SERVER_DEVICES),
  arm('arm64-smmuv3-its-64k', 'Arm server, SMMUv3 with 64 KiB granule, GICv3 ITS', [ITS], 65536, SERVER_DEVICES),
  arm(
    'arm64-smmuv3-its-alias',
    'Arm server, SMMUv3, GICv3 ITS, two devices behind a PCIe-to-PCI bridge',
    [ITS],
    4096,
    BRIDGE_DEVICES,
  ),
  {
    ...arm(
      'arm64-smmuv3-two-its',
      'Arm server, SMMUv3, two GICv3 ITSes: one for buses 0 to 3, one for the others',
      [
        { ...ITS, lastBus: 3 },
        { kind: 'its', name: 'its1', base: 0x080a_0000, deviceBits: 16, firstBus: 4 },
      ],
      4096,
      SERVER_DEVICES,
    ),
  },
  {
    ...arm('arm64-nosmmu-gicv2m', 'Arm board without an IOMMU, one GICv2m frame', [GICV2M], 4096, SERVER_DEVICES),
    iommu: { kind: 'none' },
  },
  x86('x86-vtd', 'x86 server, VT-d with interrupt remapping', true, true),
  x86('x86-vtd-noremap', 'x86 server, VT-d without interrupt remapping', false, true),
  x86('x86-vtd-nosid', 'x86 server, VT-d with interrupt remapping, source-id check off (intremap=nosid)', true, false),
  x86('x86-vtd-posting', 'x86 server, VT-d with interrupt remapping and posted interrupts', true, true, true),
];

function amd(id: string, title: string, remapping: boolean): MachineSpec {
  return {
    ...x86(id, title, remapping, true),
    iommu: { kind: 'amdvi', name: 'ivhd0', remapping, addressBits: 48 },
  };
}

/** Registers of the SoC (CCSR) at F_FE00_0000h, MSI banks with a page each from 44000h in it; DRAM from 0. */
const QORIQ_MEMORY: readonly RangeSpec[] = [
  { name: 'ram', base: 0, size: 4 * GIB, kind: 'ram' },
  { name: 'pcie-mmio', base: 0xc_0000_0000, size: GIB, kind: 'mmio' },
  { name: 'ccsr', base: 0xf_fe00_0000, size: 16 * MIB, kind: 'mmio' },
];

function pamu(id: string, title: string, perDomain: boolean): MachineSpec {
  const controllers = [0, 1, 2].map(
    (n): ControllerSpec => ({
      kind: 'fsl-msi',
      name: `msi${n}`,
      base: 0xf_fe04_4000 + n * 0x1000,
      perDomain,
    }),
  );
  return {
    id,
    title,
    architecture: 'powerpc',
    cpus: 4,
    memory: QORIQ_MEMORY,
    devices: SERVER_DEVICES,
    iommu: { kind: 'pamu', name: 'pamu0', addressBits: 36, subwindows: 256 },
    controllers,
  };
}

const FURTHER: readonly MachineSpec[] = [
  {
    ...arm('arm64-smmuv2-gicv2m', 'Arm server, SMMUv2, one GICv2m frame of 64 SPIs', [GICV2M], 4096, SERVER_DEVICES),
    iommu: {
      kind: 'smmuv2',
      name: 'smmu0',
      granule: 4096,
      addressBits: 48,
      streamRegisters: 32,
      contextBanks: 8,
    },
  },
  {
    ...arm(
      'arm64-smmuv3-mbi',
      'Arm server, SMMUv3, message-based SPIs of the GICv3 distributor',
      [],
      4096,
      SERVER_DEVICES,
    ),
    controllers: [{ kind: 'mbi', name: 'gicd', base: 0x0800_0000, spiBase: 256, spiCount: 64 }],
  },
  amd('x86-amdvi', 'x86 server, AMD-Vi with interrupt remapping', true),
  amd('x86-amdvi-noremap', 'x86 server, AMD-Vi without interrupt remapping', false),
  pamu('powerpc-pamu', 'QorIQ board, PAMU, three MSI banks shared by all', false),
  pamu('powerpc-pamu-bank-per-domain', 'QorIQ board, PAMU, an MSI bank for each domain', true),
  {
    id: 'powerpc-phb',
    title: 'POWER server, PHB with partitionable endpoints',
    architecture: 'powerpc',
    cpus: 4,
    memory: [
      { name: 'ram', base: 0, size: 8 * GIB, kind: 'ram' },
      { name: 'pcie-mmio', base: 0x3_fe00_0000_0000, size: 2 * GIB, kind: 'mmio' },
    ],
    devices: SERVER_DEVICES,
    iommu: { kind: 'phb', name: 'phb0', addressBits: 39 },
    controllers: [{ kind: 'phb-msi', name: 'phb0-msi', base: 0xffff_0000, count: 2048 }],
  },
  riscv('riscv-imsic', 'RISC-V server, IOMMU with MSI page tables, guest interrupt files for each domain', true),
  riscv(
    'riscv-imsic-shared',
    "RISC-V server, IOMMU with MSI page tables that lead to the host's interrupt files",
    false,
  ),
];

function riscv(id: string, title: string, filePerDomain: boolean): MachineSpec {
  return {
    id,
    title,
    architecture: 'riscv',
    cpus: 4,
    memory: [
      { name: 'imsic', base: 0x2800_0000, size: 0x1_0000, kind: 'mmio' },
      { name: 'pcie-mmio', base: 0x4000_0000, size: GIB, kind: 'mmio' },
      { name: 'ram', base: 0x8000_0000, size: 8 * GIB, kind: 'ram' },
    ],
    devices: SERVER_DEVICES,
    iommu: { kind: 'riscv', name: 'iommu0', addressBits: 41, filePerDomain },
    controllers: [{ kind: 'imsic', name: 'imsic', base: 0x2800_0000, guestFiles: 3, identities: 255 }],
  };
}

export const machinePresets: readonly MachineSpec[] = [...USUAL, ...FURTHER];

/** A preset by id; null when there is none. */
export function machinePreset(id: string): MachineSpec | null {
  return machinePresets.find((preset) => preset.id === id) ?? null;
}
