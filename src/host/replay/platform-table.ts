/**
 * Replay of what a platform is to VFIO: attach with and without unsafe interrupts, reserved regions, ranges of IOVA, page sizes, and the
 * address and data that stand in a device once its first vector is enabled.
 */
import type { Fields } from '../../machine/replay/verdict';
import { fieldsOf, spelled } from '../../machine/replay/verdict';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { machineOf, platformFacts, USER_DEVICE, VICTIM_DEVICE, wordOf } from './facts';
import type { Subject } from './subject';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { same } from './verdict';

export interface PlatformRow extends EraRow {
  readonly table: 'attach' | 'reserved' | 'ranges' | 'page-sizes' | 'programmed';
  readonly name: string;
  readonly platform: PlatformFacts;
  readonly expected: string;
}

const range = (start: number, end: number): string => `${hex(start)}-${hex(end)}`;

/** A 64-bit number, two's complement. */
function hex(value: number): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

function regionsText(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  const regions = value.map(fieldsOf).map((region) => {
    const [start, end] = [wordOf(region?.start), wordOf(region?.end)];
    return start === null || end === null ? null : `${range(start, end)} ${spelled(region?.type)}`;
  });
  return regions.includes(null) ? null : regions.join(', ');
}

function rangesText(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  const ranges = value.map((pair) => {
    const [start, end] = Array.isArray(pair) ? [wordOf(pair[0]), wordOf(pair[1])] : [null, null];
    return start === null || end === null ? null : range(start, end);
  });
  return ranges.includes(null) ? null : ranges.join(', ');
}

/** How a message is formed, from its description or from the message itself, in one word and, behind an SMMU, its page. */
function formText(programmed: Fields): string | null {
  const addr = typeof programmed.addr === 'string' ? programmed.addr : '';
  const page = wordOf(programmed.page);
  if (/handle\[14:0\]/.test(addr)) return 'remappable';
  if (/logical destination/.test(addr)) return 'compatible, logical';
  if (/physical destination/.test(addr)) return 'compatible, physical';
  const literal = wordOf(addr);
  if (literal !== null) return `address ${hex(literal)}`;
  return page === null ? null : `page ${hex(page)} + 0x40`;
}

/** A message with an entry of AMD-Vi has no format of its own: the entry is in the data. */
function formOf(address: number, { architecture, iommu, remapping }: PlatformFacts): string {
  if (architecture === 'arm64') return `page ${hex(address - (address % 4096))} + ${hex(address % 4096)}`;
  if (iommu === 'amdvi' && remapping) return `address ${hex(address)}`;
  if ((address & 0x10) !== 0) return 'remappable';
  return (address & 4) !== 0 ? 'compatible, logical' : 'compatible, physical';
}

/** What the data of a device's first message is, from its description: a number, or the range that it lies in. */
function dataText(programmed: Fields): string | null {
  const data = typeof programmed.data === 'string' ? programmed.data : '';
  if (/starting at 0 for each device|^0 \(/.test(data)) return 'data 0';
  const range = /SPI number, (\d+)\.\.(\d+)/.exec(data);
  if (range !== null) return `data ${range[1]}..${range[2]}`;
  // Vectors below 20h are the processor's own exceptions (SDM vol. 3, 6.2).
  return data.startsWith('vector number') ? 'data 32..255' : null;
}

/** The data in the words of the expectation: its range when it lies in it; nothing when the record is silent. */
function dataOf(expected: string, data: number): string {
  if (!expected.includes(', data ')) return '';
  const range = /data (\d+)\.\.(\d+)$/.exec(expected);
  const inside = range !== null && data >= Number(range[1]) && data <= Number(range[2]);
  return inside ? `, ${range[0]}` : `, data ${data}`;
}

/** The rows of one platforms file, some for each platform. */
export function readPlatformRows(file: unknown): PlatformRow[] {
  const records = fieldsOf(file)?.platforms;
  return (Array.isArray(records) ? records : []).flatMap((record) => {
    const platform = platformFacts(record);
    const fields = fieldsOf(record);
    if (platform === null || fields === null) return [];
    const rows: PlatformRow[] = [];
    const add = (table: PlatformRow['table'], name: string, expected: string | null): void => {
      if (expected !== null) rows.push({ table, name, platform, expected });
    };
    for (const [name, result] of Object.entries(fieldsOf(fields.attach) ?? {}))
      add('attach', name, typeof result === 'string' ? result.replace('OK', '0') : null);
    if (fieldsOf(fields.attach) === null) return rows;
    add('reserved', '', regionsText(fields.reservedRegions));
    add('ranges', '', rangesText(fields.iovaRanges));
    const sizes = wordOf(fields.pageSizeMask);
    add('page-sizes', '', sizes === null ? null : hex(sizes));
    for (const name of ['hostDriver', 'vfioUser']) {
      const programmed = fieldsOf(fieldsOf(fields.programmed)?.[name]);
      if (programmed === null) continue;
      const told = [formText(programmed), dataText(programmed)].filter((one) => one !== null);
      add('programmed', name, told.length === 0 ? null : told.join(', '));
    }
    return rows;
  });
}

function programmedOf(subject: Subject, row: PlatformRow): EraVerdict {
  const host = row.name === 'hostDriver';
  const requesterId = host ? VICTIM_DEVICE : USER_DEVICE;
  if (!host) subject.run('attach');
  const enabled = subject.run('enable', host ? { agent: 'host', requesterId } : {});
  const vector = subject.host.programmed.find((one) => one.requesterId === requesterId && one.enabled);
  const got =
    vector === undefined
      ? `nothing: enable gives ${enabled}`
      : `${formOf(vector.address, row.platform)}${dataOf(row.expected, vector.data)}`;
  return same(`${row.platform.id}: ${row.name}`, row.expected, got);
}

export function replayPlatform(set: ProgramSet, row: PlatformRow): EraVerdict {
  const machine = machineOf(row.platform, 5);
  const unsafe = row.table === 'attach' ? row.name === 'unsafe1' : true;
  const subject = subjectOf(set, machine, unsafe, new Map(), 'type1', !row.platform.identity);
  const what = `${row.platform.id}: ${row.table}${row.name === '' ? '' : ` ${row.name}`}`;
  switch (row.table) {
    case 'attach':
      return same(what, row.expected, subject.run('attach'));
    case 'reserved': {
      const regions = subject.host.observed.reservedRegions(USER_DEVICE);
      // The kernel reports its own window as one of the hardware's (iommu_groups/*/reserved_regions).
      const got = regions
        ?.map(({ start, length, type }) => `${range(start, start + length - 1)} ${type === 'sw-msi' ? 'msi' : type}`)
        .join(', ');
      return same(what, row.expected, got ?? 'no report');
    }
    case 'ranges': {
      subject.run('attach');
      const got = subject.host.observed.iovaRanges('user')?.map(({ start, end }) => range(start, end));
      return same(what, row.expected, got?.join(', ') ?? 'no ranges');
    }
    case 'page-sizes': {
      subject.run('attach');
      const got = subject.host.observed.pageSizes('user');
      return same(what, row.expected, got === null ? 'unknown' : hex(got));
    }
    case 'programmed':
      return programmedOf(subject, row);
  }
}
