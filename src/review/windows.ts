import type { ScenarioResult, Trace } from '../scenario/types';
import { spanOf } from './spans';
import type { WindowReport } from './types';

/** Pages in use after each event that moved the window, at the lines of the series that did it. */
function usageEvents(trace: Trace, total: number): WindowReport['events'] {
  const events: WindowReport['events'][number][] = [];
  let used = 0;
  const doorbells: string[] = [];
  for (const event of trace.events) {
    for (const change of event.changes) {
      if (!/^windows\/[^/]+\/pages\//.test(change.path)) continue;
      if (typeof change.before === 'string' && change.before !== 'allocated') doorbells.splice(doorbells.indexOf(change.before) >>> 0, 1);
      if (typeof change.after === 'string' && change.after !== 'allocated') doorbells.push(change.after);
    }
    if (event.windowDelta === 0) continue;
    used += event.windowDelta;
    const at = spanOf(event.at);
    if (at !== null) events.push({ at, delta: event.windowDelta, used, total, doorbells: [...doorbells] });
  }
  return events;
}

/**
 * Window usage of the runs of one prefix: one report per scenario, machine and agent's window, from the run in which
 * nothing was made to fail. Runs without a window give none.
 */
export function windowReports(results: readonly ScenarioResult[], prefix: number): WindowReport[] {
  return results.flatMap(result => {
    const trace = result.traces.find(t => t.injected === null) ?? result.traces[0];
    if (trace === undefined) return [];
    return trace.windows.slice(0, 1).map(window => ({
      scenario: result.scenario,
      machine: result.machine,
      patch: prefix,
      base: window.base,
      size: window.size,
      granule: window.granule,
      pagesUsed: window.pagesUsed,
      pagesNeeded: window.pagesNeeded,
      events: usageEvents(trace, Math.floor(window.size / window.granule)),
    }));
  });
}
