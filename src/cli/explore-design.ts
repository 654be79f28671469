/** `doorbell explore --design`: all orders of a scenario's steps on the programs of a host design. Interrupted, it tells what was covered so far. */
import { loadSimulator } from '../node/reviewer';
import type { OrderCoverage, OrderExample } from '../scenario/explorer/orders';
import { searchOrders } from '../scenario/explorer/orders';
import type { Scenario, StepSpec } from '../scenario/types';
import type { Command } from './arguments';
import { progressOn } from './progress';
import type { Terminal } from './review';

interface Explored {
  readonly scenario: string;
  readonly machine: string;
  readonly design: string;
  readonly coverage: OrderCoverage;
  /** Why the first order that was neither held nor violated was not. */
  readonly reason: string | null;
  readonly counterexample: OrderExample | null;
}

/** Orders without `--states`. */
const MOST_ORDERS = 1000;

export async function exploreDesign(
  command: Extract<Command, { kind: 'explore' }>,
  scenario: Scenario,
  terminal: Terminal,
): Promise<number> {
  const simulator = await loadSimulator();
  const design = command.design ?? '';
  if (!simulator.designs.includes(design)) {
    terminal.complain(`There is no design “${design}”: there are ${simulator.designs.join(', ')}.`);
    return 2;
  }
  const nameOf = (machine: Scenario['machines'][number]) => (typeof machine === 'string' ? machine : machine.id);
  const targets = (scenario.variants ?? [scenario]).flatMap((variant) =>
    variant.machines.map(nameOf).flatMap((machine) => {
      const wanted = command.machine === null || command.machine === machine;
      return wanted ? [{ variant, machine }] : [];
    }),
  );
  if (targets.length === 0) {
    terminal.complain(
      `${scenario.id} does not run on “${command.machine}”: its machines are ${scenario.machines.map(nameOf).join(', ')}.`,
    );
    return 2;
  }
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
  };
  process.once('SIGINT', stop);
  const progress = progressOn(process.stderr);
  const results: Explored[] = [];
  for (const { variant, machine } of targets) {
    if (interrupted) break;
    const orders = command.states ?? MOST_ORDERS;
    const one = searchOrders(variant, (ordered) => simulator.run(ordered, design, [machine])?.[0] ?? null, { orders });
    while (!interrupted && one.advance(1)) {
      const { orders: played, of } = one.coverage();
      progress.show(played / Math.min(of, orders), `${played} of ${of} orders`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    results.push({
      scenario: variant.id,
      machine,
      design,
      coverage: one.coverage(),
      reason: one.reason(),
      counterexample: one.counterexample(),
    });
  }
  progress.clear();
  process.removeListener('SIGINT', stop);
  await terminal.write(command.format === 'json' ? `${JSON.stringify(results, null, 2)}\n` : text(results));
  return results.some((one) => one.counterexample !== null) ? 1 : 0;
}

function text(results: readonly Explored[]): string {
  const lines: string[] = [];
  for (const { scenario, machine, design, coverage, reason, counterexample } of results) {
    if (lines.length > 0) lines.push('');
    lines.push(`${scenario}, ${machine}, ${design}`);
    const { orders, of, held, undecided, unplayable, extent } = coverage;
    const open = [
      ...(undecided > 0 ? [`${undecided} undecided`] : []),
      ...(unplayable > 0 ? [`${unplayable} not playable`] : []),
    ];
    const covered = `${orders} of ${of} orders${open.length > 0 ? `, ${open.join(', ')}` : ''}`;
    if (counterexample !== null) {
      lines.push(`  ${counterexample.invariant} violated: ${counterexample.message}`);
      lines.push(`  the shortest way there, ${counterexample.steps.length} steps (${covered}):`);
      for (const [i, step] of counterexample.steps.entries())
        lines.push(`  ${String(i + 1).padStart(4)}  ${step.agent}: ${told(step)}`);
    } else if (held === orders && extent === 'complete') lines.push(`  holds in every order: ${covered}, complete`);
    else lines.push(`  nothing found: ${covered}, ${held} held, ${extent}`);
    if (counterexample === null && held < orders && reason !== null) lines.push(`  ${reason}`);
  }
  return `${lines.join('\n')}\n`;
}

function told(step: StepSpec): string {
  const device = step.device === undefined ? '' : ` ${step.device}`;
  if (step.stage === 'enable') return `enable${device}, ${step.count ?? 1} vector(s)`;
  if (step.stage === 'affinity') return `affinity${device}, vector ${step.vector ?? 0} to CPU ${step.cpu ?? 0}`;
  return `${step.stage}${device}`;
}
