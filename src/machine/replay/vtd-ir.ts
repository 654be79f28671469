/**
 * Replay of VT-d interrupt remapping: one message, one table entry, one expectation a row.
 * Two row formats: the recorded objects (`rid`, `addr`, `data`, `irte_lo` …), and the compact arrays of `packVtdRow`.
 */
import { isInterruptAddress, unpackInterrupt } from '../apic';
import { createMemory, write64 } from '../memory';
import { createVtd, UNRECORDED } from '../vtd';
import { remapInterrupt } from '../vtd-remap';
import type { Word } from '../word';
import { parseWord } from '../word';
import type { ReplaySet, RowVerdict } from './verdict';
import { compare, fieldsOf, namesOf, numberOf } from './verdict';

interface VtdRow {
  readonly eim: boolean;
  readonly compatibility: boolean;
  readonly entries: number;
  readonly requesterId: number;
  readonly address: number;
  readonly data: number;
  /** Where the entry is written; null when no entry is aimed at. */
  readonly index: number | null;
  readonly low: Word;
  readonly high: Word;
  readonly expected: string;
  readonly quirks: readonly string[];
}

const TABLE = 0x1000_0000;
const RAM = [{ name: 'ram', base: TABLE, size: 0x0400_0000 }];

function replayRow(row: VtdRow): RowVerdict {
  return compare(row.expected, resultOf(row), row.quirks);
}

function resultOf(row: VtdRow): string {
  if (!isInterruptAddress(row.address)) return 'not-irq';
  const memory = createMemory(RAM);
  const vtd = createVtd('dmar', 48);
  vtd.remapping = true;
  vtd.remapTable = TABLE;
  vtd.remapLog2 = Math.log2(row.entries);
  vtd.eim = row.eim;
  vtd.compatibility = row.compatibility;
  if (row.index !== null) {
    write64(memory, TABLE + row.index * 16, row.low.lo, row.low.hi);
    write64(memory, TABLE + row.index * 16 + 8, row.high.lo, row.high.hi);
  }
  const result = remapInterrupt(vtd, memory, row.requesterId, row.address, row.data);
  if (result < 0) return faultText(-result & 0xff, (-result & UNRECORDED) === 0);
  const { destination, logical, redirectionHint, deliveryMode, vector, level } = unpackInterrupt(result);
  return deliverText(destination, logical ? 1 : 0, redirectionHint ? 1 : 0, deliveryMode, vector, level ? 1 : 0);
}

function faultText(reason: number, record: boolean): string {
  return `fault 0x${reason.toString(16)} ${record ? 'recorded' : 'unrecorded'}`;
}

function deliverText(...values: readonly unknown[]): string {
  return `deliver ${values.join(' ')}`;
}

/** Null when the row's expectation is of no known kind. */
function expectation(spec: unknown): string | null {
  const fields = fieldsOf(spec);
  switch (fields?.k) {
    case 'deliver':
      return deliverText(fields.dest, fields.dm, fields.rh, fields.dlm, fields.vector, fields.tm);
    case 'fault': {
      const reason = numberOf(fields.reason);
      return reason === null ? null : faultText(reason, fields.record !== 0);
    }
    case 'not-irq':
      return 'not-irq';
    default:
      return null;
  }
}

function readRow(value: unknown): VtdRow | null {
  if (Array.isArray(value)) return readPacked(value);
  const row = fieldsOf(value);
  if (row === null) return null;
  return assemble(
    row.eime,
    row.cfi,
    row.entries,
    row.rid,
    row.addr,
    row.data,
    row.idx,
    row.irte_lo,
    row.irte_hi,
    expectation(row.spec),
    row.quirk,
  );
}

/** [flags, entries, rid, addr, data, index, low, high, expectation, quirks]; flags: 1 extended mode, 2 compatibility format allowed. */
function readPacked(row: readonly unknown[]): VtdRow | null {
  const flags = numberOf(row[0]) ?? 0;
  const expected = typeof row[8] === 'string' ? row[8] : null;
  return assemble(
    flags & 1,
    (flags >>> 1) & 1,
    row[1],
    row[2],
    row[3],
    row[4],
    row[5],
    row[6],
    row[7],
    expected,
    row[9],
  );
}

function assemble(
  eim: unknown,
  cfi: unknown,
  entriesField: unknown,
  rid: unknown,
  addr: unknown,
  dataField: unknown,
  idx: unknown,
  lowField: unknown,
  highField: unknown,
  expected: string | null,
  quirk: unknown,
): VtdRow | null {
  const entries = numberOf(entriesField);
  const requesterId = numberOf(rid);
  const address = numberOf(addr);
  const data = numberOf(dataField);
  const index = numberOf(idx);
  const low = parseWord(lowField ?? '0x0');
  const high = parseWord(highField ?? '0x0');
  if (
    entries === null ||
    requesterId === null ||
    address === null ||
    data === null ||
    low === null ||
    high === null ||
    expected === null
  )
    return null;
  if (!Number.isInteger(Math.log2(entries)) || entries > 65536 || (index !== null && !(index >= 0 && index < 0x2_0000)))
    return null;
  return {
    eim: eim === 1,
    compatibility: cfi === 1,
    entries,
    requesterId,
    address,
    data,
    index,
    low,
    high,
    expected,
    quirks: namesOf(quirk),
  };
}

/** The compact form of a recorded row; null when it cannot be read. */
export function packVtdRow(value: unknown): readonly unknown[] | null {
  const row = readRow(value);
  const fields = fieldsOf(value);
  if (row === null || fields === null) return null;
  const flags = (row.eim ? 1 : 0) + (row.compatibility ? 2 : 0);
  return [
    flags,
    row.entries,
    row.requesterId,
    row.address,
    row.data,
    row.index,
    fields.irte_lo,
    fields.irte_hi,
    row.expected,
    row.quirks,
  ];
}

export const vtdRemappingSet: ReplaySet = {
  name: 'vtd-ir',
  unit: 'messages',
  replay(value) {
    const row = readRow(value);
    return row === null ? { kind: 'unreadable', why: 'not a row of this set' } : replayRow(row);
  },
};
