/**
 * The flat state of a trace: one value per path, so that a difference is a list and the panel can be rebuilt at any event.
 *
 * Paths (names and ids contain no slash; addresses are lower-case hex with 0x):
 *   agents/NAME/kind                          host | guest
 *   devices/RID/name, agent, alias, domain    RID as bb:dd.f
 *   devices/RID/vectors/N/address, data, enabled, masked, handler
 *   domains/ID/agent, iommu
 *   domains/ID/maps/IOVA                      PHYSICAL+SIZE TARGET     TARGET: RAM or a controller's name
 *   windows/AGENT/base, size, granule
 *   windows/AGENT/pages/IOVA                  name of the doorbell mapped there, or "allocated"
 *   controllers/NAME/kind, base, size
 *   interrupts/KEY/owner, pending             KEY: spi:84, lpi:8192, cpu1:0x23
 *   memory/NAME/base, size
 */
import type { StateChange } from './types';

export type FlatState = Readonly<Record<string, string | number>>;

/** What has to change to come from one state to another, sorted by path. */
export function difference(before: FlatState, after: FlatState): StateChange[] {
  const changes: StateChange[] = [];
  if (before === after) return changes;
  for (const path of Object.keys(before)) {
    const now = after[path];
    const was = before[path] as string | number;
    if (now === undefined) changes.push({ path, before: was, after: null });
    else if (now !== was) changes.push({ path, before: was, after: now });
  }
  for (const path of Object.keys(after))
    if (before[path] === undefined) changes.push({ path, before: null, after: after[path] as string | number });
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** The state after the first `count` events of a trace. */
export function stateAfter(
  initial: FlatState,
  events: readonly { readonly changes: readonly StateChange[] }[],
  count: number,
): Record<string, string | number> {
  const state: Record<string, string | number> = { ...initial };
  for (const event of events.slice(0, count))
    for (const change of event.changes) {
      if (change.after === null) delete state[change.path];
      else state[change.path] = change.after;
    }
  return state;
}

/** `01:10.0` of 0x180. */
export function requesterName(requesterId: number): string {
  const hex = (n: number) => n.toString(16).padStart(2, '0');
  return `${hex(requesterId >> 8)}:${hex((requesterId >> 3) & 31)}.${requesterId & 7}`;
}
