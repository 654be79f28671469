/** In which mood and time a passage stands, and whether it says yes or no. In: the text. Out: tense and polarity. Grammar alone; knows no field. */
import type { ClaimPolarity, ClaimTense } from './types';

const QUESTION = /\?["')\]]*\s*$/;
/** “Why not do this”, “why shouldn't everything”: asked to propose. */
const PROPOSING_QUESTION =
  /\bwhy (?:not|can't|couldn't|shouldn't|don't|can not|should not)\b|\bhow about\b|\bwhat about\b/i;
const DOUBT =
  /\b(?:not (?:sure|convinced)|unsure|doubt(?:s|ful)?|far[- ]?fetched|unlikely|skeptical|sceptical|questionable|hard to believe)\b/i;
const WARNING =
  /\b(?:figure out how to (?:deal|cope)|deal with the fact|beware|careful|watch out|caveats?|pitfalls?|too late|trouble|(?:will|would|does|do) (?:not|n't) (?:build|compile|link)|breaks? (?:the )?(?:build|compilation)|build (?:break|failure)s?|won't (?:build|compile|link)|problem (?:is|with)|unfortunately)\b/i;
const EXPECTATION =
  /\b(?:I|we) (?:would )?expect\b|\bis expected\b|\bpresumably\b|\bshould turn out\b|\bI (?:would )?(?:assume|guess|suppose)\b/i;
const DEFINITION =
  /\b(?:is|are|was) (?:meant|supposed|defined|intended) to\b|\bis defined as\b|\bstands? for\b|\bby definition\b|\bis there to (?:say|tell|indicate)\b/i;
const NOT_YET =
  /\b(?:not|n't) (?:yet|address(?:ed)?(?: yet)?)\b|\byet to\b|\bnot [a-z]+ yet\b|\bleft open\b|\bTODO\b|\bremains (?:open|to be)\b|\b(?:open|unresolved|outstanding) (?:question|issue|point)\b/i;
const NO_LONGER = /\bno longer\b|\banymore\b|\bany more\b/i;
const FUTURE =
  /\b(?:will|going to|(?:subsequent|later|following|next|separate|future) (?:patch(?:es)?|series|commit|work))\b/i;
const CONDITION =
  /^\s*(?:but |and |so |then )?(?:if|unless|when(?:ever)? (?:some|any|an? entire))\b|\b(?:in that case|provided that|as long as|, then\b)/i;
const PROPOSAL = /\b(?:should|could|would|might|may want|ought to|propose|suggest|rather than)\b/i;
const PRESENT = /\b(?:currently|today|at the moment|so far|until now|before this|already|at present)\b/i;

/** Is the sentence a real question, one that wants an answer? */
export const isQuestion = (text: string): boolean => QUESTION.test(text) && !PROPOSING_QUESTION.test(text);

/** The tense of a passage; `usual` is what a plain sentence of the kind stands in. */
export function tenseOf(text: string, usual: 'states' | 'adds'): ClaimTense {
  if (isQuestion(text)) return 'asks';
  if (DOUBT.test(text)) return 'doubts';
  if (WARNING.test(text)) return 'warns';
  if (EXPECTATION.test(text)) return 'expects';
  if (DEFINITION.test(text)) return 'defines';
  if (NOT_YET.test(text)) return 'not yet';
  if (NO_LONGER.test(text)) return 'no longer';
  if (FUTURE.test(text)) return 'will';
  if (CONDITION.test(text)) return 'conditional';
  if (PROPOSAL.test(text) || PROPOSING_QUESTION.test(text)) return 'proposes';
  if (PRESENT.test(text)) return 'states';
  return usual;
}

/** “Not X but Y”, “not just”, “not only”, and “this is not the case”, which denies what somebody else said: no denial. */
const NO_DENIAL =
  /^I (?:do not|don't) think (?:that|this|it)(?:'s| is) (?:right|true|correct|so)\b[:,.]?|\b(?:this|that|which) (?:is|was)(?: not|n't) (?:the case|true|so)\b|(?:\band |, )not (?!yet\b)[^,;.]*|\b(?:not|n't)\b (?:just|only|merely|simply)\b|\b(?:not|n't)\b[^.,;]{1,40}\bbut\b/gi;
const DENIAL =
  /\b(?:never|cannot|can not|neither|nor|without|lacks?|no)\b|\b(?:does|do|did|is|are|was|were|has|have|need|must|should|could|would|will|may)(?: not|n't)\b|\bnot\b|\bcan't\b|\bwon't\b/i;

/** Tenses in which a plain “not” denies what the passage speaks of; in the others it belongs to the wish, the warning or the time. */
const DENIABLE: ReadonlySet<ClaimTense> = new Set<ClaimTense>(['states', 'adds', 'will', 'conditional']);

/** Whether the passage says yes or no; a denial that belongs to a tense (`not yet`, `no longer`) is none. */
export function polarityOf(text: string, tense: ClaimTense): ClaimPolarity {
  if (tense === 'asks') return 'asks';
  if (tense === 'doubts') return 'doubts';
  return DENIABLE.has(tense) && DENIAL.test(text.replace(NO_DENIAL, '')) ? 'denies' : 'affirms';
}
