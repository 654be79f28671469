/**
 * The library as a table: scenario × machine × invariants, with the verdict of each design.
 * In: scenarios, designs, how to run one. Out: rows, and the same as Markdown.
 */

import { machinePresets } from '../machine/presets';
import type { MachineSpec } from '../machine/types';
import { problemOf } from './explorer/problem';
import type { Coverage } from './explorer/search';
import { search } from './explorer/search';
import type { InvariantId, Scenario, ScenarioResult, Verdict } from './types';

export interface MatrixRow {
  readonly scenario: string;
  readonly title: string;
  readonly machine: string;
  readonly watch: readonly InvariantId[];
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** What was broken, by design. */
  readonly broken: Readonly<Record<string, readonly InvariantId[]>>;
}

const GRAVER: readonly Verdict[] = ['violated', 'undecided', 'n/a', 'holds'];

/** One row for each scenario and machine; of several values of a parameter the gravest verdict counts. */
export function matrixOf(
  scenarios: readonly Scenario[],
  designs: readonly string[],
  run: (scenario: Scenario, design: string) => readonly ScenarioResult[],
): MatrixRow[] {
  return scenarios.flatMap((scenario) => {
    const rows = new Map<string, { verdicts: Record<string, Verdict>; broken: Record<string, InvariantId[]> }>();
    for (const design of designs)
      for (const { machine, verdict, traces } of run(scenario, design)) {
        const row = rows.get(machine) ?? { verdicts: {}, broken: {} };
        rows.set(machine, row);
        const before = row.verdicts[design];
        if (before === undefined || GRAVER.indexOf(verdict) < GRAVER.indexOf(before)) row.verdicts[design] = verdict;
        const found = traces.flatMap((trace) => trace.violations.map((one) => one.invariant));
        row.broken[design] = [...new Set([...(row.broken[design] ?? []), ...found])].sort();
      }
    return [...rows].map(([machine, { verdicts, broken }]) => ({
      scenario: scenario.id,
      title: scenario.title,
      machine,
      watch: scenario.watch,
      verdicts,
      broken,
    }));
  });
}

const MARK: Readonly<Record<Verdict, string>> = {
  holds: 'holds',
  violated: '**violated**',
  undecided: '?',
  'n/a': '–',
};

/** The scenario with the machine's last two devices where it lacks those that are named. */
function onDevicesOf(machine: MachineSpec, scenario: Scenario): Scenario {
  const names = machine.devices.map((device) => device.name);
  if (scenario.agents.every((agent) => agent.devices.every((device) => names.includes(device)))) return scenario;
  const last = names.slice(-scenario.agents.length);
  return { ...scenario, agents: scenario.agents.map((agent, i) => ({ ...agent, devices: last.slice(i, i + 1) })) };
}

/** What two guests can do to each other on every machine of the model, whatever the host's design. */
function hardwareRows(scenarios: readonly Scenario[]): string[] {
  const attacks = ['two-guests-x86', 'stale-door-after-disable'].flatMap(
    (id) => scenarios.find((one) => one.id === id) ?? [],
  );
  const told = (coverage: Coverage, message: string | undefined): string =>
    coverage.configurations === 1
      ? '– (no guest gets a device)'
      : message !== undefined
        ? `**violated**: ${message}`
        : `holds (${coverage.states} states, ${coverage.extent})`;
  return machinePresets.flatMap((machine) => {
    const cells = attacks.map((scenario) => {
      const problem = problemOf(onDevicesOf(machine, { ...scenario, unsafeInterrupts: true }), machine);
      if (typeof problem === 'string') return `– (${problem})`;
      const one = search(problem, { states: 200_000 });
      while (one.advance(10_000));
      const example = one.counterexample();
      return told(one.coverage(), example === null ? undefined : `${example.invariant}, ${example.message}`);
    });
    return [`| ${machine.id} | ${cells.join(' | ')} |`];
  });
}

/** Markdown, ending in a line feed. */
export function matrixMarkdown(
  rows: readonly MatrixRow[],
  designs: readonly string[],
  scenarios: readonly Scenario[],
): string {
  const lines = [
    '# What holds where',
    '',
    'Made by `doorbell scenarios --matrix`. Each cell is the verdict of one design on one machine in one scenario of the library; behind',
    'a violation stand the invariants that were broken (`docs/scenarios.md`). – : could not be played.',
    '',
    `| scenario | machine | watches | ${designs.join(' | ')} |`,
    `|---|---|---|${designs.map(() => '---|').join('')}`,
  ];
  for (const row of rows)
    lines.push(
      `| ${row.scenario} | ${row.machine} | ${row.watch.join(' ')} | ${designs
        .map((design) => {
          const verdict = row.verdicts[design] ?? 'n/a';
          return verdict === 'violated' ? `${MARK[verdict]} ${(row.broken[design] ?? []).join(' ')}` : MARK[verdict];
        })
        .join(' | ')} |`,
    );
  lines.push(
    '',
    '## What the hardware alone allows',
    '',
    'Unsafe interrupts allowed, a host that does all right, every order of the steps of two guests and of their devices’ messages: what',
    'is violated here no design can mend, and what holds needs a design that does not spoil it. With `arm64-smmuv3-its-alias` the two devices',
    'behind the bridge are given to two guests, which their common IOMMU group forbids: the second guest takes the first one’s stream.',
    '',
    '| machine | forged messages while both guests are enabled | messages under way while a vector changes hands |',
    '|---|---|---|',
    ...hardwareRows(scenarios),
  );
  return `${lines.join('\n')}\n`;
}
