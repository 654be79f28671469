import type { MessagePlace, Place } from '../place';
import type { ScenarioResult, Trace, TraceEvent, Violation } from '../scenario/types';

/** One broken invariant of one run, with the line of the series to point at. */
export interface Broken {
  readonly invariant: Violation['invariant'];
  readonly scenario: string;
  readonly machine: string;
  readonly prefix: number;
  readonly violation: Violation;
  readonly trace: Trace;
  /** The line to blame; null when no line of the series took part. */
  readonly blame: MessagePlace | null;
  readonly event: TraceEvent | null;
}

const added = (place: Place | null | undefined): place is MessagePlace => place?.kind === 'message' && place.added;

/** Same breakage in another run: equal but for the values. */
export function breakageKey(broken: Broken): string {
  return [broken.invariant, broken.scenario, broken.machine, broken.trace.injected ?? '', broken.violation.message.replace(/0x[0-9a-f]+|\d+/gi, '#')].join('|');
}

/**
 * The line to blame: the first cause that the series itself added, else the event that broke the invariant, else any line
 * of the series among the causes (context lines too). Null when only the base's own lines took part.
 */
export function blameOf(trace: Trace, violation: Violation): { readonly place: MessagePlace | null; readonly event: TraceEvent | null } {
  const chain = [...violation.causes, violation.event].map(i => trace.events[i]).filter(event => event !== undefined);
  const first = chain.find(event => added(event.at));
  if (first !== undefined && first.at?.kind === 'message') return { place: first.at, event: first };
  const context = chain.find(event => event.at?.kind === 'message');
  if (context?.at?.kind === 'message') return { place: context.at, event: context };
  return { place: null, event: trace.events[violation.event] ?? null };
}

/** All broken invariants of the results of one prefix. */
export function brokenOf(results: readonly ScenarioResult[], prefix: number): Broken[] {
  return results.flatMap(result =>
    result.verdict !== 'violated'
      ? []
      : result.traces.flatMap(trace =>
          trace.violations.map(violation => {
            const { place, event } = blameOf(trace, violation);
            return { invariant: violation.invariant, scenario: result.scenario, machine: result.machine, prefix, violation, trace, blame: place, event };
          }),
        ),
  );
}
