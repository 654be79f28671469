/**
 * Replay of AMD-Vi interrupt remapping: one message, one device table entry, one interrupt table entry a row.
 * Two row formats: the recorded objects (`rid`, `addr`, `data`, `dte`, `irte` …), and the compact arrays of `packAmdRow`.
 */
import { AMD_STOP, AMD_UNLOGGED, remapAmdInterrupt } from '../amdvi';
import { isInterruptAddress, unpackInterrupt } from '../apic';
import { createMemory, write32, write64 } from '../memory';
import type { Word } from '../word';
import { addressField, parseWord } from '../word';
import type { ReplaySet } from './verdict';
import { compare, fieldsOf, namesOf, numberOf } from './verdict';

interface AmdRow {
  readonly wide: boolean;
  readonly requesterId: number;
  readonly address: number;
  readonly data: number;
  readonly dte: readonly Word[];
  readonly index: number;
  /** One word, or two for a wide entry. */
  readonly irte: readonly Word[];
  readonly expected: string;
  readonly quirks: readonly string[];
}

/** The rows keep interrupt tables at 16 MiB; the device table stands apart. */
const RAM = [{ name: 'ram', base: 0, size: 0x0400_0000 }];
const DEVICE_TABLE = 0x0300_0000;

function resultOf(row: AmdRow): string {
  if (!isInterruptAddress(row.address)) return 'not-irq';
  const memory = createMemory(RAM);
  row.dte.forEach((word, i) => {
    write64(memory, DEVICE_TABLE + row.requesterId * 32 + i * 8, word.lo, word.hi);
  });
  const selector = row.dte[2];
  const table = selector === undefined ? 0 : addressField(selector.lo, selector.hi & 0xfffff, 6);
  row.irte.forEach((word, i) => {
    if (row.wide) write64(memory, table + row.index * 16 + i * 8, word.lo, word.hi);
    else write32(memory, table + row.index * 4, word.lo);
  });
  const unit = { name: 'amdvi', wideEntries: row.wide, deviceTable: DEVICE_TABLE, deviceEntries: 65536 };
  const result = remapAmdInterrupt(unit, memory, row.requesterId, row.address, row.data);
  if (result < 0) return stopText(-result & 0xff, (-result & AMD_UNLOGGED) === 0);
  const { destination, logical, deliveryMode, vector, level } = unpackInterrupt(result);
  return deliverText(destination, logical ? 1 : 0, deliveryMode, vector, level ? 1 : 0);
}

function deliverText(...values: readonly unknown[]): string {
  return `deliver ${values.join(' ')}`;
}

const STOPS: Readonly<Record<number, string>> = {
  [AMD_STOP.illegalEntry]: 'illegal-dte',
  [AMD_STOP.index]: 'index',
  [AMD_STOP.remapDisabled]: 'remap-disabled',
  [AMD_STOP.entryReserved]: 'reserved',
  [AMD_STOP.interruptType]: 'int-type',
};

/** A page fault says whether it is logged; the rows leave it open for requests stopped without one. */
function stopText(code: number, logged: boolean): string {
  if (code === AMD_STOP.control || code === AMD_STOP.typeNotPassed) return 'abort';
  return `fault ${STOPS[code] ?? code}${code === AMD_STOP.illegalEntry ? '' : ` ${logged ? 'logged' : 'unlogged'}`}`;
}

function expectation(spec: unknown, log: unknown): string | null {
  const fields = fieldsOf(spec);
  switch (fields?.k) {
    case 'deliver':
      return deliverText(fields.dest, fields.dm, fields.dlm, fields.vector, fields.tm);
    case 'fault': {
      if (fields.event === 'illegal-dte') return 'fault illegal-dte';
      return typeof fields.why === 'string'
        ? `fault ${fields.why} ${(fields.log ?? log) === 0 ? 'unlogged' : 'logged'}`
        : null;
    }
    case 'abort':
    case 'not-irq':
      return fields.k;
    default:
      return null;
  }
}

function wordsOf(value: unknown, count: number): Word[] | null {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const words = texts.slice(0, count).map((text) => (typeof text === 'string' ? parseWord(text) : null));
  return words.length === count && words.every((word) => word !== null) ? words : null;
}

function readRow(value: unknown): AmdRow | null {
  const row = Array.isArray(value) ? unpack(value) : fieldsOf(value);
  if (row === null) return null;
  const wide = row.irteBits === 128;
  const requesterId = numberOf(row.rid);
  const address = numberOf(row.addr);
  const data = numberOf(row.data);
  const index = numberOf(row.irteIndex);
  const dte = wordsOf(row.dte, 4);
  const irte = wordsOf(row.irte, wide ? 2 : 1);
  const expected = typeof row.spec === 'string' ? row.spec : expectation(row.spec, row.log);
  if (
    requesterId === null ||
    requesterId > 0xffff ||
    address === null ||
    data === null ||
    index === null ||
    index < 0 ||
    index > 0xffff
  )
    return null;
  return dte === null || irte === null || expected === null
    ? null
    : { wide, requesterId, address, data, dte, index, irte, expected, quirks: namesOf(row.quirk) };
}

function unpack(row: readonly unknown[]): Readonly<Record<string, unknown>> {
  const [irteBits, rid, addr, data, dte, irteIndex, irte, spec, quirk] = row;
  return { irteBits, rid, addr, data, dte, irteIndex, irte, spec, quirk };
}

/** The compact form of a recorded row: [irteBits, rid, addr, data, dte, irteIndex, irte, expectation, quirks]. */
export function packAmdRow(value: unknown): readonly unknown[] | null {
  const row = readRow(value);
  const fields = fieldsOf(value);
  if (row === null || fields === null) return null;
  const { irteBits, rid, addr, data, dte, irteIndex, irte } = fields;
  return [irteBits, rid, addr, data, dte, irteIndex, irte, row.expected, row.quirks];
}

export const amdRemappingSet: ReplaySet = {
  name: 'amd-ir',
  unit: 'messages',
  replay(value) {
    const row = readRow(value);
    return row === null
      ? { kind: 'unreadable', why: 'not a row of this set' }
      : compare(row.expected, resultOf(row), row.quirks);
  },
};
