/** `doorbell explore`: all interleavings of a scenario's agents on the machine itself. Interrupted, it tells what was covered so far. */
import { machinePreset } from '../machine/presets';
import type { MachineSpec } from '../machine/types';
import { machineOf } from '../scenario/explore';
import { problemOf } from '../scenario/explorer/problem';
import type { Counterexample, Coverage } from '../scenario/explorer/search';
import { search } from '../scenario/explorer/search';
import { world } from '../scenario/run';
import type { Scenario } from '../scenario/types';
import type { Command } from './arguments';
import { exploreDesign } from './explore-design';
import { progressOn } from './progress';
import type { Terminal } from './review';
import { findScenario } from './simulate';

type Wanted = Extract<Command, { kind: 'explore' }>;

interface Explored {
  readonly scenario: string;
  readonly machine: string;
  readonly coverage: Coverage | null;
  /** Why it could not be explored. */
  readonly reason: string | null;
  readonly counterexample: Counterexample | null;
}

/** States between two looks at the clock and at the keyboard. */
const PORTION = 20_000;

export async function explore(command: Wanted, terminal: Terminal): Promise<number> {
  const scenario = await findScenario(command.scenario, terminal);
  if (!scenario) return 2;
  if (command.design !== null) return exploreDesign(command, scenario, terminal);
  const targets: [Scenario, MachineSpec | string][] = [];
  if (command.machine !== null) {
    const preset = machinePreset(command.machine);
    const own = scenario.machines.find((one) => (typeof one === 'string' ? one : one.id) === command.machine);
    const machine = own !== undefined && typeof own !== 'string' ? machineOf(world, own) : preset;
    if (machine === null) {
      terminal.complain(`There is no machine “${command.machine}”.`);
      return 2;
    }
    targets.push([scenario, machine]);
  } else
    for (const variant of scenario.variants ?? [scenario])
      for (const named of variant.machines) targets.push([variant, machineOf(world, named)]);
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
  };
  process.once('SIGINT', stop);
  const results: Explored[] = [];
  for (const [one, machine] of targets) {
    results.push(await explored(one, machine, command, () => interrupted));
    if (interrupted) break;
  }
  process.removeListener('SIGINT', stop);
  await terminal.write(command.format === 'json' ? `${JSON.stringify(results, null, 2)}\n` : text(results));
  if (results.every((one) => one.coverage === null)) return 2;
  return results.some((one) => one.counterexample !== null) ? 1 : 0;
}

async function explored(
  scenario: Scenario,
  machine: MachineSpec | string,
  command: Wanted,
  interrupted: () => boolean,
): Promise<Explored> {
  const nothing = { scenario: scenario.id, coverage: null, counterexample: null };
  if (typeof machine === 'string') return { ...nothing, machine: '', reason: machine };
  const problem = problemOf(scenario, machine);
  if (typeof problem === 'string') return { ...nothing, machine: machine.id, reason: problem };
  const progress = progressOn(process.stderr);
  const states = command.states ?? 2_000_000;
  const one = search(problem, { states, ...(command.depth === null ? {} : { depth: command.depth }) });
  while (!interrupted() && one.advance(PORTION)) {
    const so = one.coverage();
    progress.show(so.states / states, `${so.states} states, depth ${so.depth}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  progress.clear();
  return {
    scenario: scenario.id,
    machine: machine.id,
    coverage: one.coverage(),
    reason: null,
    counterexample: one.counterexample(),
  };
}

function text(results: readonly Explored[]): string {
  const lines: string[] = [];
  for (const { scenario, machine, coverage, reason, counterexample } of results) {
    if (lines.length > 0) lines.push('');
    lines.push(`${scenario}${machine === '' ? '' : `, ${machine}`}`);
    if (coverage === null) {
      lines.push(`  not explored: ${reason}`);
      continue;
    }
    const { states, depth, extent, bound, configurations } = coverage;
    const covered = `${states} states, ${configurations} configurations of the machine, depth ${depth}`;
    if (counterexample !== null) {
      lines.push(`  ${counterexample.invariant} violated: ${counterexample.message}`);
      lines.push(`  the shortest way there, ${counterexample.moves.length} moves (${covered}):`);
      for (const [i, move] of counterexample.moves.entries())
        lines.push(`  ${String(i + 1).padStart(4)}  ${move.actor}: ${move.text}`);
    } else if (extent === 'complete') lines.push(`  holds in every order: ${covered}, complete`);
    else if (extent === 'bounded') lines.push(`  nothing found within the bound on ${bound}: ${covered}`);
    else lines.push(`  nothing found until it was stopped: ${covered}`);
  }
  return `${lines.join('\n')}\n`;
}
