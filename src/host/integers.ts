/**
 * C integers on JS numbers: wrapping by type, and 64-bit bit operations without loss below 2^53.
 * A value of 64 bits is held in two's complement: 2^64 − 4096 is −4096.
 */

/** Width in bits and signedness; null for what is not an integer (pointers, structures, unknown types). */
export interface IntegerType {
  readonly bits: 1 | 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

const T32 = 2 ** 32;
const T63 = 2 ** 63;
const T64 = 2 ** 64;

const int = (bits: IntegerType['bits'], signed: boolean): IntegerType => ({ bits, signed });
export const INT = int(32, true);
export const UINT = int(32, false);
export const LONG = int(64, true);
export const ULONG = int(64, false);

const NAMED: Readonly<Record<string, IntegerType>> = {
  bool: int(1, false),
  _Bool: int(1, false),
  char: int(8, true),
  'signed char': int(8, true),
  'unsigned char': int(8, false),
  u8: int(8, false),
  __u8: int(8, false),
  uint8_t: int(8, false),
  s8: int(8, true),
  short: int(16, true),
  'unsigned short': int(16, false),
  u16: int(16, false),
  __u16: int(16, false),
  uint16_t: int(16, false),
  s16: int(16, true),
  __le16: int(16, false),
  int: INT,
  signed: INT,
  s32: INT,
  __s32: INT,
  int32_t: INT,
  pid_t: INT,
  'unsigned int': UINT,
  unsigned: UINT,
  u32: UINT,
  __u32: UINT,
  uint32_t: UINT,
  gfp_t: UINT,
  __le32: UINT,
  fmode_t: UINT,
  uint: UINT,
  long: LONG,
  'long int': LONG,
  'long long': LONG,
  s64: LONG,
  __s64: LONG,
  int64_t: LONG,
  ssize_t: LONG,
  loff_t: LONG,
  ptrdiff_t: LONG,
  'unsigned long': ULONG,
  'unsigned long long': ULONG,
  'unsigned long int': ULONG,
  'long unsigned int': ULONG,
  u64: ULONG,
  __u64: ULONG,
  uint64_t: ULONG,
  size_t: ULONG,
  dma_addr_t: ULONG,
  phys_addr_t: ULONG,
  resource_size_t: ULONG,
  irq_hw_number_t: ULONG,
  uintptr_t: ULONG,
  pgoff_t: ULONG,
  pfn_t: ULONG,
  __le64: ULONG,
  ulong: ULONG,
};

const parsed = new Map<string, IntegerType | null>();

/** The integer a C type name stands for; null for pointers, structures and names nobody knows. */
export function integerType(type: string): IntegerType | null {
  let found = parsed.get(type);
  if (found === undefined) {
    const plain = type
      .replace(/\b(const|volatile|static|register|__user|__iomem|__force|__bitwise)\b/g, '')
      .replace(/\s+/g, ' ')
      .trim();
    found = plain.startsWith('enum ') ? INT : (NAMED[plain] ?? null);
    parsed.set(type, found);
  }
  return found;
}

/** Brings a number into the range of a type. */
export function wrap(value: number, type: IntegerType): number {
  switch (type.bits) {
    case 1:
      return value === 0 ? 0 : 1;
    case 8:
      return type.signed ? (lowWord(value) << 24) >> 24 : lowWord(value) & 0xff;
    case 16:
      return type.signed ? (lowWord(value) << 16) >> 16 : lowWord(value) & 0xffff;
    case 32:
      if (type.signed) return value >= -2147483648 && value <= 2147483647 ? value : lowWord(value) | 0;
      return value >= 0 && value < T32 ? value : lowWord(value);
    case 64:
      return wrap64(value);
  }
}

function wrap64(value: number): number {
  if (value >= -T63 && value < T63) return value;
  const rest = value % T64;
  return rest >= T63 ? rest - T64 : rest < -T63 ? rest + T64 : rest;
}

/** Bits 31:0 as an unsigned number. */
export function lowWord(value: number): number {
  if (value >= 0 && value < T32) return value;
  const rest = value % T32;
  return rest < 0 ? rest + T32 : rest;
}

/** Bits 63:32 as an unsigned number. */
export function highWord(value: number): number {
  const high = Math.floor(value / T32) % T32;
  return high < 0 ? high + T32 : high;
}

function join(high: number, low: number): number {
  const unsignedLow = low >>> 0;
  const signedHigh = high | 0;
  return signedHigh * T32 + unsignedLow;
}

function small(a: number, b: number): boolean {
  return a >= 0 && b >= 0 && a <= 0x7fffffff && b <= 0x7fffffff;
}

export function and(a: number, b: number): number {
  return small(a, b) ? a & b : join(highWord(a) & highWord(b), lowWord(a) & lowWord(b));
}

export function or(a: number, b: number): number {
  return small(a, b) ? a | b : join(highWord(a) | highWord(b), lowWord(a) | lowWord(b));
}

export function xor(a: number, b: number): number {
  return small(a, b) ? a ^ b : join(highWord(a) ^ highWord(b), lowWord(a) ^ lowWord(b));
}

export function not(a: number): number {
  return -a - 1;
}

/** `a << n` in 64 bits. */
export function shiftLeft(a: number, n: number): number {
  if (n <= 0) return a;
  if (n >= 64) return 0;
  const product = a * 2 ** n;
  if (product >= -T63 && product < T63) return product;
  return n >= 32
    ? join(lowWord(lowWord(a) * 2 ** (n - 32)), 0)
    : join(lowWord(highWord(a) * 2 ** n) + Math.floor(lowWord(a) / 2 ** (32 - n)), lowWord(lowWord(a) * 2 ** n));
}

/** `a >> n`; `unsigned` decides what comes in at the top. */
export function shiftRight(a: number, n: number, unsigned: boolean): number {
  if (n <= 0) return a;
  if (a >= 0 || !unsigned) return n >= 64 ? (a < 0 ? -1 : 0) : Math.floor(a / 2 ** n);
  if (n >= 64) return 0;
  const high = highWord(a);
  const low = lowWord(a);
  return n >= 32
    ? Math.floor(high / 2 ** (n - 32))
    : Math.floor(high / 2 ** n) * T32 + (Math.floor(low / 2 ** n) + lowWord(high * 2 ** (32 - n)));
}

/** Compares two numbers, as unsigned 64-bit values when asked: −1, 0, 1. */
export function compare(a: number, b: number, unsigned: boolean): number {
  if (a === b) return 0;
  if (unsigned && a < 0 !== b < 0) return a < 0 ? 1 : -1;
  return a < b ? -1 : 1;
}

/** The type two operands are brought to (C11 6.3.1.8); an unknown type counts as long. */
export function commonType(a: IntegerType | null, b: IntegerType | null): IntegerType {
  const left = promote(a);
  const right = promote(b);
  if (left.bits === right.bits) return left.signed ? right : left;
  return left.bits > right.bits ? left : right;
}

export function promote(type: IntegerType | null): IntegerType {
  return type === null ? LONG : type.bits < 32 ? INT : type;
}
