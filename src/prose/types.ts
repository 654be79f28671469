import type { Span } from '../place';

export type ClaimPolarity = 'affirms' | 'denies' | 'doubts' | 'asks';

/**
 * In which mood and time a sentence stands: `states` what is · `adds` what this change brings · `no longer` · `not yet` · `will` (a later
 * change) · `proposes` another way · `conditional` · `defines` a term · `warns` of something · `expects` · `doubts` · `asks`.
 */
export type ClaimTense =
  | 'states'
  | 'adds'
  | 'no longer'
  | 'not yet'
  | 'will'
  | 'proposes'
  | 'conditional'
  | 'defines'
  | 'warns'
  | 'expects'
  | 'doubts'
  | 'asks';

/** Whose sentence it is: the cover letter's, a patch's (its commit message), the author's in the discussion, a reviewer's, a comment's of the code. */
export type SpeakerRole = 'cover' | 'patch' | 'author' | 'reviewer' | 'comment';

export interface Speaker {
  readonly role: SpeakerRole;
  /** As the mail names them; '' when it does not. */
  readonly name: string;
}

/** A range of addresses as a text writes it. Bytes; both ends as written, `end` as the text has it. */
export interface WrittenRange {
  readonly start: number;
  readonly end: number;
  /** What the text calls the range's size, in bytes; null when it does not say. */
  readonly size: number | null;
  /** What is wrong with how it is written; null when it is sound. */
  readonly mistake: string | null;
}

/** A passage that says something the model or the rest of the series can be asked about. */
export interface Claim {
  /** What it speaks of, a stable id of `kinds.ts`: `msi-translated`, `unmap-on-disable`, `no-functional-change`, … */
  readonly kind: string;
  readonly polarity: ClaimPolarity;
  readonly tense: ClaimTense;
  readonly speaker: Speaker;
  /** Index into `Series.messages`. */
  readonly message: number;
  /** Quote depth of the passage: 0 is the mail's own author. */
  readonly depth: number;
  /** From the sentence in which it begins to the one in which it ends. */
  readonly at: Span;
  /** The passage, blanks folded. */
  readonly text: string;
  /** Platforms, controllers and other terms of the field that the passage names; see `vocabulary.ts`. */
  readonly terms: readonly string[];
  readonly ranges: readonly WrittenRange[];
}

/** What a message says, and which of its sentences speak of the field and are not understood. */
export interface Said {
  readonly claims: readonly Claim[];
  readonly unmapped: readonly Span[];
}
