/**
 * All orders of a scenario's steps on a host design: the order within each agent stays, how the agents' steps fall together does not.
 * In: a scenario and a way to run one order of it. Out: the shortest way to a broken invariant, or how many orders were played and how they ended.
 *
 * The counterpart of `search.ts`, which searches the machine with a host that does all right: here the programs of a design act, whole runs are
 * played and nothing is known of a state in between. What a step must return belongs to the order that was written, and is not asked.
 */
import type { InvariantId, Scenario, ScenarioResult, StepSpec } from '../types';

export interface OrderCoverage {
  /** Orders that were played. */
  readonly orders: number;
  /** Orders that there are. */
  readonly of: number;
  /** Of those played: held, ended undecided, could not be played to the end. */
  readonly held: number;
  readonly undecided: number;
  readonly unplayable: number;
  /** As of `Coverage`: `bounded` when the most orders were played and there are more. */
  readonly extent: 'complete' | 'bounded' | 'stopped' | 'violated';
}

export interface OrderExample {
  readonly invariant: InvariantId;
  readonly message: string;
  /** The steps up to the one that breaks the invariant. */
  readonly steps: readonly StepSpec[];
}

export interface OrderSearch {
  /** Plays up to `count` more orders; false when there is no more to do. */
  advance(count: number): boolean;
  coverage(): OrderCoverage;
  /** Of the orders played the one that breaks an invariant after the fewest steps; the first of them. */
  counterexample(): OrderExample | null;
  /** Why an order was undecided or could not be played: of the first such. */
  reason(): string | null;
}

/** In how many ways lists of these lengths can be merged; infinite above what a number holds. */
export function ordersOf(lengths: readonly number[]): number {
  let ways = 1;
  let placed = 0;
  for (const length of lengths) for (let i = 1; i <= length; i++) ways = (ways * ++placed) / i;
  return Math.round(ways);
}

/** The merges of some lists, each in its own order, beginning with the first list's first. Gives of each merge which list each member is of. */
export function* merges(lengths: readonly number[]): Generator<readonly number[], void> {
  const left = [...lengths];
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const order: number[] = [];
  function* more(): Generator<readonly number[], void> {
    if (order.length === total) {
      yield [...order];
      return;
    }
    for (let list = 0; list < left.length; list++) {
      const rest = left[list] ?? 0;
      if (rest === 0) continue;
      left[list] = rest - 1;
      order.push(list);
      yield* more();
      order.pop();
      left[list] = rest;
    }
  }
  yield* more();
}

/** `run` plays a scenario on one machine; its steps are those of the scenario given, in another order. */
export function searchOrders(
  scenario: Scenario,
  run: (ordered: Scenario) => ScenarioResult | null,
  options: { readonly orders: number },
): OrderSearch {
  const names = scenario.agents.map((agent) => agent.name);
  const own = names.map((name) => scenario.steps.filter((step) => step.agent === name).map(unasked));
  const lengths = own.map((steps) => steps.length);
  const of = ordersOf(lengths);
  const way = merges(lengths);
  const counts = { orders: 0, held: 0, undecided: 0, unplayable: 0 };
  let found: OrderExample | null = null;
  let reason: string | null = null;
  let done = false;

  const play = (order: readonly number[]): void => {
    const next = names.map(() => 0);
    const steps = order.flatMap((list) => {
      const at = next[list] ?? 0;
      next[list] = at + 1;
      const step = own[list]?.[at];
      return step === undefined ? [] : [step];
    });
    const { variants: _variants, ...plain } = scenario;
    const result = run({ ...plain, steps });
    counts.orders++;
    if (result === null || result.verdict === 'n/a') counts.unplayable++;
    else if (result.verdict === 'undecided') counts.undecided++;
    else if (result.verdict === 'holds') counts.held++;
    if (result?.verdict !== 'violated') {
      reason ??= result?.reason ?? null;
      return;
    }
    for (const trace of result.traces)
      for (const violation of trace.violations) {
        const length = (trace.events[violation.event]?.step ?? steps.length - 1) + 1;
        if (found === null || length < found.steps.length)
          found = { invariant: violation.invariant, message: violation.message, steps: steps.slice(0, length) };
      }
  };

  return {
    advance(count) {
      for (let i = 0; i < count && !done; i++) {
        const order = counts.orders < options.orders ? way.next() : null;
        if (order === null || order.done === true) done = true;
        else play(order.value);
      }
      if (counts.orders >= Math.min(of, options.orders)) done = true;
      return !done;
    },
    coverage: () => ({
      ...counts,
      of,
      extent: found !== null ? 'violated' : !done ? 'stopped' : counts.orders < of ? 'bounded' : 'complete',
    }),
    counterexample: () => found,
    reason: () => reason,
  };
}

function unasked(step: StepSpec): StepSpec {
  const { expect: _expect, ...rest } = step;
  return rest;
}
