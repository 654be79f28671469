/** The window as a map of pages: what each page holds, and which pages nobody will give back. */
import { type FlatState, stateAfter } from '../scenario/state';
import type { Trace } from '../scenario/types';

export interface WindowMap {
  readonly agent: string;
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  readonly granule: number;
  /** Pages in the window. */
  readonly pages: number;
  readonly used: readonly WindowPage[];
}

export interface WindowPage {
  readonly iova: number;
  /** Place in the window, from 0. */
  readonly index: number;
  /** Name of the doorbell, or `allocated`. */
  readonly doorbell: string;
  readonly leaked: boolean;
}

/** The windows of a state, in the order of its paths. `leaked` holds `AGENT/IOVA` of pages that are not given back. */
export function windowMaps(state: FlatState, leaked: ReadonlySet<string>): WindowMap[] {
  const agents = new Set<string>();
  for (const path of Object.keys(state)) if (path.startsWith('windows/')) agents.add(path.split('/')[1] ?? '');
  return [...agents].map((agent) => {
    const number = (key: string): number => Number(state[`windows/${agent}/${key}`] ?? 0);
    const base = number('base');
    const size = number('size');
    const granule = number('granule') || 4096;
    const prefix = `windows/${agent}/pages/`;
    const used = Object.entries(state)
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, doorbell]): WindowPage => {
        const iova = Number(path.slice(prefix.length));
        return {
          iova,
          index: Math.floor((iova - base) / granule),
          doorbell: String(doorbell),
          leaked: leaked.has(`${agent}/${path.slice(prefix.length)}`),
        };
      })
      .sort((a, b) => a.iova - b.iova);
    return { agent, base, size, granule, pages: Math.max(0, Math.floor(size / granule)), used };
  });
}

/** IOVA pages (`AGENT/IOVA`) that vectors of the agents' devices point into. */
function pointedAt(state: FlatState): Set<string> {
  const pages = new Map<string, { granule: number; pages: { iova: number; name: string }[] }>();
  const addresses = new Map<string, number[]>();
  for (const [path, value] of Object.entries(state)) {
    const [kind, name = '', third, fourth = '', fifth] = path.split('/');
    if (kind === 'windows' && third === 'pages') {
      const known = pages.get(name) ?? { granule: Number(state[`windows/${name}/granule`] ?? 4096), pages: [] };
      known.pages.push({ iova: Number(fourth), name: fourth });
      pages.set(name, known);
    }
    if (kind === 'devices' && third === 'vectors' && fifth === 'address') {
      const agent = String(state[`devices/${name}/agent`] ?? '');
      addresses.set(agent, [...(addresses.get(agent) ?? []), Number(value)]);
    }
  }
  const found = new Set<string>();
  for (const [agent, window] of pages)
    for (const page of window.pages)
      if ((addresses.get(agent) ?? []).some((at) => at >= page.iova && at < page.iova + window.granule))
        found.add(`${agent}/${page.name}`);
  return found;
}

/**
 * For each event, the pages (`AGENT/IOVA`) that are not given back: from the end of the step in which the last vector left
 * them (or that took them for no vector) until the end of the trace, the page stays and nothing uses it.
 */
export function leakedPages(trace: Trace): readonly ReadonlySet<string>[] {
  const count = trace.events.length;
  const none: ReadonlySet<string> = new Set();
  const since = new Map<string, number>();
  const state: Record<string, string | number> = stateAfter(trace.initial, [], 0);
  trace.events.forEach((event, index) => {
    for (const change of event.changes)
      if (change.after === null) delete state[change.path];
      else state[change.path] = change.after;
    if (trace.events[index + 1]?.step === event.step) return;
    const inUse = pointedAt(state);
    const here = new Set<string>();
    for (const path of Object.keys(state)) {
      const [kind, agent = '', third, iova = ''] = path.split('/');
      if (kind === 'windows' && third === 'pages') here.add(`${agent}/${iova}`);
    }
    for (const page of since.keys()) if (!here.has(page) || inUse.has(page)) since.delete(page);
    for (const page of here) if (!inUse.has(page) && !since.has(page)) since.set(page, index);
  });
  if (since.size === 0) return trace.events.map(() => none);
  const marks = [...since].sort((a, b) => a[1] - b[1]);
  const sets: ReadonlySet<string>[] = [];
  let now: ReadonlySet<string> = none;
  let next = 0;
  for (let index = 0; index < count; index++) {
    while (next < marks.length && (marks[next]?.[1] ?? count) <= index) {
      now = new Set([...now, marks[next]?.[0] ?? '']);
      next += 1;
    }
    sets.push(now);
  }
  return sets;
}
