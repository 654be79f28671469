/** `doorbell provision`: how much window the doorbells of some devices need, and what fails in a smaller one. */
import { readFile } from 'node:fs/promises';
import { createPlatform } from '../host/platforms/index';
import { machinePreset } from '../machine/presets';
import type { MachineSpec } from '../machine/types';
import { reason } from '../node/files';
import { loadSimulator } from '../node/reviewer';
import { parseMachine } from '../scenario/parse';
import type { Provision, ProvisionRequest } from '../scenario/provision';
import { provision } from '../scenario/provision';
import type { Shortage } from '../scenario/shortage';
import { shortageScenario, shortagesOf } from '../scenario/shortage';
import type { Command } from './arguments';
import type { Terminal } from './review';

/** The designs in which a user registers the window. */
const REGISTERING = ['fixup', 'transparent'];

export async function provisionCommand(
  command: Extract<Command, { kind: 'provision' }>,
  terminal: Terminal,
): Promise<number> {
  const machine = await findMachine(command.machine, terminal);
  if (machine === null) return 2;
  const asked =
    command.devices.length > 0 ? command.devices : machine.devices.map((one) => ({ device: one.name, vectors: null }));
  const requests: ProvisionRequest[] = asked.map(({ device, vectors }) => ({
    device,
    vectors: vectors ?? Math.max(1, machine.devices.find((one) => one.name === device)?.vectors ?? 1),
  }));
  const answer = provision(machine, requests, createPlatform);
  const shortages = await tried(machine, requests, answer);
  await terminal.write(
    command.format === 'json'
      ? `${JSON.stringify({ machine: machine.id, requests, ...answer, shortages }, null, 2)}\n`
      : text(machine.id, requests, answer, shortages),
  );
  return answer.impossible.length > 0 ? 1 : 0;
}

/** Every smaller window, played on the designs that have one. */
async function tried(
  machine: MachineSpec,
  requests: readonly ProvisionRequest[],
  answer: Provision,
): Promise<Shortage[]> {
  if (answer.pages === 0 || answer.impossible.length > 0) return [];
  const simulator = await loadSimulator();
  return REGISTERING.filter((design) => simulator.designs.includes(design)).flatMap((design) =>
    Array.from({ length: answer.pages + 1 }, (_, pages) => pages).flatMap((pages) =>
      shortagesOf(
        simulator.run(shortageScenario(machine, requests, pages, answer), design) ?? [],
        design,
        pages,
        requests,
      ),
    ),
  );
}

/** A preset by its id, else a file that holds a machine as scenario files have it. */
async function findMachine(name: string, terminal: Terminal): Promise<MachineSpec | null> {
  const preset = machinePreset(name);
  if (preset !== null) return preset;
  if (!/[./\\]/.test(name)) {
    terminal.complain(`There is no machine “${name}”.`);
    return null;
  }
  let source: string;
  try {
    source = await readFile(name, 'utf8');
  } catch (problem) {
    terminal.complain(reason(name, problem));
    return null;
  }
  const parsed = parseMachine(source);
  if (parsed.kind === 'machine') return parsed.machine;
  for (const error of parsed.errors.slice(0, 20))
    terminal.complain(`${name}:${error.line}:${error.column}: ${error.message}`);
  return null;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function text(
  machine: string,
  requests: readonly ProvisionRequest[],
  answer: Provision,
  shortages: readonly Shortage[],
): string {
  const lines = [
    `${machine}: ${requests.map((one) => `${one.device} with ${one.vectors}`).join(', ')}`,
    `  ${answer.because}`,
  ];
  if (answer.pages > 0)
    lines.push(
      `  window: ${answer.pages} × ${answer.granule} = ${answer.bytes} bytes${answer.base === null ? ', and no place is free for it' : `, free at ${hex(answer.base)}`}`,
    );
  for (const door of answer.doorbells)
    lines.push(`  page ${hex(door.page)} (${door.controller}): ${door.devices.join(', ')}`);
  for (const one of answer.short)
    lines.push(`  with ${one.pages} page${one.pages === 1 ? '' : 's'}: no page is left for ${one.fails}`);
  for (const one of answer.impossible) lines.push(`  impossible at any size: ${one.device}: ${one.why}`);
  for (const one of shortages)
    lines.push(
      `  design ${one.design}, ${one.pages} page${one.pages === 1 ? '' : 's'}: ${one.devices
        .map((device) => `${device.device} ${device.result}`)
        .join(', ')}`,
    );
  return `${lines.join('\n')}\n`;
}
