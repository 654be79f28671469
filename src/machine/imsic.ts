/**
 * IMSIC: interrupt files, a page each. A 4-byte write of an identity at offset 0 (little endian) or 4 (big endian) makes it pending in that
 * file, and an interrupt when it is enabled there (eie). No device id: who can write a file's page can make all its identities pending.
 * Source: RISC-V Advanced Interrupt Architecture 1.0, chapter 3 (IMSIC: memory region of an interrupt file, seteipnum_le, seteipnum_be;
 * pending and enable arrays eip and eie).
 *
 * Of each hart file 0 is the host's (supervisor level), the others are for guests. A file's number counts over all harts.
 */
import type { Hash } from './hash';
import { addNumber } from './hash';

export const FILE_BYTES = 0x1000;
/** Numbers of one file in `Interrupt.number`. */
export const FILE_NUMBERS = 2048;

export interface Imsic {
  readonly name: string;
  readonly base: number;
  readonly harts: number;
  readonly filesPerHart: number;
  /** Valid identities are 1 … identities. */
  readonly identities: number;
  /** Pending bits, file by file. */
  readonly pending: Uint32Array;
  /** Enable bits, file by file, as those that are pending. */
  readonly enabled: Uint32Array;
}

export function createImsic(name: string, base: number, harts: number, guestFiles: number, identities: number): Imsic {
  const filesPerHart = 1 + guestFiles;
  const words = harts * filesPerHart * wordsPerFile(identities);
  return {
    name,
    base,
    harts,
    filesPerHart,
    identities,
    pending: new Uint32Array(words),
    enabled: new Uint32Array(words),
  };
}

function wordsPerFile(identities: number): number {
  return (identities >>> 5) + 1;
}

export function cloneImsic(imsic: Imsic): Imsic {
  return { ...imsic, pending: imsic.pending.slice(), enabled: imsic.enabled.slice() };
}

export function hashImsic(imsic: Imsic, hash: Hash): void {
  for (const array of [imsic.pending, imsic.enabled]) {
    array.forEach((word, i) => {
      if (word === 0) return;
      addNumber(hash, i);
      addNumber(hash, word);
    });
    addNumber(hash, array.length);
  }
}

/** Number of the file a physical address lies in, or -1. */
export function fileAt(imsic: Imsic, physical: number): number {
  const file = Math.floor((physical - imsic.base) / FILE_BYTES);
  return file >= 0 && file < imsic.harts * imsic.filesPerHart ? file : -1;
}

/** Physical page of a file. */
export function filePage(imsic: Imsic, file: number): number {
  return imsic.base + file * FILE_BYTES;
}

/** Makes the identity that a 4-byte write names pending: file * 2,048 + identity, or -1 when the write has no effect. */
export function writeFile(imsic: Imsic, file: number, offset: number, data: number): number {
  const identity = offset === 0 ? data : offset === 4 ? swapped(data) : 0;
  if (identity < 1 || identity > imsic.identities) return -1;
  const at = file * wordsPerFile(imsic.identities) + (identity >>> 5);
  imsic.pending[at] = ((imsic.pending[at] as number) | (1 << (identity & 31))) >>> 0;
  return file * FILE_NUMBERS + identity;
}

function swapped(data: number): number {
  return (((data & 0xff) << 24) | ((data & 0xff00) << 8) | ((data >>> 8) & 0xff00) | (data >>> 24)) >>> 0;
}

export function acknowledgeIdentity(imsic: Imsic, number: number): void {
  const file = Math.floor(number / FILE_NUMBERS);
  const identity = number % FILE_NUMBERS;
  if (file >= imsic.harts * imsic.filesPerHart || identity > imsic.identities) return;
  const at = file * wordsPerFile(imsic.identities) + (identity >>> 5);
  imsic.pending[at] = ((imsic.pending[at] as number) & ~(1 << (identity & 31))) >>> 0;
}

/** Enables or disables an identity (file * 2,048 + identity) in its file; what is pending stays so. */
export function enableIdentity(imsic: Imsic, number: number, enable: boolean): void {
  const file = Math.floor(number / FILE_NUMBERS);
  const identity = number % FILE_NUMBERS;
  if (file >= imsic.harts * imsic.filesPerHart || identity > imsic.identities) return;
  const at = file * wordsPerFile(imsic.identities) + (identity >>> 5);
  const word = imsic.enabled[at] as number;
  imsic.enabled[at] = (enable ? word | (1 << (identity & 31)) : word & ~(1 << (identity & 31))) >>> 0;
}

export function identityEnabled(imsic: Imsic, number: number): boolean {
  const at = Math.floor(number / FILE_NUMBERS) * wordsPerFile(imsic.identities) + ((number % FILE_NUMBERS) >>> 5);
  return (((imsic.enabled[at] ?? 0) >>> (number & 31)) & 1) !== 0;
}
