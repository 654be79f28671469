import type { ProgramTable } from '../../code/types';
import { FOREIGN_CALLBACK } from '../catalog-uapi';
import { scan } from './scan';
import type { PatchHit, PatchRule } from './types';

/** `vfio_pci_fault_response_regops` gives `vfio_pci_fault_response_`. */
function prefixOf(table: string): string {
  return table.replace(/_(?:[a-z]*ops|chip|funcs?|handlers?|table)$/, '_');
}

/**
 * The identifier that a callback gives away when it belongs to another table of the same kind: its body names a constant that is
 * an id. Null when it belongs to no other table, or gives nothing away: then it may be shared.
 */
function nameless(set: ProgramTable, table: string, callback: string): string | null {
  const other = [...set.tables.values()].some(
    (one) =>
      one.name !== table &&
      one.init.kind === 'initializer' &&
      prefixOf(one.name) !== one.name &&
      callback.startsWith(prefixOf(one.name)) &&
      one.init.items.some((item) => item.value.kind === 'name' && item.value.name === callback),
  );
  const program = set.programs.get(callback);
  if (!other || program === undefined) return null;
  for (const { expression } of scan(program))
    if (expression.kind === 'name' && /_(?:CAP|ID|TYPE)_[A-Z0-9_]+$/.test(expression.name)) return expression.name;
  return null;
}

/** A table of callbacks names another object's callback although its own exists. */
export const foreignCallbackRule: PatchRule = ({ change, before, after }) => {
  const hits: PatchHit[] = [];
  for (const [key, table] of after.set.tables) {
    if (table.init.kind !== 'initializer' || before.set.tables.get(key) === table) continue;
    const prefix = prefixOf(table.name);
    if (prefix === table.name) continue;
    const names = new Set(table.init.items.flatMap((item) => (item.value.kind === 'name' ? [item.value.name] : [])));
    const own = [...names].filter((name) => name.startsWith(prefix)).length;
    for (const item of table.init.items) {
      if (item.field === null || item.value.kind !== 'name' || item.value.name.startsWith(prefix)) continue;
      const { name } = item.value;
      // `vfio_pci_fault_` + `add_capability`, where `vfio_pci_fault_response_` + `add_capability` exists and nobody names it.
      const mine = [...after.set.programs.values()].find(
        (program) =>
          program.name.startsWith(prefix) &&
          program.name.length > prefix.length + 2 &&
          name.endsWith(`_${program.name.slice(prefix.length)}`) &&
          !names.has(program.name),
      );
      const foreign =
        mine === undefined && own > 2 && own === names.size - 1 ? nameless(after.set, table.name, name) : null;
      if (
        (mine === undefined ? foreign === null : own < 2) ||
        table.at.kind !== 'message' ||
        table.at.message !== change.message
      )
        continue;
      hits.push({
        rule: FOREIGN_CALLBACK,
        at: table.at,
        message:
          mine === undefined
            ? `${table.name}.${item.field} is ${name}(), which speaks of ${foreign}`
            : `${table.name}.${item.field} is ${name}(), and ${mine.name}() exists`,
        why: [{ text: 'the other object’s callback answers for this one', reference: null }],
        related: mine === undefined ? [] : [{ at: mine.at, message: `${mine.name}() stands here` }],
        file: mine?.file ?? after.set.programs.get(name)?.file ?? '',
        function: null,
      });
    }
  }
  return hits;
};
