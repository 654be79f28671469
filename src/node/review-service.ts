/**
 * What the review worker does, whatever thread it runs in: answers the messages of `protocol.ts`, one after the other. It imports nothing
 * of Node, so that it runs in a Web Worker too; parser, prepared designs and checkouts are handed in. Work is synchronous in portions: a
 * cancel is heeded between two series, two runs, or some thousands of states.
 */
import type { FrontEnd } from '../code/front-end';
import { designs } from '../host/designs';
import { programSet } from '../host/programs';
import type { ProgramSet } from '../host/types';
import { machinePreset } from '../machine/presets';
import type { Damage } from '../place';
import type { DesignRun, Explored, ReviewAnswer, ReviewRequest } from '../protocol';
import type { Review } from '../review/types';
import { machineOf } from '../scenario/explore';
import { problemOf } from '../scenario/explorer/problem';
import { search } from '../scenario/explorer/search';
import { builtInScenarios } from '../scenario/library';
import { parseScenario } from '../scenario/parse';
import { runScenario, world } from '../scenario/run';
import type { Scenario } from '../scenario/types';
import { readSeries } from '../series/read';
import type { Judge } from './reviewer';

type Ask<K extends ReviewRequest['kind']> = Extract<ReviewRequest, { kind: K }>;

export interface ServiceParts {
  readonly frontEnd: Promise<FrontEnd>;
  /** Programs of a design as the build read them; null: its C is read anew. */
  readonly prepared: (design: string) => ProgramSet | null;
  /** The judge that asks these checkouts first. */
  readonly judge: (checkouts: readonly string[]) => Promise<Judge>;
  readonly say: (answer: ReviewAnswer) => void;
  /** Lets the messages in that have come meanwhile. */
  readonly pause: () => Promise<void>;
}

/** States between two looks at what came in. */
const PORTION = 20_000;
/** States of one search at most: some seconds, and 100 MB. */
const STATES = 1_000_000;

/** @returns what takes a request */
export function reviewService(parts: ServiceParts): (request: ReviewRequest) => void {
  const { say } = parts;
  const cancelled = new Set<number>();
  const sets = new Map<string, ProgramSet>();
  let queue: Promise<void> = Promise.resolve();

  /** True when the work of that id shall stop. */
  const stopped = async (id: number): Promise<boolean> => {
    await parts.pause();
    return cancelled.has(id);
  };

  const review = async ({ id, sources, wishes, early, checkouts }: Ask<'review'>): Promise<ReviewAnswer> => {
    const judge = await parts.judge(checkouts ?? []);
    const all = await readSeries(sources);
    const reviews: Review[] = [];
    for (const series of all) {
      if (await stopped(id)) return { kind: 'cancelled', id };
      say({ kind: 'progress', id, done: reviews.length, total: all.length, text: series.subject });
      const { corrections, ...chosen } = wishes ?? {};
      const texts = corrections?.map((one) => ({ ...one, alone: all.length === 1 }));
      const before = [...reviews];
      const review = await judge.review(series, {
        ...chosen,
        ...(texts === undefined ? {} : { corrections: texts }),
        ...(early ? { early: (first) => say({ kind: 'early', id, reviews: [...before, first] }) } : {}),
      });
      reviews.push(review);
    }
    const problems = judge.problems().map((message): Damage => ({ code: 'checkout-unusable', message, at: null }));
    return {
      kind: 'reviews',
      id,
      reviews: reviews.map((one) => (problems.length === 0 ? one : { ...one, damage: [...one.damage, ...problems] })),
    };
  };

  /** Runs a scenario on designs; null when it was cancelled. */
  const runsOn = async (id: number, scenario: Scenario, chosen: typeof designs): Promise<DesignRun[] | null> => {
    const runs: DesignRun[] = [];
    for (const [done, source] of chosen.entries()) {
      if (await stopped(id)) return null;
      say({ kind: 'progress', id, done, total: chosen.length, text: source.title });
      const set = sets.get(source.name) ?? parts.prepared(source.name) ?? programSet(source, await parts.frontEnd);
      sets.set(source.name, set);
      for (const { machine, verdict, reason, traces } of runScenario(scenario, set))
        runs.push({ scenario: scenario.id, machine, design: source.name, verdict, reason, traces });
    }
    return runs;
  };

  const run = async ({ id, scenario: wanted, design }: Ask<'run'>): Promise<ReviewAnswer> => {
    const scenario = builtInScenarios().find((one) => one.id === wanted);
    const chosen = designs.filter((one) => design === null || one.name === design);
    if (!scenario) return { kind: 'error', id, message: `there is no scenario “${wanted}”` };
    if (chosen.length === 0) return { kind: 'error', id, message: `there is no design “${design}”` };
    const runs = await runsOn(id, scenario, chosen);
    return runs === null ? { kind: 'cancelled', id } : { kind: 'ran', id, runs };
  };

  const play = async ({ id, text }: Ask<'play'>): Promise<ReviewAnswer> => {
    const parsed = parseScenario(text);
    if (parsed.kind === 'errors') return { kind: 'played', id, scenario: null, errors: parsed.errors, runs: [] };
    const { scenario } = parsed;
    const named = designs.filter(({ name }) => scenario.expected[name] !== undefined);
    const runs = await runsOn(id, scenario, named.length > 0 ? named : designs);
    return runs === null ? { kind: 'cancelled', id } : { kind: 'played', id, scenario, errors: [], runs };
  };

  const explore = async ({ id, scenario: wanted }: Ask<'explore'>): Promise<ReviewAnswer> => {
    const scenario = builtInScenarios().find((one) => one.id === wanted);
    if (!scenario) return { kind: 'error', id, message: `there is no scenario “${wanted}”` };
    const results: Explored[] = [];
    for (const variant of scenario.variants ?? [scenario])
      for (const named of variant.machines) {
        if (await stopped(id)) return { kind: 'cancelled', id };
        const name = typeof named === 'string' ? named : named.id;
        const machine = machineOf(world, typeof named === 'string' ? (machinePreset(named) ?? named) : named);
        const problem = typeof machine === 'string' ? machine : problemOf(variant, machine);
        const what = { scenario: variant.id, machine: name };
        if (typeof problem === 'string') {
          results.push({ ...what, reason: problem, coverage: null, counterexample: null });
          continue;
        }
        const one = search(problem, { states: STATES });
        while (one.advance(PORTION)) {
          if (await stopped(id)) return { kind: 'cancelled', id };
          const { states, depth } = one.coverage();
          say({ kind: 'progress', id, done: states, total: STATES, text: `${name}: ${states}, ${depth}` });
        }
        results.push({ ...what, reason: null, coverage: one.coverage(), counterexample: one.counterexample() });
      }
    return { kind: 'explored', id, results };
  };

  const answer = async (request: Exclude<ReviewRequest, { kind: 'cancel' }>): Promise<ReviewAnswer> => {
    const { id } = request;
    if (await stopped(id)) return { kind: 'cancelled', id };
    switch (request.kind) {
      case 'review':
        return review(request);
      case 'run':
        return run(request);
      case 'play':
        return play(request);
      case 'explore':
        return explore(request);
      case 'scenario': {
        const scenario = builtInScenarios().find((one) => one.id === request.scenario);
        return { kind: 'scenario', id, scenario: scenario ?? null };
      }
      case 'scenarios':
        return {
          kind: 'scenarios',
          id,
          designs: designs.map((design) => design.name),
          scenarios: builtInScenarios().map(({ id: name, title, shows, reference, rows, machines }) => ({
            id: name,
            title,
            shows,
            reference,
            rows,
            machines: machines.map((machine) => (typeof machine === 'string' ? machine : machine.id)),
          })),
        };
    }
  };

  return (request) => {
    if (request.kind === 'cancel') {
      cancelled.add(request.id);
      return;
    }
    queue = queue.then(async () => {
      try {
        say(await answer(request));
      } catch (problem) {
        say({ kind: 'error', id: request.id, message: problem instanceof Error ? problem.message : String(problem) });
      }
      cancelled.delete(request.id);
    });
  };
}
