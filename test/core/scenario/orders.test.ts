import { describe, expect, it } from 'vitest';
import { merges, ordersOf, searchOrders } from '../../../src/scenario/explorer/orders';
import { builtInScenarios } from '../../../src/scenario/library';
import type { Scenario, ScenarioResult, StepSpec } from '../../../src/scenario/types';

const built = builtInScenarios().find((one) => one.id === 'two-guests-its')!;
const step = (agent: string, stage: StepSpec['stage']): StepSpec => ({ agent, stage, expect: 'ok' });
const scenario: Scenario = {
  ...built,
  steps: [
    step('Guest A', 'attach'),
    step('Guest A', 'enable'),
    step('Guest B', 'attach'),
    step('Guest B', 'enable'),
    step('Guest A', 'release'),
  ],
};
const result = (verdict: ScenarioResult['verdict'], reason: string | null = null): ScenarioResult => ({
  scenario: built.id,
  machine: 'm',
  verdict,
  reason,
  traces: [],
  executed: new Set(),
});
/** Broken by the step at `at`. */
const broken = (at: number): ScenarioResult => ({
  ...result('violated'),
  traces: [
    {
      events: [{ step: at }],
      violations: [{ invariant: 'I1', message: 'raised', event: 0, causes: [] }],
    } as unknown as ScenarioResult['traces'][number],
  ],
});
const text = (steps: readonly StepSpec[]) => steps.map((one) => `${one.agent.at(-1)}${one.stage}`).join(' ');

describe('all orders on a design', () => {
  it('merges lists in each way once', () => {
    const all = [...merges([3, 2, 1])].map((order) => order.join(''));
    expect(all).toHaveLength(ordersOf([3, 2, 1]));
    expect(new Set(all).size).toBe(60);
    expect(all.every((order) => [...order].sort().join('') === '000112')).toBe(true);
  });

  it('plays every order with each agent’s own order kept, and asks no step for what the written order demanded', () => {
    const played: string[] = [];
    const one = searchOrders(
      scenario,
      (ordered) => {
        played.push(text(ordered.steps));
        expect(ordered.steps.every((each) => each.expect === undefined)).toBe(true);
        return result('holds');
      },
      { orders: 100 },
    );
    while (one.advance(3));
    expect(new Set(played).size).toBe(10);
    expect(played.every((order) => order.replace(/B\w+ ?/g, '').trim() === 'Aattach Aenable Arelease')).toBe(true);
    expect(one.coverage()).toEqual({ orders: 10, of: 10, held: 10, undecided: 0, unplayable: 0, extent: 'complete' });
    expect(one.counterexample()).toBeNull();
  });

  it('keeps the order that breaks an invariant after the fewest steps', () => {
    const one = searchOrders(
      scenario,
      ({ steps }) => {
        const release = steps.findIndex((each) => each.stage === 'release');
        const other = steps.findIndex((each) => each.agent === 'Guest B' && each.stage === 'enable');
        return release < other ? broken(other) : result('undecided', 'a call');
      },
      { orders: 100 },
    );
    while (one.advance(1));
    expect(one.counterexample()).toMatchObject({ invariant: 'I1', message: 'raised' });
    expect(
      one
        .counterexample()!
        .steps.map((each) => each.stage)
        .at(-1),
    ).toBe('enable');
    expect(one.coverage()).toMatchObject({ orders: 10, extent: 'violated', held: 0 });
    expect(one.reason()).toBe('a call');
  });

  it('says what it did not get to: more orders than it may play, or stopped', () => {
    const one = searchOrders(scenario, () => null, { orders: 4 });
    one.advance(2);
    expect(one.coverage()).toMatchObject({ orders: 2, extent: 'stopped' });
    while (one.advance(2));
    expect(one.coverage()).toEqual({ orders: 4, of: 10, held: 0, undecided: 0, unplayable: 4, extent: 'bounded' });
  });
});
