import { USED_AFTER_REMOVED } from '../catalog';
import { builtFrom } from './build-files';
import type { SeriesHit, SeriesRule } from './types';
import { architecture, type Definition, type Mention, realm, type SeriesView } from './view';

/**
 * A name whose only definition in sight a patch removes, and that the tree after it still uses: in a line that the patch leaves, or
 * that a later one adds. For functions outside of one file the declaration must be gone too.
 */
export const usedAfterRemoved: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    for (const removed of all) {
      if (removed.state !== 'removed' || removed.changed || !isLast(view, name, all, removed)) continue;
      const uses = view.mentions.get(name) ?? [];
      const use =
        uses.find((one) => usesAfter(view, one, all, removed)) ??
        uses.find((one) => convertedLater(view, one, uses, removed) && usesAfter(view, one, all, removed, true));
      if (use === undefined) continue;
      const own = use.patch > removed.patch && use.line.kind === 'add';
      const here = { patch: removed.patch, file: removed.file, line: removed.line.line };
      const there = { patch: use.patch, file: use.file, line: use.line.line };
      const back = all.find((one) => one.state === 'added' && one.patch > use.patch);
      const gone = uses.find(
        (one) =>
          one.line.kind === 'delete' &&
          one.patch > removed.patch &&
          one.file.path === use.file.path &&
          one.line.text.trim() === use.line.text.trim(),
      );
      const fixed = back?.patch ?? gone?.patch ?? null;
      hits.push({
        rule: USED_AFTER_REMOVED,
        at: own ? there : here,
        function: own ? use.code.inside : name,
        message: own
          ? `${name} is used here, and patch ${view.label(removed.patch)} removed it`
          : `${name} is removed here, and ${use.code.inside === null ? 'the code' : `${use.code.inside}()`} still uses it${fixed === null ? '' : ` until patch ${view.label(fixed)}`}`,
        why: [],
        related: [own ? { ...here, message: 'removed here' } : { ...there, message: 'still used here' }],
        fixedBy: fixed,
      });
      break;
    }
  }
  return hits;
};

/** Is nothing left that defines the name? */
function isLast(view: SeriesView, name: string, all: readonly Definition[], removed: Definition): boolean {
  const others = all.filter((one) => one !== removed && one.kind !== 'field');
  // Added again, moved, or defined elsewhere too.
  if (others.some((one) => one.state !== 'removed')) return false;
  if (removed.guards.length > 0) return false;
  if (view.calls.some((call) => call.args.some((arg) => arg.includes(name)))) return false;
  switch (removed.kind) {
    case 'function':
      if (removed.static && removed.file.path.endsWith('.c')) return true;
      return (
        others.some((one) => one.kind === 'prototype' && one.patch <= removed.patch) &&
        architecture(removed.file.path) === ''
      );
    case 'macro':
    case 'enumerator':
      return others.length === 0 && architecture(removed.file.path) === '' && /^[A-Z][A-Z0-9_]{5,}$/.test(name);
    default:
      return false;
  }
}

/** A later patch takes the use out, and no patch of the series had put it in: so it stands in the tree in between. */
function convertedLater(view: SeriesView, use: Mention, uses: readonly Mention[], removed: Definition): boolean {
  if (!view.complete || use.line.kind !== 'delete' || use.patch <= removed.patch || use.role !== 'call') return false;
  const text = use.line.text.trim();
  return !uses.some((one) => one.line.kind === 'add' && one.line.text.trim() === text);
}

function usesAfter(
  view: SeriesView,
  use: Mention,
  all: readonly Definition[],
  removed: Definition,
  gone = false,
): boolean {
  if (
    (use.line.kind === 'delete') !== gone ||
    use.patch < removed.patch ||
    use.code.directive ||
    use.code.guards.length > 0
  )
    return false;
  if (realm(use.file.path) !== realm(removed.file.path)) return false;
  if (use.role === 'member' || use.code.inside === removed.name) return false;
  if (removed.kind === 'function' && use.role === 'other' && !/[=,(]\s*&?$/.test(use.code.bare.slice(0, use.column)))
    return false;
  const local = removed.static || (removed.kind !== 'function' && removed.file.path.endsWith('.c'));
  if (local && removed.file.path.endsWith('.c') && use.file.path !== removed.file.path) return false;
  // The last removal counts: a prototype may go in another patch than the function.
  const until = Math.max(
    ...all.filter((one) => one.state === 'removed' && one.patch <= use.patch).map((one) => one.patch),
  );
  if (use.patch < until) return false;
  return builtFrom(view.build, view.changes, use.file.path) !== null;
}
