import { STUB_MISSING } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';
import type { Definition, Mention, SeriesView } from './view';

/**
 * A function that a header declares only with an option on, in a block whose other branch has stubs for its fellows and none for it,
 * and that a file outside of the option calls.
 */
export const stubMissing: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions)
    for (const one of all) {
      if (one.kind !== 'prototype' || one.state !== 'added' || !one.file.path.endsWith('.h')) continue;
      const option = optionOf(one) ?? builtBy(view, all, one);
      if (option === null) continue;
      const always = optionOf(one) === null;
      // A definition for the other branch, anywhere.
      if (
        all.some(
          (other) =>
            other !== one &&
            other.state !== 'removed' &&
            (other.kind === 'macro' || (other.kind === 'function' && other.file.path.endsWith('.h'))),
        )
      )
        continue;
      if (all.some((other) => other !== one && other.kind === 'prototype' && other.state !== 'removed')) continue;
      const hunk = view.hunks.find(
        (each) =>
          each.patch === one.patch && each.file === one.file && each.now.heads.some((head) => head.line === one.line),
      );
      // The other branch, with stubs, stands in the same hunk, behind the declaration: then all of it up to the `#endif` is in sight.
      const siblings = (hunk?.now.heads ?? []).filter(
        (head) =>
          (head.kind === 'function' || (head.kind === 'macro' && head.parameters !== null)) &&
          head.guards.includes(`!${option}`) &&
          (always || head.line.line > one.line.line),
      );
      const ended = hunk?.now.lines.some(
        (code) =>
          code.directive &&
          /^\s*#\s*endif/.test(code.bare) &&
          code.line.line > (siblings.at(-1)?.line.line ?? Number.POSITIVE_INFINITY),
      );
      if (siblings.length === 0 || ended !== true || hunk === undefined) continue;
      if (!always && !startsInSight(hunk.now.lines, one, option)) continue;
      const use = (view.mentions.get(name) ?? []).find((each) => outside(view, each, one, option));
      if (use === undefined) continue;
      hits.push({
        rule: STUB_MISSING,
        at: { patch: one.patch, file: one.file, line: one.line.line },
        function: name,
        message: always
          ? `${name}() is built with ${option} only and has no stub, and ${base(use.file.path)} calls it without asking for ${option}`
          : `${name}() is declared with ${option} only and has no stub, and ${base(use.file.path)} calls it without asking for ${option}`,
        why: [{ text: `${siblings[0]?.name ?? ''}() next to it has a stub for the option off`, reference: null }],
        related: [{ patch: use.patch, file: use.file, line: use.line.line, message: 'called here' }],
        fixedBy: null,
      });
    }
  return hits;
};

function optionOf(one: Definition): string | null {
  const last = one.guards.at(-1);
  return last !== undefined && /^CONFIG_\w+$/.test(last) ? last : null;
}

/** The option that builds the file of a function whose declaration asks for none; null where no line of a Makefile tells. */
function builtBy(view: SeriesView, all: readonly Definition[], one: Definition): string | null {
  if (one.guards.some((guard) => guard.includes('CONFIG_'))) return null;
  const definer = all.find(
    (each) => each.kind === 'function' && each.file.path.endsWith('.c') && each.state !== 'removed',
  );
  const object = definer?.file.path.replace(/\.c$/, '');
  const line = view.build.objects.find((each) => each.path === object && each.state !== 'removed');
  return line?.option == null ? null : `CONFIG_${line.option}`;
}

/** Is the `#ifdef` of the option in sight above the declaration? Without it the branches cannot be told. */
function startsInSight(
  lines: readonly { readonly directive: boolean; readonly bare: string; readonly line: { readonly line: number } }[],
  one: Definition,
  option: string,
): boolean {
  return lines.some(
    (code) =>
      code.directive && code.line.line < one.line.line && /^\s*#\s*if/.test(code.bare) && code.bare.includes(option),
  );
}

/** Does the call stand in a file that is built with the option off? */
function outside(view: SeriesView, use: Mention, one: Definition, option: string): boolean {
  if (use.line.kind !== 'add' || use.role !== 'call' || !use.file.path.endsWith('.c') || use.code.directive)
    return false;
  if (use.code.guards.some((guard) => guard.includes(option))) return false;
  if (use.lines.slice(Math.max(0, use.index - 6), use.index + 1).some((code) => code.bare.includes(option)))
    return false;
  const object = use.file.path.replace(/\.c$/, '');
  const lines = view.build.objects.filter((each) => each.path === object && each.state !== 'removed');
  if (lines.some((each) => each.option !== null && `CONFIG_${each.option}` === option)) return false;
  // The folder of the functions themselves is built with the option.
  const definer = view.definitions
    .get(one.name)
    ?.find((each) => each.kind === 'function' && each.file.path.endsWith('.c'));
  return definer !== undefined && folder(definer.file.path) !== folder(use.file.path);
}

function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folder(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
