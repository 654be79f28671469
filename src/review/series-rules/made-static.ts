import { MADE_STATIC } from '../catalog-bisect';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';
import { type Definition, realm, type SeriesView } from './view';

/**
 * A function or variable that a patch makes static, or adds as static, while a line in sight still exports it, a header still declares
 * it, or another file still uses it.
 */
export const madeStatic: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions)
    for (const one of all) {
      if (!one.static || one.inline || !one.file.path.endsWith('.c') || one.state === 'removed' || !one.changed)
        continue;
      if (one.kind !== 'function' && one.kind !== 'variable' && one.kind !== 'prototype') continue;
      const was = all.some(
        (other) => other.state === 'removed' && !other.static && other.file === one.file && other.patch === one.patch,
      );
      const left = exportOf(view, one) ?? (was ? (declarationOf(all, one) ?? userOf(view, one)) : null);
      if (left === null) continue;
      hits.push({
        rule: MADE_STATIC,
        at: { patch: one.patch, file: one.file, line: one.line.line },
        function: one.kind === 'function' ? name : null,
        message: `${name} is static ${was ? 'from here on' : 'here'}, and ${left.why}`,
        why: [{ text: 'what is static in one file cannot be linked to from another', reference: null }],
        related: [{ ...left.at, message: 'seen here' }],
        fixedBy: null,
      });
      break;
    }
  return hits;
};

interface Left {
  readonly at: SeriesPlace;
  readonly why: string;
}

function exportOf(view: SeriesView, one: Definition): Left | null {
  const exports = view.calls.filter(
    (call) => /^EXPORT_SYMBOL\w*$/.test(call.macro) && call.args[0] === one.name && call.file.path === one.file.path,
  );
  const kept = exports.find((call) => call.patch === one.patch && call.state !== 'removed');
  if (kept === undefined) return null;
  return {
    at: { patch: kept.patch, file: kept.file, line: kept.line.line },
    why: `${kept.macro}() still exports it`,
  };
}

function declarationOf(all: readonly Definition[], one: Definition): Left | null {
  const declared = all.find(
    (other) =>
      other.kind === 'prototype' &&
      !other.static &&
      other.file.path.endsWith('.h') &&
      other.state === 'kept' &&
      other.patch === one.patch,
  );
  if (declared === undefined) return null;
  return {
    at: { patch: declared.patch, file: declared.file, line: declared.line.line },
    why: `${declared.file.path.slice(declared.file.path.lastIndexOf('/') + 1)} still declares it`,
  };
}

function userOf(view: SeriesView, one: Definition): Left | null {
  const use = (view.mentions.get(one.name) ?? []).find(
    (each) =>
      each.patch >= one.patch &&
      each.line.kind !== 'delete' &&
      each.role === 'call' &&
      one.kind === 'function' &&
      !each.code.directive &&
      each.code.guards.length === 0 &&
      each.file.path.endsWith('.c') &&
      each.file.path !== one.file.path &&
      realm(each.file.path) === realm(one.file.path),
  );
  if (use === undefined) return null;
  // Another file may have a function of its own by that name.
  const own = (view.definitions.get(one.name) ?? []).some((each) => each.file.path === use.file.path);
  if (own) return null;
  return {
    at: { patch: use.patch, file: use.file, line: use.line.line },
    why: `${use.file.path.slice(use.file.path.lastIndexOf('/') + 1)} still calls it`,
  };
}
