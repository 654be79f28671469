/**
 * Claims: what the prose of a message says that the model or the rest of the series can be asked about. In: a message, the change that marks
 * where its prose ends, and who speaks. Out: claims in order of their place, and the sentences that speak of the field and were not understood.
 *
 * A claim is a passage, not a sentence: what a sentence says goes on in the next (“this means…”, “so we get…”) and may begin in the one before (“however,
 * in this case…”). How far it reaches is told by grammar and by the terms that go through it.
 */
import type { Change } from '../patch/types';
import type { Span } from '../place';
import type { Message } from '../series/types';
import { type Heard, type Kind, kindOf } from './kinds';
import { isQuestion, polarityOf, tenseOf } from './mood';
import { rangesIn } from './ranges';
import { type Sentence, sentences } from './sentences';
import type { Claim, ClaimPolarity, ClaimTense, Said, Speaker } from './types';
import { anyOf, NO_TERMS, namesField, type Term, type Terms, termsIn, termsOf } from './vocabulary';

/** Begins by pointing back: what it says rests on the sentence before. */
const POINTS_BACK =
  /^(?:but |and |so |then )?(?:however|this|that|these|those|it|its|they|so|thus|therefore|hence|then|in (?:that|this) case|if (?:that|this)(?:'s| is)|the only other|another|alternatively|otherwise|can it|does it|is it|but that)\b/i;
/** Sets itself against the sentence before: a claim of its own, though it points back. */
const CONTRASTS =
  /\b(?:however|though|although|on the other hand|in contrast|unlike|not available|but not|not the case)\b/i;
/** “This IOVA”, “the entry”: a noun that was just named. */
const NAMES_AGAIN = /^(?:this|that|these|those|the same|such an?)\s+([a-z-]+)/i;
/** Agrees with somebody: says nothing of its own. */
const AGREES =
  /^(?:i (?:fully |completely |totally )?agree|agreed|i have no objection|yes|right|indeed|exactly|sure|ok(?:ay)?|fair (?:point|enough))\b/i;

/** Longer than this is a log, a listing or a table that lost its lines, in characters. */
const LONGEST = 600;

/** Is it a sentence at all? Logs, code and lists of addresses are none. */
const isProse = (text: string): boolean =>
  text.length <= LONGEST && !/[{}]|\);|\[ *\d+\.\d{4,}\]|<[^<>\s]+@[^<>\s]+>[^<>]*<[^<>\s]+@|\*\/|->/.test(text);

const CAPABILITY_NAMED: Terms = { has: (term) => term === 'capability' };

interface Passage {
  readonly kind: Kind;
  /** The sentence that makes the claim. */
  readonly head: Sentence;
  /** With those it leans on and those that go on with it. */
  readonly sentences: Sentence[];
  tense: ClaimTense;
}

/** A sentence is cut before a “but” that starts a statement of its own, if its parts claim different things. */
function clauses(sentence: Sentence, kind: (part: Sentence) => Kind | null): readonly Sentence[] {
  const offsets = [...sentence.text.matchAll(/[,;] (?=but (?:if|when|then|i|we|it|this|that|the|there)\b)/gi)].map(
    (match) => match.index + 2,
  );
  if (offsets.length === 0) return [sentence];
  const parts = sentence.cut(offsets);
  const kinds = new Set(parts.flatMap((part) => kind(part)?.id ?? []));
  return kinds.size > 1 ? parts : [sentence];
}

/** What is rejected (“rather than X, …”) stands before the proposal, and what it is good for (“… so that Y”) behind it: neither is claimed. */
function trimmed(sentence: Sentence, first: boolean, last: boolean): Sentence {
  const lead = first
    ? /^(?:but |and |so )?(?:rather than|instead of)\b[^,]*, /i.exec(sentence.text)?.[0].length
    : undefined;
  const tail = last ? / so that (?!.* so that )[^,;]*$/i.exec(sentence.text)?.index : undefined;
  const offsets = [lead, tail].filter((one): one is number => one !== undefined);
  if (offsets.length === 0) return sentence;
  const pieces = sentence.cut(offsets);
  return pieces[lead === undefined ? 0 : 1] ?? sentence;
}

/** Does the sentence only go on about the noun that the one before named? */
function namesAgain(sentence: Sentence, before: Sentence): boolean {
  const noun = NAMES_AGAIN.exec(sentence.text)?.[1]?.toLowerCase();
  return noun !== undefined && noun.length > 2 && before.text.toLowerCase().includes(noun.replace(/s$/, ''));
}

/** Moods that a following sentence can give to what was said before it: “but that seems far-fetched”. */
const STRONGER: ReadonlySet<ClaimTense> = new Set<ClaimTense>(['doubts', 'warns']);

interface Reading {
  readonly passages: Passage[];
  readonly unmapped: Sentence[];
}

/** Reads the sentences of one message, a clause at a time. */
function read(all: readonly Sentence[], subject: Terms): Reading {
  const passages: Passage[] = [];
  const free: Sentence[] = [];
  /** Sentences of the paragraph (and of one it plainly goes on from) that no claim has taken. */
  let lead: Sentence[] = [];
  let before: Terms = subject;
  let open: Passage | null = null as Passage | null;
  let previous: Sentence | null = null as Sentence | null;
  const understood = (sentence: Sentence): { readonly kind: Kind | null; readonly terms: Terms } => {
    if (!isProse(sentence.text) || !namesField(sentence.text)) return { kind: null, terms: NO_TERMS };
    const terms = termsOf(sentence.text);
    const heard: Heard = { text: sentence.text, terms, before, subject };
    return { kind: AGREES.test(sentence.text) ? null : kindOf(heard), terms };
  };
  for (const whole of all) {
    const first = previous === null || previous.paragraph !== whole.paragraph;
    if (first) {
      open = null;
      // A paragraph that asks “so why not do that here” goes on from the one before.
      const goesOn =
        whole.follows &&
        /^(?:so|but|then)\b/i.test(whole.text) &&
        /\?\s*$/.test(whole.text) &&
        /\b(?:that|this)\b/i.test(whole.text);
      if (!goesOn) {
        lead = [];
        // What was named once is “the capability” to the end of the mail; other terms must be named again.
        before = before.has('capability') ? anyOf([subject, CAPABILITY_NAMED]) : subject;
      }
    }
    const context = before;
    const within = (part: Sentence): Kind | null => {
      const { kind, terms } = understood(part);
      before = terms === NO_TERMS ? before : anyOf([before, terms]);
      return kind;
    };
    const parts = clauses(whole, within);
    before = context;
    for (const sentence of parts) {
      const { kind, terms } = understood(sentence);
      const last: Sentence | null = previous;
      previous = sentence;
      before = terms === NO_TERMS ? before : anyOf([before, terms]);
      if (open !== null && last !== null && continues(open, kind, sentence, terms, last)) {
        open.sentences.push(sentence);
        const tense = tenseOf(sentence.text, open.kind.usual);
        if (STRONGER.has(tense)) open.tense = tense;
      } else if (kind === null) {
        open = null;
        lead.push(sentence);
        free.push(sentence);
      } else {
        const head = sentence;
        open = {
          kind,
          head,
          sentences: [...leansOn(head, kind, terms, lead), head],
          tense: tenseOf(head.text, kind.usual),
        };
        passages.push(open);
        lead = [];
      }
    }
  }
  const taken = new Set(passages.flatMap((passage) => passage.sentences));
  return { passages, unmapped: free.filter((one) => !taken.has(one)) };
}

/** Does a sentence go on with the claim before it? */
function continues(open: Passage, kind: Kind | null, sentence: Sentence, terms: Terms, last: Sentence): boolean {
  if (CONTRASTS.test(sentence.text) && kind !== null && kind !== open.kind) return false;
  if (kind === open.kind) return true;
  if (kind === null) return POINTS_BACK.test(sentence.text) || open.kind.own.some((term) => terms.has(term));
  if (/^(?:but |and |so |then )?if (?:that|this)(?:'s| is)\b/i.test(sentence.text)) return true;
  return namesAgain(sentence, last);
}

/** The sentences before a claim that it rests on: what it points back to, the question it answers, what first names its topic. */
function leansOn(sentence: Sentence, kind: Kind, terms: Terms, lead: readonly Sentence[]): Sentence[] {
  const taken: Sentence[] = [];
  let at = lead.length - 1;
  let from = sentence;
  // A question of the speaker's own leads up to the statement that answers it.
  const question = lead[at];
  if (
    question !== undefined &&
    !isQuestion(sentence.text) &&
    /\bwhy (?:can't|not|shouldn't|don't)\b[^?]*\?\s*$/i.test(question.text)
  ) {
    taken.unshift(question);
    from = question;
    at -= 1;
  }
  const earlier = lead[at];
  if (earlier === undefined) return taken;
  const topic = kind.usual === 'states' && /^(?:I|we)\b/i.test(from.text) && sharesTopic(earlier, terms);
  const points = POINTS_BACK.test(from.text) || (taken.length > 0 && /\blike that\b/i.test(from.text));
  if (points || topic || NAMES_AGAIN.test(from.text)) taken.unshift(earlier);
  return taken;
}

/** Narrow terms: naming one again means speaking of the same. */
const TOPICS: readonly Term[] = ['iova', 'capability', 'its', 'gicv2m', 'remapping', 'msixRange', 'doorbell'];

function sharesTopic(earlier: Sentence, terms: Terms): boolean {
  const said = termsOf(earlier.text);
  return /^(?:I|we)\b/i.test(earlier.text) && TOPICS.some((term) => terms.has(term) && said.has(term));
}

/** First and last line of the prose of a message: from the body's first line to the line before the diff (or its `---`), or to the end. */
export function proseRange(message: Message, change: Change | null): { readonly first: number; readonly last: number } {
  const last = change?.diffLine == null ? message.lines.length : change.diffLine - 1;
  return { first: message.bodyLine, last };
}

function spanOf(sentences: readonly Sentence[]): Span | null {
  const first = sentences[0]?.at;
  const last = sentences.at(-1)?.at;
  if (first === undefined || last === undefined) return null;
  return {
    message: first.message,
    line: first.line,
    column: first.column,
    endLine: last.endLine,
    endColumn: last.endColumn,
  };
}

/** Yes or no, as the kind counts it. */
function polarityIn({ kind, head, tense }: Passage): ClaimPolarity {
  const polarity = polarityOf(head.text, tense);
  if (polarity === 'asks' || polarity === 'doubts') return polarity;
  if (kind.denial !== undefined) return kind.denial.test(head.text) ? 'denies' : 'affirms';
  return kind.negative === true ? 'affirms' : polarity;
}

/** The claims that sentences make. `subject` names what the message is about; `speaker` says whose a line is. */
export function claimsIn(
  all: readonly Sentence[],
  subject: string,
  speaker: (line: number, depth: number) => Speaker,
): Said {
  const { passages, unmapped } = read(all, termsOf(subject));
  const claims = passages.flatMap((passage): Claim[] => {
    const said = passage.sentences.map((one, i) => trimmed(one, i === 0, i === passage.sentences.length - 1));
    const at = spanOf(said);
    const { head } = passage;
    if (at === null) return [];
    const text = said.map((one) => one.text).join(' ');
    const polarity = polarityIn(passage);
    return [
      {
        kind: passage.kind.id,
        polarity,
        tense: passage.tense,
        speaker: speaker(head.at.line, head.depth),
        message: at.message,
        depth: head.depth,
        at,
        text,
        terms: termsIn(text),
        ranges: rangesIn(text),
      },
    ];
  });
  return { claims, unmapped: unmapped.filter((one) => speaksOfField(one)).map((one) => one.at) };
}

/** Sentences that name at least two things of the field and state something: what an honest reader would have wanted understood. */
function speaksOfField(sentence: Sentence): boolean {
  if (!isProse(sentence.text) || !namesField(sentence.text) || sentence.text.length < 30) return false;
  const terms = termsOf(sentence.text);
  return (
    (
      ['msi', 'iova', 'iommu', 'remapping', 'its', 'gicv2m', 'doorbell', 'window', 'isolation', 'capability'] as const
    ).filter((term) => terms.has(term)).length >= 2
  );
}

/** What one message says; a mail without prose says nothing. */
export function said(message: Message, change: Change | null, speaker: (line: number, depth: number) => Speaker): Said {
  const { first, last } = proseRange(message, change);
  return claimsIn(sentences(message, first, last), message.subject, speaker);
}

/** The claims of one message, for a reader who does not ask who speaks. */
export function claims(message: Message, change: Change | null): readonly Claim[] {
  return said(message, change, (_, depth) => ({ role: depth === 0 ? 'patch' : 'reviewer', name: '' })).claims;
}
