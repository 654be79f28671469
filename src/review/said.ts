/**
 * What a series says, and what became of it. In: series, changes, and a way to run built-in designs. Out: its claims with who makes them, tried. Claims
 * that the code of the series must keep are held against its own runs (`promises.ts`); all others against the model (`claim-trials/`).
 */

import type { ProgramSet } from '../host/types';
import type { Change } from '../patch/types';
import type { Span } from '../place';
import { claimsIn, said } from '../prose/claims';
import { commentSentences } from '../prose/comments';
import { isOfHardware } from '../prose/kinds';
import { seriesAuthor, speakersOf } from '../prose/speakers';
import type { Claim, Said } from '../prose/types';
import { runScenario } from '../scenario/run';
import type { Scenario, Trace } from '../scenario/types';
import type { Series } from '../series/types';
import { tryClaim } from './claim-trials/try';
import type { RunDesign, Tried, TriedClaim } from './claim-trials/types';
import { plainly } from './second-look';
import type { TrialStore } from './trials';

/** What comments of the patch say of hardware. What they promise of the code is the code's own business. */
function ofComments(change: Change, subject: string): readonly Claim[] {
  const heard = claimsIn(commentSentences(change), subject, () => ({ role: 'comment', name: '' }));
  return heard.claims.filter((claim) => isOfHardware(claim.kind));
}

/** Claims of all messages, in order of message and place. */
export function saidIn(series: Series, changes: readonly Change[]): Said {
  const author = seriesAuthor(series);
  const claims: Claim[] = [];
  const unmapped: Span[] = [];
  const known = new Set<string>();
  for (const message of series.messages) {
    const change = changes.find((one) => one.message === message.index) ?? null;
    const last = change?.diffLine ?? message.lines.length;
    const heard = said(message, change, speakersOf(message, author, last));
    for (const claim of heard.claims) {
      // What an answer quotes was said where it was written, when that mail is there too.
      const key = `${claim.kind}|${claim.text.replace(/\W+/g, ' ')}`;
      if (claim.depth > 0 && known.has(key)) continue;
      known.add(key);
      claims.push(claim);
    }
    unmapped.push(...heard.unmapped);
    if (change !== null) claims.push(...ofComments(change, message.subject));
  }
  return { claims, unmapped };
}

/** Runs built-in scenarios on built-in designs, once for all reviews of a reviewer. */
export function designRunner(
  scenario: (id: string) => Scenario | null,
  set: (design: string) => ProgramSet | null,
  store: TrialStore,
): RunDesign {
  return (id, machine, design) => {
    const key = `${design}|${id}|${machine}`;
    const before = store.base.get(key);
    if (before !== undefined) return before.result;
    const known = scenario(id);
    const programs = set(design);
    if (known === null || programs === null) return null;
    const result = runScenario(known, programs, { machines: [machine], prefix: 0 })[0] ?? null;
    if (result !== null) store.base.set(key, plainly(result));
    return result;
  };
}

/** The claims with their verdicts, and the traces that show them. `kept` gives the verdict of a promise that was held against the series' own runs. */
export function tryClaims(
  claims: readonly Claim[],
  run: RunDesign,
  kept: (claim: Claim) => Tried | null,
): { readonly claims: readonly TriedClaim[]; readonly traces: readonly Trace[] } {
  const traces = new Map<string, Trace>();
  const tried = claims.map((claim): TriedClaim => {
    const { verdict, message, tried: what, trace, reference } = kept(claim) ?? tryClaim(claim, run);
    if (trace !== null) traces.set(trace.id, trace);
    return { ...claim, verdict, finding: message, tried: what, trace: trace?.id ?? null, reference };
  });
  return { claims: tried, traces: [...traces.values()] };
}
