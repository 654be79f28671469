/**
 * Freescale MSI banks: a write of the register MSIIR sets one of 256 bits of the bank, MSIR 0 … 7 with 32 bits each. No device id: who can
 * write the page can raise all of the bank.
 * Source: QorIQ reference manuals, chapter "Multicore Programmable Interrupt Controller", shared message signalled interrupts: MSIIR
 * (SRS selects the register, IBS the bit). Data is the register's value: SRS in 31:29, IBS in 28:24.
 */
import type { Hash } from './hash';
import { addNumber } from './hash';

export const BANK_PAGE = 0x1000;
export const MSIIR = 0x140;
export const BANK_INTERRUPTS = 256;

export interface MsiBank {
  readonly name: string;
  /** Physical page of the register, bytes. */
  readonly base: number;
  /** MSIR 0 … 7. */
  readonly pending: Uint32Array;
}

export function createMsiBank(name: string, base: number): MsiBank {
  return { name, base, pending: new Uint32Array(8) };
}

export function cloneMsiBank(bank: MsiBank): MsiBank {
  return { ...bank, pending: bank.pending.slice() };
}

export function hashMsiBank(bank: MsiBank, hash: Hash): void {
  for (const word of bank.pending) addNumber(hash, word);
}

/** Data that raises interrupt 0 … 255 of a bank: SRS and IBS side by side are its number. */
export function bankData(interrupt: number): number {
  return ((interrupt & 0xff) << 24) >>> 0;
}

/** Interrupt 0 … 255 that the data of a write of MSIIR names. */
export function bankInterrupt(data: number): number {
  return data >>> 24;
}
