import type { Change } from '../patch/types';
import type { Message } from '../series/types';
import { type Sentence, sentences } from './sentences';
import type { Claim, ClaimPolarity, ClaimTense } from './types';

/** What a sentence must say to make a claim of one kind: every expression of `all`, none of `none`. */
interface ClaimRule {
  readonly kind: string;
  readonly all: readonly RegExp[];
  readonly none?: readonly RegExp[];
}

const DOORBELL =
  /\b(?:doorbells?|msi (?:pages?|mappings?|iovas?|frames?|bindings?|windows?|address(?:es)?)|(?:iova|window|frame) pages?|mappings?|iovas?|bindings?)\b/i;
const UNDONE =
  /\b(?:unmap(?:s|ped|ping)?|t(?:ear|ears|orn|earing) down|g(?:ive|ives|iven|iving) back|(?:release|remove)[sd]?|releasing|removing|free[sd]?|freeing|drop(?:s|ped|ping)?|returned to the (?:window|pool)|destroy(?:s|ed)?)\b/i;
const END_OF_LIFE =
  /\b(?:disabl(?:e|es|ed|ing)|tear-?down|tear(?:s|ing)? down|last (?:vector|user|reference)|no longer (?:used|needed|in use)|unused|shut ?down|goes away|go away|(?:is|are) (?:closed|released|freed|detached|gone)|on (?:release|free|detach|close)|detach(?:ed|es|ing)?|before .*\b(?:is|are) (?:closed|released|freed)|vectors? (?:is|are) (?:freed|released|disabled)|error paths?|when .* fails?)\b/i;
const CAPABILITY =
  /\b(?:IOMMU_CAP_INTR_REMAP|INTR_REMAP|interrupt[ -]remapping capability|interrupt[ -]isolation capability)\b/i;
const WINDOW =
  /\b(?:windows?|reserved (?:iova )?(?:range|region|area)s?|msi (?:iova )?(?:range|region)s?|iova ranges?)\b/i;

/** The kinds of claims that are understood. Order does not matter: a sentence may claim several things. */
const RULES: readonly ClaimRule[] = [
  { kind: 'unmap-on-disable', all: [UNDONE, DOORBELL, END_OF_LIFE], none: [/\bdma_unmap|dma unmap\b/i] },
  {
    kind: 'capability-dropped',
    all: [
      CAPABILITY,
      /\b(?:no longer|stop(?:s|ped)?|do(?:es)? not|don't|doesn't|must not|should not|drop(?:s|ped)?|remov(?:e|es|ed)|withdraw(?:s|n)?|clear(?:s|ed)?|neither|none of|no (?:smmu|iommu|driver)\w*)\b/i,
    ],
  },
  {
    kind: 'capability-claimed',
    all: [CAPABILITY, /\b(?:claim|advertis|report|expos|announc|support|set)(?:s|e|es|ed|ing)?\b/i],
    none: [/\b(?:no longer|stop(?:s|ped)?|not|don't|doesn't|drop(?:s|ped)?|remov(?:e|es|ed)|neither|none of|no)\b/i],
  },
  {
    kind: 'window-checked',
    all: [
      WINDOW,
      /\b(?:overlap(?:s|ping)?|collid(?:e|es|ing)|intersect(?:s|ing)?|conflict(?:s|ing)?|disjoint)\b/i,
      /\b(?:refus|reject|fail|check|verif|den(?:y|ies)|EINVAL|EBUSY|EEXIST|make sure|ensure)/i,
    ],
  },
  { kind: 'window-registered', all: [WINDOW, /\b(?:regist(?:er|ers|ered|ration|ering)|declar(?:e|es|ed))\b/i] },
  {
    kind: 'doorbell-mapped',
    all: [/\b(?:doorbells?|msi (?:controller )?(?:frames?|pages?|address(?:es)?))\b/i, /\bmap(?:s|ped|ping)?\b/i],
    none: [/\bunmap/i],
  },
  {
    kind: 'no-functional-change',
    all: [/\bno (?:intended )?functional changes?\b|\bno change (?:in|of) behaviou?r\b/i],
  },
];

/** Which tense a sentence of a commit message or a mail stands in. */
function tenseOf(sentence: string): ClaimTense {
  if (/\b(?:not|n't) (?:yet|address(?:ed)?(?: yet)?)\b|\byet to\b|\bnot [a-z]+ yet\b/i.test(sentence)) return 'not yet';
  if (/\bno longer\b|\banymore\b|\bany more\b/i.test(sentence)) return 'no longer';
  if (
    /\b(?:will|going to|(?:subsequent|later|following|next|separate|future) (?:patch(?:es)?|series|commit|work))\b/i.test(
      sentence,
    )
  )
    return 'will';
  if (/^\s*if\b|\b(?:in that case|provided that|as long as)\b/i.test(sentence)) return 'conditional';
  if (/\b(?:should|could|would|might|may want|what about|propose|suggest)\b/i.test(sentence)) return 'proposes';
  if (/\b(?:currently|today|at the moment|so far|until now|before this|already)\b/i.test(sentence)) return 'states';
  return 'adds';
}

function polarityOf(sentence: string, tense: ClaimTense): ClaimPolarity {
  if (/\?\s*$/.test(sentence)) return 'asks';
  if (/\b(?:not sure|unsure|doubt|far[- ]?fetched|unlikely|i think|seems?)\b/i.test(sentence)) return 'doubts';
  if (
    tense !== 'not yet' &&
    tense !== 'no longer' &&
    /\b(?:never|cannot|can't|does not|doesn't|do not|don't|is not|isn't|are not|aren't|without)\b/i.test(sentence)
  )
    return 'denies';
  return 'affirms';
}

/** “the capability” in a text that has named it before is that one. */
function resolved(sentence: string, before: string): string {
  const named = CAPABILITY.exec(before)?.[0];
  return named === undefined || CAPABILITY.test(sentence)
    ? sentence
    : sentence.replace(/\b(?:the|this|that) capability\b/i, named);
}

function claimsOf(sentence: Sentence, before: string): Claim[] {
  const tense = tenseOf(sentence.text);
  const text = resolved(sentence.text, before);
  return RULES.filter(
    (rule) => rule.all.every((need) => need.test(text)) && !(rule.none ?? []).some((bar) => bar.test(text)),
  ).map((rule) => ({
    kind: rule.kind,
    // A claim that something is dropped is worded with a negation of its own: it affirms.
    polarity:
      rule.kind === 'capability-dropped' && !/\?\s*$/.test(sentence.text)
        ? 'affirms'
        : polarityOf(sentence.text, tense),
    tense,
    message: sentence.at.message,
    depth: sentence.depth,
    at: sentence.at,
    text: sentence.text,
  }));
}

/** First and last line of the prose of a message: from the body's first line to the line before the diff (or its `---`), or to the end. */
export function proseRange(message: Message, change: Change | null): { readonly first: number; readonly last: number } {
  const last = change?.diffLine == null ? message.lines.length : change.diffLine - 1;
  return { first: message.bodyLine, last };
}

/** The claims of one message, in order of their place; the subject counts as its first sentence. A mail without prose gives none. */
export function claims(message: Message, change: Change | null): Claim[] {
  const { first, last } = proseRange(message, change);
  let before = message.subject;
  return sentences(message, first, last).flatMap((sentence) => {
    const found = claimsOf(sentence, before);
    before += `\n${sentence.text}`;
    return found;
  });
}
