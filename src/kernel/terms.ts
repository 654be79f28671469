/**
 * The terms of the field in our own words, each with the document that defines it. In: a line of text and a column. Out: the
 * term that stands there. Knows no mail and no editor.
 */
import data from './terms.json';

export interface Term {
  readonly term: string;
  /** Other ways to write it: spellings, API names. */
  readonly also?: readonly string[];
  /** One to three sentences. */
  readonly says: string;
  /** Manual or kernel document, with its section where one is known. */
  readonly reference: string;
}

export interface TermHere {
  readonly term: Term;
  /** 0-based column of the first character. */
  readonly column: number;
  /** In characters. */
  readonly length: number;
}

export const terms: readonly Term[] = data;

const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/[ -]/g, '[ -]');

/** Every spelling, longest first, so that `GICv2m frame` wins over `GIC`. */
const spellings = terms
  .flatMap((term) => [term.term, ...(term.also ?? [])].map((spelling) => ({ spelling, term })))
  .sort((a, b) => b.spelling.length - a.spelling.length);

const byText = new Map(spellings.map(({ spelling, term }) => [plainSpelling(spelling), term]));

/** Written with blank or hyphen, in whatever case, is the same word. */
function plainSpelling(text: string): string {
  return text.toLowerCase().replace(/-/g, ' ');
}

/** Short names in capitals are told from words by their case (`CD`, `STE`, `guest`); all else is read in either case. */
const isInitials = (spelling: string) => /^[A-Z0-9_/-]{2,5}s?$/.test(spelling);

const alternatives = (all: readonly { readonly spelling: string }[]) =>
  all.map((one) => quoted(one.spelling)).join('|');
const patterns = [
  new RegExp(
    `(?<![\\w-])(?:${alternatives(spellings.filter((one) => !isInitials(one.spelling)))})(?:s|es)?(?![\\w-])`,
    'gi',
  ),
  new RegExp(`(?<![\\w-])(?:${alternatives(spellings.filter((one) => isInitials(one.spelling)))})s?(?![\\w-])`, 'g'),
];

/** The term at a 0-based column of a line, or null. Where two overlap, the longer one. */
export function termAt(line: string, column: number): TermHere | null {
  let found: TermHere | null = null;
  for (const pattern of patterns)
    for (const match of line.matchAll(pattern)) {
      const end = match.index + match[0].length;
      if (column < match.index || column >= end) continue;
      const text = plainSpelling(match[0]);
      const term = byText.get(text) ?? byText.get(text.replace(/s$/, '')) ?? byText.get(text.replace(/es$/, ''));
      if (term !== undefined && (found === null || match[0].length > found.length))
        found = { term, column: match.index, length: match[0].length };
    }
  return found;
}
