/** Files that a series adds to sysfs, and that no document of the series describes. */
import { UNDOCUMENTED_ATTRIBUTE } from '../catalog-conventions';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';

/** Macros that define an attribute, by its name first: the file in sysfs. */
const DEFINES =
  /\b(?:(?:DEVICE|BUS|DRIVER|CLASS|BIN|KOBJ|MDEV_TYPE)_ATTR(?:_RO|_RW|_WO|_ADMIN_R[OW]|_IGNORE_LOCKDEP)*)\s*\(\s*(\w+)\s*[,)]/;
/** Described once for all that have them. */
const COMMON =
  /^(?:cpumask|identifier|uevent|remove|rescan|bind|unbind|name|type|format|events|associated_cpus|numa_node|available_instances|device_api|description)$/;

export const undocumentedAttribute: SeriesRule = (view) => {
  if (!view.complete) return [];
  const added = new Map<string, SeriesPlace & { readonly inside: string | null }>();
  const gone = new Set<string>();
  let documents = '';
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) {
      if (file.path.startsWith('Documentation/'))
        documents += `\n${file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind !== 'delete').map((line) => line.text)).join('\n')}`;
      if (!/\.[ch]$/.test(file.path) || /^(?:tools|samples|Documentation|lib\/test|include)\//.test(file.path))
        continue;
      for (const hunk of file.hunks)
        for (const line of hunk.lines) {
          const name = DEFINES.exec(line.text)?.[1];
          if (name === undefined || COMMON.test(name)) continue;
          if (line.kind !== 'add') gone.add(name);
          else if (!added.has(name)) added.set(name, { patch, file, line: line.line, inside: null });
        }
    }
  const missing = [...added].filter(
    ([name]) => !gone.has(name) && !new RegExp(`(?<!\\w)${name}(?!\\w)`).test(documents),
  );
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.map(([name]) => name);
  const hit: SeriesHit = {
    rule: UNDOCUMENTED_ATTRIBUTE,
    at: first[1],
    function: null,
    message: `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''} in sysfs: no patch of the series describes ${names.length > 1 ? 'them' : 'it'} under Documentation/ABI`,
    why: [
      {
        text: 'a file in sysfs is an interface that must be kept: what it holds, in which unit and since when has to be written down with it',
        reference: 'Documentation/process/submit-checklist.rst, Documentation/ABI/README',
      },
    ],
    related: missing.slice(1, 4).map(([name, place]) => ({ ...place, message: `${name} is defined here` })),
    fixedBy: null,
  };
  return [hit];
};
