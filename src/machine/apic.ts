/**
 * The interrupt address range of x86: a write to FEE0_0000h–FEEF_FFFFh is an interrupt message, whatever a page table says.
 * In: the message's address and data. Out: destination, vector, delivery mode. Remapping is `vtd-remap.ts`'s business.
 * Source: Intel SDM volume 3, 11.11 "Message Signalled Interrupts"; VT-d specification 5.1.2.1 (compatibility format).
 */

import type { Hash } from './hash';
import { addNumber } from './hash';
import type { Interrupt } from './types';

export const INTERRUPT_RANGE_BASE = 0xfee0_0000;
export const INTERRUPT_RANGE_SIZE = 0x10_0000;

/**
 * One interrupt as it leaves the remapping hardware, packed into a whole number below 2^46, so that a lookup allocates nothing:
 * vector 7:0, delivery mode 10:8, destination mode 11, redirection hint 12, trigger mode 13, destination 45:14.
 */
export type PackedInterrupt = number;

export interface ApicInterrupt {
  /** APIC id, or a logical destination when `logical`. */
  readonly destination: number;
  readonly logical: boolean;
  readonly redirectionHint: boolean;
  /** 0 fixed, 1 lowest priority, 2 SMI, 4 NMI, 5 INIT, 7 ExtINT. */
  readonly deliveryMode: number;
  readonly vector: number;
  readonly level: boolean;
}

/** Is a write at this address (bytes) an interrupt message? */
export function isInterruptAddress(address: number): boolean {
  return address >= INTERRUPT_RANGE_BASE && address < INTERRUPT_RANGE_BASE + INTERRUPT_RANGE_SIZE;
}

export function packInterrupt(
  destination: number,
  logical: number,
  hint: number,
  mode: number,
  vector: number,
  level: number,
): PackedInterrupt {
  return destination * 0x4000 + (vector | (mode << 8) | (logical << 11) | (hint << 12) | (level << 13));
}

export function unpackInterrupt(packed: PackedInterrupt): ApicInterrupt {
  return {
    destination: Math.floor(packed / 0x4000),
    logical: (packed & 0x800) !== 0,
    redirectionHint: (packed & 0x1000) !== 0,
    deliveryMode: (packed >>> 8) & 7,
    vector: packed & 0xff,
    level: (packed & 0x2000) !== 0,
  };
}

/** A compatibility-format message: destination 19:12, redirection hint 3, mode 2; data: vector 7:0, delivery mode 10:8, trigger 15. */
export function compatibilityMessage(address: number, data: number): PackedInterrupt {
  return packInterrupt(
    (address >>> 12) & 0xff,
    (address >>> 2) & 1,
    (address >>> 3) & 1,
    (data >>> 8) & 7,
    data & 0xff,
    (data >>> 15) & 1,
  );
}

/** Pending vectors (IRR) of all CPUs: 8 words of 32 bits for each. */
export interface Apics {
  readonly cpus: number;
  readonly pending: Uint32Array;
}

export function createApics(cpus: number): Apics {
  return { cpus, pending: new Uint32Array(cpus * 8) };
}

export function cloneApics(apics: Apics): Apics {
  return { cpus: apics.cpus, pending: apics.pending.slice() };
}

export function hashApics(apics: Apics, hash: Hash): void {
  for (const word of apics.pending) addNumber(hash, word);
}

/**
 * Number of a pseudo vector for delivery modes that carry none: 256 + delivery mode (SMI, NMI, INIT, ExtINT), so that such an
 * interrupt can be told from every real vector.
 */
export function interruptNumber(interrupt: ApicInterrupt): number {
  return interrupt.deliveryMode < 2 ? interrupt.vector : 256 + interrupt.deliveryMode;
}

/**
 * The CPU an interrupt goes to: a physical destination is the APIC id (CPU number here), 0xff and 0xffffffff are everybody; a
 * logical destination is a mask in the flat model (SDM 11.6.2.2). Of several CPUs the lowest is named. -1: nobody.
 */
export function targetCpu(apics: Apics, interrupt: ApicInterrupt): number {
  const { destination } = interrupt;
  if (!interrupt.logical) {
    if (destination === 0xff || destination === 0xffff_ffff) return 0;
    return destination < apics.cpus ? destination : -1;
  }
  for (let cpu = 0; cpu < Math.min(apics.cpus, 8); cpu++) if ((destination & (1 << cpu)) !== 0) return cpu;
  return -1;
}

/** Takes an interrupt in. Null when it has no effect: no such CPU, or a vector below 16, which no APIC accepts (SDM 11.5.2). */
export function acceptInterrupt(apics: Apics, packed: PackedInterrupt): Interrupt | null {
  const interrupt = unpackInterrupt(packed);
  const cpu = targetCpu(apics, interrupt);
  if (cpu < 0 || interrupt.deliveryMode === 3 || interrupt.deliveryMode === 6) return null;
  if (interrupt.deliveryMode < 2) {
    if (interrupt.vector < 16) return null;
    const at = cpu * 8 + (interrupt.vector >>> 5);
    apics.pending[at] = ((apics.pending[at] as number) | (1 << (interrupt.vector & 31))) >>> 0;
  }
  return { kind: 'vector', number: interruptNumber(interrupt), target: cpu };
}

/** Clears a pending vector. */
export function acknowledgeVector(apics: Apics, cpu: number, vector: number): void {
  if (cpu < 0 || cpu >= apics.cpus || vector > 255) return;
  const at = cpu * 8 + (vector >>> 5);
  apics.pending[at] = ((apics.pending[at] as number) & ~(1 << (vector & 31))) >>> 0;
}
