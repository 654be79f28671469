/** Claims as text: whose sentence, what it speaks of, and what trying it gave. In full for a mail without code; a line or two each for a series. */
import type { ClaimVerdict, TriedClaim } from '../review/claim-trials/types';
import type { Review } from '../review/types';
import { mailLine, patchOf } from './places';
import { type Colour, type Paint, printable, shortened } from './plain';

const COLOUR: Readonly<Record<ClaimVerdict, Colour>> = {
  confirmed: 'green',
  contradicted: 'red',
  undecided: 'yellow',
  answered: 'green',
  'design fact': 'blue',
  note: 'blue',
  untried: 'grey',
};

/** Longest message shown in a series, in characters. */
const BRIEF = 160;

const ORDER: readonly ClaimVerdict[] = [
  'confirmed',
  'contradicted',
  'undecided',
  'answered',
  'design fact',
  'note',
  'untried',
];

/** `12 claims: 5 confirmed, 1 contradicted, …`; '' when nothing is claimed. */
export function claimSummary({ claims }: Pick<Review, 'claims'>): string {
  const counts = ORDER.map((verdict) => [verdict, claims.filter((one) => one.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`);
  return counts.length === 0
    ? ''
    : `${claims.length} ${claims.length === 1 ? 'claim' : 'claims'}: ${counts.join(', ')}`;
}

/** `12–13`, or `12` for one line. */
export function claimLinesLabel(review: Review, claim: TriedClaim): string {
  const first = mailLine(review.series, claim.at);
  const last = mailLine(review.series, { message: claim.message, line: claim.at.endLine });
  return last > first ? `${first}–${last}` : `${first}`;
}

/** The claims of a review, in order of place. */
export function claimLines(review: Review, paint: Paint): string[] {
  const { series, claims, unmapped } = review;
  if (claims.length === 0) return [];
  const withCode = series.patches.length > 0;
  const lines = [paint('bold', 'What the text says')];
  for (const claim of claims) {
    const patch = patchOf(series, claim.message);
    const place = `${patch > 0 ? `patch ${patch} ` : ''}mail line ${claimLinesLabel(review, claim)}`;
    const who = `${claim.speaker.role}${claim.speaker.name === '' ? '' : ` (${printable(claim.speaker.name)})`}`;
    const polarity = claim.polarity === 'denies' ? ' · denies' : '';
    lines.push(
      `  ${place}  ${who}  ${claim.kind}${polarity} · ${claim.tense}  ${paint(COLOUR[claim.verdict], claim.verdict)}`,
    );
    if (withCode) {
      if (claim.verdict !== 'untried') lines.push(`      ${printable(shortened(claim.finding, BRIEF))}`);
      continue;
    }
    lines.push(
      `      ${paint('grey', `“${printable(shortened(claim.text, BRIEF))}”`)}`,
      `      ${printable(claim.finding)}`,
    );
    if (claim.tried.length > 0)
      lines.push(`      ${paint('grey', `tried: ${printable(shortened(claim.tried.join('; '), 2 * BRIEF))}`)}`);
  }
  if (unmapped.length > 0)
    lines.push(
      paint(
        'grey',
        `  ${unmapped.length} more ${unmapped.length === 1 ? 'sentence speaks' : 'sentences speak'} of the field and ${unmapped.length === 1 ? 'was' : 'were'} not understood`,
      ),
    );
  return lines;
}
