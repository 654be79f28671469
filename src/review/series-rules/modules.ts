import { DECLARED_NOWHERE, INCLUDE_MISSING, NOT_EXPORTED } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';
import { architecture, type Definition, existedBefore, type Mention, realm, type SeriesView } from './view';

/** Folders that a configuration may build as modules. What lies below one of them may belong to one module. */
const MODULAR =
  /^(?:drivers\/vfio|drivers\/iommu\/iommufd|drivers\/net|drivers\/gpu\/drm|drivers\/infiniband|drivers\/nvme|drivers\/vhost|drivers\/vdpa|drivers\/crypto\/hisilicon|drivers\/dma\/idxd|drivers\/misc\/(?:habanalabs|uacce)|arch\/x86\/kvm|virt\/kvm)(?=\/)/;

/** Files of such a folder that are a module by themselves. */
const ALONE = /^drivers\/vfio\/(?:vfio_iommu_type1|vfio_iommu_spapr_tce|vfio_spapr_eeh|virqfd)\.c$/;

/** The module a file may belong to, or a folder that may hold several of one driver; null for what is always built in, or not known. */
function moduleOf(path: string): string | null {
  if (ALONE.test(path)) return path;
  const area = MODULAR.exec(path)?.[0];
  if (area === undefined) return null;
  // VFIO's parts are modules of their own, a folder each; KVM takes in the generic part.
  if (area === 'drivers/vfio') return folder(path);
  return area === 'virt/kvm' ? 'arch/x86/kvm' : area;
}

/** The definition of a function that the series brings, in a .c file and for other files to use. */
function newFunction(view: SeriesView, name: string, all: readonly Definition[]): Definition | null {
  const one = all.find((each) => each.state === 'added' && each.kind === 'function' && each.file.path.endsWith('.c'));
  if (one === undefined || one.static || one.inline || /\b__weak\b/.test(one.before)) return null;
  if (all.some((each) => each.state !== 'added' && each.patch <= one.patch && each.line.kind !== 'context'))
    return null;
  return existedBefore(view, name, one.patch) ? null : one;
}

/** Calls from other files, in lines the series adds, once the function is there. */
function callers(view: SeriesView, one: Definition): Mention[] {
  return (view.mentions.get(one.name) ?? []).filter(
    (use) =>
      use.line.kind === 'add' &&
      use.role === 'call' &&
      !use.code.directive &&
      use.patch >= one.patch &&
      use.file.path.endsWith('.c') &&
      use.file.path !== one.file.path &&
      realm(use.file.path) === realm(one.file.path) &&
      (architecture(one.file.path) === '' || architecture(one.file.path) === architecture(use.file.path)),
  );
}

/** A function used from a module it does not belong to, and exported by no patch up to there; or an export that goes while such a user stays. */
export const notExported: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  const exports = view.calls.filter((call) => /^EXPORT_(?:SYMBOL|IOMMUFD|TRACEPOINT)\w*$/.test(call.macro));
  for (const [name, all] of view.definitions) {
    const one = newFunction(view, name, all);
    if (one === null) continue;
    const use = callers(view, one).find((each) => {
      const user = moduleOf(each.file.path);
      // Only on x86 is KVM a module.
      return user !== null && !each.file.path.startsWith('virt/') && user !== moduleOf(one.file.path);
    });
    if (use === undefined) continue;
    const exported = exports.filter((call) => call.args[0] === name && call.state !== 'removed');
    if (exported.some((call) => call.patch <= use.patch)) continue;
    const later = exported[0];
    hits.push({
      rule: NOT_EXPORTED,
      at: { patch: one.patch, file: one.file, line: one.line.line },
      function: name,
      message: `${name}() is not exported${later === undefined ? '' : ` before patch ${view.label(later.patch)}`}, and ${base(use.file.path)}, which can be a module, calls it`,
      why: [
        { text: 'modpost refuses a module with an undefined symbol', reference: 'Documentation/kbuild/modules.rst' },
      ],
      related: [{ patch: use.patch, file: use.file, line: use.line.line, message: 'called from a module' }],
      fixedBy: later?.patch ?? null,
    });
  }
  for (const gone of exports) {
    const name = gone.args[0];
    if (gone.state !== 'removed' || name === undefined) continue;
    if (exports.some((call) => call !== gone && call.args[0] === name && call.state !== 'removed')) continue;
    const use = (view.mentions.get(name) ?? []).find(
      (each) =>
        each.role === 'call' &&
        each.line.kind !== 'delete' &&
        each.patch >= gone.patch &&
        moduleOf(each.file.path) !== null &&
        moduleOf(each.file.path) !== moduleOf(gone.file.path),
    );
    if (use === undefined) continue;
    hits.push({
      rule: NOT_EXPORTED,
      at: { patch: gone.patch, file: gone.file, line: gone.line.line },
      function: name,
      message: `${name}() is no longer exported, and ${base(use.file.path)}, which can be a module, calls it`,
      why: [
        { text: 'modpost refuses a module with an undefined symbol', reference: 'Documentation/kbuild/modules.rst' },
      ],
      related: [{ patch: use.patch, file: use.file, line: use.line.line, message: 'called from a module' }],
      fixedBy: null,
    });
  }
  return hits;
};

/** A function that the series adds to one file and calls from another, with no declaration in any patch up to the call. */
export const declaredNowhere: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const one = newFunction(view, name, all);
    if (one === null) continue;
    const declared = all.filter(
      (each) => each !== one && (each.kind === 'prototype' || each.kind === 'macro' || each.kind === 'function'),
    );
    const use = callers(view, one).find((each) => !declared.some((other) => other.patch <= each.patch));
    // A program of its own may take the kernel's declaration for its copy.
    if (use === undefined || !view.complete || realm(use.file.path) !== 'kernel') continue;
    // Files that are pasted into each other need no declaration.
    if (
      view.hunks.some((hunk) =>
        hunk.now.lines.some((code) => code.directive && /#\s*include\s+".*\.c"/.test(code.line.text)),
      )
    )
      continue;
    const later = declared[0];
    hits.push({
      rule: DECLARED_NOWHERE,
      at: { patch: use.patch, file: use.file, line: use.line.line },
      function: use.code.inside,
      message: `${name}() of ${base(one.file.path)} is called here, and ${later === undefined ? 'no patch declares it' : `only patch ${view.label(later.patch)} declares it`}`,
      why: [{ text: 'an implicit declaration is an error', reference: null }],
      related: [{ patch: one.patch, file: one.file, line: one.line.line, message: 'defined here' }],
      fixedBy: later?.patch ?? null,
    });
  }
  return hits;
};

/** A name that only a header of the series declares, used in a file that no patch lets include the header. */
export const includeMissing: SeriesRule = (view) => {
  const hits: SeriesHit[] = [];
  const headers = new Map<string, number>();
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) if (file.kind === 'add' && file.path.endsWith('.h')) headers.set(file.path, patch);
  if (headers.size === 0) return hits;
  const included = new Map<string, Set<string>>();
  for (const hunk of view.hunks)
    for (const { directive, line } of hunk.now.lines) {
      const name = directive ? /^\s*#\s*include\s*["<]([^">]+)/.exec(line.text)?.[1] : undefined;
      if (name === undefined) continue;
      const by = included.get(base(name)) ?? new Set();
      by.add(hunk.file.path);
      included.set(base(name), by);
    }
  for (const [header] of headers) {
    if (/asm-generic|^arch\//.test(header) || realm(header) !== 'kernel') continue;
    const by = included.get(base(header)) ?? new Set<string>();
    // Through another header it may reach anybody.
    if ([...by].some((path) => path.endsWith('.h'))) continue;
    const told = new Set<string>();
    for (const [name, all] of view.definitions) {
      const own = all.filter(
        (one) =>
          one.file.path === header && ['function', 'prototype', 'macro', 'enumerator', 'typedef'].includes(one.kind),
      );
      const [first] = own;
      if (first === undefined || name.length < 5) continue;
      if (all.some((one) => one.file.path !== header && !(one.kind === 'function' && one.file.path.endsWith('.c'))))
        continue;
      const elsewhere = new Set(all.filter((one) => one.file.path !== header).map((one) => one.file.path));
      const use = (view.mentions.get(name) ?? []).find(
        (each) =>
          each.line.kind === 'add' &&
          each.file.path.endsWith('.c') &&
          each.role === (first.kind === 'function' || first.kind === 'prototype' ? 'call' : 'other') &&
          !each.code.directive &&
          each.code.guards.length === 0 &&
          realm(each.file.path) === 'kernel' &&
          !by.has(each.file.path) &&
          !elsewhere.has(each.file.path) &&
          each.patch >= first.patch,
      );
      if (use === undefined || told.has(use.file.path) || existedBefore(view, name, first.patch)) continue;
      told.add(use.file.path);
      hits.push({
        rule: INCLUDE_MISSING,
        at: { patch: use.patch, file: use.file, line: use.line.line },
        function: use.code.inside,
        message: `${name} is declared in ${base(header)}, which this series adds and ${base(use.file.path)} does not include`,
        why: [{ text: 'no header in sight includes it either', reference: null }],
        related: [{ patch: first.patch, file: first.file, line: first.line.line, message: 'declared here' }],
        fixedBy: null,
      });
    }
  }
  return hits;
};

function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folder(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
