/**
 * What became of a promise in a series with code: held against the runs of its own patches, or against the patches behind it. In: a claim of the
 * cover letter or of a commit message. Out: a verdict, or null where the series says nothing and the model is asked instead.
 */
import type { Claim } from '../prose/types';
import type { InvariantId, Scenario, ScenarioResult, Trace } from '../scenario/types';
import type { Series } from '../series/types';
import { PROMISE_NOT_KEPT } from './catalog';
import type { Tried } from './claim-trials/types';
import { takenUp } from './described/later-patch';
import type { DescribedInput } from './described/types';
import { promisedInvariants } from './promises';
import { patchOf } from './spans';
import type { Finding } from './types';

export interface Kept {
  readonly series: Series;
  readonly described: DescribedInput;
  readonly findings: readonly Finding[];
  readonly scenarios: readonly Scenario[];
  /** `results[k]` are the runs after k patches. */
  readonly results: readonly (readonly ScenarioResult[])[];
}

const names = (results: readonly ScenarioResult[]): string => {
  const all = [...new Set(results.map((result) => result.scenario))];
  return `${all.slice(0, 4).join(', ')}${all.length > 4 ? ` and ${all.length - 4} more` : ''}`;
};

const runs = (results: readonly ScenarioResult[]): readonly string[] =>
  results.map((result) => `${result.scenario} on ${result.machine}`);

const answer = (
  verdict: Tried['verdict'],
  message: string,
  tried: readonly string[],
  trace: Trace | null = null,
): Tried => ({
  verdict,
  message,
  tried,
  trace,
  reference: null,
});

/** Runs after k patches of scenarios that watch one of the invariants. */
function watching({ scenarios, results }: Kept, prefix: number, invariants: readonly InvariantId[]): ScenarioResult[] {
  const ids = new Set(scenarios.filter((one) => one.watch.some((id) => invariants.includes(id))).map((one) => one.id));
  return (results[prefix] ?? []).filter((result) => ids.has(result.scenario) && result.verdict !== 'n/a');
}

function byInvariants(kept: Kept, prefix: number, invariants: readonly InvariantId[]): Tried | null {
  const all = watching(kept, prefix, invariants);
  if (all.length === 0) return null;
  const open = all.filter((result) => result.verdict !== 'holds');
  return open.length === 0
    ? answer('confirmed', `After the patch ${invariants.join(' and ')} hold in ${names(all)}.`, runs(all))
    : answer(
        'undecided',
        `${open.length} of ${all.length} runs that watch ${invariants.join(' and ')} do not hold for another reason, or cannot be decided: ${open[0]?.reason ?? open[0]?.traces[0]?.violations[0]?.message ?? open[0]?.verdict ?? ''}.`,
        runs(all),
      );
}

/** “No functional change”: does any run end otherwise after the patch than before it? */
function sameBehaviour(kept: Kept, prefix: number): Tried | null {
  const before = kept.results[prefix - 1] ?? [];
  const after = kept.results[prefix] ?? [];
  if (prefix < 1 || after.length === 0) return null;
  const changed = after.filter((now) =>
    before.some((was) => was.scenario === now.scenario && was.machine === now.machine && was.verdict !== now.verdict),
  );
  const first = changed[0];
  return first === undefined
    ? answer('confirmed', `No verdict of ${after.length} runs changes with the patch.`, runs(after))
    : answer(
        'contradicted',
        `${first.scenario} on ${first.machine} is ${first.verdict} after the patch and was ${before.find((was) => was.scenario === first.scenario && was.machine === first.machine)?.verdict ?? 'not run'} before it.`,
        runs(changed),
        first.traces[0] ?? null,
      );
}

/** What the plain run of a vector's life shows after a patch, for claims of what the series itself brings. */
const SHOWN: Readonly<Record<string, RegExp>> = {
  'doorbell-mapped': /\bmap IOVA 0x[0-9a-f]+ → (?!.*\bRAM\b)/,
  'window-registered': /\bregister the MSI window\b/,
  'address-rewritten': /\baddress ← 0x[0-9a-f]+ \((?!.*does not map)/,
};

function shown({ results }: Kept, prefix: number, kind: string): Tried | null {
  const words = SHOWN[kind];
  const own = (results[prefix] ?? []).filter((result) => result.scenario === 'own-interrupt');
  if (words === undefined || own.length === 0) return null;
  for (const result of own) {
    const trace = result.traces[0] ?? null;
    const event = trace?.events.find((one) => words.test(one.text));
    if (event !== undefined)
      return answer(
        'confirmed',
        `After the patch, in ${result.scenario} on ${result.machine} (${result.verdict}): ${event.text.replace(/^host: /, '')}.`,
        [`${result.scenario} on ${result.machine}`],
        trace,
      );
  }
  return answer(
    'undecided',
    `After the patch no run of own-interrupt does it yet.`,
    runs(own),
    own[0]?.traces[0] ?? null,
  );
}

/** The broken promise that another mail of the series makes in the same way: it is told once, and no less broken here. */
function brokenElsewhere({ findings, described }: Kept, claim: Claim): Finding | undefined {
  return findings.find(
    (finding) =>
      finding.rule === PROMISE_NOT_KEPT.id &&
      finding.patch !== 0 &&
      finding.fixedBy === null &&
      described.claims.some(
        (one) => one.kind === claim.kind && one.message === finding.at.message && one.at.line === finding.at.line,
      ),
  );
}

/** The verdict of one claim by its own series; null: nothing of it was run, or the claim promises nothing. */
export function promiseVerdict(kept: Kept, claim: Claim): Tried | null {
  const { series, findings, described } = kept;
  const patch = patchOf(series, claim.message);
  if (series.patches.length === 0 || claim.depth > 0 || (patch === 0 && claim.message !== series.cover)) return null;
  const broken = findings.find(
    (finding) =>
      finding.rule === PROMISE_NOT_KEPT.id && finding.at.message === claim.message && finding.at.line === claim.at.line,
  );
  const invariants = promisedInvariants(claim);
  const elsewhere = patch === 0 && invariants.length > 0 ? brokenElsewhere(kept, claim) : undefined;
  if (broken === undefined && elsewhere !== undefined)
    return answer('contradicted', elsewhere.message, elsewhere.trace === null ? [] : [elsewhere.trace]);
  if (broken !== undefined && invariants.length > 0)
    return answer('contradicted', broken.message, broken.trace === null ? [] : [broken.trace]);
  const taken = takenUp(described, claim);
  if (taken !== null)
    return taken.patch === null
      ? answer('contradicted', `No later patch of the series names ${taken.names.join(', ')}.`, ['the patches behind'])
      : answer(
          'confirmed',
          `Patch ${series.patches[taken.patch]?.index ?? taken.patch + 1} takes up ${taken.names.join(', ')}.`,
          ['the patches behind'],
        );
  const prefix = patch === 0 ? series.patches.length : series.patches.findIndex((one) => one.index === patch) + 1;
  if (claim.kind === 'no-functional-change') return patch === 0 ? null : sameBehaviour(kept, prefix);
  if (invariants.length === 0) return shown(kept, prefix, claim.kind);
  return byInvariants(kept, prefix, invariants);
}
