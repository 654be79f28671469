/** The order of a trace as the panel walks it: which events are shown, where invariants break, what comes next. */
import type { Trace, TraceEvent, Violation } from '../scenario/types';

/** A call that changed nothing and stands on no line of the series says little: it hides until it is asked for. */
export function isQuiet(event: TraceEvent): boolean {
  return event.kind === 'call' && event.changes.length === 0 && event.at?.kind !== 'message';
}

/** Indexes of the shown events, ascending. The current one and those that break an invariant are always among them. */
export function shownEvents(trace: Trace, calls: boolean, current: number): number[] {
  const broken = new Set(trace.violations.map(({ event }) => event));
  return trace.events
    .filter((event) => calls || !isQuiet(event) || event.index === current || broken.has(event.index))
    .map(({ index }) => index);
}

/** The violations that an event breaks or tells. */
export function violationsAt(trace: Trace, index: number): readonly Violation[] {
  const event = trace.events[index];
  if (event === undefined) return [];
  return trace.violations.filter(
    (violation) =>
      violation.event === index ||
      (event.kind === 'violation' && event.text === `${violation.invariant}: ${violation.message}`),
  );
}

/** An index within the trace; 0 when it has no event. */
export function clampEvent(trace: Trace, index: number): number {
  return Math.max(0, Math.min(Number.isFinite(index) ? Math.trunc(index) : 0, trace.events.length - 1));
}

/** The shown event `by` places on from the current one, ending at the first and the last. */
export function stepFrom(shown: readonly number[], current: number, by: number): number {
  const at = shown.findIndex((index) => index >= current);
  const from = at < 0 ? shown.length - 1 : at;
  return shown[Math.max(0, Math.min(shown.length - 1, from + by))] ?? current;
}

/** The next event that breaks an invariant, going round; null when none does. */
export function nextBroken(trace: Trace, current: number): number | null {
  const events = trace.violations.map(({ event }) => event).sort((a, b) => a - b);
  return events.find((event) => event > current) ?? events[0] ?? null;
}

/** The hardware event whose write an event shows: itself, or for a violation the one that broke the invariant. */
export function hardwareEventOf(trace: Trace, index: number): TraceEvent | null {
  const event = trace.events[index];
  if (event === undefined) return null;
  if (event.kind === 'hardware') return event;
  if (event.kind !== 'violation') return null;
  for (const violation of violationsAt(trace, index)) {
    const cause = trace.events[violation.event];
    if (cause?.kind === 'hardware') return cause;
  }
  return null;
}
