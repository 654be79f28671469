/**
 * Takes down the events of one run. Changes that an event does not name itself are found by comparing states when the step ends, so
 * that a trace always leads from its first state to its last.
 */
import type { Host, Recorder } from '../host/host';
import type { FlatState } from './state';
import { difference } from './state';
import type { TraceEvent } from './types';

export interface Recording {
  readonly recorder: Recorder;
  readonly events: readonly TraceEvent[];
  /** The state at the last event, as the changes of the events make it. */
  state(): FlatState;
  /** Must be called once, before the first event. */
  begin(host: Host): FlatState;
  enter(step: number): void;
  /** Gives the changes that no event of the step named to its last event. */
  settle(host: Host): void;
}

export function recording(): Recording {
  const events: TraceEvent[] = [];
  let state: Record<string, string | number> = {};
  let step = -1;
  return {
    recorder: {
      event(event) {
        const changes = event.changes ?? [];
        for (const change of changes)
          if (change.after === null) delete state[change.path];
          else state[change.path] = change.after;
        events.push({
          index: events.length,
          step,
          actor: event.actor,
          kind: event.kind,
          text: event.text,
          at: event.at,
          function: event.function,
          changes,
          windowDelta: event.windowDelta ?? 0,
        });
        return events.length - 1;
      },
    },
    events,
    state: () => ({ ...state }),
    begin(host) {
      state = { ...host.state() };
      return { ...state };
    },
    enter(index) {
      step = index;
    },
    settle(host) {
      const now = host.state();
      const missing = difference(state, now);
      const last = events[events.length - 1];
      if (missing.length === 0 || last === undefined) return;
      const named = new Map(last.changes.map((change) => [change.path, change]));
      for (const change of missing)
        named.set(change.path, {
          path: change.path,
          before: named.get(change.path)?.before ?? change.before,
          after: change.after,
        });
      events[events.length - 1] = {
        ...last,
        changes: [...named.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
      };
      state = { ...now };
    },
  };
}
