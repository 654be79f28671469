/**
 * The way of one write through the machine: from its agent to the interrupt, or to where it was stopped. In: the sentence of a
 * hardware event (`scenario/narrate.ts` writes it) and the state it happened in. Out: nodes and links, by id.
 */
import type { FlatState } from '../scenario/state';
import type { Cast } from './cast';
import { memoryIdOf } from './cast';
import { interruptKeyOf, mappingOf } from './names';

export interface Way {
  /** Requester id of the writer. */
  readonly requesterId: string;
  readonly address: number;
  readonly data: number;
  /** Ids of the nodes, in the order the write meets them. */
  readonly nodes: readonly string[];
  /** `FROM>TO`, one for each pair of neighbours. */
  readonly links: readonly string[];
  /** IOVA of the mapping it goes through, as the state's path writes it; null when the domain has none there. */
  readonly mapping: string | null;
  /** Why it ends where it does; null when it arrived. */
  readonly stopped: string | null;
}

/** `FROM>TO`. */
export function linkId(from: string, to: string): string {
  return `${from}>${to}`;
}

/** The mapping of a domain that covers an IOVA, by the path's own spelling. */
export function mappingAt(state: FlatState, domain: string, address: number): string | null {
  const prefix = `domains/${domain}/maps/`;
  for (const [path, value] of Object.entries(state)) {
    if (!path.startsWith(prefix)) continue;
    const iova = path.slice(prefix.length);
    const map = mappingOf(iova, value);
    if (map !== null && address >= map.iova && address < map.iova + map.size) return iova;
  }
  return null;
}

/** @returns null when the sentence speaks of no write */
export function wayOf(text: string, state: FlatState, cast: Cast): Way | null {
  const match = /^([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) writes (0x[0-9a-f]+) to (0x[0-9a-f]+) → (.+)$/.exec(text);
  if (match === null) return null;
  const [, requesterId = '', data = '', address = '', end = ''] = match;
  const device = `device/${requesterId}`;
  const agent = state[`devices/${requesterId}/agent`];
  const domain = state[`devices/${requesterId}/domain`];
  const nodes = [...(agent === undefined ? [] : [`agent/${agent}`]), device];
  if (domain !== undefined) nodes.push(`domain/${domain}`);

  const controllers = new Set(cast.targets.filter(({ kind }) => kind !== null).map(({ name }) => name));
  const raised = /^(.+) via (\S+)$/.exec(end);
  const key = raised === null ? null : interruptKeyOf(raised[1] ?? '');
  const memory = /^(?:memory|nothing) at (0x[0-9a-f]+)/.exec(end);
  const refused = /^(?:fault 0x[0-9a-f]+ of|dropped by) ([^:\s]+): (.+)$/.exec(end);
  let stopped: string | null = null;
  if (raised !== null && key !== null) {
    // A remapping unit stands between the domain and the controller that raises the interrupt.
    const via = raised[2] ?? '';
    const by = controllers.has(via) ? via : cast.interrupts.find((one) => one.key === key)?.controller;
    if (by !== undefined && by !== null) nodes.push(`controller/${by}`);
    nodes.push(`interrupt/${key}`);
  } else if (memory !== null) {
    const region = memoryIdOf(cast, Number(memory[1]));
    if (region !== null) nodes.push(region);
    if (end.startsWith('nothing')) stopped = end;
  } else {
    const unit = refused?.[1] ?? '';
    if (controllers.has(unit)) nodes.push(`controller/${unit}`);
    stopped = refused?.[2] ?? end;
  }
  return {
    requesterId,
    address: Number(address),
    data: Number(data),
    nodes,
    links: nodes.slice(1).map((to, index) => linkId(nodes[index] ?? '', to)),
    mapping: domain === undefined ? null : mappingAt(state, String(domain), Number(address)),
    stopped,
  };
}
