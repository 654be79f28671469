import { remembered } from '../code/remembered';
import type { Claim } from '../prose/types';
import type { InvariantId, Scenario, ScenarioResult, Stage, Trace, Violation } from '../scenario/types';
import type { Series } from '../series/types';
import { shorten } from './breakage';
import { PROMISE_NOT_KEPT } from './catalog';
import { patchOf, spanOf } from './spans';
import type { Finding } from './types';
import { type Broken, blameOf, breakageKey, brokenOf } from './violations';

/** What a claim of a kind promises, as invariants that must hold once the patch that makes it is applied. */
const PROMISES: Readonly<
  Record<string, { readonly invariants: readonly InvariantId[]; readonly means: string; readonly stages: boolean }>
> = {
  'unmap-on-disable': {
    invariants: ['I2', 'I7'],
    means: 'after disable or release the doorbell is no longer mapped and its page is back in the window',
    stages: true,
  },
  'capability-dropped': {
    invariants: ['I4'],
    means: 'interrupt isolation is no longer claimed where the hardware does not give it',
    stages: false,
  },
  'window-checked': {
    invariants: ['I6', 'I8'],
    means: 'a window that meets other mappings is refused, and so is a mapping that meets the window',
    stages: false,
  },
};

/** Is the claim a promise that the code must keep now? Later work, proposals, questions and conditions are not. */
function isPromise(claim: Claim): boolean {
  return (
    claim.depth === 0 &&
    claim.speaker.role !== 'comment' &&
    claim.polarity === 'affirms' &&
    (claim.tense === 'adds' || claim.tense === 'no longer' || claim.tense === 'states')
  );
}

/** The invariants that a claim promises to hold; none when it is no promise. */
export function promisedInvariants(claim: Claim): readonly InvariantId[] {
  return isPromise(claim) ? (PROMISES[claim.kind]?.invariants ?? []) : [];
}

/** The event by which a domain goes while a doorbell is still mapped in it; null when none does. */
const freedWhileMapped = remembered((events: Trace['events']): number | null => {
  const doors = new Map<string, Set<string>>();
  for (const event of events) {
    if (!event.changes.some((change) => change.path.startsWith('domains/'))) continue;
    for (const change of event.changes) {
      const map = /^domains\/(\d+)\/maps\/(\w+)$/.exec(change.path);
      const domain = map?.[1] ?? '';
      if (map !== null && change.after !== null && !/ RAM$/.test(String(change.after)))
        doors.set(domain, (doors.get(domain) ?? new Set()).add(map[2] ?? ''));
    }
    const gone = event.changes
      .map((change) => (change.after === null ? /^domains\/(\d+)\/agent$/.exec(change.path)?.[1] : undefined))
      .find((id) => id !== undefined);
    if (gone !== undefined && (doors.get(gone)?.size ?? 0) > 0) return event.index;
    for (const change of event.changes) {
      const map = /^domains\/(\d+)\/maps\/(\w+)$/.exec(change.path);
      if (map !== null && change.after === null) doors.get(map[1] ?? '')?.delete(map[2] ?? '');
    }
  }
  return null;
});

/** “Unmapped before the domain is freed”: runs in which the domain goes first, as breakages of the order. */
function freedFirst(results: readonly ScenarioResult[], prefix: number): Broken[] {
  return results.flatMap((result) =>
    result.traces.slice(0, 1).flatMap((trace) => {
      const event = freedWhileMapped(trace.events);
      if (event === null || trace.injected !== null) return [];
      const message = `${trace.events[event]?.text ?? 'the domain goes'} while a doorbell is mapped in it`;
      const violation: Violation = { invariant: 'I10', message, event, causes: [event], why: [] };
      return [
        {
          invariant: 'I10' as const,
          scenario: result.scenario,
          machine: result.machine,
          prefix,
          violation,
          trace,
          stage: null,
        },
      ];
    }),
  );
}

/** Words of a sentence → the stages at whose end its promise must hold. No such word: at the end of any. */
const MOMENTS: readonly { readonly words: RegExp; readonly stages: readonly Stage[] }[] = [
  { words: /\bdetach/i, stages: ['detach', 'release'] },
  {
    words: /\b(?:clos(?:e|ed|ing)|release[sd]? (?:the|its|a) (?:device|container|group))\b/i,
    stages: ['release', 'detach'],
  },
  { words: /\b(?:disabl|last (?:vector|user)|vectors? (?:is|are) freed)/i, stages: ['disable', 'forge', 'fire'] },
];

function stagesOf(text: string): ReadonlySet<Stage> | null {
  const stages = MOMENTS.filter((moment) => moment.words.test(text)).flatMap((moment) => moment.stages);
  return stages.length === 0 ? null : new Set(stages);
}

/**
 * Holds the promises of commit messages and cover letter against the runs: a promise whose invariant is broken at the patch's
 * own prefix (the cover's: at the end) is not kept. `results[k]` are the runs after k patches. What could not be run is left alone.
 */
export function promiseFindings(
  series: Series,
  claims: readonly Claim[],
  scenarios: readonly Scenario[],
  results: readonly (readonly ScenarioResult[])[],
): Finding[] {
  const findings: Finding[] = [];
  // What the base broke in the same way is no answer to what this series promises.
  const before = new Set(
    brokenOf(results[0] ?? [], 0, scenarios).map((broken) => `${breakageKey(broken)}|${broken.violation.message}`),
  );
  for (const claim of claims) {
    const promise = PROMISES[claim.kind];
    const patch = patchOf(series, claim.message);
    if (promise === undefined || (patch === 0 && claim.message !== series.cover) || !isPromise(claim)) continue;
    const prefix = patch === 0 ? series.patches.length : series.patches.findIndex((p) => p.index === patch) + 1;
    const stages = promise.stages ? stagesOf(claim.text) : null;
    // Once the device is closed or the domain is freed, what is still mapped was not unmapped by then.
    const beforeFree =
      promise.stages &&
      /\bbefore\b.*\bdomains?\b.*\b(?:free[ds]?|go(?:es)?|gone|destroyed)\b|\bclos(?:e[ds]?|ing)\b/i.test(claim.text);
    const brokenAt = (k: number): Broken[] =>
      (beforeFree ? freedFirst(results[k] ?? [], k) : []).concat(
        brokenOf(results[k] ?? [], k, scenarios).filter(
          (broken) =>
            promise.invariants.includes(broken.invariant) &&
            broken.trace.injected === null &&
            (stages === null || broken.stage === null || stages.has(broken.stage)) &&
            !before.has(`${breakageKey(broken)}|${broken.violation.message}`),
        ),
      );
    // What no stage reaches at the patch itself is judged where the series ends.
    const broken = brokenAt(prefix)[0] ?? brokenAt(series.patches.length)[0];
    if (broken === undefined) continue;
    let fixedBy: number | null = null;
    for (let k = broken.prefix + 1; k < results.length && fixedBy === null; k++)
      if (brokenAt(k).length === 0) fixedBy = k;
    const message = series.patches[broken.prefix - 1]?.message ?? -1;
    const { place, event } = blameOf(broken.trace, broken.violation, message);
    const at = spanOf(place);
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
      related:
        at === null
          ? []
          : [{ at, patch: patchOf(series, at.message), message: event?.text ?? broken.violation.message }],
      why: [{ text: `understood as: ${promise.means}`, reference: null }, ...broken.violation.why],
      state: null,
      trace: broken.trace.id,
      introducedBy: patch === 0 ? broken.prefix : patch,
      fixedBy,
      evidence: 'prose',
    });
  }
  return findings.filter(
    (finding) => finding.patch !== 0 || !findings.some((other) => other.patch !== 0 && sameBreakage(finding, other)),
  );
}

/** The cover letter sums the patches up: what one of them already promised and broke in the same way is said once, there. */
function sameBreakage(a: Finding, b: Finding): boolean {
  return a.message === b.message && a.trace === b.trace;
}
