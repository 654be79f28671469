/**
 * Changes to the reviewer's comments in the text of a corrections file: one is added, changed or taken away, whatever else stands in the file stays as it is. In:
 * the text. Out: the edits, or one sentence that says why not.
 */
import { applyEdits, findNodeAtLocation, modify, parse, parseTree } from 'jsonc-parser';
import { appended, EMPTY_FILE, type FileChange, FORMAT, unreadable, without } from './corrections-file';
import { commentPositions, type FileComment } from './reviewer-comments';

/** A text of several lines is a list of them in the file, so that a change of one is a change of one line. */
function written({ mail, line, at, text }: FileComment): object {
  return { mail, line, at, text: text.includes('\n') ? text.split('\n') : text };
}

function refusal(source: string, name: string): FileChange | null {
  const why = unreadable(source, name);
  if (why !== null) return { kind: 'refused', why };
  const { comments } = parse(source) as { readonly comments?: unknown };
  return comments === undefined || Array.isArray(comments)
    ? null
    : { kind: 'refused', why: `“comments” in ${name} is no list: mend it first, nothing was written.` };
}

const same = (a: FileComment | null, b: FileComment): boolean =>
  a !== null && a.mail === b.mail && a.line === b.line && a.at === b.at && a.text === b.text;

/** Adds comments at the end of the list. An empty text counts as a new file. */
export function addComments(source: string, name: string, comments: readonly FileComment[]): FileChange {
  const old = source.trim() === '' ? EMPTY_FILE : source;
  const refused = refusal(old, name);
  if (refused !== null) return refused;
  let text = old;
  for (const one of comments) {
    const root = parseTree(text, [], { allowTrailingComma: true });
    const array = root === undefined ? undefined : findNodeAtLocation(root, ['comments']);
    const edits =
      array === undefined ? modify(text, ['comments'], [written(one)], FORMAT) : appended(text, array, written(one));
    text = applyEdits(text, edits);
  }
  return { kind: 'edits', edits: [between(source, text)], text };
}

/** Gives a comment another text, where it stands. Not there any more, it is added: a text that somebody wrote is never dropped. */
export function changeComment(source: string, name: string, before: FileComment, text: string): FileChange {
  const refused = source.trim() === '' ? null : refusal(source, name);
  if (refused !== null) return refused;
  const index = commentPositions(source).findLastIndex((one) => same(one, before));
  const after = { ...before, text };
  if (index < 0) return addComments(source, name, [after]);
  const edits = modify(source, ['comments', index], written(after), FORMAT);
  const now = applyEdits(source, edits);
  return { kind: 'edits', edits: [between(source, now)], text: now };
}

/** Takes the newest comment that says the same away; not there, nothing is changed. */
export function removeComment(source: string, name: string, comment: FileComment): FileChange {
  const refused = source.trim() === '' ? null : refusal(source, name);
  if (refused !== null) return refused;
  const index = commentPositions(source).findLastIndex((one) => same(one, comment));
  const root = parseTree(source, [], { allowTrailingComma: true });
  const array = root === undefined ? undefined : findNodeAtLocation(root, ['comments']);
  const edits = index < 0 || array === undefined ? [] : without(source, array, index);
  return { kind: 'edits', edits, text: applyEdits(source, edits) };
}

/** The one replacement that leads from a text to another, as short as their common ends allow. */
function between(old: string, now: string): { offset: number; length: number; content: string } {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  )
    end++;
  return { offset: start, length: old.length - start - end, content: now.slice(start, now.length - end) };
}
