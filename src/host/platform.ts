/**
 * The border between kernel programs and hardware: what an IOMMU driver and an irqchip driver do to the machine.
 * One implementation per kind of IOMMU and controller, under `host/platforms/`; the interpreter's primitives call it.
 */
import type { Interrupt, MachineSpec, Outcome } from '../machine/types';

/** 0 or a negative errno. */
export type Errno = number;

/** A vector that the irqchip drivers have allocated for a device. */
export interface HardwareVector {
  readonly requesterId: number;
  /** 0-based vector of the device. */
  readonly index: number;
  readonly interrupt: Interrupt;
  /** The doorbell this vector's message goes to: name of the controller, and the physical address of its register (bytes). On x86 with remapping the address is the remappable-format address itself. */
  readonly controller: string;
  readonly address: number;
  readonly data: number;
  /** True where an IOVA must be mapped to the doorbell for the message to arrive behind an IOMMU (ARM); false on x86. */
  readonly translated: boolean;
}

export interface ReservedRegion {
  readonly start: number;
  /** Bytes. */
  readonly length: number;
  readonly type: 'direct' | 'reserved' | 'msi' | 'sw-msi';
}

export interface Platform {
  readonly spec: MachineSpec;
  /** Smallest page of the IOMMU in bytes; 4096 without an IOMMU. */
  readonly granule: number;
  /** First address beyond the IOMMU's aperture. */
  readonly aperture: number;
  readonly hardwareRegions: readonly ReservedRegion[];
  /** Does the hardware keep interrupts apart by requester id (remapping on with source check; ITS)? What is *true*, whatever a driver claims. */
  readonly isolatesMsi: boolean;

  /** A new, empty translation domain; domains are small positive integers. */
  allocateDomain(): number;
  freeDomain(domain: number): void;
  attach(requesterId: number, domain: number): Errno;
  detach(requesterId: number, domain: number): void;
  /** All of `iova`, `physical`, `size` must be multiples of the granule (-EINVAL); -EEXIST on overlap; -ERANGE beyond the aperture. */
  map(domain: number, iova: number, physical: number, size: number, writable: boolean): Errno;
  /** Bytes unmapped. */
  unmap(domain: number, iova: number, size: number): number;
  /** Null when nothing is mapped there. */
  translate(domain: number, iova: number): number | null;
  mappings(domain: number): readonly { readonly iova: number; readonly physical: number; readonly size: number }[];

  /** Allocates `count` vectors for a device, all or none; null when the controller has no more. */
  allocateVectors(requesterId: number, count: number): readonly HardwareVector[] | null;
  freeVectors(requesterId: number): void;
  /** Moves a vector to another CPU; gives the vector as it is then (on x86 without remapping address and data change). */
  setAffinity(requesterId: number, index: number, cpu: number): HardwareVector | null;

  /** A device emits one memory write: address and data as its agent chose, bytes. Updates pending state. */
  emit(requesterId: number, address: number, data: number, size: number): Outcome;
  /** Physical page (granule-aligned base) to controller name: which pages are doorbells. */
  doorbellAt(physical: number): string | null;
  /** Every interrupt that is allocated to a device now. */
  vectors(): readonly HardwareVector[];
}
