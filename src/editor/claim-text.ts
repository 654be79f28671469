/** Claims in the words and shapes of the editor: the text at the end of a line, and the lines that a reader sees more of. Knows no VS Code. */
import type { ClaimVerdict, TriedClaim } from '../review/claim-trials/types';
import { clipped } from './plain-text';

/** The shape that stands for a verdict: never colour alone. */
export const CLAIM_SHAPES: Readonly<Record<ClaimVerdict, string>> = {
  confirmed: '✓',
  contradicted: '✕',
  undecided: '?',
  answered: '✓',
  'design fact': '◆',
  note: '●',
  untried: '·',
};

/** Which of the colours of findings a verdict takes: what the text has wrong stands out, all else stays quiet. */
export type ClaimTone = 'violated' | 'warning' | 'quiet';

export function toneOf(verdict: ClaimVerdict): ClaimTone {
  return verdict === 'contradicted' ? 'violated' : verdict === 'undecided' ? 'warning' : 'quiet';
}

/** Longest text at the end of a line, in characters. */
const LIMIT = 80;

/** `✓ confirmed: Without a mapping 01:10.0 writes …`, at most 80 characters. A claim that was not tried says nothing. */
export function claimText(claim: Pick<TriedClaim, 'verdict' | 'finding'>): string {
  return claim.verdict === 'untried'
    ? ''
    : clipped(`${CLAIM_SHAPES[claim.verdict]} ${claim.verdict}: ${claim.finding}`, LIMIT);
}

/** Claims that begin on one line, as one text: the first in full, the others counted. */
export function lineClaims(claims: readonly TriedClaim[]): { readonly text: string; readonly tone: ClaimTone } | null {
  const order: readonly ClaimTone[] = ['violated', 'warning', 'quiet'];
  const shown = claims
    .filter((claim) => claim.verdict !== 'untried')
    .sort((a, b) => order.indexOf(toneOf(a.verdict)) - order.indexOf(toneOf(b.verdict)));
  const [first] = shown;
  if (first === undefined) return null;
  const more = shown.length === 1 ? '' : ` · +${shown.length - 1}`;
  return { text: `${clipped(claimText(first), LIMIT - more.length)}${more}`, tone: toneOf(first.verdict) };
}

/** Most runs named one by one in a hover; the others are counted. */
const RUNS = 6;

/** What was run, shortened for a hover: `a, b and 4 more`. */
export function triedText(tried: readonly string[]): string {
  return tried.length <= RUNS ? tried.join(', ') : `${tried.slice(0, RUNS).join(', ')} and ${tried.length - RUNS} more`;
}
