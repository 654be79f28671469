import type { Claim } from '../../prose/types';
import type { ScenarioResult, Trace } from '../../scenario/types';

/**
 * What trying a claim gave. `confirmed` and `contradicted`: the model or the series bears it out, or does the opposite. `undecided`: it was tried and
 * cannot be told. `answered`: an open question or doubt, with the answer. `design fact`: what a host design does, shown by running it; the source of
 * the claim is prose alone. `note`: nothing to decide, something to know. `untried`: understood, and nothing in reach tries it.
 */
export type ClaimVerdict = 'confirmed' | 'contradicted' | 'undecided' | 'answered' | 'design fact' | 'note' | 'untried';

export interface Tried {
  readonly verdict: ClaimVerdict;
  /** One or two sentences with values, for a reviewer. */
  readonly message: string;
  /** What was run: presets, `scenario on machine, design NAME`, searches; empty when nothing was. */
  readonly tried: readonly string[];
  /** The run that shows it, or null. */
  readonly trace: Trace | null;
  /** Manual or kernel document, or null. */
  readonly reference: string | null;
}

/** A claim with what became of it. */
export interface TriedClaim extends Claim {
  readonly verdict: ClaimVerdict;
  readonly tried: readonly string[];
  readonly finding: string;
  /** Id into `Review.traces`, or null. */
  readonly trace: string | null;
  readonly reference: string | null;
}

/** Runs a built-in scenario on a built-in design without a patch; null when one of the three is not there. Answers are kept. */
export type RunDesign = (scenario: string, machine: string, design: string) => ScenarioResult | null;

/** How a kind of claim is tried; null: nothing to try in it. */
export type ClaimTrial = (claim: Claim, run: RunDesign) => Tried | null;
