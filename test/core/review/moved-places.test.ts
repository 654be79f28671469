import { describe, expect, test } from 'vitest';
import type { Program, ProgramNode } from '../../../src/code/types';
import type { ProgramSet } from '../../../src/host/types';
import type { MessagePlace } from '../../../src/place';
import { type KeptRuns, keptRun } from '../../../src/review/kept-runs';
import type { Scenario, ScenarioResult } from '../../../src/scenario/types';

const place = (message: number, line: number, column = 0, added = true): MessagePlace => ({
  kind: 'message',
  message,
  line,
  column,
  endLine: line,
  endColumn: column + 4,
  added,
});

/** A function of a patch whose statements are calls at these places. */
function patched(name: string, ...places: readonly MessagePlace[]): Program {
  const head = places[0] ?? place(0, 1);
  return {
    name,
    file: 'drivers/vfio/vfio.c',
    parameters: [],
    returns: 'int',
    static: false,
    nodes: places.map(
      (at, i): ProgramNode => ({ kind: 'do', expression: { kind: 'name', name: 'call' }, next: i + 1, at }),
    ),
    entry: 0,
    evidence: 'full',
    source: 'patch',
    at: head,
    end: head,
  };
}

const setOf = (...programs: readonly Program[]): ProgramSet => ({
  name: 'v4.5',
  programs: new Map(programs.map((one) => [one.name, one])),
  tables: new Map(),
  structures: new Map(),
  constants: new Map(),
  globals: new Map(),
});

const scenario = { id: 'own', steps: [] } as unknown as Scenario;

/** A run tells of each statement of the functions it enters, and of one place of its own where that is given. */
function told(set: ProgramSet, names: readonly string[], also: readonly MessagePlace[]): ScenarioResult {
  const places = [...names.flatMap((name) => set.programs.get(name)?.nodes.map((node) => node.at) ?? []), ...also];
  const events = [null, ...places].map((at, index) => ({
    index,
    step: 0,
    actor: 'host',
    kind: 'effect' as const,
    text: '',
    at,
    function: null,
    changes: [],
    windowDelta: 0,
  }));
  const trace = {
    id: 'own/m/v4.5+1',
    scenario: 'own',
    machine: 'm',
    design: 'v4.5',
    prefix: 1,
    initial: {},
    events,
    violations: [],
    windows: [],
    undecided: [],
    injected: null,
  };
  return { scenario: 'own', machine: 'm', verdict: 'holds', reason: null, traces: [trace], executed: new Set(names) };
}

/** Runs on the sets one after the other: how many runs were made, and where the events of the last result stand. */
function made(sets: readonly ProgramSet[], names: readonly string[] = ['f'], also: readonly MessagePlace[] = []) {
  const kept: KeptRuns = new Map();
  let runs = 0;
  let last: ScenarioResult | undefined;
  for (const set of sets)
    last = keptRun(kept, 'k', scenario, set, 1, (watched) => {
      runs++;
      return told(watched, names, also);
    });
  return { runs, places: last?.traces[0]?.events.map((event) => event.at) };
}

describe('a run on functions that stand elsewhere now', () => {
  const first = setOf(patched('f', place(1, 10), place(1, 11)));

  test('is taken over, and tells of the new places', () => {
    const moved = [place(2, 30), place(2, 31, 8)];
    expect(made([first, setOf(patched('f', ...moved))])).toEqual({ runs: 1, places: [null, ...moved] });
  });

  test('is taken over again from what was taken over, and from the first', () => {
    const third = [place(3, 50), place(3, 51)];
    const sets = [first, setOf(patched('f', place(2, 30), place(2, 31))), setOf(patched('f', ...third))];
    expect(made(sets)).toEqual({ runs: 1, places: [null, ...third] });
    expect(made([...sets, first])).toEqual({ runs: 1, places: [null, place(1, 10), place(1, 11)] });
  });

  test('is made anew where a line is no longer one that the patch adds', () => {
    const context = [place(2, 30), place(2, 31, 0, false)];
    expect(made([first, setOf(patched('f', ...context))])).toEqual({ runs: 2, places: [null, ...context] });
  });

  test('is made anew where statements share a line that did not, or no longer do', () => {
    const shared = setOf(patched('f', place(2, 30), place(2, 30, 8)));
    expect(made([first, shared]).runs).toBe(2);
    expect(made([shared, first]).runs).toBe(2);
  });

  test('is made anew where only one of two functions moved onto the lines of the other', () => {
    const both = setOf(patched('f', place(1, 10)), patched('g', place(1, 20)));
    const met = setOf(patched('f', place(1, 20)), patched('g', place(1, 20)));
    expect(made([both, met], ['f', 'g']).runs).toBe(2);
    const apart = setOf(patched('f', place(1, 12)), patched('g', place(1, 20)));
    expect(made([both, apart], ['f', 'g'])).toEqual({ runs: 1, places: [null, place(1, 12), place(1, 20)] });
  });

  test('is made anew where it tells of a place that nothing it asked for explains', () => {
    expect(made([first, setOf(patched('f', place(2, 30), place(2, 31)))], ['f'], [place(1, 99)]).runs).toBe(2);
  });
});
