/**
 * Reading recorded facts of Linux machines: what one machine is, and the machine of the model that stands for it. In: JSON of any shape.
 * Out: values, or null where something is missing; nothing is thrown.
 */
import type { Fields } from '../../machine/replay/verdict';
import { fieldsOf } from '../../machine/replay/verdict';
import type { ControllerSpec, DeviceSpec, IommuSpec, MachineSpec } from '../../machine/types';
import type { PciFunction } from '../host';

/** What of a recorded machine decides about VFIO and its messages. */
export interface PlatformFacts {
  readonly id: string;
  readonly architecture: 'arm64' | 'x86';
  readonly iommu: 'smmuv3' | 'vtd' | 'amdvi' | 'none';
  /** Interrupt remapping is on; with or without a check of the source. */
  readonly remapping: boolean;
  readonly sourceCheck: boolean;
  readonly controller: 'gicv2m' | 'its' | 'apic' | 'none';
  /** Width of IOVA in bits. */
  readonly addressBits: number;
  /** The host's own drivers work untranslated. */
  readonly identity: boolean;
}

const IOMMUS: Readonly<Record<string, PlatformFacts['iommu']>> = { smmuv3: 'smmuv3', 'vt-d': 'vtd', 'amd-vi': 'amdvi' };
const CONTROLLERS: Readonly<Record<string, PlatformFacts['controller']>> = {
  'gicv3-its': 'its',
  gicv2m: 'gicv2m',
  lapic: 'apic',
};

/** I/O page tables of AMD-Vi can have six levels (48882, 2.2.3): they reach all of 64 bits. */
const AMD_BITS = 64;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Facts of one record of a platforms file. */
export function platformFacts(value: unknown): PlatformFacts | null {
  const fields = fieldsOf(value);
  if (fields === null || typeof fields.id !== 'string') return null;
  const iommu = IOMMUS[text(fields.iommu)] ?? 'none';
  const intremap = text(fields.intremap);
  const width = /aw-bits=(\d+)/.exec(text(fields.hypervisorOption))?.[1];
  return {
    id: fields.id,
    architecture: text(fields.arch).startsWith('arm') ? 'arm64' : 'x86',
    iommu,
    remapping: intremap === 'on' || intremap === 'on-without-source-id-check',
    sourceCheck: intremap !== 'on-without-source-id-check',
    controller: CONTROLLERS[text(fields.msiController)] ?? 'none',
    addressBits: iommu === 'vtd' ? Number(width ?? 39) : iommu === 'amdvi' ? AMD_BITS : 48,
    identity: fields.defaultDomain === 'identity',
  };
}

const GICV2M = { kind: 'gicv2m', name: 'v2m0', base: 0x0802_0000, spiBase: 80, spiCount: 64 } as const;
const ITS: ControllerSpec = { kind: 'its', name: 'its0', base: 0x0808_0000, deviceBits: 16 };

export const USER_DEVICE = 0x0050;
export const VICTIM_DEVICE = 0x0060;
/** Of the same user, where a record has two. */
export const SECOND_DEVICE = 0x0058;

/** The model's machine for recorded facts: one device of a user or two, one of the host. */
export function machineOf(facts: PlatformFacts, entries: number, second = false): MachineSpec {
  const devices: readonly DeviceSpec[] = [
    { name: 'user', requesterId: USER_DEVICE, vectors: entries },
    ...(second ? [{ name: 'second', requesterId: SECOND_DEVICE, vectors: entries }] : []),
    { name: 'victim', requesterId: VICTIM_DEVICE, vectors: GICV2M.spiCount },
  ];
  const controllers: readonly ControllerSpec[] =
    facts.controller === 'gicv2m'
      ? [GICV2M]
      : facts.controller === 'its'
        ? [ITS]
        : facts.controller === 'apic'
          ? [{ kind: 'apic', name: 'apic' }]
          : [];
  const { iommu: kind, addressBits, remapping, sourceCheck } = facts;
  const iommu: IommuSpec =
    kind === 'smmuv3'
      ? { kind, name: 'smmu0', granule: 4096, addressBits }
      : kind === 'vtd'
        ? { kind, name: 'dmar0', remapping, compatibility: false, eim: false, addressBits, sourceCheck }
        : kind === 'amdvi'
          ? { kind, name: 'ivhd0', remapping, addressBits }
          : { kind: 'none' };
  return {
    id: facts.id,
    title: facts.id,
    architecture: facts.architecture,
    cpus: 2,
    memory:
      facts.architecture === 'arm64'
        ? [
            { name: 'gic', base: 0x0800_0000, size: 0x0102_0000, kind: 'mmio' },
            { name: 'ram', base: 0x4000_0000, size: 2 ** 31, kind: 'ram' },
          ]
        : [
            { name: 'ram-low', base: 0, size: 2 ** 31, kind: 'ram' },
            { name: 'interrupts', base: 0xfee0_0000, size: 0x10_0000, kind: 'mmio' },
            { name: 'ram-high', base: 2 ** 32, size: 2 ** 31, kind: 'ram' },
          ],
    devices,
    iommu,
    controllers,
  };
}

/** A function from recorded counts of interrupts by kind. */
export function functionFrom(counts: Fields | null): PciFunction {
  const count = (name: string): number => (typeof counts?.[name] === 'number' ? counts[name] : 0);
  return { msi: count('msi'), msix: count('msix'), pin: count('intx') > 0, express: count('err') > 0 };
}

/** A 64-bit number in the model's two's complement from `0x…` text or a number; null for anything else. */
export function wordOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(value)) return null;
  return Number(BigInt.asIntN(64, BigInt(value)));
}
