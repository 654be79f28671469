import type { MessagePlace, Place } from '../place';
import type { Scenario, ScenarioResult, Stage, Trace, TraceEvent, Violation } from '../scenario/types';

/** One broken invariant of one run, as it was found after `prefix` patches. */
export interface Broken {
  readonly invariant: Violation['invariant'];
  readonly scenario: string;
  readonly machine: string;
  readonly prefix: number;
  readonly violation: Violation;
  readonly trace: Trace;
  /** The stage at whose end it came to light. */
  readonly stage: Stage | null;
}

const added = (place: Place | null | undefined): place is MessagePlace => place?.kind === 'message' && place.added;

/**
 * Is it something left behind: at the end of a device's use, or by a call that failed? A page that stays taken (I7) and a
 * doorbell that stays mapped (I2) are then one breakage: which of the two is seen depends on what the code does at that prefix.
 */
export function isLeftBehind({ invariant, stage, trace, violation }: Broken): boolean {
  return (
    (invariant === 'I2' || invariant === 'I7') &&
    (stage !== 'enable' || trace.injected !== null || violation.onError === true)
  );
}

/** Same breakage in another run: equal but for the values. */
export function breakageKey(broken: Broken): string {
  const what = isLeftBehind(broken)
    ? 'left behind'
    : `${broken.invariant}|${broken.violation.message.replace(/0x[0-9a-f]+|\d+/gi, '#')}`;
  return [broken.scenario, broken.machine, broken.trace.injected ?? '', what].join('|');
}

/** Broken by something that was not done: the line to blame is one that should have done it, not one that did its part. */
const BY_ABSENCE: ReadonlySet<Violation['invariant']> = new Set(['I2', 'I7', 'I11']);

/** A door that is open to others: the line to blame is the one that opens it. */
const BY_MAPPING: ReadonlySet<Violation['invariant']> = new Set(['I1', 'I4']);

/**
 * What should have undone it: the last event on an added line in the step in which the violation came to light, or in a step
 * that its causes name (the disable after which the door was tried). `message`: only lines of this patch; null: of any.
 */
function undoing(trace: Trace, violation: Violation, message: number | null): TraceEvent | undefined {
  const steps = [violation.event, ...violation.causes].map((i) => trace.events[i]?.step ?? -1);
  // Steps before the thing was done cannot undo it: the first cause is the doing.
  const done = trace.events[violation.causes[0] ?? violation.event]?.step ?? -1;
  const later = new Set(steps.filter((step) => step > done));
  return trace.events.findLast(
    (event) => later.has(event.step) && added(event.at) && (message === null || event.at.message === message),
  );
}

/**
 * The line to blame, best first. `message` is the patch with which the breakage came.
 * What was not undone at the end of use: the last line of that patch in the step that should have undone it.
 * What opens the door to others: the mapping itself, whichever patch added it.
 * Else a cause that the patch added, the innermost first; then one that any patch added, then any line of the series among the causes.
 * Null when only the base's own lines took part.
 */
export function blameOf(
  trace: Trace,
  violation: Violation,
  message: number,
): { readonly place: MessagePlace | null; readonly event: TraceEvent | null } {
  const chain = [...violation.causes, violation.event]
    .map((i) => trace.events[i])
    .filter((event) => event !== undefined);
  const ofPatch = chain.find((event) => added(event.at) && event.at.message === message);
  const undone =
    BY_ABSENCE.has(violation.invariant) && violation.onError !== true && trace.injected === null
      ? (undoing(trace, violation, message) ?? undoing(trace, violation, null))
      : undefined;
  const best =
    undone ??
    (BY_MAPPING.has(violation.invariant) ? undefined : ofPatch) ??
    chain.find((event) => added(event.at)) ??
    chain.find((event) => event.at?.kind === 'message');
  if (best?.at?.kind === 'message') return { place: best.at, event: best };
  return { place: null, event: trace.events[violation.event] ?? null };
}

/** All broken invariants of the results of one prefix. `scenarios` tells the stages of the steps. */
export function brokenOf(results: readonly ScenarioResult[], prefix: number, scenarios: readonly Scenario[]): Broken[] {
  return results.flatMap((result) => {
    if (result.verdict !== 'violated') return [];
    const steps = scenarios.find((scenario) => scenario.id === result.scenario)?.steps ?? [];
    return result.traces.flatMap((trace) =>
      trace.violations.map((violation) => ({
        invariant: violation.invariant,
        scenario: result.scenario,
        machine: result.machine,
        prefix,
        violation,
        trace,
        stage: steps[trace.events[violation.event]?.step ?? -1]?.stage ?? null,
      })),
    );
  });
}
