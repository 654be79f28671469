import { remembered } from '../code/remembered';
import type { ScenarioResult, Trace } from '../scenario/types';
import { spanOf } from './spans';
import type { WindowReport } from './types';

const PAGE = /^windows\/[^/]+\/pages\//;
const isPage = (path: string): boolean => path.startsWith('windows/') && PAGE.test(path);

/** Which doorbell each page of a window comes to hold in a run: a page is taken first and mapped then. */
function doorbellsOf(events: Trace['events']): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const event of events)
    for (const change of event.changes)
      if (isPage(change.path) && typeof change.after === 'string' && change.after !== 'allocated')
        names.set(change.path, change.after);
  return names;
}

/** Pages in use after each event that moved the window, at the lines of the series that did it. */
const movesOf = remembered((all: Trace['events']): readonly Omit<WindowReport['events'][number], 'total'>[] => {
  const names = doorbellsOf(all);
  const held = new Set<string>();
  const events: Omit<WindowReport['events'][number], 'total'>[] = [];
  let used = 0;
  for (const event of all) {
    for (const change of event.changes) {
      if (!isPage(change.path)) continue;
      if (change.after === null) held.delete(change.path);
      else held.add(change.path);
    }
    if (event.windowDelta === 0) continue;
    used += event.windowDelta;
    const at = spanOf(event.at);
    if (at !== null)
      events.push({
        at,
        delta: event.windowDelta,
        used,
        doorbells: [...held].flatMap((path) => names.get(path) ?? []),
      });
  }
  return events;
});

/**
 * Window usage of the runs of one prefix: one report per scenario, machine and agent's window, from the run in which
 * nothing was made to fail. Runs without a window give none.
 */
export function windowReports(results: readonly ScenarioResult[], prefix: number): WindowReport[] {
  return results.flatMap((result) => {
    const trace = result.traces.find((t) => t.injected === null) ?? result.traces[0];
    if (trace === undefined) return [];
    return trace.windows.slice(0, 1).map((window) => ({
      scenario: result.scenario,
      machine: result.machine,
      patch: prefix,
      base: window.base,
      size: window.size,
      granule: window.granule,
      pagesUsed: window.pagesUsed,
      pagesNeeded: window.pagesNeeded,
      events: movesOf(trace.events).map(({ at, delta, used, doorbells }) => ({
        at,
        delta,
        used,
        total: Math.floor(window.size / window.granule),
        doorbells,
      })),
    }));
  });
}
