/**
 * The decisions of one run: replayed from a plan as far as it goes, by default beyond it, and taken down so that the walk over the
 * variants can go on from here. A test on an unknown value is false by default: in `if (ret)`, `if (!p)`, `if (IS_ERR(p))` that is success.
 */
import type { Chooser } from '../host/host';
import type { Place } from '../place';

/** A call that may fail, reached in a step that asks for failures. `nth` counts the times this call was reached in the run, from 0. */
export interface FailPoint {
  readonly step: number;
  readonly primitive: string;
  readonly nth: number;
  readonly at: Place;
}

export interface Plan {
  readonly decisions: readonly boolean[];
  /** The one call to fail; null for none. */
  readonly inject: FailPoint | null;
}

export const PLAIN: Plan = { decisions: [], inject: null };

export interface Decision {
  readonly question: string;
  readonly at: Place;
  readonly outcome: boolean;
  readonly step: number;
}

export interface Replay {
  readonly chooser: Chooser;
  readonly decisions: readonly Decision[];
  readonly failPoints: readonly FailPoint[];
  /** Was the planned failure reached? */
  injected(): boolean;
  /** Tells which step runs now, and whether its calls are candidates for failing. */
  enter(step: number, failEach: boolean): void;
}

const ENOMEM = -12;

/**
 * What a primitive gives when it fails for want of resources: `-ENOMEM`. The interpreter turns it into NULL or an error pointer
 * where that is what the primitive returns.
 */
export const FAILURE = ENOMEM;

export function samePlace(a: Place, b: Place): boolean {
  if (a.kind === 'message')
    return b.kind === 'message' && a.message === b.message && a.line === b.line && a.column === b.column;
  return b.kind === a.kind && a.file === b.file && a.line === b.line;
}

export function replay(plan: Plan): Replay {
  const decisions: Decision[] = [];
  const failPoints: FailPoint[] = [];
  let step = -1;
  let failing = false;
  let injected = false;
  return {
    chooser: {
      decide(question, at) {
        const outcome = plan.decisions[decisions.length] ?? false;
        decisions.push({ question, at, outcome, step });
        return outcome;
      },
      fail(primitive, at) {
        if (!failing) return null;
        const nth = failPoints.filter(
          (one) => one.step === step && one.primitive === primitive && samePlace(one.at, at),
        ).length;
        failPoints.push({ step, primitive, nth, at });
        const wanted = plan.inject;
        if (
          wanted === null ||
          injected ||
          wanted.step !== step ||
          wanted.primitive !== primitive ||
          wanted.nth !== nth ||
          !samePlace(wanted.at, at)
        )
          return null;
        injected = true;
        return FAILURE;
      },
    },
    decisions,
    failPoints,
    injected: () => injected,
    enter(index, failEach) {
      step = index;
      failing = failEach;
    },
  };
}
