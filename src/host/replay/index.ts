/**
 * Eras: what real kernels were seen to do, replayed on the design of each.
 * In: the recorded tables of one kernel (or compact rows of them) and the programs of a design. Out: a verdict for each fact, and counts.
 * Knows nothing of files. Every row is played through the stages that scenarios use, so that a result comes out of executed programs.
 */
import type { ProgramSet } from '../types';
import type { OrderRow } from './call-order';
import { readOrderRows, replayOrder } from './call-order';
import type { PlatformFacts } from './facts';
import type { ForgedRow } from './forged';
import { readForgedRows, replayForged } from './forged';
import type { IommufdRow } from './iommufd';
import { readIommufdRows, replayIommufd } from './iommufd';
import type { ExtensionRow, MapRow } from './map-dma';
import { readMapRows, replayExtension, replayMap } from './map-dma';
import type { PlatformRow } from './platform-table';
import { readPlatformRows, replayPlatform } from './platform-table';
import type { IrqRow } from './set-irqs';
import { readIrqRows, replayIrqs } from './set-irqs';
import type { AccessRow } from './table-access';
import { readAccessRows, replayAccess } from './table-access';
import type { EraVerdict } from './verdict';

export type { EraCount, EraVerdict } from './verdict';
export { countEra } from './verdict';

export type Row = PlatformRow | MapRow | ExtensionRow | IrqRow | ForgedRow | IommufdRow | OrderRow | AccessRow;

/** One recorded kernel: its folder, the design that stands for it, and the one for its /dev/iommu. */
export interface Era {
  readonly name: string;
  readonly kernel: string;
  readonly design: string;
  readonly iommufd: string;
}

/** The design a row of an era is played on. */
export function designOf(era: Era, row: Row): string {
  return row.table === 'iommufd' ? era.iommufd : era.design;
}

export const eras: readonly Era[] = [
  { name: 'linux61', kernel: '6.1', design: 'cookie', iommufd: 'iommufd-6.12' },
  { name: 'linux612', kernel: '6.12', design: 'isolated-msi', iommufd: 'iommufd-6.12' },
  { name: 'linux72', kernel: '7.2', design: 'iommufd', iommufd: 'iommufd' },
];

/** Rows of one kernel's recorded tables, by file name without `.json`; tables that are missing or unreadable give none. */
export function readEra(files: Readonly<Record<string, unknown>>): Row[] {
  const rows = readPlatformRows(files.platforms);
  const platforms = new Map<string, PlatformFacts>(rows.map((row) => [row.platform.id, row.platform]));
  return [
    ...rows,
    ...readMapRows(files['map-dma'], platforms),
    ...readIrqRows(files['set-irqs'], platforms),
    ...readForgedRows(files.isolation, platforms),
    ...readIommufdRows(files.iommufd, platforms),
    ...readOrderRows(files['map-dma'], platforms),
    ...readAccessRows(files['msix-table-access'], platforms),
  ];
}

/** Replays a row; one verdict for each fact in it. */
export function replayRow(set: ProgramSet, row: Row): readonly EraVerdict[] {
  switch (row.table) {
    case 'map-dma':
      return [replayMap(set, row)];
    case 'extensions':
      return [replayExtension(set, row)];
    case 'set-irqs':
      return replayIrqs(set, row);
    case 'order':
      return [replayOrder(set, row)];
    case 'table-access':
      return [replayAccess(set, row)];
    case 'iommufd':
      return replayIommufd(set, row);
    case 'forged':
      return [replayForged(set, row)];
    default:
      return [replayPlatform(set, row)];
  }
}
