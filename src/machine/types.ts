/**
 * Hardware as plain state and pure steps: memory, PCIe, IOMMUs, MSI controllers. Knows nothing of Linux.
 * Addresses and sizes are bytes, as JS numbers below 2^53. Requester ids are 16 bit: bus << 8 | device << 3 | function.
 */

/** What identifies one interrupt of the machine. `number` is the SPI, LPI or vector; `target` the CPU or redistributor it goes to. */
export interface Interrupt {
  readonly kind: 'spi' | 'lpi' | 'vector' | 'bank' | 'imsic';
  /** SPI, LPI or vector; `bank`: 256 a bank; `imsic`: 2,048 an interrupt file, files counted over all harts. */
  readonly number: number;
  /**
   * For `vector` part of the identity (a vector is a vector of one CPU); for others where it is routed. A vector posted to a guest has its
   * virtual CPU here: the number of the posted-interrupt descriptor (its address / 64), which is no CPU of the machine.
   */
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

/** Every MSI controller that is modelled. */
export type ControllerSpec =
  | {
      readonly kind: 'gicv2m';
      readonly name: string;
      readonly base: number;
      readonly spiBase: number;
      readonly spiCount: number;
    }
  | {
      readonly kind: 'its';
      readonly name: string;
      readonly base: number;
      readonly deviceBits: number;
      /** PCIe buses whose devices this ITS serves, ends included; absent: all. Of several that serve a bus the first is used. */
      readonly firstBus?: number;
      readonly lastBus?: number;
    }
  | { readonly kind: 'apic'; readonly name: string }
  /** Message-based SPIs of a GICv3 distributor at `base`; the driver hands out `spiCount` from `spiBase`, the hardware takes any SPI. */
  | {
      readonly kind: 'mbi';
      readonly name: string;
      readonly base: number;
      readonly spiBase: number;
      readonly spiCount: number;
    }
  /** A Freescale MSI bank: `base` is the 4 KiB page that holds its MSIIR at 140h. `perDomain`: the driver gives each domain a bank of its own. */
  | { readonly kind: 'fsl-msi'; readonly name: string; readonly base: number; readonly perDomain: boolean }
  /** The MSI range of a POWER PHB: `count` entries (a power of two up to 4,096), 16 bytes of address space each. */
  | { readonly kind: 'phb-msi'; readonly name: string; readonly base: number; readonly count: number }
  /** IMSIC interrupt files: for each hart one page of the host and `guestFiles` pages for guests, from `base`. */
  | {
      readonly kind: 'imsic';
      readonly name: string;
      readonly base: number;
      readonly guestFiles: number;
      readonly identities: number;
    };

/** Every IOMMU that is modelled. */
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
      /** CAP.PI: interrupts can be posted to a guest. Absent: no. */
      readonly posting?: boolean;
    }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'smmuv2';
      readonly name: string;
      readonly granule: 4096 | 16384 | 65536;
      readonly addressBits: number;
      /** Stream mapping registers and context banks. */
      readonly streamRegisters: number;
      readonly contextBanks: number;
    }
  | { readonly kind: 'amdvi'; readonly name: string; readonly remapping: boolean; readonly addressBits: number }
  /** A domain's aperture reaches from 0 to 2^addressBits and has `subwindows` (a power of two, up to 256) of one size. */
  | { readonly kind: 'pamu'; readonly name: string; readonly addressBits: number; readonly subwindows: number }
  | { readonly kind: 'phb'; readonly name: string; readonly addressBits: number }
  /** `filePerDomain`: MSI page tables lead each domain to guest interrupt files of its own; otherwise to the host's. */
  | {
      readonly kind: 'riscv';
      readonly name: string;
      readonly addressBits: number;
      readonly filePerDomain: boolean;
    };

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
  /** Ranges of IOVA, in bytes, that firmware keeps from use for DMA of any device (reserved memory of a device tree, RMR nodes of an IORT). */
  readonly reserved?: readonly { readonly base: number; readonly size: number }[];
}
