/** Traces for the panel's tests: a real run, and a small one by hand. */
import { builtInScenarios } from '../../../src/scenario/library';
import { runScenario } from '../../../src/scenario/run';
import type { StateChange, Trace, TraceEvent } from '../../../src/scenario/types';
import { setOf } from '../host/support';

/** The first trace of a built-in scenario on a design and machine. */
export async function runOf(scenario: string, design: string, machine: string): Promise<Trace> {
  const found = builtInScenarios().find(({ id }) => id === scenario)!;
  const results = runScenario(found, await setOf(design), { machines: [machine] });
  return results[0]!.traces[0]!;
}

type Told = Partial<TraceEvent> & { readonly text: string };

/** `path: value` before and after, as an event's change. */
export const change = (path: string, before: StateChange['before'], after: StateChange['after']): StateChange => ({
  path,
  before,
  after,
});

/** A trace by hand; each event is a step of its own unless it says otherwise. */
export function traceOf(initial: Trace['initial'], events: readonly Told[], more: Partial<Trace> = {}): Trace {
  return {
    id: 'by-hand/machine/design+0',
    scenario: 'by-hand',
    machine: 'machine',
    design: 'design',
    prefix: 0,
    initial,
    events: events.map((event, index) => ({
      index,
      step: index,
      actor: 'host',
      kind: 'effect',
      at: null,
      function: null,
      changes: [],
      windowDelta: 0,
      ...event,
    })),
    violations: [],
    windows: [],
    undecided: [],
    injected: null,
    ...more,
  };
}

/** A machine with so many devices, each in a domain of its own with one vector, when `busy`; else none of them does anything. */
export function crowd(count: number, busy: boolean): Trace {
  const initial: Record<string, string | number> = {
    'controllers/v2m0/kind': 'gicv2m',
    'controllers/v2m0/base': 0x8020000,
    'controllers/v2m0/size': 0x1000,
  };
  for (let i = 0; i < count; i++) {
    const id = `${(i >> 8).toString(16).padStart(2, '0')}:${((i >> 3) & 31).toString(16).padStart(2, '0')}.${i & 7}`;
    initial[`devices/${id}/name`] = `dev${i}`;
    initial[`devices/${id}/agent`] = 'host';
    if (!busy) continue;
    initial[`devices/${id}/domain`] = i;
    initial[`devices/${id}/vectors/0/address`] = 0x8000040;
    initial[`domains/${i}/agent`] = 'host';
    initial[`domains/${i}/maps/0x8000000`] = '0x8020000+0x1000 v2m0';
    initial[`interrupts/spi:${80 + i}/owner`] = 'host';
  }
  return traceOf(initial, [{ text: 'nothing' }]);
}
