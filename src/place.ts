/**
 * Places: where a piece of text stands. Everything read from text keeps its place, from the raw mail
 * through the program to the finding. Known to every folder; knows none of them.
 */

/** A stretch of one message as the reviewer sees it. Lines are 1-based, columns 0-based UTF-16 units, the end column is exclusive. */
export interface Span {
  /** Index into `Series.messages`. */
  readonly message: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Text of the series: the only kind of place a finding may be shown at. */
export interface MessagePlace extends Span {
  readonly kind: 'message';
  /** True when the line is one that a patch adds (`+`); false for context lines, removed lines and prose. */
  readonly added: boolean;
}

/** Text of a built-in design's program (`src/host/designs/NAME/FILE`), 1-based line. */
export interface DesignPlace {
  readonly kind: 'design';
  readonly file: string;
  readonly line: number;
}

/** Text of a file in the user's own checkout (a git blob), 1-based line. */
export interface BlobPlace {
  readonly kind: 'blob';
  readonly file: string;
  readonly line: number;
}

export type Place = MessagePlace | DesignPlace | BlobPlace;

/** Bad input is a value: a code, one sentence, and the place. */
export interface Damage {
  readonly code: string;
  readonly message: string;
  /** Where it stands; null only when the whole input is concerned. */
  readonly at: Span | null;
}
