/**
 * Which events made a state possible: the search for the line to blame, backwards through the changes of a trace.
 * All functions give the index of an event, or null when no event of this run did it (it was so from the start).
 */

import { requesterName } from './state';
import type { TraceEvent } from './types';
import { hex } from './view';

function lastChange(
  events: readonly TraceEvent[],
  upTo: number,
  wanted: (path: string, after: string | number | null) => boolean,
): number | null {
  for (let i = Math.min(upTo, events.length - 1); i >= 0; i--)
    if (events[i]?.changes.some((change) => wanted(change.path, change.after)) === true) return i;
  return null;
}

/** The mapping of the page at `iova` (bytes, granule aligned) into a domain. */
export function mappedBy(events: readonly TraceEvent[], domain: number, iova: number, upTo = Infinity): number | null {
  const path = `domains/${domain}/maps/${hex(iova)}`;
  return lastChange(events, upTo, (one, after) => one === path && after !== null);
}

/** The unmapping of the page at `iova`. */
export function unmappedBy(
  events: readonly TraceEvent[],
  domain: number,
  iova: number,
  upTo = Infinity,
): number | null {
  const path = `domains/${domain}/maps/${hex(iova)}`;
  return lastChange(events, upTo, (one, after) => one === path && after === null);
}

/** The last write of a vector's address (of its data, where the address never changed). */
export function programmedBy(
  events: readonly TraceEvent[],
  requesterId: number,
  index: number,
  upTo = Infinity,
): number | null {
  const path = `devices/${requesterName(requesterId)}/vectors/${index}`;
  const wrote = (what: string): number | null =>
    lastChange(events, upTo, (one, after) => one === `${path}/${what}` && after !== null);
  return wrote('address') ?? wrote('data');
}

/** The event that made a page of an agent's window `allocated` (or mapped). */
export function allocatedBy(
  events: readonly TraceEvent[],
  agent: string,
  iova: number,
  upTo = Infinity,
): number | null {
  const path = `windows/${agent}/pages/${hex(iova)}`;
  for (let i = Math.min(upTo, events.length - 1); i >= 0; i--)
    if (
      events[i]?.changes.some((change) => change.path === path && change.before === null && change.after !== null) ===
      true
    )
      return i;
  return null;
}

/** The event that made a path what it is now. */
export function changedBy(events: readonly TraceEvent[], path: string, upTo = Infinity): number | null {
  return lastChange(events, upTo, (one) => one === path);
}

/** The last event of a stretch that stands on a line: where a step gave its answer. */
export function answeredAt(events: readonly TraceEvent[], from: number, to: number): number | null {
  for (let i = Math.min(to, events.length - 1); i >= from; i--) if (events[i]?.at !== null) return i;
  return null;
}

/**
 * The calls that led to an event, innermost first. A `call` event names the function entered in its text and the caller as its function;
 * the search stays within the event's step.
 */
export function callersOf(events: readonly TraceEvent[], index: number): number[] {
  const chain: number[] = [];
  const from = events[index];
  let inside = from?.function ?? null;
  for (let i = index - 1; i >= 0 && inside !== null; i--) {
    const event = events[i];
    if (event === undefined || event.step !== from?.step) break;
    if (event.kind !== 'call' || event.text !== `${inside}()`) continue;
    chain.push(i);
    inside = event.function === inside ? null : event.function;
  }
  return chain;
}

/**
 * Where the innermost function that was under way when `acquired` happened gave its error: it had to undo. Null when no such return was
 * told, or only that of the stage's entry, which has the callers' view.
 */
export function failedAfter(events: readonly TraceEvent[], acquired: number | null, to: number): number | null {
  if (acquired === null) return null;
  const under = new Set<string>();
  for (const caller of callersOf(events, acquired)) {
    const event = events[caller];
    if (event !== undefined && event.text !== `${event.function}()`) under.add(event.text);
  }
  const entered = new Map<string, number>();
  for (let i = acquired + 1; i <= to; i++) {
    const event = events[i];
    if (event?.kind === 'call') entered.set(event.text, (entered.get(event.text) ?? 0) + 1);
    if (event?.kind !== 'return') continue;
    const name = `${event.function}()`;
    const again = entered.get(name) ?? 0;
    if (again > 0) entered.set(name, again - 1);
    else if (under.has(name) && event.text.includes('returns -')) return i;
  }
  return null;
}

/** Without the nulls and repetitions, in the order given: the most blamed first. */
export function causes(...events: readonly (number | null | undefined)[]): number[] {
  return [...new Set(events.filter((event): event is number => typeof event === 'number' && event >= 0))];
}
