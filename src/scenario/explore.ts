/**
 * All runs of a scenario on one machine, and what their sum means.
 * In: scenario, machine, programs. Out: a verdict with the traces worth showing.
 *
 * The verdict is made so (docs/scenarios.md tells it to users):
 * - The plain run takes every test on an unknown value as false, which in kernel code is success. Each such test is then turned the
 *   other way in a run of its own, shortest prefix first, and in steps marked `failEach` each call that can fail is made to fail once.
 * - A violation counts when nothing unknown was decided before it, or when it is there as well with each single decision turned round.
 *   It also must not rest on the absence of something that a call we do not understand could have done.
 * - Any other violation makes the verdict `undecided`, with the question that decides it.
 */
import type { ProgramSet } from '../host/types';
import type { MachineSpec } from '../machine/types';
import type { FailPoint, Plan } from './chooser';
import { PLAIN, samePlace } from './chooser';
import { deriveMachine } from './derive';
import type { Found, Run } from './drive';
import { drive } from './drive';
import type { InvariantId, Scenario, ScenarioResult, Trace, Verdict, Violation } from './types';
import { errnoName } from './view';
import type { World } from './world';

export interface ExploreOptions {
  readonly prefix: number;
  /** Interpreter steps for one run. */
  readonly budget: number;
  /** Runs at most. */
  readonly runs: number;
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** Decisions deeper than this are not varied. */
const DEPTH = 12;

/** Broken by something missing: an unmap, a mapping, a return of a page. A call that was not understood may have done it. */
const BY_ABSENCE: ReadonlySet<InvariantId> = new Set<InvariantId>(['I2', 'I3', 'I7']);

/** The same violation in another run: equal but for values, and blamed on the same place. */
function keyOf(violation: Violation, trace: Trace): string {
  const blamed = violation.causes.map((index) => trace.events[index]?.at ?? null).find((at) => at !== null);
  const place =
    blamed === null || blamed === undefined
      ? ''
      : blamed.kind === 'message'
        ? `${blamed.message}:${blamed.line}`
        : `${blamed.file}:${blamed.line}`;
  return `${violation.invariant}|${violation.message.replace(/0x[0-9a-f]+|\d+/gi, '#')}|${place}`;
}

/** May something that was not understood have done what is missing? */
const unsettled = (found: Found): boolean => found.unclear && BY_ABSENCE.has(found.violation.invariant);

/** The violations that a run shows for sure. */
const keysOf = (run: Run): Set<string> =>
  new Set(run.found.filter((one) => !unsettled(one)).map((one) => keyOf(one.violation, run.trace)));

const planKey = (plan: Plan): string =>
  `${plan.decisions.map((one) => (one ? 1 : 0)).join('')}|${plan.inject === null ? '' : `${plan.inject.step}/${plan.inject.primitive}/${plan.inject.nth}/${JSON.stringify(plan.inject.at)}`}`;

interface Walk {
  readonly runs: readonly Run[];
  /** Every variant within the depth was run. */
  readonly complete: boolean;
  readonly stopped: boolean;
}

function walk(world: World, scenario: Scenario, machine: MachineSpec, set: ProgramSet, options: ExploreOptions): Walk {
  const runs: Run[] = [];
  const queue: Plan[] = [PLAIN];
  const seen = new Set([planKey(PLAIN)]);
  let cut = false;
  const add = (plan: Plan): void => {
    const key = planKey(plan);
    if (seen.has(key)) return;
    seen.add(key);
    queue.push(plan);
  };
  while (queue.length > 0) {
    if (options.signal?.aborted === true) return { runs, complete: false, stopped: true };
    if (runs.length >= options.runs) return { runs, complete: false, stopped: false };
    const plan = queue.shift();
    if (plan === undefined) break;
    const suffix = runs.length === 0 ? '' : `run-${runs.length}`;
    const run = drive(world, scenario, machine, set, plan, { prefix: options.prefix, budget: options.budget, suffix });
    runs.push(run);
    if (run === runs[0]) for (const point of distinct(run.failPoints)) add({ decisions: [], inject: point });
    // With a failure injected the unknown tests keep their defaults: one thing is varied at a time.
    if (plan.inject !== null) continue;
    run.decisions.forEach((_, i) => {
      if (i < plan.decisions.length) return;
      if (i >= DEPTH) cut = true;
      else add({ decisions: [...run.decisions.slice(0, i).map((one) => one.outcome), true], inject: null });
    });
  }
  return { runs, complete: !cut, stopped: false };
}

/** A call in a loop is made to fail the first three times it is reached, not more. */
function distinct(points: readonly FailPoint[]): FailPoint[] {
  return points.filter(
    (point, i) =>
      point.nth < 3 &&
      points.findIndex(
        (one) =>
          one.step === point.step &&
          one.primitive === point.primitive &&
          one.nth === point.nth &&
          samePlace(one.at, point.at),
      ) === i,
  );
}

/**
 * Does it hold for both outcomes of each single decision before it? Turned round, a decision may bring up questions of its own, as the
 * second half of `ops && ops->call` does: then it has to hold for their outcomes too.
 */
function independent(one: Found, run: Run, runs: readonly Run[], key: string): boolean {
  if (one.decided === 0) return true;
  // Compared with the runs of the same injection, whose variants are not walked: then nobody knows.
  if (run.plan.inject !== null) return false;
  for (let i = 0; i < one.decided; i++) {
    const wanted = [...run.decisions.slice(0, i).map((decision) => decision.outcome), !run.decisions[i]?.outcome];
    const others = runs.filter(
      (candidate) =>
        candidate.plan.inject === null && wanted.every((outcome, j) => candidate.decisions[j]?.outcome === outcome),
    );
    if (others.length === 0 || !others.every((other) => keysOf(other).has(key))) return false;
  }
  return true;
}

interface Judged {
  readonly key: string;
  readonly run: Run;
  readonly found: Found;
  readonly certain: boolean;
}

/** The shortest run of each distinct violation, certain ones first. */
function judge(runs: readonly Run[]): Judged[] {
  const best = new Map<string, Judged>();
  for (const run of runs)
    for (const found of run.found) {
      const key = keyOf(found.violation, run.trace);
      const certain = !unsettled(found) && independent(found, run, runs, key);
      const before = best.get(key);
      const better =
        before === undefined ||
        (certain && !before.certain) ||
        (certain === before.certain && found.violation.event < before.found.violation.event);
      if (better) best.set(key, { key, run, found, certain });
    }
  return [...best.values()];
}

function unsure(judged: readonly Judged[]): string {
  const first = judged[0];
  if (first === undefined) return '';
  const question = first.run.decisions[0]?.question;
  const note = first.run.trace.undecided[0];
  const depends =
    first.found.decided > 0 && question !== undefined
      ? `depends on ${question}`
      : `not understood on the way: ${note ?? 'a call'}`;
  return `${first.found.violation.invariant} would be broken (${first.found.violation.message}), but it ${first.found.decided > 0 ? depends : `rests on what was ${depends}`}`;
}

/** Can the scenario be played on this machine with these programs at all? The reason why not, or null. */
function impossible(world: World, scenario: Scenario, machine: MachineSpec, set: ProgramSet): string | null {
  const missing = world.missing(set, machine);
  if (missing !== null) return missing;
  const known = new Set(machine.devices.map((device) => device.name));
  for (const agent of scenario.agents)
    for (const device of agent.devices) if (!known.has(device)) return `${machine.id} has no device named ${device}`;
  return null;
}

const result = (
  scenario: Scenario,
  machine: string,
  verdict: Verdict,
  reason: string | null,
  traces: readonly Trace[],
  runs: readonly Run[],
): ScenarioResult => ({
  scenario: scenario.id,
  machine,
  verdict,
  reason,
  traces,
  executed: new Set(runs.flatMap((run) => [...run.executed])),
});

/** Runs a scenario on one machine in all its variants and judges. Never throws on what a scenario or a program says. */
export function explore(
  world: World,
  scenario: Scenario,
  machine: MachineSpec,
  set: ProgramSet,
  options: ExploreOptions,
): ScenarioResult {
  const why = impossible(world, scenario, machine, set);
  if (why !== null) return result(scenario, machine.id, 'n/a', why, [], []);
  const { runs, complete, stopped } = walk(world, scenario, machine, set, options);
  const plain = runs[0];
  if (plain === undefined) return result(scenario, machine.id, 'undecided', 'stopped before the first run', [], runs);
  const judged = judge(runs);
  const certain = judged.filter((one) => one.certain);
  if (certain.length > 0) return result(scenario, machine.id, 'violated', null, tracesOf(certain), runs);
  if (judged.length > 0) return result(scenario, machine.id, 'undecided', unsure(judged), [plain.trace], runs);
  if (plain.unknown.length > 0)
    return result(scenario, machine.id, 'undecided', plain.unknown[0] ?? null, [plain.trace], runs);
  if (plain.refused !== null && !refusalAnswers(scenario, plain.refused.value))
    return result(
      scenario,
      machine.id,
      'n/a',
      `attach of ${plain.refused.agent} gives ${errnoName(plain.refused.value)}, so nothing could be tried`,
      [plain.trace],
      runs,
    );
  if (plain.unmet.length > 0) return result(scenario, machine.id, 'n/a', plain.unmet[0] ?? null, [plain.trace], runs);
  if (stopped)
    return result(scenario, machine.id, 'undecided', `stopped after ${runs.length} runs`, [plain.trace], runs);
  if (!complete)
    return result(
      scenario,
      machine.id,
      'undecided',
      `no violation in ${runs.length} runs, but not all outcomes of unknown calls were tried`,
      [plain.trace],
      runs,
    );
  return result(scenario, machine.id, 'holds', null, [plain.trace], runs);
}

/** A guest that is refused the device can do no harm with it: that answers the questions about isolation, and only those. */
function refusalAnswers(scenario: Scenario, value: number): boolean {
  return value === -1 && scenario.watch.some((id) => id === 'I1' || id === 'I4' || id === 'I5');
}

/** One trace for each run that shows a violation best, with those violations alone. */
function tracesOf(judged: readonly Judged[]): Trace[] {
  const byRun = new Map<Run, Violation[]>();
  for (const one of judged) byRun.set(one.run, [...(byRun.get(one.run) ?? []), one.found.violation]);
  return [...byRun].map(([run, violations]) => ({ ...run.trace, violations }));
}

export interface RunOptions {
  /** Run only on those of the scenario's machines that are named here. Absent: on all of them. */
  readonly machines?: readonly string[];
  /** Interpreter steps for one run before it is given up as undecided; default 50,000. */
  readonly budget?: number;
  /** Runs for one machine, variants counted in; default 64. */
  readonly runs?: number;
  /** Number of patches applied, for the traces' ids; default 0. */
  readonly prefix?: number;
  /** Set `aborted` from outside to stop between two runs. */
  readonly signal?: { readonly aborted: boolean };
}

/** The machine that a scenario names, or why there is none. */
export function machineOf(inside: World, named: Scenario['machines'][number]): MachineSpec | string {
  if (typeof named !== 'string' && !('preset' in named)) return named;
  const id = typeof named === 'string' ? named : named.preset;
  const preset = inside.machine(id);
  if (preset === null) return `there is no machine “${id}”`;
  return typeof named === 'string' ? preset : deriveMachine(preset, named);
}

/** As `runScenario`, in a world of the caller's choice. */
export function runIn(inside: World, scenario: Scenario, set: ProgramSet, options: RunOptions): ScenarioResult[] {
  const wanted = options.machines;
  if (scenario.variants !== undefined)
    return scenario.variants.flatMap((variant) => runIn(inside, variant, set, options));
  return scenario.machines.flatMap((named) => {
    const id = typeof named === 'string' ? named : named.id;
    if (wanted !== undefined && !wanted.includes(id)) return [];
    const machine = machineOf(inside, named);
    if (typeof machine === 'string') return [result(scenario, id, 'n/a', machine, [], [])];
    return [
      explore(inside, scenario, machine, set, {
        prefix: options.prefix ?? 0,
        budget: options.budget ?? 50_000,
        runs: options.runs ?? 64,
        signal: options.signal,
      }),
    ];
  });
}
