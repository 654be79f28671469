import type { Span } from '../place';

export type ClaimPolarity = 'affirms' | 'denies' | 'doubts' | 'asks';
/** `states` what is · `adds` what this change brings · `no longer` · `not yet` · `will` (a later change) · `proposes` another design · `conditional`. */
export type ClaimTense = 'states' | 'adds' | 'no longer' | 'not yet' | 'will' | 'proposes' | 'conditional';

/** A sentence that says something the model can try. */
export interface Claim {
  /** What it speaks of, a stable id: `unmap-on-disable`, `capability-dropped`, `window-registered`, `no-functional-change`, … */
  readonly kind: string;
  readonly polarity: ClaimPolarity;
  readonly tense: ClaimTense;
  /** Index into `Series.messages`. */
  readonly message: number;
  /** Quote depth of the sentence: 0 is the mail's own author. */
  readonly depth: number;
  readonly at: Span;
  /** The sentence, blanks folded. */
  readonly text: string;
}
