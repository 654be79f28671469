import type { FileChange, HunkLine } from '../../patch/types';
import { ACCEPTED_BEFORE_SUPPORT } from '../catalog';
import type { CodeLine } from './code-lines';
import type { SeriesHit, SeriesRule } from './types';
import type { SeriesView } from './view';

interface Use {
  readonly patch: number;
  readonly file: FileChange;
  readonly line: HunkLine;
  readonly column: number;
  readonly code: CodeLine;
  readonly lines: readonly CodeLine[];
  readonly index: number;
}

/** Members that tell of a support, by their names. */
const SUPPORT = /^(?:can|has|have|is|supports?|allows?|dyn\w*)_|_(?:supported|capable|enabled|ok)$/;

/** Members that the series adds to a header, or to a structure in sight. */
function membersAdded(view: SeriesView): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { patch, file, now } of view.hunks)
    for (const code of now.lines) {
      const name = /^\s+(?:bool|u8|u16|u32|int|unsigned int)\s+(\w+)\s*(?::\s*\d+\s*)?;/.exec(code.bare)?.[1];
      if (name === undefined || code.line.kind !== 'add' || !SUPPORT.test(name) || found.has(name)) continue;
      const field = view.definitions.get(name)?.some((one) => one.kind === 'field') ?? false;
      if (file.path.endsWith('.h') || field) found.set(name, patch);
    }
  return found;
}

/** `->name`, `.name` on all lines after the patches, and on none that was there before. Null when it was. */
function usesOf(view: SeriesView, name: string): readonly Use[] | null {
  const uses: Use[] = [];
  const added = new Set<string>();
  for (const { patch, file, now } of view.hunks)
    for (const [index, code] of now.lines.entries()) {
      const match = new RegExp(`(?:->|\\.)\\s*${name}\\b`).exec(code.bare);
      if (match === null) continue;
      const text = code.bare.trim();
      if (code.line.kind === 'context' && !added.has(text)) return null;
      if (code.line.kind === 'add') added.add(text);
      uses.push({ patch, file, line: code.line, column: match.index + match[0].length, code, lines: now.lines, index });
    }
  return uses;
}

/** Tells userspace by a flag of an answer: constants of the interfaces that such answers belong to. */
const TELLS =
  /(?:\.|->)(?:flags|caps|capabilities|out_flags|out_capabilities)\s*(?:\|=|&=\s*~?|=)\s*\(?\s*(?:VFIO|KVM|IOMMU|IOMMUFD|VHOST|VDUSE)_[A-Z0-9_]+/;

const isWrite = (use: Use): boolean => /^\s*(?:\|=|&=|=(?!=))/.test(use.code.bare.slice(use.column));

/** Does the condition in which the member is read decide nothing but a flag that userspace is told? */
function onlyTells(use: Use): boolean {
  if (!/\bif\s*\(/.test(use.code.bare) && !/^\s*[&|(]/.test(use.code.bare)) return false;
  const next = use.lines
    .slice(use.index + 1, use.index + 4)
    .map((line) => line.bare.trim())
    .find((text) => text !== '');
  return next !== undefined && TELLS.test(next);
}

/**
 * A member that a patch adds to remember whether something is supported, by which it already tells userspace, while the code that works by it comes with a
 * later patch.
 */
export const toldByMember: SeriesRule = (view: SeriesView) => {
  const hits: SeriesHit[] = [];
  for (const name of membersAdded(view).keys()) {
    const uses = usesOf(view, name);
    if (uses === null) continue;
    const reads = uses.filter((use) => !isWrite(use));
    const told = reads.find((use) => use.line.kind === 'add' && onlyTells(use));
    if (told === undefined) continue;
    const others = reads.filter((use) => !onlyTells(use));
    const served = others[0];
    if (served === undefined || served.line.kind !== 'add' || served.patch <= told.patch) continue;
    hits.push({
      rule: ACCEPTED_BEFORE_SUPPORT,
      at: { patch: told.patch, file: told.file, line: told.line.line },
      function: told.code.inside,
      message: `${name} decides what userspace is told here, and nothing works by it before patch ${view.label(served.patch)}`,
      why: [
        {
          text: 'in between userspace is told of a feature that is not there, and fails when it uses it',
          reference: 'Documentation/process/adding-syscalls.rst',
        },
      ],
      related: [
        { patch: served.patch, file: served.file, line: served.line.line, message: 'the first line that works by it' },
      ],
      fixedBy: served.patch,
    });
  }
  return hits;
};
