import type { Amended } from '../code/bodies';
import { type Era, stepsOf } from '../kernel/stages';
import type { ScenarioResult, Stage } from '../scenario/types';
import type { Series } from '../series/types';
import { wasGivenUp } from './rules/explore';
import { spanOf } from './spans';
import type { FunctionCoverage, StageLine } from './types';

/** Why a function that is known was not executed: nothing was tried, or no scenario's stage enters it. */
function unreached(results: readonly ScenarioResult[]): string {
  return results.length === 0 ? 'no scenario was run on this series' : 'no stage of the scenarios tried enters it';
}

/** What a blob shows in full, scenarios execute as the design has it. */
const IN_SHORT = 'executed as its hunks laid over the design';

/** A rule on paths spent its budget on it. */
const GIVEN_UP = 'more ways lead through it than the rules on paths follow';

/** Function by function, patch by patch: how much of it is known, whether it was executed, and why not; asked after the rules. */
export function coverageOf(
  series: Series,
  amended: readonly Amended[],
  results: readonly (readonly ScenarioResult[])[],
): FunctionCoverage[] {
  return amended.slice(1).flatMap((now, i) => {
    const executed = new Set((results[i + 1] ?? []).flatMap((result) => [...result.executed]));
    return now.touched.flatMap((touched) => {
      const at = spanOf(touched.at);
      if (at === null || touched.removed) return [];
      const ran = executed.has(touched.name) && touched.modelled !== null && touched.modelled !== 'fragment';
      const inShort = ran && touched.evidence === 'full' && touched.modelled === 'spliced' ? IN_SHORT : null;
      const givenUp = touched.program !== null && wasGivenUp(touched.program) ? GIVEN_UP : null;
      return [
        {
          patch: series.patches[i]?.index ?? 0,
          file: touched.file,
          function: touched.name,
          evidence: touched.evidence,
          source: touched.source,
          executed: ran,
          reason: givenUp ?? touched.reason ?? (ran ? inShort : unreached(results[i + 1] ?? [])),
          at,
        },
      ];
    });
  });
}

/** Which lines of the patches are which step of the path through the layers (one per function touched and stage). */
export function stageLines(series: Series, amended: readonly Amended[], era: Era): StageLine[] {
  return amended.slice(1).flatMap((now, i) =>
    now.touched.flatMap((touched) => {
      const at = spanOf(touched.at);
      const step = stepsOf(touched.name, era, true)[0];
      if (at === null || step === undefined) return [];
      return [
        {
          at,
          patch: series.patches[i]?.index ?? 0,
          stage: step.path.stage as Stage,
          function: touched.name,
          step: step.step,
          steps: step.steps,
          does: step.does,
        },
      ];
    }),
  );
}
