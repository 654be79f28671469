import type { Sentence } from '../../prose/sentences';
import { NAMED_NOT_TOUCHED } from '../catalog-described';
import { commitSentences } from './above-cut';
import { wordsOf } from './diff-words';
import type { DescribedHit, DescribedInput, DescribedRule } from './types';

/** “Add foo_bar()”, “This patch introduces foo_bar()”: what this very patch does. */
const DOES =
  /^(?:(?:this|the) (?:patch|commit|change) |(?:so |then |therefore |hence |also |thus )?(?:let us |let's )?)?(?:add|adds|introduce|introduces|implement|implements|export|exports|remove|removes|drop|drops|delete|deletes|rename|renames|use|uses|call|calls|factor out|split out)\s+(?:a |an |the |new |helper |function |static |inline |generic |common |two |unused |callback )*([a-z]\w*_\w+)\(\)/i;
/** “Factor the loop out into foo_bar()”. */
const INTO =
  /^(?:factor|split|move|consolidate|wrap|pull)\b[^.;]{0,80}\binto (?:a |an |the |new |separate |common |helper |function |static |inline )*([a-z]\w*_\w+)\(\)/i;

/** Somebody else's patch, another time. */
const ELSEWHERE =
  /\b(?:will|later|next|subsequent|following|previous|prior|earlier|commit [0-9a-f]{6,}|since|already|was|were|had|should|could|would)\b/i;

const proseOf = ({ series, changes }: DescribedInput, i: number): Sentence[] => {
  const change = changes[i];
  const message = change === undefined ? undefined : series.messages[change.message];
  if (change === undefined || message === undefined || change.diffLine === null) return [];
  return commitSentences(message, change.diffLine);
};

/** A function that the message says the patch adds, removes or renames, and that no line of its diff names. */
export const namedNotTouched: DescribedRule = (input) =>
  input.changes.flatMap((change, i) =>
    proseOf(input, i).flatMap((sentence): DescribedHit[] => {
      const name = (DOES.exec(sentence.text) ?? INTO.exec(sentence.text))?.[1];
      if (name === undefined || ELSEWHERE.test(sentence.text)) return [];
      const there = wordsOf(change);
      // A diff that was cut or is binary proves nothing; nor does a name that a macro pastes together.
      if (there.size === 0 || /xxx|foo|_$/i.test(name) || there.has(name) || change.damage.length > 0) return [];
      if ([...there].some((word) => word.includes(name) || (word.length > 0.8 * name.length && name.includes(word))))
        return [];
      return [
        {
          rule: NAMED_NOT_TOUCHED,
          at: sentence.at,
          file: null,
          function: null,
          message: `the text speaks of ${name}(), and no line of the patch names it`,
          why: [],
        },
      ];
    }),
  );
