import { SIGNATURE_NOT_CONVERTED, STUB_DIFFERS } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';
import { architecture, argumentsOf, type Definition, type Mention, realm, type SeriesView } from './view';

/** How many parameters; null for a variable number, a macro's rest, or when the list's end is out of sight. */
function arity(one: Definition): number | null {
  if (one.parameters === null || one.parameters.some((part) => part.includes('...') || part === '')) return null;
  return one.parameters.length;
}

/**
 * A function that gains or loses parameters, and a call in sight that the same patch leaves with the old number; or a call with
 * the new number before. Quiet where another function of the name may be meant.
 */
export const signatureNotConverted: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const heads = all.filter((one) => one.kind === 'function' || one.kind === 'prototype');
    for (const change of changesOf(heads)) {
      const bad = firstBad(view, name, all, change);
      if (bad === null) continue;
      const { use, fixed } = bad;
      const kept = use.line.kind === 'context' || use.patch > change.patch;
      // A call that the patch itself adds is wrong where it stands; one that it forgets, where the signature changes.
      const own = use.line.kind === 'add';
      hits.push({
        rule: SIGNATURE_NOT_CONVERTED,
        at: own
          ? { patch: use.patch, file: use.file, line: use.line.line }
          : { patch: change.patch, file: change.now.file, line: change.now.line.line },
        function: own ? use.code.inside : name,
        message: own
          ? `${name}() is called with ${count(argumentsOf(use)?.length ?? 0)} here, and takes ${count(use.patch < change.patch ? change.before : change.after)} after this patch`
          : `${name}() takes ${count(change.after)} from here on, and a call with ${count(change.before)} is left${fixed === null ? '' : ` until patch ${view.label(fixed)}`}: the tree does not build`,
        why: [],
        related: own
          ? [
              {
                patch: change.patch,
                file: change.now.file,
                line: change.now.line.line,
                message: `the signature changes here`,
              },
            ]
          : [
              {
                patch: use.patch,
                file: use.file,
                line: use.line.line,
                message: kept ? 'the call that is left' : 'converted only here',
              },
            ],
        fixedBy: fixed,
      });
    }
  }
  return hits;
};

interface SignatureChange {
  readonly patch: number;
  readonly before: number;
  readonly after: number;
  readonly now: Definition;
}

/** Where a function's head with one number of parameters is replaced by one with another, in one file by one patch. */
function changesOf(heads: readonly Definition[]): SignatureChange[] {
  const changes: SignatureChange[] = [];
  for (const old of heads) {
    if (old.state !== 'removed') continue;
    const before = arity(old);
    const same = heads.filter(
      (one) =>
        one.patch === old.patch &&
        one.file === old.file &&
        one.kind === old.kind &&
        one.state !== 'removed' &&
        one.changed,
    );
    const now = same[0];
    const after = now === undefined || same.length > 1 ? null : arity(now);
    if (before === null || after === null || before === after || now === undefined) continue;
    if (changes.some((one) => one.patch === old.patch && one.before === before && one.after === after)) continue;
    changes.push({ patch: old.patch, before, after, now });
  }
  return changes;
}

function firstBad(
  view: SeriesView,
  name: string,
  all: readonly Definition[],
  change: SignatureChange,
): { readonly use: Mention; readonly fixed: number | null } | null {
  // Other functions, or a macro, of the same name.
  if (all.some((one) => one.kind === 'macro' || one.kind === 'field' || one.kind === 'variable')) return null;
  const files = new Set(
    all.filter((one) => one.kind === 'function' && one.file.path.endsWith('.c')).map((one) => one.file.path),
  );
  if (files.size > 1) return null;
  const next = Math.min(
    ...all.filter((one) => one.patch > change.patch && one.changed).map((one) => one.patch),
    Number.POSITIVE_INFINITY,
  );
  for (const use of view.mentions.get(name) ?? []) {
    if (use.role !== 'call' || use.code.directive || use.code.guards.length > 0) continue;
    if (!reaches(change.now, use)) continue;
    const given = argumentsOf(use)?.length;
    if (given === undefined) continue;
    if (use.line.kind === 'delete') {
      // Deleted with the old number by a later patch: it was left until then.
      if (
        use.patch > change.patch &&
        use.patch <= next &&
        given === change.before &&
        !addedBetween(view, use, change.patch)
      )
        return { use, fixed: use.patch };
      continue;
    }
    if (use.patch >= change.patch && use.patch < next && given === change.before) {
      const fixed = (view.mentions.get(name) ?? []).find(
        (one) => one.patch > use.patch && one.line.kind === 'delete' && one.line.text.trim() === use.line.text.trim(),
      );
      return { use, fixed: fixed?.patch ?? null };
    }
    if (
      use.patch < change.patch &&
      use.line.kind === 'add' &&
      given === change.after &&
      !all.some((one) => one.patch < change.patch && one.changed)
    )
      return { use, fixed: change.patch };
  }
  return null;
}

function addedBetween(view: SeriesView, use: Mention, since: number): boolean {
  return (view.mentions.get(use.name) ?? []).some(
    (one) =>
      one.line.kind === 'add' &&
      one.patch >= since &&
      one.patch < use.patch &&
      one.line.text.trim() === use.line.text.trim(),
  );
}

/** Is the function that `use` calls the one defined at `one`? */
function reaches(one: Definition, use: Mention): boolean {
  if (realm(one.file.path) !== realm(use.file.path)) return false;
  if (one.static && one.file.path.endsWith('.c')) return one.file.path === use.file.path;
  const arch = architecture(one.file.path);
  return arch === '' || arch === architecture(use.file.path);
}

/**
 * The declaration for an enabled option and the stub for the disabled one, in one header: another number of parameters, or a value
 * returned by one and not by the other.
 */
export const stubDiffers: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const byFile = new Map<string, Definition[]>();
    for (const one of all)
      if (
        (one.kind === 'function' || one.kind === 'prototype') &&
        one.file.path.endsWith('.h') &&
        one.state !== 'removed'
      )
        byFile.set(`${one.patch}:${one.file.path}`, [...(byFile.get(`${one.patch}:${one.file.path}`) ?? []), one]);
    for (const heads of byFile.values()) {
      const stub = heads.find((one) => one.kind === 'function' && one.static);
      const declared = heads.find((one) => one.kind === 'prototype');
      if (stub === undefined || declared === undefined || (!stub.changed && !declared.changed)) continue;
      const have = arity(stub);
      const want = arity(declared);
      const differs =
        have !== null && want !== null && have !== want
          ? `takes ${count(have)}, and the function takes ${count(want)}`
          : returnsVoid(stub) !== returnsVoid(declared)
            ? `returns ${returnsVoid(stub) ? 'nothing' : 'a value'}, and the function returns ${returnsVoid(declared) ? 'nothing' : 'a value'}`
            : null;
      if (differs === null) continue;
      hits.push({
        rule: STUB_DIFFERS,
        at: { patch: stub.patch, file: stub.file, line: (stub.changed ? stub : declared).line.line },
        function: name,
        message: `The stub of ${name}() ${differs}`,
        why: [{ text: 'a caller that compiles with the option on need not compile with it off', reference: null }],
        related: [
          {
            patch: declared.patch,
            file: declared.file,
            line: (stub.changed ? declared : stub).line.line,
            message: stub.changed ? 'the declaration' : 'the stub',
          },
        ],
        fixedBy: null,
      });
    }
  }
  return hits;
};

function returnsVoid(one: Definition): boolean {
  return /(?:^|\s)void$/.test(
    one.before.replace(/\b(?:static|extern|inline|__always_inline|__init|__exit|__must_check)\b/g, '').trim(),
  );
}

function count(n: number): string {
  return n === 1 ? '1 argument' : `${n} arguments`;
}
