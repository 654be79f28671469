/** The text of a new scenario file, made of one that is known: what the author changes is there already. Knows no VS Code. */
import type { Scenario, StepSpec } from '../scenario/types';

export interface DraftStart {
  /** Absent: the machines of the scenario. */
  readonly machine?: string;
  /** Absent: no verdict is expected yet, and the file is run on all designs. */
  readonly design?: string;
}

const hex = (value: unknown): unknown => (typeof value === 'number' ? `0x${value.toString(16)}` : value);

/** Fields of a user's own call: what is too long to be a count is an address. */
function fieldsOf(fields: Readonly<Record<string, number | string>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'number' && value > 0xffff ? hex(value) : value,
    ]),
  );
}

/** Addresses and sizes are written as people read them. */
function stepOf({ call, ...step }: StepSpec): Readonly<Record<string, unknown>> {
  const hexadecimal = ['iova', 'size', 'physical', 'address', 'data'];
  const own = Object.entries(step).map(([key, value]: [string, unknown]) => [
    key,
    hexadecimal.includes(key) ? hex(value) : value,
  ]);
  if (call === undefined) return Object.fromEntries(own);
  const { fields, gives } = call;
  return {
    ...Object.fromEntries(own),
    ...call,
    fields: fieldsOf(fields),
    ...(gives === undefined ? {} : { gives: fieldsOf(gives) }),
  };
}

/** A file that `parseScenario` reads, and that says what the given scenario says. */
export function draftOf(scenario: Scenario, { machine, design }: DraftStart): string {
  const { id, title, shows, reference, rows, machines, unsafeInterrupts, demonstration, agents, steps, watch } =
    scenario.variants?.[0] ?? scenario;
  const own = machines.find((one) => (typeof one === 'string' ? one : one.id) === machine);
  const file = {
    id: `${id.replace(/\[.*$/, '')}-of-mine`,
    title,
    shows,
    reference,
    rows,
    machines: own === undefined ? machines : [own],
    unsafeInterrupts,
    ...(demonstration === undefined ? {} : { demonstration }),
    agents,
    steps: steps.map(stepOf),
    watch,
    expected: design === undefined ? {} : { [design]: 'holds' },
  };
  const text = JSON.stringify(file, null, 2);
  // A step or an agent is one line, as in the scenarios that come with the product.
  return `${text.replace(/\n {4}\{\n([^{}]*?)\n {4}\}/g, (_, inside: string) => `\n    { ${inside.trim().replace(/\s*\n\s*/g, ' ')} }`)}\n`;
}
