import { NOT_BUILT, OBJECT_WITHOUT_SOURCE, OPTION_UNUSED, SELECT_UNMET } from '../catalog';
import type { KconfigOption } from './build-files';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';
import { realm, type SeriesView } from './view';

/** A C file that the series adds and that no line of a Makefile, and no `#include`, names. */
export const notBuilt: SeriesRule = (view) => {
  if (!view.complete || composed(view)) return [];
  const hits: SeriesHit[] = [];
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) {
      if (file.kind !== 'add' || !file.path.endsWith('.c') || !KERNEL_FOLDER.test(file.path)) continue;
      const path = file.path.replace(/\.c$/, '');
      const name = path.slice(path.lastIndexOf('/') + 1);
      const object = new RegExp(`(?<![\\w-])${name.replace(/[.+]/g, '\\$&')}\\.(?:o|c|dtb|bin|so)\\b`);
      const named = view.changes.some((each) =>
        each.files.some((other) =>
          other === file || (other.path.endsWith('.h') && !other.path.includes(name))
            ? false
            : other.hunks.some((hunk) => hunk.lines.some((line) => line.kind !== 'delete' && object.test(line.text))),
        ),
      );
      // Removed or moved on by a later patch; or the file takes the place of one that was there.
      const moved = view.changes.some((each) =>
        each.files.some((other) => other !== file && (other.oldPath === file.path || other.path === file.path)),
      );
      if (named || moved || generatedFolder(file.path)) continue;
      hits.push({
        rule: NOT_BUILT,
        at: { patch, file, line: file.hunks[0]?.lines[0]?.line ?? file.line },
        function: null,
        message: `${file.path} is added, and no Makefile line of the series builds it`,
        why: [{ text: `no line of the series names ${name}.o`, reference: null }],
        related: [],
        fixedBy: null,
      });
    }
  return hits;
};

/** Top folders of the kernel: other projects of the field have Makefiles of their own kind. */
const KERNEL_FOLDER = /^(?:arch|block|crypto|drivers|fs|init|io_uring|ipc|kernel|lib|mm|net|security|sound|virt)\//;

/** Does a line of a Makefile put an object's name together from variables? */
function composed(view: SeriesView): boolean {
  return view.changes.some((change) =>
    change.files.some(
      (file) =>
        /(?:^|\/)(?:Makefile|Kbuild)[^/]*$/.test(file.path) &&
        file.hunks.some((hunk) =>
          hunk.lines.some((line) => line.kind !== 'delete' && /\$\(\w+\)[\w-]*\.o\b/.test(line.text)),
        ),
    ),
  );
}

/** Folders whose Makefiles take every file, and code that others compile. */
function generatedFolder(path: string): boolean {
  return /(?:^|\/)(?:boot|vdso|purgatory|selftests|tests?|dts|examples?)\//.test(path);
}

/** A Makefile line for an object whose source only a later patch adds, while its option can be on already. */
export const objectWithoutSource: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const object of view.build.objects) {
    if (object.state !== 'added') continue;
    const sources = [`${object.path}.c`, `${object.path}.S`, `${object.path}.rs`];
    const born = view.changes.findIndex((change) =>
      change.files.some((file) => file.newPath !== null && file.kind !== 'modify' && sources.includes(file.newPath)),
    );
    if (born <= object.patch) continue;
    const option =
      object.option === null ? undefined : view.build.options.find((one) => one.added && one.name === object.option);
    if (option !== undefined && option.patch >= born) continue;
    // A composite object: its parts are the sources.
    const name = object.path.slice(object.path.lastIndexOf('/') + 1);
    if (view.build.objects.some((one) => one.part === name && one.patch <= object.patch)) continue;
    const source = view.changes[born]?.files.find((file) => file.newPath !== null && sources.includes(file.newPath));
    if (source === undefined) continue;
    hits.push({
      rule: OBJECT_WITHOUT_SOURCE,
      at: { patch: object.patch, file: object.file, line: object.line.line },
      function: null,
      message: `${name}.o is built from here on, and only patch ${view.label(born)} adds ${source.path}`,
      why: [{ text: 'there is no rule to make an object without a source', reference: null }],
      related: [{ patch: born, file: source, line: source.line, message: 'the source comes here' }],
      fixedBy: born,
    });
  }
  return hits;
};

/** An option that the series lets the user choose and nothing in it looks at: no code, no Makefile, no other option. */
export const optionUnused: SeriesRule = (view) => {
  if (!view.complete) return [];
  const hits: SeriesHit[] = [];
  const added = view.build.options.filter((one) => one.added);
  if (added.length === 0) return hits;
  const words = new Set<string>();
  for (const change of view.changes)
    for (const file of change.files)
      for (const hunk of file.hunks)
        for (const line of hunk.lines)
          if (line.kind !== 'delete')
            for (const [, name = ''] of line.text.matchAll(/\bCONFIG_(\w+)/g)) words.add(name.replace(/_MODULE$/, ''));
  for (const { name } of view.build.kconfigWords) words.add(name);
  for (const option of added) {
    if (words.has(option.name) || realm(option.file.path) !== 'kernel') continue;
    // An option that selects others works by that; one that was there before is defined again.
    if (option.selects.length > 0 || !option.whole || !option.prompt) continue;
    if (removedToo(view, option) || option.choice) continue;
    const bare = withoutPrefix(view, option.name);
    hits.push({
      rule: OPTION_UNUSED,
      at: { patch: option.patch, file: option.file, line: option.line.line },
      function: null,
      message: `The option ${option.name} is added, and no code, Makefile or other option of the series looks at it`,
      why: [{ text: `CONFIG_${option.name} occurs in no line that the series adds or shows`, reference: null }],
      related: bare === null ? [] : [{ ...bare, message: 'asks for the name without CONFIG_' }],
      fixedBy: null,
    });
  }
  return hits;
};

/** A line of code that names the option as Kconfig does: the compiler knows it as `CONFIG_NAME` only. */
function withoutPrefix(view: SeriesView, name: string): SeriesPlace | null {
  const word = new RegExp(`\\b${name}\\b`);
  for (const { patch, file, now } of view.hunks)
    for (const { bare, line } of now.lines)
      if (line.kind === 'add' && word.test(bare)) return { patch, file, line: line.line };
  return null;
}

function removedToo(view: SeriesView, option: KconfigOption): boolean {
  const head = new RegExp(`^\\s*(?:menu)?config\\s+${option.name}\\s*$`);
  return view.changes.some((change) =>
    change.files.some((file) =>
      file.hunks.some((hunk) => hunk.lines.some((line) => line.kind === 'delete' && head.test(line.text))),
    ),
  );
}

/** `select` of an option whose dependencies, all in sight, the selecting one neither has nor selects: select does not ask for them. */
export const selectUnmet: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  const { options } = view.build;
  for (const option of options) {
    if (!option.whole) continue;
    for (const chosen of option.selects) {
      if (chosen.line.kind !== 'add' && !option.added) continue;
      if (chosen.condition !== null) continue;
      const target = options.filter((one) => one.name === chosen.name && one.whole && one.patch <= option.patch).at(-1);
      if (target === undefined || target.patch > option.patch) continue;
      // What its own patch takes away, or a later one does, is settled there.
      const needs = target.depends.flatMap(({ text }) =>
        /^\w+(?:\s*&&\s*\w+)*$/.test(text) ? text.split(/\s*&&\s*/) : [],
      );
      const has = new Set([
        ...option.depends.flatMap(({ text }) => [...text.matchAll(/\w+/g)].map(([word]) => word)),
        ...option.selects.map((one) => one.name),
      ]);
      const unmet = needs.find(
        (need) =>
          !has.has(need) &&
          need !== 'COMPILE_TEST' &&
          !ofArchitecture(option.file.path, need) &&
          !implied(view, has, need, chosen.name),
      );
      if (unmet === undefined) continue;
      hits.push({
        rule: SELECT_UNMET,
        at: { patch: option.patch, file: option.file, line: chosen.line.line },
        function: null,
        message: `${option.name} selects ${chosen.name}, which depends on ${unmet}, and does not depend on ${unmet} itself`,
        why: [
          {
            text: 'select turns an option on without asking what it depends on',
            reference: 'Documentation/kbuild/kconfig-language.rst',
          },
        ],
        related: [
          {
            patch: target.patch,
            file: target.file,
            line: target.line.line,
            message: `${chosen.name} depends on ${unmet}`,
          },
        ],
        fixedBy: null,
      });
    }
  }
  return hits;
};

/** Options of an architecture's own Kconfig are there on that architecture only. */
function ofArchitecture(path: string, need: string): boolean {
  const name = /^arch\/([^/]+)\//.exec(path)?.[1];
  return name !== undefined && need.toLowerCase() === name;
}

/** Does one of the options in `has`, as far as they are in sight, bring `need` along? Those out of sight may. */
function implied(view: SeriesView, has: ReadonlySet<string>, need: string, chosen: string): boolean {
  for (const name of has) {
    if (name === chosen) continue;
    const known = view.build.options.find((one) => one.name === name && one.whole);
    if (known === undefined) return true;
    if (
      known.selects.some((one) => one.name === need) ||
      known.depends.some(({ text }) => new RegExp(`\\b${need}\\b`).test(text))
    )
      return true;
  }
  return false;
}
