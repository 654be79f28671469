/**
 * Takes down the events of one run. Changes that an event does not name itself are found by comparing states when the step ends, so
 * that a trace always leads from its first state to its last.
 */
import type { Host, Recorder } from '../host/host';
import type { FlatState } from './state';
import { difference } from './state';
import type { StateChange, TraceEvent } from './types';

export interface Recording {
  readonly recorder: Recorder;
  readonly events: readonly TraceEvent[];
  /** The state when the last step ended. */
  state(): FlatState;
  /** Must be called once, before the first event. */
  begin(host: Host): FlatState;
  enter(step: number): void;
  /** Ends a step: gives the changes that no event of it named to its last event. */
  settle(host: Host): void;
}

export function recording(): Recording {
  const events: TraceEvent[] = [];
  let state: FlatState = {};
  let step = -1;
  let settled = 0;
  return {
    recorder: {
      event(event) {
        events.push({
          index: events.length,
          step,
          actor: event.actor,
          kind: event.kind,
          text: event.text,
          at: event.at,
          function: event.function,
          changes: event.changes ?? [],
          windowDelta: event.windowDelta ?? 0,
        });
        return events.length - 1;
      },
    },
    events,
    state: () => state,
    begin(host) {
      state = host.state();
      return state;
    },
    enter(index) {
      step = index;
    },
    settle(host) {
      const now = host.state();
      const told = new Map<string, string | number | null>();
      for (let i = settled; i < events.length; i++)
        for (const change of events[i]?.changes ?? []) told.set(change.path, change.after);
      const missing = untold(state, now, told);
      const last = events[events.length - 1];
      if (missing.length > 0 && last !== undefined) {
        const named = new Map(last.changes.map((change) => [change.path, change]));
        for (const change of missing)
          named.set(change.path, { ...change, before: named.get(change.path)?.before ?? change.before });
        const changes = [...named.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
        events[events.length - 1] = { ...last, changes };
      }
      settled = events.length;
      state = now;
    },
  };
}

/** What differs between two states and was not, or not rightly, told by the events between them. */
function untold(before: FlatState, now: FlatState, told: ReadonlyMap<string, string | number | null>): StateChange[] {
  const missing: StateChange[] = [];
  for (const change of difference(before, now)) {
    const after = told.get(change.path);
    if (after === undefined) missing.push(change);
    else if (after !== change.after) missing.push({ ...change, before: after });
  }
  for (const [path, after] of told) {
    const is = now[path] ?? null;
    if (after !== is && is === (before[path] ?? null)) missing.push({ path, before: after, after: is });
  }
  return missing;
}
