import type { Damage } from '../place';

/** One input file as it came: the bytes, and the name the user knows it by. */
export interface Source {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Address {
  readonly name: string;
  readonly address: string;
}

/** What stands in the square brackets of a subject: `[PATCH RFC v3 2/10]`. */
export interface PatchTag {
  /** The words besides version and number, in order: `PATCH`, `RFC`, `RESEND`, a tree's name … */
  readonly words: readonly string[];
  /** 1 when the tag names none. */
  readonly version: number;
  /** 0 for a cover letter; 1 when the tag has no `k/n`. */
  readonly index: number;
  /** 1 when the tag has no `k/n`. */
  readonly total: number;
}

/** One mail (or one `.patch` file, or one web copy of a mail). */
export interface Message {
  /** Index into `Series.messages`. */
  readonly index: number;
  /** Message-ID without angle brackets; '' when the mail has none. */
  readonly id: string;
  readonly subject: string;
  /** Null when the subject carries no `[PATCH …]`. */
  readonly tag: PatchTag | null;
  readonly from: Address;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  /** Milliseconds since the epoch; null when the mail has no readable date. */
  readonly date: number | null;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** The whole mail as shown, headers first, without line ends; mail line n is `lines[n - 1]`. An mbox `From ` line does not count. */
  readonly lines: readonly string[];
  /** 1-based line at which the body starts. */
  readonly bodyLine: number;
  /** True when the shown lines differ from the raw ones (base64, quoted-printable, a charset that is not ASCII/UTF-8, mended mojibake). */
  readonly decoded: boolean;
  /** Raw mail line (1-based) of each shown line; null when shown and raw lines are the same. */
  readonly rawLines: Int32Array | null;
  /** Index into `Series.sources`. */
  readonly source: number;
  /** 0-based line of the source at which mail line 1 stands. */
  readonly sourceLine: number;
}

export interface Patch {
  /** 1-based, as in `k/n`. */
  readonly index: number;
  /** Index into `Series.messages`. */
  readonly message: number;
  /** The subject without its tag. */
  readonly title: string;
  /** Messages that answer this patch, oldest first. */
  readonly replies: readonly number[];
}

export interface Series {
  /** The cover's title, or the first patch's, or the first message's subject. */
  readonly subject: string;
  readonly version: number;
  /** How many patches the series says it has. */
  readonly total: number;
  /** Index into `messages`, or null. */
  readonly cover: number | null;
  /** In order of `k/n`. */
  readonly patches: readonly Patch[];
  /** Messages that belong to the thread and to no single patch: answers to the cover, mails without a diff. */
  readonly discussion: readonly number[];
  readonly messages: readonly Message[];
  readonly sources: readonly string[];
  /** Missing and duplicate parts, unreadable headers, broken encodings … */
  readonly damage: readonly Damage[];
}
