import { STATIC_UNUSED } from '../catalog';
import { builtFrom } from './build-files';
import type { SeriesHit, SeriesRule } from './types';
import { type Definition, existedBefore, type Mention, type SeriesView } from './view';

/**
 * A static function that a patch adds and that nothing uses before a later patch does: the compiler warns in between, and nobody can
 * judge the function where it is added. Quiet for inline functions, headers, names that a macro may put together, and functions
 * that nothing in the whole series uses when the series is not complete.
 */
export const staticUnused: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const added = all.filter((one) => one.state === 'added' && one.kind === 'function');
    const one = added[0];
    if (one === undefined || !one.static || one.inline || !one.file.path.endsWith('.c')) continue;
    if (/__maybe_unused|__unused|__used|__init|__exit|__attribute__/.test(one.lines.map((line) => line.text).join(' ')))
      continue;
    if (existedBefore(view, name, one.patch)) continue;
    const here = (view.mentions.get(name) ?? []).filter(
      (use) => use.file.path === one.file.path && use.line.kind !== 'delete' && !within(use, one),
    );
    if (here.some((use) => use.patch <= one.patch)) continue;
    if (pastedTogether(view, one, one.patch)) continue;
    const later = here[0];
    // Where no patch uses it, the text that does may be out of sight.
    if (later === undefined) continue;
    // What a later patch changes the name, the file or the code of is not the same any more.
    if (all.some((other) => other.patch > one.patch && other.patch <= later.patch && other.state === 'removed'))
      continue;
    const from = builtFrom(view.build, view.changes, one.file.path);
    if (from === null || from >= later.patch) continue;
    if (one.guards.length > 0) continue;
    hits.push({
      rule: STATIC_UNUSED,
      at: { patch: one.patch, file: one.file, line: one.line.line },
      function: name,
      message: `${name}() is static and has no user before patch ${view.label(later.patch)}: the compiler warns of it in between`,
      why: [
        {
          text: 'a static function that nothing refers to gives -Wunused-function, an error with CONFIG_WERROR',
          reference: null,
        },
      ],
      related: [{ patch: later.patch, file: later.file, line: later.line.line, message: 'its first user' }],
      fixedBy: later.patch,
    });
  }
  return hits;
};

/** Its own body calls it. */
function within(use: Mention, one: Definition): boolean {
  return use.code.inside === one.name;
}

/** Does a macro of the file get a part of the name, from which it may make the whole: `DEVICE_ATTR_RO(foo)`, `foo_show`? */
function pastedTogether(view: SeriesView, one: Definition, until: number): boolean {
  for (const hunk of view.hunks) {
    if (hunk.patch > until || hunk.file.path !== one.file.path) continue;
    for (const { bare, directive } of hunk.now.lines) {
      if (directive && bare.includes('##')) return true;
      for (const [, , list = ''] of bare.matchAll(/\b([A-Z][A-Z0-9_]{3,})\s*\(([^)]*)/g))
        for (const [word] of list.matchAll(/\w{3,}/g))
          if (one.name.includes(word) || word.includes(one.name)) return true;
    }
  }
  return false;
}
