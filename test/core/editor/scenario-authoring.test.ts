import { describe, expect, test } from 'vitest';
import { explorationText } from '../../../src/editor/exploration-text';
import { draftOf } from '../../../src/editor/scenario-draft';
import { gapsOf } from '../../../src/editor/scenario-gaps';
import type { DesignRun } from '../../../src/protocol';
import { builtInScenarios } from '../../../src/scenario/library';
import { parseScenario } from '../../../src/scenario/parse';
import type { Scenario, Trace } from '../../../src/scenario/types';

function read(text: string): Scenario {
  const parsed = parseScenario(text);
  if (parsed.kind === 'errors') throw new Error(`${text}\n${JSON.stringify(parsed.errors)}`);
  return parsed.scenario;
}

describe('the draft of a scenario', () => {
  test.each(builtInScenarios().map((scenario) => [scenario.id, scenario] as const))(
    'of %s says the same',
    (_, scenario) => {
      const { agents, steps, watch } = scenario.variants?.[0] ?? scenario;
      const draft = read(draftOf(scenario, { design: 'cookie' }));
      expect(draft).toMatchObject({ agents, watch, expected: { cookie: 'holds' } });
      expect(draft.steps).toEqual(steps);
    },
  );

  test('keeps the one machine it is about', () => {
    const scenario = builtInScenarios().find(({ machines }) => machines.length > 1);
    if (scenario === undefined) throw new Error('no scenario of several machines');
    const one = scenario.machines[1];
    const name = typeof one === 'string' ? one : (one?.id ?? '');
    expect(read(draftOf(scenario, { machine: name })).machines).toEqual([one]);
  });
});

describe('runs of a scenario file', () => {
  const text = `{
  "id": "mine", "title": "Mine", "shows": "It.", "reference": "None.", "rows": [],
  "machines": ["arm64-smmuv3-gicv2m"], "unsafeInterrupts": true,
  "agents": [{ "name": "A", "kind": "guest", "devices": ["nic-vf0"] }],
  "steps": [
    { "stage": "attach", "agent": "A" },
    { "stage": "fire", "agent": "A" }
  ],
  "watch": ["I3"],
  "expected": { "cookie": "holds", "v4.5": { "arm64-smmuv3-gicv2m": "violated" } }
}`;
  const scenario = read(text);
  const trace = {
    events: [{ index: 0, step: 1 }],
    violations: [{ invariant: 'I3', message: 'it does not arrive', event: 0 }],
  } as unknown as Trace;
  const ran = (design: string, verdict: DesignRun['verdict']): DesignRun => ({
    scenario: 'mine',
    machine: 'arm64-smmuv3-gicv2m',
    design,
    verdict,
    reason: null,
    traces: verdict === 'violated' ? [trace] : [],
  });
  const lineOf = (offset: number): string => text.slice(offset).split('\n', 1)[0] ?? '';

  test('that are as expected say nothing', () => {
    expect(gapsOf(text, scenario, [ran('cookie', 'holds'), ran('v4.5', 'violated')])).toEqual([]);
  });

  test('that are not point at what was expected', () => {
    const gaps = gapsOf(text, scenario, [ran('cookie', 'violated'), ran('v4.5', 'holds')]);
    expect(gaps.map((gap) => text.slice(gap.at.offset, gap.at.offset + gap.at.length))).toEqual([
      '"holds"',
      '"violated"',
    ]);
    expect(gaps[0]).toMatchObject({ kind: 'unexpected', verdict: 'violated', why: 'it does not arrive' });
  });

  test('of which nothing was expected point at the step that breaks, once for all designs', () => {
    const gaps = gapsOf(text, scenario, [ran('fixup', 'violated'), ran('iommufd', 'violated')]);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ kind: 'violation', invariant: 'I3', designs: ['fixup', 'iommufd'] });
    expect(lineOf(gaps[0]?.at.offset ?? 0)).toContain('"fire"');
  });
});

test('an exploration tells the way to a violation, what holds, and what was not looked at', () => {
  const words = (sentence: string, ...values: (string | number)[]): string =>
    values.reduce<string>((said, value, i) => said.replace(`{${i}}`, String(value)), sentence);
  const coverage = { states: 5, transitions: 9, configurations: 2, depth: 3, bound: null };
  const text = explorationText(
    'Two *guests*',
    [
      {
        scenario: 's',
        machine: 'arm',
        reason: null,
        coverage: { ...coverage, extent: 'violated' },
        counterexample: {
          invariant: 'I1',
          message: 'it raises another’s',
          moves: [{ actor: 'A', kind: 'step', text: 'enable' }],
        },
      },
      {
        scenario: 's',
        machine: 'x86',
        reason: null,
        coverage: { ...coverage, extent: 'complete' },
        counterexample: null,
      },
      {
        scenario: 's',
        machine: 'big',
        reason: null,
        coverage: { ...coverage, extent: 'bounded', bound: 'states' },
        counterexample: null,
      },
      { scenario: 's', machine: 'pamu', reason: 'no device', coverage: null, counterexample: null },
    ],
    words,
  );
  expect(text).toContain('# Two \\*guests\\*');
  expect(text).toContain('1. **A** enable');
  expect(text).toContain('Holds in every order');
  expect(text).toContain('within the bound on states');
  expect(text).toContain('Not explored: no device.');
});
