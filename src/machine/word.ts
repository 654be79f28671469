/**
 * 64-bit words as two unsigned 32-bit halves, so that no hot path needs BigInt.
 * In: hexadecimal text or halves. Out: halves, addresses (bytes, exact below 2^53).
 */

export interface Word {
  /** Bits 31:0, unsigned. */
  readonly lo: number;
  /** Bits 63:32, unsigned. */
  readonly hi: number;
}

/** 2^32: the weight of the high half. */
export const HIGH = 0x1_0000_0000;

/** Reads text `0x…` with up to 16 digits. Null for anything else. */
export function parseWord(text: unknown): Word | null {
  if (typeof text !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(text)) return null;
  const digits = text.slice(2).padStart(16, '0');
  return { hi: Number.parseInt(digits.slice(0, 8), 16), lo: Number.parseInt(digits.slice(8), 16) };
}

/** Lower-case hexadecimal with `0x`, without leading zeros. */
export function wordText(lo: number, hi: number): string {
  const high = (hi >>> 0).toString(16);
  const low = (lo >>> 0).toString(16);
  return hi === 0 ? `0x${low}` : `0x${high}${low.padStart(8, '0')}`;
}

/** Low half of an address in bytes (0 ≤ address < 2^53). */
export function lowHalf(address: number): number {
  return address >>> 0;
}

/** High half of an address in bytes (0 ≤ address < 2^53). */
export function highHalf(address: number): number {
  return Math.floor(address / HIGH) >>> 0;
}

/** The address held in bits 51:`lowBit` of a word, the bits below taken as zero; `lowBit` 0 … 31. */
export function addressField(lo: number, hi: number, lowBit: number): number {
  return (hi & 0xfffff) * HIGH + (((lo >>> lowBit) << lowBit) >>> 0);
}

/** True for a whole, non-negative number below 2^53: what an address may be. */
export function isAddress(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

const POWERS: readonly number[] = Array.from({ length: 64 }, (_, n) => 2 ** n);

/** 2^n for 0 ≤ n < 64, without a call to the power function; 0 for other n. */
export function powerOfTwo(n: number): number {
  return POWERS[n] ?? 0;
}

const INVERSE_POWERS: readonly number[] = Array.from({ length: 64 }, (_, n) => 2 ** -n);

/** 2^-n for 0 ≤ n < 64: what an address is multiplied with to be shifted right; 0 for other n. */
export function inversePower(n: number): number {
  return INVERSE_POWERS[n] ?? 0;
}
