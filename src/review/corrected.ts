/** A review with the user's corrections in force: facts and choices before it, dismissals behind it. */
import { withFacts } from '../kernel/primitives';
import type { Series } from '../series/types';
import { type Corrections, correctionsOf, dismiss, problemDamage } from './corrections';
import type { ReviewOptions } from './review';
import type { Review } from './types';

/** Does the review with what the corrections choose; `work` must not be asynchronous. */
export function reviewCorrected(
  series: Series,
  options: ReviewOptions,
  work: (options: ReviewOptions, facts: Corrections['facts']) => Review,
): Review {
  const texts = options.corrections ?? [];
  if (texts.length === 0) return work(options, []);
  const corrections = correctionsOf(texts);
  const design = options.design ?? corrections.design;
  const machines = options.machines ?? corrections.machines;
  const alone = texts.every((one) => one.alone);
  const early = options.early;
  // A dismissal that meets nothing yet may meet what the runs find.
  const earlyCorrected = (review: Review): void => {
    const { findings, dismissed, facts } = dismiss(series, review.findings, corrections, alone);
    early?.({ ...review, findings, corrections: { dismissed, facts, problems: [] } });
  };
  const chosen = {
    ...options,
    ...(design === null ? {} : { design }),
    ...(machines === null ? {} : { machines }),
    ...(early === undefined ? {} : { early: earlyCorrected }),
  };
  const review = withFacts(corrections.facts, () => work(chosen, corrections.facts));
  const { findings, dismissed, facts, problems } = dismiss(series, review.findings, corrections, alone);
  return {
    ...review,
    findings,
    corrections: { dismissed, facts, problems },
    damage: [...review.damage, ...problemDamage(problems)],
  };
}
