import { USED_BEFORE_ADDED } from '../catalog';
import { builtFrom } from './build-files';
import type { SeriesHit, SeriesRule } from './types';
import { architecture, type Definition, existedBefore, type Mention, realm, type SeriesView } from './view';

/** Kinds without which a use does not compile. A structure's tag may stand alone for a pointer. */
const NEEDED: readonly Definition['kind'][] = ['function', 'prototype', 'macro', 'enumerator', 'variable', 'typedef'];

/**
 * A name that a patch uses and only a later patch of the series adds: the tree between the two does not build. Quiet where the
 * name may have been there before, where the use is not compiled yet, and where it may be another's name (a local, a member).
 */
export const usedBeforeAdded: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const definitions = all.filter((one) => one.state !== 'kept' && NEEDED.includes(one.kind));
    const first = definitions.find((one) => one.state === 'added');
    if (first === undefined || first.patch === 0) continue;
    if (all.some((one) => one.state !== 'added' && one.patch <= first.patch && !addedEarlier(all, one))) continue;
    const uses = view.mentions.get(name) ?? [];
    const early = uses.find((use) => use.patch < first.patch && isUse(view, use, first));
    if (early === undefined || existedBefore(view, name, first.patch) || isLocal(view, early)) continue;
    const by = view.label(first.patch);
    const what = first.kind === 'function' || first.kind === 'prototype' ? `${name}()` : name;
    hits.push({
      rule: USED_BEFORE_ADDED,
      at: { patch: early.patch, file: early.file, line: early.line.line },
      function: early.code.inside,
      message: `${what} is used here, but only patch ${by} adds it: the tree does not build in between`,
      why: [{ text: `no patch up to ${view.label(early.patch)} declares, defines or shows ${name}`, reference: null }],
      related: [{ patch: first.patch, file: first.file, line: first.line.line, message: `${name} is added here` }],
      fixedBy: first.patch,
    });
  }
  return hits;
};

/** A member of a structure, used through a variable whose type is in sight, before the patch that adds it. */
export const memberBeforeAdded: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const fields = all.filter((one) => one.kind === 'field' && one.owner !== null);
    const first = fields.find((one) => one.state === 'added');
    if (
      first === undefined ||
      first.patch === 0 ||
      fields.some((one) => one.owner === first.owner && one.state !== 'added' && one.patch <= first.patch)
    )
      continue;
    const use = (view.mentions.get(name) ?? []).find(
      (each) =>
        each.patch < first.patch &&
        each.role === 'member' &&
        each.line.kind === 'add' &&
        !each.code.directive &&
        realm(each.file.path) === realm(first.file.path) &&
        throughType(view, each, first.owner ?? '') &&
        isCompiled(view, each, first.patch),
    );
    if (use === undefined || existedBefore(view, name, first.patch)) continue;
    hits.push({
      rule: USED_BEFORE_ADDED,
      at: { patch: use.patch, file: use.file, line: use.line.line },
      function: use.code.inside,
      message: `The member ${name} of struct ${first.owner} is used here, but only patch ${view.label(first.patch)} adds it: the tree does not build in between`,
      why: [{ text: `no patch up to ${view.label(use.patch)} shows such a member`, reference: null }],
      related: [{ patch: first.patch, file: first.file, line: first.line.line, message: `${name} is added here` }],
      fixedBy: first.patch,
    });
  }
  return hits;
};

/** Is the variable in front of the member, or the table around it, declared in sight with the structure as its type? */
function throughType(view: SeriesView, use: Mention, owner: string): boolean {
  const before = use.code.bare.slice(0, use.column);
  const hunk = view.hunks.find(
    (each) => each.patch === use.patch && each.file === use.file && each.now.lines === use.lines,
  );
  const section = use.file.hunks.find((each) => each.lines.includes(use.line))?.section ?? '';
  const variable = /(\w+)\s*(?:->|\.)\s*$/.exec(before)?.[1];
  const table = /^\s*\.\s*$/.test(before);
  if (variable === undefined && !table) return false;
  // A chain of members ends in a type that is out of sight.
  if (variable !== undefined && /(?:->|\.)\s*\w+\s*(?:->|\.)\s*$/.test(before)) return false;
  const declared =
    variable === undefined
      ? new RegExp(`\\bstruct\\s+${owner}\\s+\\w+(?:\\[[^\\]]*\\])?\\s*=`)
      : new RegExp(`\\bstruct\\s+${owner}\\s*\\**\\s*(?:\\w+\\s*,\\s*\\**)*${variable}\\b`);
  if (declared.test(section)) return true;
  const lines = hunk?.now.lines ?? [];
  for (let at = use.index; at >= 0; at--) {
    const code = lines[at];
    if (code === undefined || code.inside !== use.code.inside) {
      // The head of the function stands right above its body.
      if (code?.head !== true) return false;
    }
    if (code !== undefined && declared.test(code.bare)) return true;
  }
  return false;
}

function addedEarlier(all: readonly Definition[], one: Definition): boolean {
  return all.some((other) => other.state === 'added' && other.patch < one.patch);
}

function isUse(view: SeriesView, use: Mention, first: Definition): boolean {
  if (use.line.kind !== 'add' || use.code.directive) return false;
  if (first.kind === 'function' || first.kind === 'prototype' ? use.role !== 'call' : use.role === 'member')
    return false;
  if (first.kind === 'macro' && first.parameters !== null && use.role !== 'call') return false;
  if (realm(use.file.path) !== realm(first.file.path)) return false;
  if (first.static && first.file.path.endsWith('.c') && first.file.path !== use.file.path) return false;
  const arch = architecture(first.file.path);
  if (arch !== '' && arch !== architecture(use.file.path)) return false;
  return isCompiled(view, use, first.patch);
}

/** Is the line compiled by some configuration of the tree after its patch? */
function isCompiled(view: SeriesView, use: Mention, before: number): boolean {
  for (const guard of use.code.guards) {
    const option = /^CONFIG_(\w+)$/.exec(guard)?.[1];
    if (option === undefined) {
      // A condition of other kind: whoever wrote it may have thought of this.
      if (/^!?\w+$/.test(guard) && guard !== '0' && !guard.includes(use.name)) continue;
      return false;
    }
    if (view.build.options.some((one) => one.added && one.name === option && one.patch > use.patch)) return false;
  }
  const from = builtFrom(view.build, view.changes, use.file.path);
  if (use.file.path.endsWith('.h')) {
    // A new header is compiled by whoever includes it.
    const born = view.changes.findIndex((change) =>
      change.files.some((file) => file.kind === 'add' && file.newPath === use.file.path),
    );
    if (born >= 0) return includedBy(view, use.file.path, before);
  }
  return from !== null && from < before;
}

/** Does a file that is compiled include the header in a patch before `before`? */
function includedBy(view: SeriesView, header: string, before: number): boolean {
  const base = header.slice(header.lastIndexOf('/') + 1);
  return view.hunks.some(
    (hunk) =>
      hunk.patch < before &&
      hunk.file.path.endsWith('.c') &&
      (builtFrom(view.build, view.changes, hunk.file.path) ?? before) < before &&
      hunk.now.lines.some(
        (code) => code.directive && /^\s*#\s*include\b/.test(code.bare) && code.line.text.includes(base),
      ),
  );
}

/** Does the patch itself give the name to a local, a parameter or a callback there? */
function isLocal(view: SeriesView, use: Mention): boolean {
  const { name } = use;
  const declared = new RegExp(
    `\\(\\s*\\*\\s*${name}\\s*\\)|[\\w*]\\s+\\**${name}\\s*[;=,\\[)]|##\\s*${name}\\b|\\b${name}\\s*##`,
  );
  return view.hunks.some(
    (hunk) =>
      hunk.patch === use.patch &&
      hunk.file === use.file &&
      hunk.now.lines.some((code) => !/^\s*return\b|^\s*case\b|^\s*goto\b/.test(code.bare) && declared.test(code.bare)),
  );
}
