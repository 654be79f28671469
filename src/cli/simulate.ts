/** `doorbell simulate` and `doorbell scenarios`. */
import { readFile } from 'node:fs/promises';
import { reason } from '../node/files';
import { loadSimulator } from '../node/reviewer';
import type { Simulation } from '../report/simulation';
import { scenariosText, simulationJson, simulationText } from '../report/simulation';
import { builtInScenarios } from '../scenario/library';
import { matrixMarkdown, matrixOf } from '../scenario/matrix';
import { parseScenario } from '../scenario/parse';
import type { Scenario } from '../scenario/types';
import type { Command } from './arguments';
import type { Terminal } from './review';

export async function simulate(command: Extract<Command, { kind: 'simulate' }>, terminal: Terminal): Promise<number> {
  const scenario = await findScenario(command.scenario, terminal);
  if (!scenario) return 2;
  const machines = scenario.machines.map((machine) => (typeof machine === 'string' ? machine : machine.id));
  if (command.machine !== null && !machines.includes(command.machine)) {
    terminal.complain(`${scenario.id} does not run on “${command.machine}”: its machines are ${machines.join(', ')}.`);
    return 2;
  }
  const simulator = await loadSimulator();
  if (command.design !== null && !simulator.designs.includes(command.design)) {
    terminal.complain(`There is no design “${command.design}”: there are ${simulator.designs.join(', ')}.`);
    return 2;
  }
  const simulations: Simulation[] = (command.design === null ? simulator.designs : [command.design]).map((design) => ({
    scenario,
    design,
    results: simulator.run(scenario, design, command.machine === null ? undefined : [command.machine]) ?? [],
  }));
  await terminal.write(
    command.format === 'json'
      ? `${JSON.stringify(simulationJson(simulations), null, 2)}\n`
      : simulationText(simulations, { colours: terminal.colours }),
  );
  return simulations.some(({ results }) => results.some((result) => result.verdict === 'violated')) ? 1 : 0;
}

export async function scenarios(command: Extract<Command, { kind: 'scenarios' }>, terminal: Terminal): Promise<number> {
  const unknown = command.names.find((name) => builtInScenarios().every((one) => one.id !== name));
  if (unknown !== undefined) {
    terminal.complain(`There is no scenario “${unknown}”; doorbell scenarios lists them.`);
    return 2;
  }
  const all = builtInScenarios().filter((one) => command.names.length === 0 || command.names.includes(one.id));
  if (command.matrix) return matrix(all, command.format, terminal);
  await terminal.write(
    command.format === 'json' ? `${JSON.stringify(all, null, 2)}\n` : scenariosText(all, { colours: terminal.colours }),
  );
  return 0;
}

async function matrix(all: readonly Scenario[], format: 'text' | 'json', terminal: Terminal): Promise<number> {
  const simulator = await loadSimulator();
  const rows = matrixOf(all, simulator.designs, (scenario, design) => simulator.run(scenario, design) ?? []);
  await terminal.write(
    format === 'json' ? `${JSON.stringify(rows, null, 2)}\n` : matrixMarkdown(rows, simulator.designs, all),
  );
  return 0;
}

/** A built-in scenario by its id, else a scenario file. */
export async function findScenario(name: string, terminal: Terminal): Promise<Scenario | null> {
  const known = builtInScenarios().find((scenario) => scenario.id === name);
  if (known) return known;
  if (!/[./\\]/.test(name)) {
    terminal.complain(`There is no scenario “${name}”; doorbell scenarios lists them.`);
    return null;
  }
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch (problem) {
    terminal.complain(reason(name, problem));
    return null;
  }
  const parsed = parseScenario(text);
  if (parsed.kind === 'scenario') return parsed.scenario;
  for (const error of parsed.errors.slice(0, 20))
    terminal.complain(`${name}:${error.line}:${error.column}: ${error.message}`);
  return null;
}
