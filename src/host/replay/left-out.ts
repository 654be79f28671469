/** Recorded facts that the model has no stage for: counted under their tables, so that nobody takes them for replayed. */
import { fieldsOf } from '../../machine/replay/verdict';
import type { EraRow } from './verdict';

export interface LeftOutRow extends EraRow {
  readonly table: 'order' | 'table-access';
  readonly name: string;
  readonly why: string;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function rows(table: LeftOutRow['table'], list: unknown, why: string): LeftOutRow[] {
  return listOf(list).map((item) => ({ table, name: String(fieldsOf(item)?.case ?? fieldsOf(item)?.when ?? ''), why }));
}

/** The order of calls on containers and groups, and a user's reads and writes of its device. */
export function readLeftOut(files: Readonly<Record<string, unknown>>): LeftOutRow[] {
  const access = fieldsOf(files['msix-table-access']);
  const why = "a user's access to regions and configuration space is not modelled";
  return [
    ...rows('order', fieldsOf(files['map-dma'])?.order, 'containers and groups are opened outside of the model'),
    ...rows('table-access', access?.table, why),
    ...rows('table-access', access?.config, why),
    ...rows('table-access', fieldsOf(access?.command)?.rows, why),
  ];
}
