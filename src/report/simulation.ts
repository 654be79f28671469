/** Scenario results as text and JSON: a verdict per machine, and the trace that shows it. */
import type { Scenario, ScenarioResult, Trace, Verdict } from '../scenario/types';
import type { Colour } from './plain';
import { asClause, painter, printable } from './plain';

/** Results of one scenario with one design. */
export interface Simulation {
  readonly scenario: Scenario;
  readonly design: string;
  readonly results: readonly ScenarioResult[];
}

const COLOUR: Readonly<Record<Verdict, Colour>> = {
  holds: 'green',
  violated: 'red',
  undecided: 'yellow',
  'n/a': 'grey',
};

/** Plain data for `--format json`. */
export function simulationJson(simulations: readonly Simulation[]): unknown {
  return simulations.flatMap(({ scenario, design, results }) =>
    results.map(({ machine, verdict, reason, traces }) => ({
      scenario: scenario.id,
      machine,
      design,
      verdict,
      reason,
      traces: traces.map(({ id, injected, events, violations, windows, undecided }) => ({
        id,
        injected,
        events: events.map(({ step, actor, kind, text, function: name, windowDelta }) => ({
          step,
          actor,
          kind,
          text,
          function: name,
          windowDelta,
        })),
        violations: violations.map(({ invariant, message, event, why }) => ({ invariant, message, event, why })),
        windows,
        undecided,
      })),
    })),
  );
}

/** Readable text, ending in a line feed. A run in which all held is told in full only when it is the only one. */
export function simulationText(simulations: readonly Simulation[], options: { readonly colours: boolean }): string {
  const paint = painter(options.colours);
  const lines: string[] = [];
  let last: Scenario | null = null;
  const single = simulations.flatMap(({ results }) => results).length === 1;
  for (const { scenario, design, results } of simulations) {
    if (scenario !== last)
      lines.push(
        ...(last === null ? [] : ['']),
        paint('bold', `${scenario.id}  ${scenario.title}`),
        paint('grey', `  ${scenario.shows} [${scenario.reference}]`),
      );
    last = scenario;
    for (const { machine, verdict, reason, traces } of results) {
      lines.push(
        '',
        `${machine}, design ${design}: ${paint(COLOUR[verdict], verdict)}${reason === null ? '' : ` (${printable(reason)})`}`,
      );
      if (single || verdict !== 'holds')
        for (const trace of traces) lines.push(...traceLines(trace).map((line) => `  ${line}`));
    }
  }
  return `${lines.join('\n')}\n`;

  function traceLines(trace: Trace): string[] {
    const broken = new Map(trace.violations.map((violation) => [violation.event, violation]));
    const out = trace.injected === null ? [] : [paint('grey', `with a failure of ${printable(trace.injected)}`)];
    for (const event of trace.events) {
      if (event.kind === 'call' || event.kind === 'return') continue;
      const actor = event.text.startsWith(event.actor) ? '' : `${event.actor}: `;
      const text = `${String(event.index).padStart(4)}  ${printable(actor + event.text)}`;
      const violation = broken.get(event.index);
      out.push(event.kind === 'stage' ? paint('bold', text) : violation ? paint('red', text) : text);
      if (!violation) continue;
      out.push(paint('red', `      ${violation.invariant}: ${printable(violation.message)}`));
      for (const { text: why, reference } of violation.why)
        out.push(
          `        because ${printable(asClause(why))}${reference === null ? '' : paint('grey', `  [${reference}]`)}`,
        );
    }
    for (const window of trace.windows)
      out.push(
        `      window of ${window.agent}: ${window.pagesUsed} of ${Math.floor(window.size / Math.max(window.granule, 1))} pages used, ${window.pagesNeeded} needed`,
      );
    for (const why of trace.undecided) out.push(paint('yellow', `      undecided: ${printable(why)}`));
    return out;
  }
}

/** The list of scenarios. */
export function scenariosText(scenarios: readonly Scenario[], options: { readonly colours: boolean }): string {
  const paint = painter(options.colours);
  return `${scenarios
    .map(({ id, title, shows, machines, rows }) => {
      const names = machines.map((machine) => (typeof machine === 'string' ? machine : machine.id)).join(', ');
      return `${paint('bold', id)}  ${title}\n  ${shows}\n  ${paint('grey', `on ${names}${rows.length > 0 ? `; covers ${rows.join(', ')}` : ''}`)}`;
    })
    .join('\n\n')}\n`;
}
