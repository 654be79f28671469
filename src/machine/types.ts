/**
 * Hardware as plain state and pure steps: memory, PCIe, IOMMUs, MSI controllers. Knows nothing of Linux.
 * Addresses and sizes are bytes, as JS numbers below 2^53. Requester ids are 16 bit: bus << 8 | device << 3 | function.
 */

/** What identifies one interrupt of the machine. `number` is the SPI, LPI or vector; `target` the CPU or redistributor it goes to. */
export interface Interrupt {
  readonly kind: 'spi' | 'lpi' | 'vector' | 'bank' | 'imsic';
  readonly number: number;
  /** For `vector` part of the identity (a vector is a vector of one CPU); for others where it is routed. */
  readonly target: number;
}

/** What became of one write that a device emitted. */
export type Outcome =
  | {
      readonly kind: 'interrupt';
      readonly interrupt: Interrupt;
      readonly physical: number | null;
      readonly via: string;
    }
  /** Landed in RAM at a physical address. */
  | { readonly kind: 'memory'; readonly physical: number }
  /** Reached a physical address where it has no effect. */
  | { readonly kind: 'ignored'; readonly physical: number; readonly why: string }
  /** `code` is the unit's own fault code (VT-d fault reason, SMMUv3 event type …), `unit` the IOMMU or controller that said no. */
  | {
      readonly kind: 'fault';
      readonly unit: string;
      readonly code: number;
      readonly why: string;
      readonly address: number;
      readonly recorded: boolean;
    }
  /** Ended without a fault code: global abort, a write the controller drops. */
  | { readonly kind: 'dropped'; readonly unit: string; readonly why: string };

export interface DeviceSpec {
  readonly name: string;
  readonly requesterId: number;
  /** The requester id the IOMMU and the MSI controller see (a bridge's, for devices behind PCIe-to-PCI bridges); the device's own when absent. */
  readonly alias?: number;
  /** MSI-X table size. */
  readonly vectors: number;
  /** Devices of one group share fate: same alias or no ACS between them. Absent: a group of its own. */
  readonly group?: number;
}

export interface RangeSpec {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** `mmio`: device registers, no DRAM. Absent: DRAM. */
  readonly kind?: 'ram' | 'mmio';
}

export type ControllerSpec =
  | {
      readonly kind: 'gicv2m';
      readonly name: string;
      readonly base: number;
      readonly spiBase: number;
      readonly spiCount: number;
    }
  | { readonly kind: 'its'; readonly name: string; readonly base: number; readonly deviceBits: number }
  | { readonly kind: 'apic'; readonly name: string };

export type IommuSpec =
  | {
      readonly kind: 'smmuv3';
      readonly name: string;
      readonly granule: 4096 | 16384 | 65536;
      readonly addressBits: number;
    }
  | {
      readonly kind: 'vtd';
      readonly name: string;
      readonly remapping: boolean;
      readonly compatibility: boolean;
      readonly eim: boolean;
      readonly addressBits: number;
      readonly sourceCheck: boolean;
    }
  | { readonly kind: 'none' };

export interface MachineSpec {
  /** Preset id such as `arm64-smmuv3-gicv2m`. */
  readonly id: string;
  readonly title: string;
  readonly architecture: 'arm64' | 'x86' | 'powerpc' | 'riscv';
  readonly cpus: number;
  readonly memory: readonly RangeSpec[];
  readonly devices: readonly DeviceSpec[];
  readonly iommu: IommuSpec;
  readonly controllers: readonly ControllerSpec[];
}
