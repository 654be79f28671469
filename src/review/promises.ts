import type { Claim } from '../prose/types';
import type { InvariantId, ScenarioResult } from '../scenario/types';
import type { Series } from '../series/types';
import { PROMISE_NOT_KEPT } from './catalog';
import { shorten } from './breakage';
import { patchOf, spanOf } from './spans';
import type { Finding } from './types';
import { type Broken, brokenOf } from './violations';

/** What a claim of a kind promises, as invariants that must hold once the patch that makes it is applied. */
const PROMISES: Readonly<Record<string, { readonly invariants: readonly InvariantId[]; readonly means: string }>> = {
  'unmap-on-disable': { invariants: ['I2', 'I7'], means: 'after disable or release the doorbell is no longer mapped and its page is back in the window' },
  'capability-dropped': { invariants: ['I4'], means: 'interrupt isolation is no longer claimed where the hardware does not give it' },
  'window-checked': { invariants: ['I6', 'I8'], means: 'a window that meets other mappings is refused, and so is a mapping that meets the window' },
};

/** Is the claim a promise that the code of its own patch must keep now? Later work, proposals, questions and conditions are not. */
function isPromise(claim: Claim): boolean {
  return claim.depth === 0 && claim.polarity === 'affirms' && (claim.tense === 'adds' || claim.tense === 'no longer' || claim.tense === 'states');
}

/**
 * Holds the promises of the commit messages against the runs: a promise whose invariant is broken at the patch's own prefix
 * is not kept. `results[k]` are the runs after k patches. What could not be run is left alone.
 */
export function promiseFindings(series: Series, claims: readonly Claim[], results: readonly (readonly ScenarioResult[])[]): Finding[] {
  const findings: Finding[] = [];
  for (const claim of claims) {
    const promise = PROMISES[claim.kind];
    const patch = patchOf(series, claim.message);
    if (promise === undefined || patch === 0 || !isPromise(claim)) continue;
    const prefix = series.patches.findIndex(p => p.index === patch) + 1;
    const brokenAt = (k: number): Broken[] => brokenOf(results[k] ?? [], k).filter(broken => promise.invariants.includes(broken.invariant) && broken.trace.injected === null);
    const broken = brokenAt(prefix)[0];
    if (broken === undefined) continue;
    let fixedBy: number | null = null;
    for (let k = prefix + 1; k < results.length && fixedBy === null; k++) if (brokenAt(k).length === 0) fixedBy = k;
    const at = spanOf(broken.blame);
    findings.push({
      id: `${PROMISE_NOT_KEPT.id}:${patch}:${claim.at.line}`,
      rule: PROMISE_NOT_KEPT.id,
      title: PROMISE_NOT_KEPT.title,
      class: PROMISE_NOT_KEPT.class,
      severity: PROMISE_NOT_KEPT.severity,
      message: `The text promises that ${promise.means}; ${broken.violation.message}`,
      short: shorten(`not so: ${broken.violation.message}`),
      patch,
      file: null,
      function: null,
      fileLine: null,
      at: claim.at,
      related: at === null ? [] : [{ at, patch: patchOf(series, at.message), message: broken.event?.text ?? broken.violation.message }],
      why: [{ text: `understood as: ${promise.means}`, reference: null }, ...broken.violation.why],
      state: null,
      trace: broken.trace.id,
      introducedBy: patch,
      fixedBy,
      evidence: 'prose',
    });
  }
  return findings;
}
