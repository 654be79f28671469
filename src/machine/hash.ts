/**
 * State hashing: two 32-bit lanes, joined to one whole number below 2^53, so that states can be kept in a Set.
 * The mixing steps are multiply-xorshift rounds; they make no claim against an adversary.
 */

export interface Hash {
  a: number;
  b: number;
}

export function createHash(): Hash {
  return { a: 0x9e3779b9, b: 0x85ebca6b };
}

/** One round of mixing of a 32-bit value. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Takes a whole number below 2^53 (or a boolean as 0 / 1) into the hash; order matters. */
export function addNumber(hash: Hash, value: number): void {
  const lo = value >>> 0;
  const hi = Math.floor(value / 0x1_0000_0000) >>> 0;
  hash.a = mix(Math.imul(hash.a, 31) + lo + Math.imul(hi, 0x27d4eb2f));
  hash.b = mix(Math.imul(hash.b, 37) ^ (lo + Math.imul(hi, 0x165667b1) + 0x3c6ef372));
}

/** Takes text into the hash, UTF-16 unit by unit, with its length. */
export function addText(hash: Hash, text: string): void {
  addNumber(hash, text.length);
  for (let i = 0; i < text.length; i++) addNumber(hash, text.charCodeAt(i));
}

/** A whole number below 2^53. */
export function hashValue(hash: Hash): number {
  return (hash.b & 0x1fffff) * 0x1_0000_0000 + (hash.a >>> 0);
}
