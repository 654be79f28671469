import type { Damage } from '../place';

export type LineKind = 'context' | 'add' | 'delete';

export interface HunkLine {
  readonly kind: LineKind;
  /** Without the leading `+`, `-` or blank, and without the line end. */
  readonly text: string;
  /** 1-based line of the message as shown. */
  readonly line: number;
  /** 1-based line in the old file; null for an added line. */
  readonly oldLine: number | null;
  /** 1-based line in the new file; null for a deleted line. */
  readonly newLine: number | null;
  /** True when `\ No newline at end of file` follows. */
  readonly noNewline: boolean;
}

export interface Hunk {
  /** 1-based line of the message at which `@@` stands. */
  readonly line: number;
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /** The text behind the second `@@`: usually the head of the enclosing function. */
  readonly section: string;
  readonly lines: readonly HunkLine[];
  /** False when the counts promise more or fewer lines than there are: then what is there is kept, with damage. */
  readonly complete: boolean;
}

export type FileChangeKind = 'modify' | 'add' | 'delete' | 'rename' | 'copy' | 'mode';

export interface FileChange {
  readonly kind: FileChangeKind;
  /** Path before, without `a/`; null for a new file. */
  readonly oldPath: string | null;
  /** Path after, without `b/`; null for a deleted file. */
  readonly newPath: string | null;
  /** The path to show: the new one, or the old one of a deleted file. */
  readonly path: string;
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Blob ids of the `index old..new` line, possibly abbreviated; null when absent. */
  readonly oldBlob: string | null;
  readonly newBlob: string | null;
  /** Percent, for renames and copies. */
  readonly similarity: number | null;
  readonly binary: boolean;
  /** True for `diff --cc` / `diff --combined`: noted, its hunks are not read. */
  readonly combined: boolean;
  readonly hunks: readonly Hunk[];
  readonly added: number;
  readonly deleted: number;
  /** 1-based line of the message at which this file's part starts (`diff --git` or `--- `). */
  readonly line: number;
  /** 1-based line of the message, last line of this file's part. */
  readonly endLine: number;
}

/** All that one patch message changes. */
export interface Change {
  /** Index into `Series.messages`. */
  readonly message: number;
  readonly files: readonly FileChange[];
  readonly damage: readonly Damage[];
  /** 1-based line at which the first file's part starts; null for a mail without a diff. The commit message ends before it (before `---`). */
  readonly diffLine: number | null;
}
