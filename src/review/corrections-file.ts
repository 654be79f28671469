/**
 * Changes to the text of a corrections file: a dismissal is added or taken back, comments and all other entries stay as they are. In:
 * the text. Out: the edits, or one sentence that says why not. A file that cannot be read is never written.
 */
import {
  applyEdits,
  createScanner,
  type Edit,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
} from 'jsonc-parser';
import type { Dismissal } from './corrections';
import { parseCorrections } from './corrections';

export type FileChange =
  | { readonly kind: 'edits'; readonly edits: readonly Edit[]; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

/** What a corrections file starts as. */
export const EMPTY_FILE = `{
  // What the reviewer of this series knows better; docs/corrections.md tells what can stand here.
  "dismissed": []
}
`;

/** The place of the corrections file of a series in one file, and of one in a folder. */
export const SIDECAR = '.doorbell.json';
export const FOLDER_SIDECAR = `series${SIDECAR}`;

export const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } };

/** Why a file's text cannot be changed, one sentence; null when it can. */
export function unreadable(text: string, name: string): string | null {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const first = parseCorrections({ name, text }).problems[0];
  if (errors.length > 0 || root?.type !== 'object')
    return `${name}:${first?.at.line ?? 1}:${(first?.at.column ?? 0) + 1} cannot be read (${first?.message ?? 'it is no object'}): mend it first, nothing was written.`;
  const value = parse(text) as { readonly dismissed?: unknown };
  if (value.dismissed !== undefined && !Array.isArray(value.dismissed))
    return `“dismissed” in ${name} is no list: mend it first, nothing was written.`;
  return null;
}

/** Adds a dismissal at the end of the list. An empty text counts as a new file. */
export function addDismissal(text: string, name: string, dismissal: Omit<Dismissal, 'at'>): FileChange {
  const source = text.trim() === '' ? EMPTY_FILE : text;
  const why = unreadable(source, name);
  if (why !== null) return { kind: 'refused', why };
  const entry = {
    rule: dismissal.rule,
    ...(dismissal.patch === null ? {} : { patch: dismissal.patch }),
    ...(dismissal.function === null ? {} : { function: dismissal.function }),
    line: dismissal.line,
    ...(dismissal.occurrence === null ? {} : { occurrence: dismissal.occurrence }),
    reason: dismissal.reason,
  };
  const root = parseTree(source, [], { allowTrailingComma: true });
  const array = root === undefined ? undefined : findNodeAtLocation(root, ['dismissed']);
  const edits = array === undefined ? modify(source, ['dismissed'], [entry], FORMAT) : appended(source, array, entry);
  return { kind: 'edits', edits, text: applyEdits(source, edits) };
}

/** Takes back the newest dismissal that says the same. */
export function removeDismissal(text: string, name: string, dismissal: Omit<Dismissal, 'at'>): FileChange {
  const why = unreadable(text, name);
  if (why !== null) return { kind: 'refused', why };
  const all = (parse(text) as { readonly dismissed?: readonly Readonly<Record<string, unknown>>[] }).dismissed ?? [];
  const index = all.findLastIndex(
    (one) =>
      one.rule === dismissal.rule &&
      one.line === dismissal.line &&
      (one.function ?? null) === dismissal.function &&
      (one.patch ?? null) === dismissal.patch &&
      (one.occurrence ?? null) === dismissal.occurrence,
  );
  if (index < 0) return { kind: 'refused', why: `${name} does not dismiss this finding.` };
  const root = parseTree(text, [], { allowTrailingComma: true });
  const array = root === undefined ? undefined : findNodeAtLocation(root, ['dismissed']);
  const edits = array === undefined ? [] : without(text, array, index);
  return { kind: 'edits', edits, text: applyEdits(text, edits) };
}

/** Offset of the first comma between two offsets that is no part of a comment; −1 when there is none. */
function commaBetween(text: string, from: number, to: number): number {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  for (scanner.scan(); scanner.getTokenLength() > 0 && scanner.getTokenOffset() < to; scanner.scan())
    if (text[scanner.getTokenOffset()] === ',') return scanner.getTokenOffset();
  return -1;
}

/** The entry as the last of the list, on lines of its own; what stands in the list is not touched. */
export function appended(text: string, array: Node, entry: object): Edit[] {
  const close = array.offset + array.length - 1;
  const last = array.children?.at(-1);
  const lineStart = text.lastIndexOf('\n', array.offset) + 1;
  const outer = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const written = JSON.stringify(entry, null, 2).replace(/\n/g, `${end}${outer}  `);
  // Behind all that stands in the list, comments too.
  const behind = text.slice(0, close).trimEnd().length;
  const block: Edit = {
    offset: behind,
    length: close - behind,
    content: `${end}${outer}  ${written}${end}${outer}`,
  };
  const lastEnd = last === undefined ? -1 : last.offset + last.length;
  if (lastEnd < 0 || commaBetween(text, lastEnd, close) >= 0) return [block];
  if (lastEnd === behind) return [{ ...block, content: `,${block.content}` }];
  return [{ offset: lastEnd, length: 0, content: ',' }, block];
}

/** The list without one entry and the comma that belongs to it. */
export function without(text: string, array: Node, index: number): Edit[] {
  const one = array.children?.[index];
  if (one === undefined) return [];
  const end = one.offset + one.length;
  const next = array.children?.[index + 1];
  const start = text.slice(0, one.offset).trimEnd().length;
  const after = commaBetween(text, end, next?.offset ?? array.offset + array.length);
  if (after >= 0) return [{ offset: start, length: after + 1 - start, content: '' }];
  const before = array.children?.[index - 1];
  const comma = before === undefined ? -1 : commaBetween(text, before.offset + before.length, one.offset);
  if (comma < 0) return [{ offset: start, length: end - start, content: '' }];
  if (comma + 1 === start) return [{ offset: comma, length: end - comma, content: '' }];
  return [
    { offset: comma, length: 1, content: '' },
    { offset: start, length: end - start, content: '' },
  ];
}
