import type { SourceLine } from '../../code/types';
import type { Place } from '../../place';
import type { Rule } from '../rule';
import { isAddedBy, type StatedView } from './stated-text';
import type { PatchHit } from './types';

export interface Stated {
  readonly rule: Rule;
  /** The line of code that does otherwise. */
  readonly at: SourceLine;
  readonly file: string;
  readonly function: string | null;
  readonly message: string;
  /** The words it is held against, and where they stand. */
  readonly said: { readonly text: string; readonly at: Place };
  readonly reference?: string;
}

const short = (text: string): string => {
  const folded = text.replace(/\s+/g, ' ').trim();
  return folded.length > 110 ? `${folded.slice(0, 109)}…` : folded;
};

/** The code's line with the words beside it. Shown at the code where the patch wrote it, else at the words, if it wrote those. */
export function statedHit(view: StatedView, one: Stated): PatchHit[] {
  const { message } = view.change;
  const fresh = (at: Place): boolean => at.kind === 'message' && at.message === message;
  const codeIsNew = isAddedBy(one.at, message);
  if (!codeIsNew && !(fresh(one.said.at) && one.said.at.kind === 'message' && one.said.at.added)) return [];
  const at = codeIsNew ? one.at.at : one.said.at;
  return [
    {
      rule: one.rule,
      at,
      message: one.message,
      why: [{ text: `the text says: ${short(one.said.text)}`, reference: one.reference ?? null }],
      related: codeIsNew
        ? [{ at: one.said.at, message: 'said here' }]
        : [{ at: one.at.at, message: 'the code does otherwise here' }],
      file: one.file,
      function: one.function,
    },
  ];
}
