/**
 * The reviewer's comments, as the list “comments” of the file beside the series holds them. In: the file's text. Out: comments; one that cannot be read is said
 * with its place. Knows no files.
 */
import { findNodeAtLocation, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { list, members, type Reader, required, text as textOf, whole } from '../scenario/json-reader';

export interface FileComment {
  /** The mail's Message-ID; `subject:` and its subject where it has none. */
  readonly mail: string;
  /** Text of the line it stands under, blanks at the end left out; empty for an empty line. */
  readonly line: string;
  /** 1-based line of the mail when it was written: decides between equal lines. */
  readonly at: number;
  readonly text: string;
}

function lines(reader: Reader, node: Node | undefined): string | undefined {
  if (node?.type !== 'array') return textOf(reader, node, '“text”');
  const all: readonly unknown[] = (node.children ?? []).map((child) => child.value);
  if (all.length > 0 && all.every((one) => typeof one === 'string')) return all.join('\n');
  return textOf(reader, node, '“text”');
}

function comment(reader: Reader, node: Node): FileComment | undefined {
  const all = members(reader, node, 'a comment', ['mail', 'line', 'at', 'text']);
  if (all === null) return undefined;
  required(reader, node, all, 'a comment', ['mail', 'line', 'at', 'text']);
  const mail = textOf(reader, all.get('mail'), '“mail”');
  const empty = all.get('line')?.value === '';
  const line = empty ? '' : textOf(reader, all.get('line'), '“line”');
  const at = whole(reader, all.get('at'), '“at”', 100_000_000, 1);
  const text = lines(reader, all.get('text'));
  return mail === undefined || line === undefined || at === undefined || text === undefined
    ? undefined
    : { mail, line, at, text };
}

/** The comments of the list; null stands for one that cannot be read, so that positions in the file stay known. */
export function readComments(reader: Reader, node: Node | undefined): readonly (FileComment | null)[] {
  return list(reader, node, '“comments”', (one) => comment(reader, one) ?? null) ?? [];
}

/** The comments in a file's text; null when it is no JSON with comments. */
export function commentsIn(source: string): readonly FileComment[] | null {
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true });
  if (root === undefined) return source.trim() === '' ? [] : null;
  if (errors.length > 0) return null;
  return commentPositions(source).filter((one) => one !== null);
}

/** The list's entries in order; null stands for one that cannot be read, so that the others keep their positions. */
export function commentPositions(source: string): readonly (FileComment | null)[] {
  const root = parseTree(source, [], { allowTrailingComma: true });
  const array = root === undefined ? undefined : findNodeAtLocation(root, ['comments']);
  return readComments({ text: source, errors: [] }, array);
}

/**
 * What a review reads of a file: everything but the comments and empty lists, each with its line, for messages name it. Two texts of which this is the same give
 * the same review.
 */
export function reviewedPart(source: string): string {
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true });
  if (errors.length > 0 || root?.type !== 'object' || commentPositions(source).includes(null)) return source;
  return (root.children ?? [])
    .filter(({ children: [key, value] = [] }) => key?.value !== 'comments' || value?.type !== 'array')
    .filter(({ children: [, value] = [] }) => value?.type !== 'array' || (value.children ?? []).length > 0)
    .map(({ offset, length }) => {
      const line = source.slice(0, offset).split('\n').length;
      return `${line} ${source.slice(offset, offset + length)}`;
    })
    .join('\n');
}
