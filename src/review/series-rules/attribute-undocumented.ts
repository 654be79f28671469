import type { FileChange, HunkLine } from '../../patch/types';
import { ATTRIBUTE_UNDOCUMENTED } from '../catalog-uapi';
import type { SeriesHit, SeriesRule } from './types';
import type { SeriesView } from './view';

/** Macros that define a file of sysfs, by the name of the file. */
const DEFINES =
  /^\s*(?:static\s+)?(?:const\s+)?((?:DEVICE|DRIVER|BUS|CLASS)(?:_\w+)?_ATTR(?:_[A-Z0-9]+)*|BIN_ATTR(?:_[A-Z0-9]+)*)\s*\(\s*([a-z]\w*)\b/;

/** Code that is no part of what users rely on. */
const NO_INTERFACE = /^(?:Documentation|drivers\/staging|samples|tools|lib\/test|scripts)\//;

interface Attribute {
  readonly name: string;
  readonly macro: string;
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
}

function attributesIn(view: SeriesView): { readonly added: Attribute[]; readonly known: ReadonlySet<string> } {
  const added: Attribute[] = [];
  const known = new Set<string>();
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) {
      if (!/\.[ch]$/.test(file.path) || NO_INTERFACE.test(file.path)) continue;
      for (const hunk of file.hunks)
        for (const line of hunk.lines) {
          const match = DEFINES.exec(line.text);
          if (match === null) continue;
          const [, macro = '', name = ''] = match;
          // Moved, renamed macro, or shown: the file was there before.
          if (line.kind === 'add') added.push({ name, macro, patch, file, line });
          else known.add(name);
        }
    }
  return { added, known };
}

/** Does any documentation that the series adds name the file? */
function documented(view: SeriesView, name: string): boolean {
  const word = new RegExp(`(?:^|[^\\w])${name}(?:[^\\w]|$)`);
  return view.changes.some((change) =>
    change.files.some(
      (file) =>
        file.path.startsWith('Documentation/') &&
        file.hunks.some((hunk) => hunk.lines.some((line) => line.kind !== 'delete' && word.test(line.text))),
    ),
  );
}

/** A new file in sysfs of which the whole series has no entry in `Documentation/ABI`. Quiet for a series of which parts are missing. */
export const attributeUndocumented: SeriesRule = (view) => {
  if (!view.complete) return [];
  const hits: SeriesHit[] = [];
  const { added, known } = attributesIn(view);
  const said = new Set<string>();
  for (const { name, macro, patch, file, line } of added) {
    // One finding for a patch, at the first; the others are named.
    const where = `${patch}|${file.path}`;
    if (said.has(where) || known.has(name) || documented(view, name)) continue;
    said.add(where);
    const others = added.filter(
      (one) =>
        one.patch === patch &&
        one.file === file &&
        one.name !== name &&
        !known.has(one.name) &&
        !documented(view, one.name),
    );
    const more = others.length === 0 ? '' : ` (with it ${others.map((one) => one.name).join(', ')})`;
    hits.push({
      rule: ATTRIBUTE_UNDOCUMENTED,
      at: { patch, file, line: line.line },
      function: null,
      message: `${name} is a new file in sysfs, by ${macro}()${more}, and nothing in the series describes it in Documentation/ABI`,
      why: [
        {
          text: 'once it is released programs rely on what it happens to say; where, since when, and what it gives belongs into an entry of its own',
          reference: 'Documentation/ABI/README; Documentation/process/submit-checklist.rst',
        },
      ],
      related: [],
      fixedBy: null,
    });
  }
  return hits;
};
