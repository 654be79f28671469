import type { Claim } from '../../prose/types';
import { LATER_PATCH } from '../catalog-described';
import { wordsOf } from './diff-words';
import type { DescribedHit, DescribedInput, DescribedRule } from './types';

/** What became of a name that the text says a later patch takes up. `patch`: position of the patch that does; null: none does. */
export interface TakenUp {
  readonly names: readonly string[];
  readonly patch: number | null;
}

/**
 * “Will be used by a later patch”, held against the patches behind. Null when nothing can be told: the sentence names nothing of its own patch, the
 * series is not whole, or nothing comes behind.
 */
export function takenUp({ series, changes, complete }: DescribedInput, claim: Claim): TakenUp | null {
  const i = changes.findIndex((change) => change.message === claim.message);
  const own = changes[i];
  if (
    claim.kind !== 'later-patch' ||
    claim.depth > 0 ||
    own === undefined ||
    !complete ||
    i >= series.patches.length - 1
  )
    return null;
  const names = [...claim.text.matchAll(/\b([a-z]\w*_\w+)(?:\(\))?/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => wordsOf(own).has(name));
  if (names.length === 0) return null;
  const later = changes.slice(i + 1);
  const at = later.findIndex((change) => names.some((name) => wordsOf(change).has(name)));
  // Of a diff that was cut nothing is known.
  if (at < 0 && later.some((change) => change.damage.length > 0)) return null;
  return { names, patch: at < 0 ? null : i + 1 + at };
}

/** A name of which the text says that a later patch takes it up, and which no later patch of the whole series names. */
export const laterPatch: DescribedRule = (input) =>
  input.claims.flatMap((claim): DescribedHit[] => {
    const taken = takenUp(input, claim);
    return taken === null || taken.patch !== null
      ? []
      : [
          {
            rule: LATER_PATCH,
            at: claim.at,
            file: null,
            function: null,
            message: `the text says that a later patch takes up ${taken.names.join(', ')}, and none of the series names it`,
            why: [],
          },
        ];
  });
