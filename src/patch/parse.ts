/**
 * Reads the diffs of a message. In: a `Message` as shown. Out: a `Change`: files, hunks, lines, each with its place, and what is damaged. Knows nothing of
 * mail headers, of C, or of git objects. Text before, between and behind diffs is left alone; quoted diffs (`> +…`) are text.
 */
import type { Damage } from '../place';
import type { Message } from '../series/types';
import type { Remark } from './hunk';
import { opensFile, readHunk, readHunkHeader } from './hunk';
import { nameOfMarkedLine, namesOfGitLine, plainName, withoutPrefixes } from './names';
import type { Change, FileChange, FileChangeKind, Hunk } from './types';

/** Parses every diff in the body of a message. Never throws; what cannot be read is in `damage`. */
export function parseChange(message: Message): Change {
  const { lines } = message;
  const files: FileChange[] = [];
  const remarks: Remark[] = [];
  let index = Math.max(message.bodyLine - 1, 0);
  while (index < lines.length) {
    const text = lines[index] ?? '';
    const read = text.startsWith('d')
      ? /^diff --(?:cc|combined) /.test(text)
        ? readCombined(lines, index)
        : text.startsWith('diff --git ')
          ? readGitFile(lines, index)
          : null
      : text.startsWith('--- ') && opensFile(lines, index)
        ? readPlainFile(lines, index)
        : null;
    if (read) {
      if (read.file) files.push(read.file);
      for (const remark of read.remarks) remarks.push(remark);
      index = Math.max(read.next, index + 1);
      continue;
    }
    const header = text.startsWith('@@ -') ? readHunkHeader(text) : null;
    if (header) {
      remarks.push({ code: 'stray-hunk', message: 'This hunk belongs to no file.', line: index + 1 });
      index = readHunk(lines, index, header).next;
      continue;
    }
    index++;
  }
  return {
    message: message.index,
    files,
    damage: summed(remarks).map((remark) => toDamage(message, remark)),
    diffLine: files[0]?.line ?? null,
  };
}

/** Remarks of one message that are told one by one. */
const MAX_REMARKS = 100;

function summed(remarks: readonly Remark[]): readonly Remark[] {
  const next = remarks[MAX_REMARKS];
  if (next === undefined) return remarks;
  const more = remarks.length - MAX_REMARKS;
  return [
    ...remarks.slice(0, MAX_REMARKS),
    {
      code: 'more-damage',
      message: `${more} more ${more === 1 ? 'place' : 'places'} from here on ${more === 1 ? 'is' : 'are'} damaged.`,
      line: next.line,
    },
  ];
}

function toDamage(message: Message, { code, message: sentence, line }: Remark): Damage {
  return {
    code,
    message: sentence,
    at: { message: message.index, line, column: 0, endLine: line, endColumn: message.lines[line - 1]?.length ?? 0 },
  };
}

interface ReadFile {
  readonly file: FileChange | null;
  /** 0-based index of the first line behind the file's part. */
  readonly next: number;
  readonly remarks: readonly Remark[];
}

/** What the lines between `diff --git` and the first hunk say. */
interface Heading {
  oldName: string | null;
  newName: string | null;
  /** `--- ` and `+++ ` were there. */
  marked: boolean;
  created: boolean;
  deleted: boolean;
  renamed: boolean;
  copied: boolean;
  oldMode: string | null;
  newMode: string | null;
  oldBlob: string | null;
  newBlob: string | null;
  similarity: number | null;
}

function emptyHeading(): Heading {
  return {
    oldName: null,
    newName: null,
    marked: false,
    created: false,
    deleted: false,
    renamed: false,
    copied: false,
    oldMode: null,
    newMode: null,
    oldBlob: null,
    newBlob: null,
    similarity: null,
  };
}

function readGitFile(lines: readonly string[], at: number): ReadFile {
  const heading = emptyHeading();
  const names = namesOfGitLine((lines[at] ?? '').slice('diff --git '.length));
  const prefixed = withoutPrefixes(names?.old ?? null, names?.new ?? null);
  heading.oldName = prefixed.old;
  heading.newName = prefixed.new;
  let index = at + 1;
  while (index < lines.length && readExtended(lines[index] ?? '', heading)) index++;
  if ((lines[index] ?? '').startsWith('--- ') && (lines[index + 1] ?? '').startsWith('+++ ')) {
    readMarks(lines, index, heading);
    index += 2;
  }
  const body = readBody(lines, index);
  if (heading.oldName === null && heading.newName === null)
    return {
      file: null,
      next: body.next,
      remarks: [
        { code: 'no-name', message: 'The names of the file cannot be read from this line.', line: at + 1 },
        ...body.remarks,
      ],
    };
  const said =
    body.hunks.length > 0 ||
    body.binary ||
    heading.created ||
    heading.deleted ||
    heading.renamed ||
    heading.copied ||
    heading.newMode !== null ||
    heading.oldBlob !== null;
  // `diff --git` in running text.
  if (!said && names === null) return { file: null, next: index, remarks: [] };
  const remarks = said
    ? body.remarks
    : [
        { code: 'empty-file-part', message: 'This file has no hunk and no other change.', line: at + 1 },
        ...body.remarks,
      ];
  return { file: finish(heading, body, at), next: body.next, remarks };
}

function readPlainFile(lines: readonly string[], at: number): ReadFile {
  const heading = emptyHeading();
  readMarks(lines, at, heading);
  const body = readBody(lines, at + 2);
  return { file: finish(heading, body, at), next: body.next, remarks: body.remarks };
}

/** Combined diffs (of merges) are noted; their lines are passed over. */
function readCombined(lines: readonly string[], at: number): ReadFile {
  const heading = emptyHeading();
  const name = plainName((lines[at] ?? '').replace(/^diff --(?:cc|combined) /, ''));
  heading.oldName = name;
  heading.newName = name;
  let index = at + 1;
  let inHunk = false;
  for (; index < lines.length; index++) {
    const text = lines[index] ?? '';
    if (/^diff --/.test(text) || text === '-- ') break;
    if (/^@@@+ -/.test(text)) inHunk = true;
    else if (inHunk && text !== '' && !/^[ +\-\\]/.test(text)) break;
  }
  const body: Body = { hunks: [], binary: false, next: index, remarks: [] };
  return {
    file: { ...finish(heading, body, at), combined: true },
    next: index,
    remarks: [
      {
        code: 'combined-diff',
        message: `The combined diff of ${name} is not read: it describes a merge.`,
        line: at + 1,
      },
    ],
  };
}

/** Takes one extended header line into the heading; false when the line is none. */
function readExtended(text: string, heading: Heading): boolean {
  const word =
    /^(old mode|new mode|deleted file mode|new file mode|copy from|copy to|rename from|rename to|rename old|rename new|similarity index|dissimilarity index|index) (.*)$/.exec(
      text,
    );
  if (!word) return false;
  const value = word[2] ?? '';
  switch (word[1]) {
    case 'old mode':
      heading.oldMode = value.trim();
      break;
    case 'new mode':
      heading.newMode = value.trim();
      break;
    case 'deleted file mode':
      heading.deleted = true;
      heading.oldMode = value.trim();
      break;
    case 'new file mode':
      heading.created = true;
      heading.newMode = value.trim();
      break;
    case 'copy from':
    case 'rename from':
    case 'rename old':
      heading.oldName = plainName(value);
      if (word[1] === 'copy from') heading.copied = true;
      else heading.renamed = true;
      break;
    case 'copy to':
    case 'rename to':
    case 'rename new':
      heading.newName = plainName(value);
      break;
    case 'similarity index':
      heading.similarity = Number.parseInt(value, 10);
      break;
    case 'index': {
      const blobs = /^([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?/.exec(value);
      heading.oldBlob = blobs?.[1] ?? null;
      heading.newBlob = blobs?.[2] ?? null;
      if (blobs?.[3] && heading.oldMode === null && heading.newMode === null) {
        heading.oldMode = blobs[3];
        heading.newMode = blobs[3];
      }
      break;
    }
  }
  return true;
}

/** Reads the `--- ` and `+++ ` lines at `at` into the heading; names that rename lines gave are kept. */
function readMarks(lines: readonly string[], at: number, heading: Heading): void {
  const before = nameOfMarkedLine((lines[at] ?? '').slice(4));
  const after = nameOfMarkedLine((lines[at + 1] ?? '').slice(4));
  const names = withoutPrefixes(
    before.name === '/dev/null' ? null : before.name,
    after.name === '/dev/null' ? null : after.name,
  );
  heading.marked = true;
  if (!heading.renamed && !heading.copied) {
    heading.oldName = names.old ?? heading.oldName;
    heading.newName = names.new ?? heading.newName;
  }
  if (before.name === '/dev/null' || (before.epoch && !after.epoch)) heading.created = true;
  else if (after.name === '/dev/null' || (after.epoch && !before.epoch)) heading.deleted = true;
}

interface Body {
  readonly hunks: readonly Hunk[];
  readonly binary: boolean;
  readonly next: number;
  readonly remarks: readonly Remark[];
}

/** Hunks, or the binary part, from `at` on. */
function readBody(lines: readonly string[], at: number): Body {
  const hunks: Hunk[] = [];
  const remarks: Remark[] = [];
  let index = at;
  while (index < lines.length) {
    const text = lines[index] ?? '';
    const header = text.startsWith('@@ -') ? readHunkHeader(text) : null;
    if (header) {
      const read = readHunk(lines, index, header);
      hunks.push(read.hunk);
      for (const remark of read.remarks) remarks.push(remark);
      index = read.hunk.complete ? read.next : resume(lines, read.next);
      continue;
    }
    if (text.startsWith('@@ -')) {
      remarks.push({
        code: 'bad-hunk',
        message: 'This hunk header cannot be read; the hunk is passed over.',
        line: index + 1,
      });
      index = resume(lines, index + 1);
      continue;
    }
    if (hunks.length === 0 && text === 'GIT binary patch')
      return { hunks, binary: true, next: skipBinary(lines, index + 1), remarks };
    if (hunks.length === 0 && /^(?:Binary files|Files) .* differ$/.test(text))
      return { hunks, binary: true, next: index + 1, remarks };
    break;
  }
  return { hunks, binary: false, next: index, remarks };
}

/** Behind a damaged hunk: the next hunk or file, as long as the lines between look like a diff's. */
function resume(lines: readonly string[], at: number): number {
  for (let index = at; index < lines.length; index++) {
    const text = lines[index] ?? '';
    if (text.startsWith('@@ -') || opensFile(lines, index)) return index;
    if (text === '-- ') return at;
  }
  return at;
}

/** `literal N` and `delta N` blocks, each ended by a blank line. */
function skipBinary(lines: readonly string[], at: number): number {
  let index = at;
  while (/^(?:literal|delta) \d+$/.test(lines[index] ?? '')) {
    index++;
    while (/^[A-Za-z][!-~]+$/.test(lines[index] ?? '')) index++;
    if (lines[index] === '') index++;
  }
  return index;
}

function finish(heading: Heading, body: Body, at: number): FileChange {
  const kind = kindOf(heading, body);
  const oldPath = kind === 'add' ? null : (heading.oldName ?? heading.newName);
  const newPath = kind === 'delete' ? null : (heading.newName ?? heading.oldName);
  let added = 0;
  let deleted = 0;
  for (const hunk of body.hunks)
    for (const line of hunk.lines) {
      if (line.kind === 'add') added++;
      else if (line.kind === 'delete') deleted++;
    }
  return {
    kind,
    oldPath,
    newPath,
    path: newPath ?? oldPath ?? '',
    oldMode: heading.oldMode,
    newMode: heading.newMode,
    oldBlob: heading.oldBlob,
    newBlob: heading.newBlob,
    similarity: heading.similarity !== null && Number.isFinite(heading.similarity) ? heading.similarity : null,
    binary: body.binary,
    combined: false,
    hunks: body.hunks,
    added,
    deleted,
    line: at + 1,
    endLine: Math.max(body.next, at + 1),
  };
}

function kindOf(heading: Heading, body: Body): FileChangeKind {
  if (heading.created) return 'add';
  if (heading.deleted) return 'delete';
  if (heading.renamed) return 'rename';
  if (heading.copied) return 'copy';
  if (body.hunks.length === 0 && !body.binary && heading.oldMode !== heading.newMode) return 'mode';
  return 'modify';
}
