import { describe, expect, test } from 'vitest';
import type { Expression, Program, Structure } from '../../../src/code/types';
import { fieldType } from '../../../src/host/layout';
import { keyFor } from '../../../src/host/names';
import type { ProgramSet } from '../../../src/host/types';
import { isWritten } from '../../../src/host/writers';
import { type KeptRuns, keptRun } from '../../../src/review/kept-runs';
import type { Scenario, ScenarioResult } from '../../../src/scenario/types';
import { bareProgram } from './bare-program';

const number = (value: number): Expression => ({ kind: 'number', value, text: String(value) });

function set(of: {
  readonly programs?: readonly Program[];
  readonly structures?: readonly Structure[];
  readonly constants?: Readonly<Record<string, Expression>>;
}): ProgramSet {
  return {
    name: 'v4.5',
    programs: new Map((of.programs ?? []).map((one) => [one.name, one])),
    tables: new Map(),
    structures: new Map((of.structures ?? []).map((one) => [one.name, one])),
    constants: new Map(Object.entries(of.constants ?? {})),
    globals: new Map(),
  };
}

const scenario = (failEach: boolean): Scenario =>
  ({ id: 'own', steps: [{ stage: 'enable', agent: 'Guest A', failEach }] }) as unknown as Scenario;

const outcome: ScenarioResult = {
  scenario: 'own',
  machine: 'm',
  verdict: 'holds',
  reason: null,
  traces: [],
  executed: new Set(),
};

/** How often a run is made, one set after the other, each after one patch more. */
function made(sets: readonly ProgramSet[], reads: (set: ProgramSet) => void, from = 1, failEach = false): number {
  const kept: KeptRuns = new Map();
  let runs = 0;
  for (const [i, one] of sets.entries())
    keptRun(kept, 'k', scenario(failEach), one, from + i, (watched) => {
      runs++;
      reads(watched);
      return outcome;
    });
  return runs;
}

describe('a kept run', () => {
  test('is taken again where all that it asked has the same answer by value', () => {
    const asks = (of: ProgramSet): void => {
      of.programs.get('vfio_open');
    };
    const open = set({ programs: [bareProgram('vfio_open', 1)] });
    expect(made([open, set({ programs: [bareProgram('vfio_open', 1), bareProgram('other', 9)] })], asks)).toBe(1);
    expect(made([open, set({ programs: [bareProgram('vfio_open', 2)] })], asks)).toBe(2);
    expect(made([open, set({})], asks)).toBe(2);
  });

  test('does not stand when a name it looked for in vain is there now', () => {
    const asks = (of: ProgramSet): void => {
      of.constants.get('VFIO_NEW');
    };
    expect(made([set({}), set({ constants: { OTHER: number(1) } })], asks)).toBe(1);
    expect(made([set({}), set({ constants: { VFIO_NEW: number(1) } })], asks)).toBe(2);
  });

  test('that asked only whether a program is there does not mind what it does', () => {
    const asks = (of: ProgramSet): void => {
      of.programs.has('vfio_open');
    };
    const sets = [1, 2].map((line) => set({ programs: [bareProgram('vfio_open', line)] }));
    expect(made(sets, asks)).toBe(1);
    expect(made([...sets, set({})], asks)).toBe(2);
  });

  test('that asked whether anything sets a field minds that answer, not the programs it came from', () => {
    const asks = (of: ProgramSet): void => {
      isWritten(of, 'vfio_group', 'container');
    };
    const setting = (name: string, field: string): Program => ({
      ...bareProgram(name, 1),
      nodes: [
        {
          kind: 'do',
          expression: {
            kind: 'assign',
            operator: '=',
            target: { kind: 'field', base: { kind: 'name', name: 'group' }, field, arrow: true },
            value: number(1),
            at: bareProgram(name, 1).at,
          },
          next: -1,
          at: bareProgram(name, 1).at,
        },
      ],
      entry: 0,
    });
    const none = set({ programs: [bareProgram('vfio_open', 1)] });
    const other = set({ programs: [bareProgram('vfio_open', 2), setting('vfio_use', 'opened')] });
    const one = set({ programs: [bareProgram('vfio_open', 1), setting('vfio_use', 'container')] });
    expect(made([none, other], asks)).toBe(1);
    expect(made([none, one], asks)).toBe(2);
    // Two runs on one set: what the first one asked is asked by the second as well.
    const kept: KeptRuns = new Map();
    let runs = 0;
    const run = (key: string, of: ProgramSet) =>
      keptRun(kept, key, scenario(false), of, 1, (watched) => {
        runs++;
        asks(watched);
        return outcome;
      });
    run('a', none);
    run('b', none);
    run('b', one);
    expect(runs).toBe(3);
  });

  test('is not compared again for a set that answered alike', () => {
    let asked = 0;
    class Counting extends Map<string, Program> {
      override get(name: string): Program | undefined {
        asked++;
        return super.get(name);
      }
    }
    const kept: KeptRuns = new Map();
    const asks = (of: ProgramSet): ScenarioResult => {
      of.programs.get('vfio_open');
      return outcome;
    };
    keptRun(kept, 'k', scenario(false), set({ programs: [bareProgram('vfio_open', 1)] }), 1, asks);
    const alike = { ...set({}), programs: new Counting([['vfio_open', bareProgram('vfio_open', 1)]]) };
    keptRun(kept, 'k', scenario(false), alike, 2, asks);
    expect(asked).toBe(1);
    keptRun(kept, 'k', scenario(false), alike, 2, asks);
    expect(asked).toBe(1);
  });

  test('that went through a whole map holds for that map alone', () => {
    const asks = (of: ProgramSet): void => {
      for (const _ of of.structures) break;
    };
    expect(made([set({}), set({})], asks)).toBe(2);
  });

  test('minds a new flag by which a window may be registered', () => {
    const none = (): void => {};
    expect(made([set({}), set({ constants: { VFIO_DMA_MAP_FLAG_READ: number(1) } })], none)).toBe(1);
    expect(made([set({}), set({ constants: { VFIO_DMA_MAP_FLAG_MSI: number(4) } })], none)).toBe(2);
  });

  test('minds that two files define a name it came across, and no other', () => {
    const twice: ProgramSet = { ...set({}), programs: new Map([['a.c:probe', bareProgram('probe', 1)]]) };
    const uses = (name: string) => (of: ProgramSet) => void keyFor(of, name, 'b.c');
    expect(made([set({}), twice], uses('probe'))).toBe(2);
    expect(made([set({}), twice], uses('remove'))).toBe(1);
  });

  test('minds the types of the fields it asked for, not what else a structure has', () => {
    const at = bareProgram('', 1).at;
    const device = (...fields: readonly (readonly [string, string])[]): Structure => ({
      name: 'vfio_device',
      fields: fields.map(([name, type]) => ({ name, type, at })),
      at,
    });
    const asks = (of: ProgramSet) => void fieldType(of, 'struct vfio_device *', 'dev');
    const before = set({ structures: [device(['dev', 'struct device *'])] });
    const more = set({ structures: [device(['refs', 'int'], ['dev', 'struct device *'])] });
    expect(made([before, more], asks)).toBe(1);
    expect(made([before, set({ structures: [device(['dev', 'struct pci_dev *'])] })], asks)).toBe(2);
    expect(made([before, set({})], asks)).toBe(2);
    expect(made([set({}), more], asks)).toBe(2);
    const whole = (of: ProgramSet) => void of.structures.get('vfio_device');
    expect(made([before, more], whole)).toBe(2);
  });

  test('of the base is none of a patch where calls are made to fail by the scenario', () => {
    const none = (): void => {};
    expect(made([set({}), set({})], none, 0)).toBe(1);
    expect(made([set({}), set({})], none, 0, true)).toBe(2);
  });
});
