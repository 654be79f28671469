import type { FileChange, HunkLine } from '../../patch/types';
import { NAMESPACE_MISSING } from '../catalog-contracts';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';
import type { SeriesView } from './view';

const EXPORT = /^EXPORT_SYMBOL_NS(?:_GPL)?\s*\(\s*(\w+)\s*,\s*"?(\w+)"?\s*\)/;
const IMPORT = /^MODULE_IMPORT_NS\s*\(\s*"?(\w+)"?\s*\)/;

interface Line {
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
}
interface Exported extends Line {
  readonly symbol: string;
  readonly namespace: string;
}
interface Imported extends Line {
  readonly namespace: string;
}

const folder = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function linesOf(view: SeriesView): { readonly exported: Exported[]; readonly imported: Imported[] } {
  const exported: Exported[] = [];
  const imported: Imported[] = [];
  for (const { patch, file, now } of view.hunks)
    for (const { line } of now.lines) {
      const out = EXPORT.exec(line.text);
      if (out?.[1] !== undefined && out[2] !== undefined && line.kind === 'add')
        exported.push({ patch, file, line, symbol: out[1], namespace: out[2] });
      const into = IMPORT.exec(line.text)?.[1];
      if (into !== undefined) imported.push({ patch, file, line, namespace: into });
    }
  return { exported, imported };
}

interface User {
  readonly at: SeriesPlace;
  readonly folder: string;
  readonly how: string;
}

/** Who needs the namespace: a module that starts to select what builds the exporting file, or calls the symbol on a line in sight. */
function usersOf(view: SeriesView, one: Exported): User[] {
  const object = one.file.path.replace(/\.c$/, '');
  const built = view.build.objects.find((each) => each.path === object && each.state !== 'removed');
  const whole =
    built?.option === null && built.part !== null
      ? view.build.objects.find((each) => base(each.path) === built.part && each.option !== null)
      : built;
  const users: User[] = [];
  const option = whole?.option ?? null;
  if (option !== null)
    for (const each of view.build.options) {
      const selected = each.selects.find((select) => select.name === option && select.line.kind === 'add');
      if (selected === undefined || each.patch > one.patch) continue;
      users.push({
        at: { patch: each.patch, file: each.file, line: selected.line.line },
        folder: folder(each.file.path),
        how: `${each.name} selects ${option}`,
      });
    }
  for (const use of view.mentions.get(one.symbol) ?? []) {
    const { path } = use.file;
    if (
      use.role !== 'call' ||
      use.line.kind === 'delete' ||
      !path.endsWith('.c') ||
      folder(path) === folder(one.file.path)
    )
      continue;
    users.push({
      at: { patch: use.patch, file: use.file, line: use.line.line },
      folder: folder(path),
      how: `${base(path)} calls ${one.symbol}()`,
    });
  }
  return users.filter((each) => each.folder !== folder(one.file.path));
}

/**
 * Exports that move into a namespace while one of the modules that use them does not import it. Said only where the series itself lets other users
 * import it: then none of them had.
 */
export const namespaceMissing: SeriesRule = (view) => {
  const { exported, imported } = linesOf(view);
  const hits: SeriesHit[] = [];
  const told = new Set<string>();
  for (const one of exported) {
    const siblings = imported.filter(
      (each) => each.namespace === one.namespace && each.line.kind === 'add' && each.patch <= one.patch,
    );
    if (siblings.length === 0) continue;
    // Exported without one before: nobody had to import it.
    const was = view.calls.some(
      (call) => /^EXPORT_SYMBOL(?:_GPL)?$/.test(call.macro) && call.args[0] === one.symbol && call.state === 'removed',
    );
    if (!was) continue;
    for (const user of usersOf(view, one)) {
      const key = `${one.namespace}|${user.folder}`;
      const imports = imported.filter(
        (each) => each.namespace === one.namespace && folder(each.file.path) === user.folder,
      );
      if (told.has(key) || imports.some((each) => each.patch <= one.patch)) continue;
      told.add(key);
      const later = imports[0];
      hits.push({
        rule: NAMESPACE_MISSING,
        at: { patch: one.patch, file: one.file, line: one.line.line },
        function: one.symbol,
        message: `${one.symbol}() is exported in the namespace ${one.namespace} from here on, and no file of ${user.folder} imports it${later === undefined ? '' : ` before patch ${view.label(later.patch)}`}: ${user.how}`,
        why: [
          {
            text: 'modpost refuses a module that uses a symbol of a namespace it does not import',
            reference: 'Documentation/core-api/symbol-namespaces.rst',
          },
        ],
        related: [
          { ...user.at, message: user.how },
          ...siblings.slice(0, 1).map((each) => ({
            patch: each.patch,
            file: each.file,
            line: each.line.line,
            message: 'another user imports it here',
          })),
        ],
        fixedBy: later?.patch ?? null,
      });
    }
  }
  return hits;
};
