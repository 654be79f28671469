/**
 * Replay of VFIO_IOMMU_MAP_DMA, UNMAP_DMA and CHECK_EXTENSION: one call on a container with one device attached, after the mappings that the
 * record says were there.
 */
import { fieldsOf, namesOf } from '../../machine/replay/verdict';
import type { ProgramSet } from '../types';
import type { PlatformFacts } from './facts';
import { machineOf, wordOf } from './facts';
import { subjectOf } from './subject';
import type { EraRow, EraVerdict } from './verdict';
import { same } from './verdict';

const PAGE = 4096;

export interface MapRow extends EraRow {
  readonly table: 'map-dma';
  readonly name: string;
  readonly platform: PlatformFacts;
  readonly call: 'MAP_DMA' | 'UNMAP_DMA';
  readonly iova: number;
  readonly size: number;
  readonly flags: number;
  readonly misaligned: number;
  /** IOVA and bytes mapped before. */
  readonly prior: readonly (readonly [number, number])[];
  readonly expected: string;
}

export interface ExtensionRow extends EraRow {
  readonly table: 'extensions';
  readonly name: string;
  readonly number: number;
  readonly platform: PlatformFacts;
  readonly expected: number;
}

/** `[0x100000,+4 pages)` in a remark on what stood before. */
function priorOf(value: unknown): [number, number][] {
  if (typeof value !== 'string') return [];
  return [...value.matchAll(/\[(0x[0-9a-f]+),\+(\d+) pages\)/gi)].map(([, iova, pages]) => [
    Number(iova),
    Number(pages) * PAGE,
  ]);
}

function iovaOf(value: unknown, window: number): number | null {
  const offset = fieldsOf(value)?.msiWindow;
  if (typeof offset !== 'string') return wordOf(value);
  const sign = offset.startsWith('-') ? -1 : 1;
  const distance = wordOf(offset.replace(/^[+-]/, ''));
  return distance === null ? null : window + sign * distance;
}

function expectationOf(value: unknown, className: string): string | null {
  const fields = fieldsOf(value);
  if (fields === null) return typeof value === 'string' ? value.replace('OK', '0') : null;
  if (typeof fields.unmappedBytes === 'number') return `0, ${fields.unmappedBytes} bytes`;
  return expectationOf(fields[className], className);
}

interface Class {
  readonly name: string;
  readonly platform: PlatformFacts;
  readonly window: number;
}

function classesOf(value: unknown, platforms: ReadonlyMap<string, PlatformFacts>): Class[] {
  return Object.entries(fieldsOf(value) ?? {}).flatMap(([name, of]) => {
    const fields = fieldsOf(of);
    const window = Array.isArray(fields?.msiWindow) ? wordOf(fields.msiWindow[0]) : null;
    const platform = namesOf(fields?.platforms)
      .map((id) => platforms.get(id))
      .find((facts) => facts !== undefined);
    return platform === undefined || window === null ? [] : [{ name, platform, window }];
  });
}

function mapRow(value: unknown, of: Class): MapRow | null {
  const fields = fieldsOf(value);
  if (fields === null || (fields.call !== 'MAP_DMA' && fields.call !== 'UNMAP_DMA')) return null;
  const iova = iovaOf(fields.iova, of.window);
  const size = wordOf(fields.size);
  const expected = expectationOf(fields.expect, of.name);
  if (iova === null || size === null || expected === null) return null;
  const flags = typeof fields.flags === 'number' ? fields.flags : 3;
  const misaligned = typeof fields.vaddrMisalign === 'number' ? fields.vaddrMisalign : 0;
  return {
    table: 'map-dma',
    name: typeof fields.case === 'string' ? fields.case : '',
    platform: of.platform,
    call: fields.call,
    iova,
    size,
    flags,
    misaligned,
    prior: priorOf(fields.prior),
    expected,
  };
}

const EXTENSIONS: Readonly<Record<string, number>> = {
  TYPE1_IOMMU: 1,
  SPAPR_TCE_IOMMU: 2,
  TYPE1v2_IOMMU: 3,
  DMA_CC_IOMMU: 4,
  EEH: 5,
  TYPE1_NESTING_IOMMU: 6,
  SPAPR_TCE_v2_IOMMU: 7,
  NOIOMMU_IOMMU: 8,
  UNMAP_ALL: 9,
  UPDATE_VADDR: 10,
};

/** One row for each case and class of platforms. */
export function readMapRows(file: unknown, platforms: ReadonlyMap<string, PlatformFacts>): (MapRow | ExtensionRow)[] {
  const fields = fieldsOf(file);
  const classes = classesOf(fields?.classes, platforms);
  const cases = ['map', 'unmap'].flatMap((name) => (Array.isArray(fields?.[name]) ? (fields[name] as unknown[]) : []));
  const extensions = Object.entries(fieldsOf(fieldsOf(fields?.checkExtension)?.values) ?? {});
  return classes.flatMap((of) => [
    ...cases.flatMap((one) => mapRow(one, of) ?? []),
    ...extensions.flatMap(([name, value]) =>
      typeof value === 'number'
        ? [
            {
              table: 'extensions' as const,
              name,
              number: EXTENSIONS[name] ?? Number(name),
              platform: of.platform,
              expected: value,
            },
          ]
        : [],
    ),
  ]);
}

export function replayMap(set: ProgramSet, row: MapRow): EraVerdict {
  const machine = machineOf(row.platform, 5);
  const subject = subjectOf(set, machine, true);
  const attached = subject.run('attach');
  if (attached !== '0') return same(`${row.platform.id}: attach`, '0', attached);
  for (const [iova, size] of row.prior) subject.run('map', { iova, size });
  const { iova, size, flags, misaligned } = row;
  let got: string;
  if (row.call === 'MAP_DMA') got = subject.run('map', { iova, size, flags, misaligned });
  else {
    const mapped = (): number =>
      subject.host.domains
        .flatMap((domain) => subject.host.platform.mappings(domain.id))
        .reduce((sum, mapping) => sum + mapping.size, 0);
    const before = mapped();
    got = subject.run('unmap', { iova, size });
    if (row.expected.includes('bytes')) got = `${got}, ${before - mapped()} bytes`;
  }
  return same(`${row.platform.id}: ${row.name}`, row.expected, got);
}

export function replayExtension(set: ProgramSet, row: ExtensionRow): EraVerdict {
  const machine = machineOf(row.platform, 5);
  const subject = subjectOf(set, machine, true);
  const attached = subject.run('attach');
  if (attached !== '0') return same(`${row.platform.id}: attach`, '0', attached);
  const got = subject.host.observed.extension('user', row.number);
  return same(`${row.platform.id}: extension ${row.name}`, String(row.expected), String(got));
}
