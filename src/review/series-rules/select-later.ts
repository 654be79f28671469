import type { FileChange, HunkLine } from '../../patch/types';
import { SELECT_LATER } from '../catalog-contracts';
import type { SeriesHit, SeriesRule } from './types';
import type { SeriesView } from './view';

/** Words that say where something belongs, not which it is. */
const WIDE = new Set([
  'irq',
  'irqchip',
  'arm',
  'arm64',
  'x86',
  'pci',
  'drv',
  'driver',
  'core',
  'iommu',
  'vfio',
  'v',
  'c',
]);

const wordsOf = (name: string): readonly string[] =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !WIDE.has(word));

const alike = (a: readonly string[], b: readonly string[]): boolean =>
  a.length > 0 && a.length === b.length && a.every((word) => b.includes(word));

/** The option that builds a file: by its Makefile line where one is in sight, else by the words of its name. */
function builds(view: SeriesView, option: string, path: string): boolean {
  const line = view.build.objects.find((one) => one.path === path.replace(/\.c$/, '') && one.option !== null);
  if (line !== undefined) return line.option === option;
  return alike(wordsOf(option), wordsOf(path.slice(path.lastIndexOf('/') + 1).replace(/\.c$/, '')));
}

interface Selected {
  readonly option: string;
  readonly library: string;
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
}

/** `select X` of options that were there before, the option read from the hunk's section where its own line is out of sight. */
function selectsIn(view: SeriesView): Selected[] {
  const found: Selected[] = [];
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) {
      if (!/(?:^|\/)Kconfig[^/]*$/.test(file.path)) continue;
      for (const hunk of file.hunks) {
        let option = /^(?:menu)?config\s+(\w+)/.exec(hunk.section)?.[1] ?? null;
        for (const line of hunk.lines) {
          const head = /^(?:menu)?config\s+(\w+)/.exec(line.text)?.[1];
          if (head !== undefined) option = line.kind === 'context' ? head : null;
          else if (/^(?:endmenu|menu|if|endif|choice|endchoice|source|comment)\b/.test(line.text)) option = null;
          const library = /^\s+select\s+(\w+)\b/.exec(line.text)?.[1];
          if (option !== null && library !== undefined && line.kind === 'add')
            found.push({ option, library, patch, file, line });
        }
      }
    }
  return found;
}

/**
 * A file that starts to use a library, by the library’s own header, while its option selects the library only with a later patch: in between it does not
 * link where nothing else selects it.
 */
export const selectLater: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  const selects = selectsIn(view);
  for (const selected of selects) {
    const header = selected.library.toLowerCase();
    if (
      selects.some(
        (one) => one.option === selected.option && one.library === selected.library && one.patch < selected.patch,
      )
    )
      continue;
    for (const { patch, file, now } of view.hunks) {
      if (patch >= selected.patch || !file.path.endsWith('.c') || file.kind === 'add') continue;
      const include = now.lines.find(({ directive, line }) => {
        const name =
          directive && line.kind === 'add' ? /#\s*include\s*["<]([^">]+)\.h/.exec(line.text)?.[1] : undefined;
        return name !== undefined && name.slice(name.lastIndexOf('/') + 1).replaceAll('-', '_') === header;
      });
      if (include === undefined || !builds(view, selected.option, file.path)) continue;
      hits.push({
        rule: SELECT_LATER,
        at: { patch, file, line: include.line.line },
        function: null,
        message: `This file uses ${selected.library} from here on, and ${selected.option} selects it only with patch ${view.label(selected.patch)}`,
        why: [
          {
            text: 'in between, a configuration in which nothing else selects it does not link',
            reference: 'Documentation/kbuild/kconfig-language.rst',
          },
        ],
        related: [{ patch: selected.patch, file: selected.file, line: selected.line.line, message: 'selected here' }],
        fixedBy: selected.patch,
      });
    }
  }
  return hits;
};
