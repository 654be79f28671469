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

function x86(id: string, title: string, remapping: boolean, sourceCheck: boolean): MachineSpec {
  return {
    id,
    title,
    architecture: 'x86',
    cpus: 4,
    memory: X86_MEMORY,
    devices: SERVER_DEVICES,
    iommu: { kind: 'vtd', name: 'dmar0', remapping, compatibility: false, eim: false, addressBits: 39, sourceCheck },
    controllers: [{ kind: 'apic', name: 'apic' }],
  };
}

export const machinePresets: readonly MachineSpec[] = [
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
  x86('x86-vtd', 'x86 server, VT-d with interrupt remapping', true, true),
  x86('x86-vtd-noremap', 'x86 server, VT-d without interrupt remapping', false, true),
  x86('x86-vtd-nosid', 'x86 server, VT-d with interrupt remapping, source-id check off (intremap=nosid)', true, false),
];

/** A preset by id; null when there is none. */
export function machinePreset(id: string): MachineSpec | null {
  return machinePresets.find((preset) => preset.id === id) ?? null;
}
