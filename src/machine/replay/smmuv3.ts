/**
 * Replay of an SMMUv3 in front of a GICv2m or ITS doorbell: one device write a row, with all structures the SMMU reads.
 * Two row formats: the recorded objects (`smmu`, `ste`, `cd`, `tables`, `req`), and the compact arrays of `packSmmuRow`.
 */

import { emitWrite } from '../emit';
import { mapcCommand, mapdCommand, maptiCommand, queueCommand, runCommands } from '../its-commands';
import type { Machine } from '../machine';
import { createMachine } from '../machine';
import { write64 } from '../memory';
import type { MachineSpec, Outcome } from '../types';
import type { Word } from '../word';
import { parseWord } from '../word';
import type { Fields, ReplaySet, RowVerdict } from './verdict';
import { compare, fieldsOf, namesOf, numberOf } from './verdict';

interface SmmuRow {
  readonly doorbell: 'gicv2m' | 'its';
  readonly enable: boolean;
  readonly bypassAbort: boolean;
  readonly streamLog2: number;
  readonly recordBadStream: boolean;
  readonly streamTableReadable: boolean;
  readonly ste: Word;
  /** First doubleword and TTB0; null when there is no context descriptor. */
  readonly cd: { readonly first: Word; readonly base: Word } | null;
  /** Every descriptor that is not zero. */
  readonly tables: readonly { readonly at: number; readonly word: Word }[];
  readonly lpiBase: number;
  readonly sid: number;
  readonly iova: number;
  readonly data: number;
  readonly expected: string;
  readonly quirks: readonly string[];
}

const STREAM_TABLE = 0x5000_0000;
const NOWHERE = 0x7000_0000;
const ITS_TABLES = 0x5800_0000;

const SPEC: MachineSpec = {
  id: 'replay-smmuv3',
  title: 'SMMUv3 in front of GICv2m and ITS',
  architecture: 'arm64',
  cpus: 2,
  memory: [{ name: 'ram', base: 0x4000_0000, size: 0x2000_0000 }],
  devices: [],
  iommu: { kind: 'smmuv3', name: 'smmu', granule: 4096, addressBits: 48 },
  controllers: [],
};

const GICV2M_SPEC: MachineSpec = {
  ...SPEC,
  controllers: [{ kind: 'gicv2m', name: 'v2m', base: 0x0802_0000, spiBase: 80, spiCount: 64 }],
};
const ITS_SPEC: MachineSpec = {
  ...SPEC,
  controllers: [{ kind: 'its', name: 'its', base: 0x0808_0000, deviceBits: 16 }],
};

/** The recorded unit: stage 1 only, 44-bit output. */
function createBench(row: SmmuRow): Machine {
  const machine = createMachine(row.doorbell === 'its' ? ITS_SPEC : GICV2M_SPEC);
  const { smmu, memory } = machine;
  if (smmu !== null) {
    smmu.stage2 = false;
    smmu.outputBits = 44;
    smmu.enabled = row.enable;
    smmu.bypassAbort = row.bypassAbort;
    smmu.streamBase = row.streamTableReadable ? STREAM_TABLE : NOWHERE;
    smmu.streamLog2 = row.streamLog2;
    smmu.recordBadStream = row.recordBadStream;
  }
  write64(memory, STREAM_TABLE + row.sid * 64, row.ste.lo, row.ste.hi);
  if (row.cd !== null) {
    const at = (row.ste.hi & 0xfffff) * 0x1_0000_0000 + ((row.ste.lo & 0xffff_ffc0) >>> 0);
    write64(memory, at, row.cd.first.lo, row.cd.first.hi);
    write64(memory, at + 8, row.cd.base.lo, row.cd.base.hi);
  }
  for (const { at, word } of row.tables) write64(memory, at, word.lo, word.hi);
  if (row.doorbell === 'its') mapEvents(machine, row);
  return machine;
}

/** Events 0 … 7 of the device to LPIs from the base. */
function mapEvents(machine: Machine, row: SmmuRow): void {
  const { memory, redistributors } = machine;
  const its = machine.its[0];
  if (its === undefined) return;
  Object.assign(its, {
    deviceTable: ITS_TABLES,
    deviceEntries: 65536,
    collectionTable: ITS_TABLES + 0x10_0000,
    collectionEntries: 512,
    commandBase: ITS_TABLES + 0x11_0000,
    commandSize: 4096,
    enabled: true,
  });
  redistributors.configTable = ITS_TABLES + 0x30_0000;
  redistributors.pendingTables = [ITS_TABLES + 0x20_0000];
  redistributors.enabled.push(true);
  queueCommand(its, memory, mapcCommand(0, 0, true));
  queueCommand(its, memory, mapdCommand(row.sid, 3, ITS_TABLES + 0x12_0000, true));
  for (let event = 0; event < 8; event++)
    queueCommand(its, memory, maptiCommand(row.sid, event, row.lpiBase + event, 0));
  runCommands(its, redistributors, memory);
}

function replayRow(row: SmmuRow): RowVerdict {
  const outcome = emitWrite(createBench(row), row.sid, row.iova, row.data, 4);
  return compare(row.expected, resultText(outcome, row), row.quirks);
}

/** The outcome in the words of the recorded rows. */
function resultText(outcome: Outcome, row: SmmuRow): string {
  switch (outcome.kind) {
    case 'interrupt':
      return `${outcome.interrupt.kind} ${outcome.interrupt.number}`;
    case 'memory':
      return inWatchedArea(outcome.physical) ? `ram ${outcome.physical} ${row.data}` : `ignored ${outcome.physical}`;
    case 'ignored':
      return `ignored ${outcome.physical}`;
    case 'dropped':
      return outcome.unit === 'its' ? `ignored ${TRANSLATER_ADDRESS}` : 'abort';
    case 'fault':
      return eventText(outcome.recorded, outcome.code, outcome.code >= 0x10 ? outcome.address : null);
  }
}

/** The recorder looked at this area of DRAM only: a write to other DRAM was seen as one without effect. */
function inWatchedArea(physical: number): boolean {
  return physical >= 0x4040_0000 && physical < 0x4040_8000;
}

const TRANSLATER_ADDRESS = 0x0809_0040;

function eventText(recorded: boolean, type: number, address: number | null): string {
  const place = recorded && address !== null ? ` at ${address}` : '';
  return `${recorded ? 'event' : 'unrecorded'} 0x${type.toString(16)}${place}`;
}

/** Null when the row's expectation is of no known kind. */
function expectation(spec: unknown): string | null {
  const fields = fieldsOf(spec);
  switch (fields?.k) {
    case 'spi':
    case 'lpi':
      return `${fields.k} ${numberOf(fields.n)}`;
    case 'ram':
      return `ram ${numberOf(fields.pa)} ${numberOf(fields.value)}`;
    case 'ignored':
      return `ignored ${numberOf(fields.pa)}`;
    case 'abort':
      return 'abort';
    case 'event':
    case 'unrecorded': {
      const type = numberOf(fields.type);
      return type === null ? null : eventText(fields.k === 'event', type, type >= 0x10 ? numberOf(fields.addr) : null);
    }
    default:
      return null;
  }
}

function readRow(value: unknown): SmmuRow | null {
  const row = Array.isArray(value) ? unpack(value) : fieldsOf(value);
  const smmu = fieldsOf(row?.smmu);
  const ste = fieldsOf(row?.ste);
  const req = fieldsOf(row?.req);
  if (row === null || smmu === null || ste === null || req === null) return null;
  const doorbell = row.doorbell === 'its' ? 'its' : row.doorbell === 'gicv2m' ? 'gicv2m' : null;
  const streamLog2 = numberOf(smmu.streamLog2);
  const entry = parseWord(ste.dw0);
  const sid = numberOf(req.sid);
  const iova = numberOf(req.iova);
  const data = numberOf(req.data);
  const cd = readContext(row.cd);
  const tables = readTables(row.tables);
  const expected = typeof row.spec === 'string' ? row.spec : expectation(row.spec);
  if (doorbell === null || streamLog2 === null || entry === null || sid === null || iova === null || data === null)
    return null;
  if (cd === undefined || tables === null || expected === null || sid > 0xffff) return null;
  return {
    doorbell,
    enable: smmu.enable === 1,
    bypassAbort: smmu.bypassAbort === 1,
    streamLog2,
    recordBadStream: smmu.recordBadStream === 1,
    streamTableReadable: row.strtab !== 'unreadable',
    ste: entry,
    cd: row.cdReadable === false ? null : cd,
    tables,
    lpiBase: numberOf(row.lpiBase) ?? 0,
    sid,
    iova,
    data,
    expected,
    quirks: namesOf(row.quirk),
  };
}

/** Undefined when there is a descriptor and it cannot be read. */
function readContext(value: unknown): SmmuRow['cd'] | undefined {
  if (value === null || value === undefined) return null;
  const fields = fieldsOf(value);
  const first = parseWord(fields?.dw0);
  const base = parseWord(fields?.ttb0);
  return first === null || base === null ? undefined : { first, base };
}

function readTables(value: unknown): SmmuRow['tables'] | null {
  if (!Array.isArray(value)) return null;
  const tables: { at: number; word: Word }[] = [];
  for (const pair of value) {
    const at = Array.isArray(pair) ? numberOf(pair[0]) : null;
    const word = Array.isArray(pair) ? parseWord(pair[1]) : null;
    if (at === null || word === null) return null;
    tables.push({ at, word });
  }
  return tables;
}

/** The compact form of a recorded row: [doorbell, flags, streamLog2, ste, cd, ttb0, lpiBase, sid, iova, data, tables flat, expectation, quirks]. */
export function packSmmuRow(value: unknown): readonly unknown[] | null {
  const row = readRow(value);
  const fields = fieldsOf(value);
  if (row === null || fields === null || !Array.isArray(fields.tables)) return null;
  const flags =
    (row.enable ? 1 : 0) +
    (row.bypassAbort ? 2 : 0) +
    (row.recordBadStream ? 4 : 0) +
    (row.streamTableReadable ? 8 : 0);
  const cd = row.cd === null ? null : fieldsOf(fields.cd);
  const request = fieldsOf(fields.req);
  return [
    row.doorbell,
    flags,
    row.streamLog2,
    fieldsOf(fields.ste)?.dw0,
    cd?.dw0 ?? null,
    cd?.ttb0 ?? null,
    row.lpiBase,
    request?.sid,
    request?.iova,
    request?.data,
    fields.tables.flat(),
    row.expected,
    row.quirks,
  ];
}

function unpack(row: readonly unknown[]): Fields {
  const flags = numberOf(row[1]) ?? 0;
  const flat = Array.isArray(row[10]) ? row[10] : [];
  const tables: unknown[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) tables.push([flat[i], flat[i + 1]]);
  return {
    doorbell: row[0],
    smmu: { enable: flags & 1, bypassAbort: (flags >>> 1) & 1, recordBadStream: (flags >>> 2) & 1, streamLog2: row[2] },
    strtab: (flags & 8) !== 0 ? 'ok' : 'unreadable',
    ste: { dw0: row[3] },
    cd: row[4] === null ? null : { dw0: row[4], ttb0: row[5] },
    cdReadable: row[4] !== null,
    lpiBase: row[6],
    req: { sid: row[7], iova: row[8], data: row[9] },
    tables,
    spec: row[11],
    quirk: row[12],
  };
}

export const smmuv3Set: ReplaySet = {
  name: 'smmuv3',
  unit: 'writes',
  replay(value) {
    const row = readRow(value);
    return row === null ? { kind: 'unreadable', why: 'not a row of this set' } : replayRow(row);
  },
};
