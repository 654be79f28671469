/**
 * The review: joins series, programs, scenarios and claims. In: a `Series`. Out: a `Review`, the one thing that editor, reports
 * and command line read. Knows neither VS Code nor Node.
 */

import type { Amended } from '../code/bodies';
import type { FrontEnd } from '../code/front-end';
import type { Blobs } from '../code/whole-file';
import type { ProgramSet } from '../host/types';
import { machinePresets } from '../machine/presets';
import type { Change } from '../patch/types';
import type { MessagePlace, Place } from '../place';
import { builtInScenario, builtInScenarios } from '../scenario/library';
import type { Scenario, ScenarioResult, Trace } from '../scenario/types';
import type { Series } from '../series/types';
import { breakageFindings, shorten } from './breakage';
import { select, TRIED_BY_ITSELF } from './choose';
import type { RunDesign } from './claim-trials/types';
import { reviewCorrected } from './corrected';
import type { Corrections, CorrectionsText } from './corrections';
import { coverageOf, stageLines } from './coverage';
import { describedFindings, describedInput } from './described';
import { pathEra } from './era';
import { joined } from './joined';
import { hitsBrought, hitsStanding, type KeptReading, keptReading, prefixes } from './kept-reading';
import { isOwn, patchFindings } from './patch-findings';
import { baseOf, changesOf, type PreparedDesigns } from './prefixes';
import { promiseVerdict } from './promise-verdicts';
import { promiseFindings } from './promises';
import { designRunner, saidIn, tryClaims } from './said';
import { seriesFindings } from './series-rules';
import { hunkLineAt, patchOf, spanOf } from './spans';
import { type TrialStore, trialStore, trials } from './trials';
import type { Choice, Finding, MatrixCell, Review, WantedRun } from './types';
import { type Broken, brokenOf } from './violations';
import { windowReports } from './windows';

export interface ReviewOptions {
  /** Instead of what the evidence chooses. */
  readonly design?: string;
  /** Preset ids. */
  readonly machines?: readonly string[];
  /** Scenario ids; all built-in ones when absent. */
  readonly scenarios?: readonly string[];
  /** Answers to `blobsNamed(series)` from the user's checkouts; absent or null: none was named. */
  readonly blobs?: Blobs;
  /** Runs whose traces are kept beside those that something names. `prefix`: patches applied; 0 is the base. */
  readonly keep?: readonly WantedRun[];
  /** Corrections files of the user. */
  readonly corrections?: readonly CorrectionsText[];
  /** Called once before scenarios run, with all that the patches alone show: no runs, windows or tried claims yet. */
  readonly early?: (review: Review) => void;
  readonly signal?: { readonly aborted: boolean };
}

export interface Reviewer {
  /** Never throws on what a series says. An aborted review gives what was found until then. */
  review(series: Series, options?: ReviewOptions): Review;
}

/** What a reviewer keeps: it does not depend on a series. */
interface Kept {
  readonly frontEnd: FrontEnd;
  /** Read when a series first needs it. */
  readonly library: () => readonly Scenario[];
  /** A design made ready to be amended; null: no design, the patches alone. */
  readonly base: (design: string | null) => Amended;
  readonly store: TrialStore;
  readonly reading: KeptReading;
  /** Runs a design as it is, for what a text says of it. */
  readonly onDesign: RunDesign;
}

/**
 * A reviewer keeps parsed designs and their runs without a patch from one series to the next. `prepared` gives designs that
 * were read when the product was built.
 */
export function createReviewer(
  frontEnd: FrontEnd,
  prepared: PreparedDesigns = () => null,
  library: () => readonly Scenario[] = builtInScenarios,
): Reviewer {
  const bases = new Map<string, Amended>();
  const base = (design: string | null): Amended => {
    const known = bases.get(design ?? '') ?? baseOf(design, frontEnd, prepared);
    bases.set(design ?? '', known);
    return known;
  };
  const sets = new Map<string, ProgramSet>();
  const setOf = (design: string): ProgramSet => {
    const known = sets.get(design) ?? bases.get(design)?.set ?? prepared(design) ?? base(design).set;
    sets.set(design, known);
    return known;
  };
  const store = trialStore();
  const onDesign = designRunner(builtInScenario, setOf, store);
  const kept: Kept = { frontEnd, library, base, store, reading: keptReading(), onDesign };
  /** What is kept with facts of the user is kept apart: it holds for those facts only. */
  let special: { readonly facts: string; readonly kept: Kept } | null = null;
  const keptWith = (facts: Corrections['facts']): Kept => {
    if (facts.length === 0) return kept;
    const key = JSON.stringify(facts.map(({ at: _, reason: __, ...fact }) => fact));
    if (special?.facts !== key)
      special = { facts: key, kept: { ...kept, store: trialStore(), reading: keptReading() } };
    return special.kept;
  };
  return {
    review: (series, options = {}) =>
      reviewCorrected(series, options, (chosen, facts) => review(keptWith(facts), series, chosen)),
  };
}

function review(
  { frontEnd, library, base: baseFor, store, reading, onDesign }: Kept,
  series: Series,
  options: ReviewOptions,
): Review {
  const changes = changesOf(series);
  const evidence = select(series, changes, machinePresets);
  const design = options.design ?? evidence.design;
  const choices = evidence.choices.map(
    (choice): Choice =>
      choice.what === 'design' && options.design !== undefined
        ? {
            what: 'design',
            value: options.design,
            because: `asked for; the evidence says ${choice.value}: ${choice.because}`,
          }
        : choice,
  );
  const selection = {
    ...evidence,
    machines: options.machines === undefined ? evidence.machines : new Set(options.machines),
  };
  const base = baseFor(design);
  const amended = prefixes(reading, base, series, changes, frontEnd, options.blobs ?? null);
  const { claims: allClaims, unmapped } = saidIn(series, changes);
  const described = describedInput(series, changes, allClaims);
  const read = [
    ...pathFindings(series, changes, amended, reading),
    ...patchFindings(series, changes, amended, reading),
    ...seriesFindings(series, changes),
    ...describedFindings(described),
  ];
  const known = {
    series,
    changes,
    unmapped,
    stages: stageLines(series, amended, pathEra(design)),
    choices,
    damage: [...series.damage, ...changes.flatMap((change) => change.damage), ...amended.flatMap((now) => now.damage)],
  };
  options.early?.({
    ...known,
    findings: [...read].sort(inOrder),
    claims: [],
    windows: [],
    matrix: [],
    coverage: coverageOf(series, amended, []),
    traces: {},
  });

  const touchesDesign = amended
    .slice(1)
    .some(
      (now) => now.touched.some((touched) => base.set.programs.has(touched.name)) || now.set.tables !== base.set.tables,
    );
  const scenarios =
    design === null || !touchesDesign
      ? []
      : library().filter((scenario) => options.scenarios?.includes(scenario.id) ?? TRIED_BY_ITSELF.has(scenario.id));
  const results = touchesDesign
    ? trials(amended, scenarios, selection, store, options.signal)
    : amended.map((): ScenarioResult[] => []);

  const broken = results.map((now, prefix) => brokenOf(now, prefix, scenarios));
  const fallback = (one: Broken): MessagePlace | null =>
    touchedAndExecuted(amended[one.prefix], results[one.prefix] ?? [], one);
  const heldOnBase = new Set(
    (results[0] ?? [])
      .filter((result) => result.verdict === 'holds')
      .map((result) => `${result.scenario}|${result.machine}`),
  );
  const held = (one: Broken) => heldOnBase.has(`${one.scenario}|${one.machine}`);
  const unsafe = new Set(scenarios.filter((scenario) => scenario.unsafeInterrupts).map((scenario) => scenario.id));
  const accepted = (one: Broken) => one.invariant === 'I1' && unsafe.has(one.scenario);
  const findings = [
    ...breakageFindings(series, changes, broken, held, accepted, fallback, (place) => functionAt(amended, place)),
    ...promiseFindings(series, allClaims, scenarios, results),
    ...read,
  ].sort(inOrder);

  const traces: Record<string, Trace> = {};
  const cells: MatrixCell[] = [];
  for (const [prefix, now] of results.entries())
    for (const result of now) {
      const trace = result.traces[0] ?? null;
      const wanted = options.keep?.some(
        (one) => one.scenario === result.scenario && one.machine === result.machine && one.prefix === prefix,
      );
      // Kept: what findings show, every run after the last patch, and what was asked for.
      for (const one of result.traces)
        if (
          wanted === true ||
          findings.some((finding) => finding.trace === one.id) ||
          (one === trace && prefix === results.length - 1)
        )
          traces[one.id] = one;
      cells.push({
        scenario: result.scenario,
        machine: result.machine,
        prefix,
        verdict: result.verdict,
        reason: result.reason ?? trace?.violations[0]?.message ?? null,
        trace: trace !== null && traces[trace.id] !== undefined ? trace.id : null,
      });
    }

  const tried = tryClaims(allClaims, onDesign, (claim) =>
    promiseVerdict({ series, described, findings, scenarios, results }, claim),
  );
  for (const trace of tried.traces) traces[trace.id] ??= trace;

  return {
    ...known,
    findings,
    claims: tried.claims,
    windows: results.flatMap((now, prefix) => windowReports(now, prefix)),
    matrix: cells,
    coverage: coverageOf(series, amended, results),
    traces,
  };
}

function inOrder(a: Finding, b: Finding): number {
  return a.patch - b.patch || a.at.line - b.at.line;
}

/** The function a line of a patch belongs to, as far as some patch touches it there. */
function functionAt(amended: readonly Amended[], place: MessagePlace): string | null {
  for (const { touched } of amended)
    for (const { at, name } of touched)
      if (at.kind === 'message' && at.message === place.message && at.line <= place.line && place.line <= at.endLine)
        return name;
  return null;
}

/** The first line by which the breakage's patch touches a function that its run executed: where to point when no line took part itself. */
function touchedAndExecuted(
  now: Amended | undefined,
  results: readonly ScenarioResult[],
  broken: Broken,
): MessagePlace | null {
  const executed = results.find(
    (result) => result.scenario === broken.scenario && result.machine === broken.machine,
  )?.executed;
  const touched = now?.touched.find((one) => executed?.has(one.name) && one.at.kind === 'message');
  return touched?.at.kind === 'message' ? touched.at : null;
}

function pathFindings(
  series: Series,
  changes: readonly Change[],
  amended: readonly Amended[],
  kept: KeptReading,
): Finding[] {
  const open = new Map<string, number>();
  const findings: Finding[] = [];
  /** By index of the finding. */
  const causes: (Place | null)[] = [];
  for (const [prefix, now] of amended.entries()) {
    if (prefix === 0) continue;
    for (const touched of now.touched) {
      const before = `${touched.file}:${touched.name}|`;
      const hits = hitsBrought(kept, touched, now);
      /** All that the rules say of the function as it is now, asked when an earlier patch was told of something in it. */
      let said: ReadonlySet<string> | null = null;
      // What an earlier patch of the series brought and this one's version of the function no longer has is repaired by it.
      for (const [key, index] of open)
        if (key.startsWith(before) && touched.evidence !== 'fragment') {
          said ??= new Set(hitsStanding(kept, touched, now).map((hit) => `${before}${hit.rule.id}|${hit.message}`));
          const still = said.has(key);
          const finding = findings[index];
          if (!still && finding !== undefined) {
            findings[index] = { ...finding, fixedBy: series.patches[prefix - 1]?.index ?? prefix, severity: 'info' };
            open.delete(key);
          }
        }
      // What an earlier patch was told of and nobody repaired since is not said again of a later one.
      const told = new Set(open.keys());
      for (const hit of hits) {
        if (told.has(`${before}${hit.rule.id}|${hit.message}`)) continue;
        const at = spanOf(hit.at) ?? hit.related.map((one) => spanOf(one.at)).find((span) => span !== null) ?? null;
        const own = changes[prefix - 1];
        if (at === null || (own !== undefined && !isOwn(hit, own))) continue;
        const patch = patchOf(series, at.message);
        const where = hunkLineAt(changes[series.patches.findIndex((p) => p.index === patch)], at.line);
        open.set(`${before}${hit.rule.id}|${hit.message}`, findings.length);
        causes.push(hit.cause ?? null);
        findings.push({
          id: `${hit.rule.id}:${patch}:${at.line}`,
          rule: hit.rule.id,
          title: hit.rule.title,
          class: hit.rule.class,
          severity: hit.rule.severity,
          message: hit.message,
          short: shorten(hit.message),
          patch,
          file: touched.file,
          function: touched.name,
          fileLine: where?.hunkLine.newLine ?? null,
          at,
          related: hit.related.flatMap((one) => {
            const span = spanOf(one.at);
            return span === null ? [] : [{ at: span, patch: patchOf(series, span.message), message: one.message }];
          }),
          why: hit.why,
          state: null,
          trace: null,
          introducedBy: series.patches[prefix - 1]?.index ?? prefix,
          fixedBy: null,
          evidence: touched.evidence,
        });
      }
    }
  }
  return joined(findings.map((finding, index) => ({ finding, cause: causes[index] ?? null })));
}
