/**
 * Message-based SPIs: the GICv2m frame (4 KiB, SETSPI_NS raises an SPI of the frame) and the GICv3 distributor's own SETSPI_NSR (any SPI).
 * No device id: who can write the page can raise all its SPIs.
 * Source: Server Base System Architecture (DEN 0029), appendix on GICv2m: MSI_TYPER 008h, MSI_SETSPI_NS 040h, MSI_IIDR FCCh; GIC
 * architecture (IHI 0069), distributor registers GICD_SETSPI_NSR 040h, GICD_CLRSPI_NSR 048h. Other registers of the distributor's page,
 * which a device could reach as well, are not modelled.
 */

import type { Hash } from './hash';
import { addNumber } from './hash';

export const FRAME_SIZE = 0x1000;
export const TYPER = 0x008;
export const SETSPI_NS = 0x040;
export const IIDR = 0xfcc;

export interface Gicv2mFrame {
  readonly name: string;
  /** Physical base in bytes. */
  readonly base: number;
  readonly spiBase: number;
  readonly spiCount: number;
  /** The page is the distributor's: any SPI can be raised, those outside the frame's range included. */
  readonly distributor?: boolean;
}

/** A GICv3 distributor's frame. */
export const DISTRIBUTOR_SIZE = 0x1_0000;
export const CLRSPI_NSR = 0x048;

/** The distributor's part: which SPIs are pending, and the CPU each is routed to (GIC IHI 0048: GICD_ISPENDR, GICD_ITARGETSR). */
export interface Distributor {
  readonly pending: Uint32Array;
  readonly targets: Uint8Array;
}

export const FIRST_SPI = 32;
export const MAX_SPI = 1020;

export function createDistributor(): Distributor {
  return { pending: new Uint32Array(32), targets: new Uint8Array(1024) };
}

export function cloneDistributor(distributor: Distributor): Distributor {
  return { pending: distributor.pending.slice(), targets: distributor.targets.slice() };
}

/** Of the SPIs of all frames: each pending or routed elsewhere than CPU 0 counts. */
export function hashDistributor(distributor: Distributor, frames: readonly Gicv2mFrame[], hash: Hash): void {
  for (const frame of frames) {
    const first = frame.distributor === true ? FIRST_SPI : frame.spiBase;
    const end = frame.distributor === true ? MAX_SPI : Math.min(frame.spiBase + frame.spiCount, MAX_SPI);
    for (let spi = first; spi < end; spi++) {
      const target = distributor.targets[spi] as number;
      const pending = ((distributor.pending[spi >>> 5] as number) >>> (spi & 31)) & 1;
      if (target !== 0 || pending !== 0) addNumber(hash, spi * 512 + target * 2 + pending);
    }
  }
}

/** A frame's register as software reads it: base SPI in 25:16 and their number in 9:0 of TYPER; 0 for offsets without a register. */
export function readFrame(frame: Gicv2mFrame, offset: number): number {
  return offset === TYPER ? ((frame.spiBase & 0x3ff) << 16) | (frame.spiCount & 0x3ff) : 0;
}

/** The SPI that a write of `data` at `offset` of the frame raises, or -1 when it has no effect. Bits above 9 of the data are not looked at. */
export function frameSpi(frame: Gicv2mFrame, offset: number, data: number): number {
  if (offset !== SETSPI_NS) return -1;
  const spi = data & 0x3ff;
  return spi >= frame.spiBase && spi < frame.spiBase + frame.spiCount && spi < MAX_SPI ? spi : -1;
}

/** The SPI that a write of `data` at `offset` of a GICv3 distributor raises or clears, or -1 when it has no effect. */
export function distributorSpi(offset: number, data: number): number {
  const spi = data & 0x3ff;
  return (offset === SETSPI_NS || offset === CLRSPI_NSR) && spi >= FIRST_SPI && spi < MAX_SPI ? spi : -1;
}

/** Makes an SPI pending; gives the CPU it is routed to. */
export function raiseSpi(distributor: Distributor, spi: number): number {
  const at = spi >>> 5;
  distributor.pending[at] = ((distributor.pending[at] as number) | (1 << (spi & 31))) >>> 0;
  return distributor.targets[spi] as number;
}

export function spiPending(distributor: Distributor, spi: number): boolean {
  return ((distributor.pending[spi >>> 5] ?? 0) & (1 << (spi & 31))) !== 0;
}

export function acknowledgeSpi(distributor: Distributor, spi: number): void {
  const at = spi >>> 5;
  if (at < distributor.pending.length)
    distributor.pending[at] = ((distributor.pending[at] as number) & ~(1 << (spi & 31))) >>> 0;
}
