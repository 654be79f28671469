/**
 * From the text of a scenario file (JSON with comments) to a `Scenario`, or to errors with their places.
 * Knows nothing of presets, designs or the runner: that a machine of this name exists is found out when it is run.
 */
import type { Node, ParseError } from 'jsonc-parser';
import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { MachineSpec } from '../machine/types';
import type { Reader, ScenarioError } from './json-reader';
import { at, complain, list, members, name, oneOf, required, text, whole, yesNo } from './json-reader';
import { bind, boundId, combinations, readParameters } from './parameters';
import { CALL_KEYS, userCall } from './parse-call';
import { machine } from './parse-machine';
import type { AgentSpec, InvariantId, Scenario, Stage, StepSpec, Verdict } from './types';
import { errnoValue } from './view';

export type { ScenarioError };

export type ParsedScenario =
  | { readonly kind: 'scenario'; readonly scenario: Scenario }
  | { readonly kind: 'errors'; readonly errors: readonly ScenarioError[] };

export const STAGES: readonly Stage[] = [
  'attach',
  'register-window',
  'unregister-window',
  'replace',
  'map',
  'unmap',
  'enable',
  'affinity',
  'mask',
  'unmask',
  'disable',
  'detach',
  'release',
  'ioctl',
  'fire',
  'forge',
];
export const INVARIANT_IDS: readonly InvariantId[] = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
];
/** What can become of a device's write. */
const OUTCOMES: readonly string[] = ['interrupt', 'memory', 'ignored', 'fault', 'dropped', 'nothing'];
const VERDICTS: readonly Verdict[] = ['holds', 'violated', 'undecided', 'n/a'];
/** Files above this many UTF-16 units are refused: a scenario is written by hand. */
const LONGEST = 1_000_000;
const MOST_STEPS = 500;

interface Names {
  readonly agents: ReadonlyMap<string, readonly string[]>;
  readonly devices: ReadonlySet<string>;
}

function deviceRef(reader: Reader, node: Node | undefined, what: string, names: Names): string | undefined {
  const value = text(reader, node, what);
  if (value === undefined || node === undefined) return undefined;
  if (names.devices.has(value)) return value;
  at(reader, 'reference', `no agent has a device “${value}”`, node);
  return undefined;
}

function forgedAddress(reader: Reader, node: Node | undefined, names: Names): StepSpec['address'] {
  if (node === undefined) return undefined;
  if (node.value === 'own-door') return 'own-door';
  if (node.type !== 'object') return whole(reader, node, 'address');
  const all = members(reader, node, 'address', ['doorOf']);
  if (all === null) return undefined;
  required(reader, node, all, 'address', ['doorOf']);
  const doorOf = deviceRef(reader, all.get('doorOf'), 'doorOf', names);
  return doorOf === undefined ? undefined : { doorOf };
}

function forgedData(reader: Reader, node: Node | undefined, names: Names): StepSpec['data'] {
  if (node === undefined) return undefined;
  if (node.type !== 'object') return whole(reader, node, 'data', 0xffffffff);
  const all = members(reader, node, 'data', ['dataOf', 'vector']);
  if (all === null) return undefined;
  required(reader, node, all, 'data', ['dataOf']);
  const dataOf = deviceRef(reader, all.get('dataOf'), 'dataOf', names);
  const vector = whole(reader, all.get('vector'), 'vector', 2047);
  return dataOf === undefined ? undefined : { dataOf, ...(vector === undefined ? {} : { vector }) };
}

const STEP_KEYS = [
  'stage',
  'agent',
  'device',
  'vector',
  'count',
  'iova',
  'size',
  'pages',
  'physical',
  'cpu',
  'address',
  'data',
  ...CALL_KEYS,
  'expect',
  'failEach',
];

function step(reader: Reader, node: Node, names: Names): StepSpec | undefined {
  const all = members(reader, node, 'a step', STEP_KEYS);
  if (all === null) return undefined;
  required(reader, node, all, 'a step', ['stage', 'agent']);
  const stage = oneOf(reader, all.get('stage'), 'stage', STAGES);
  const agent = text(reader, all.get('agent'), 'agent');
  const agentNode = all.get('agent');
  const theirs = agent === undefined ? undefined : names.agents.get(agent);
  if (agent !== undefined && theirs === undefined && agentNode !== undefined)
    at(reader, 'reference', `there is no agent “${agent}”`, agentNode);
  const itsDevice = deviceRef(reader, all.get('device'), 'device', names);
  const deviceNode = all.get('device');
  if (itsDevice !== undefined && theirs !== undefined && deviceNode !== undefined && !theirs.includes(itsDevice))
    at(reader, 'reference', `“${itsDevice}” is not a device of ${agent}`, deviceNode);
  const expectNode = all.get('expect');
  const expect = text(reader, expectNode, 'expect');
  if (expect !== undefined && expectNode !== undefined) {
    const hardware = stage === 'fire' || stage === 'forge';
    if (hardware && !OUTCOMES.includes(expect))
      at(reader, 'value', `expect of a ${stage} step must be one of ${OUTCOMES.join(', ')}`, expectNode);
    if (!hardware && expect !== 'ok' && expect !== 'error' && errnoValue(expect) === null)
      at(reader, 'value', 'expect must be "ok", "error" or the name of an errno such as "EPERM"', expectNode);
  }
  const numbers = {
    vector: whole(reader, all.get('vector'), 'vector', 2047),
    count: whole(reader, all.get('count'), 'count', 2048, 1),
    iova: whole(reader, all.get('iova'), 'iova'),
    size: whole(reader, all.get('size'), 'size'),
    pages: whole(reader, all.get('pages'), 'pages', 0x1000000),
    physical: whole(reader, all.get('physical'), 'physical'),
    cpu: whole(reader, all.get('cpu'), 'cpu', 255),
  };
  if (stage !== 'forge')
    for (const key of ['address', 'data']) {
      const extra = all.get(key);
      if (extra !== undefined) at(reader, 'value', `“${key}” belongs to a forge step only`, extra);
    }
  const address = forgedAddress(reader, all.get('address'), names);
  const data = forgedData(reader, all.get('data'), names);
  const failEach = yesNo(reader, all.get('failEach'), 'failEach');
  const call = stage === undefined ? undefined : userCall(reader, node, all, stage === 'ioctl');
  if (stage === undefined || agent === undefined) return undefined;
  return {
    stage,
    agent,
    ...(itsDevice === undefined ? {} : { device: itsDevice }),
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    ...(address === undefined ? {} : { address }),
    ...(data === undefined ? {} : { data }),
    ...(call === undefined ? {} : { call }),
    ...(expect === undefined ? {} : { expect }),
    ...(failEach === undefined ? {} : { failEach }),
  };
}

function agentSpec(reader: Reader, node: Node): AgentSpec | undefined {
  const all = members(reader, node, 'an agent', ['name', 'kind', 'devices']);
  if (all === null) return undefined;
  required(reader, node, all, 'an agent', ['name', 'kind', 'devices']);
  const its = name(reader, all.get('name'), 'name');
  const kind = oneOf(reader, all.get('kind'), 'kind', ['host', 'guest'] as const);
  const devices = list(reader, all.get('devices'), 'devices', (child) => text(reader, child, 'a device’s name'));
  return its === undefined || kind === undefined || devices === undefined ? undefined : { name: its, kind, devices };
}

function expectations(reader: Reader, node: Node | undefined): Scenario['expected'] {
  if (node === undefined) return {};
  if (node.type !== 'object') {
    at(reader, 'type', 'expected must be an object: design → verdict', node);
    return {};
  }
  const found: Record<string, Verdict | Readonly<Record<string, Verdict>>> = {};
  const verdict = (value: Node): Verdict | undefined => oneOf(reader, value, 'a verdict', VERDICTS);
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    if (value.type === 'object') {
      const perMachine = (value.children ?? []).flatMap((inner) => {
        const [id, one] = inner.children ?? [];
        const its = one === undefined ? undefined : verdict(one);
        return id === undefined || its === undefined ? [] : [[String(id.value), its] as const];
      });
      found[String(key.value)] = Object.fromEntries(perMachine);
    } else {
      const its = verdict(value);
      if (its !== undefined) found[String(key.value)] = its;
    }
  }
  return found;
}

const KEYS = [
  '$schema',
  'id',
  'title',
  'shows',
  'reference',
  'rows',
  'machines',
  'unsafeInterrupts',
  'demonstration',
  'parameters',
  'agents',
  'steps',
  'watch',
  'expected',
];

function scenario(reader: Reader, root: Node): Scenario | undefined {
  const all = members(reader, root, 'a scenario', KEYS);
  if (all === null) return undefined;
  required(reader, root, all, 'a scenario', ['id', 'title', 'shows', 'machines', 'agents', 'steps', 'watch']);
  const id = name(reader, all.get('id'), 'id');
  const title = text(reader, all.get('title'), 'title');
  const shows = text(reader, all.get('shows'), 'shows');
  const reference = text(reader, all.get('reference'), 'reference') ?? '';
  const rows =
    list(reader, all.get('rows'), 'rows', (child) =>
      oneOf(
        reader,
        child,
        'a row',
        Array.from({ length: 14 }, (_, i) => `S${i + 1}`),
      ),
    ) ?? [];
  const machines = list(reader, all.get('machines'), 'machines', (child) => machine(reader, child));
  const unsafeInterrupts = yesNo(reader, all.get('unsafeInterrupts'), 'unsafeInterrupts') ?? false;
  const demonstration = yesNo(reader, all.get('demonstration'), 'demonstration');
  const agents = list(reader, all.get('agents'), 'agents', (child) => agentSpec(reader, child));
  const names: Names = {
    agents: new Map((agents ?? []).map((one) => [one.name, one.devices])),
    devices: new Set((agents ?? []).flatMap((one) => one.devices)),
  };
  const agentsNode = all.get('agents');
  if (agents !== undefined && agentsNode !== undefined && names.agents.size !== agents.length)
    at(reader, 'value', 'two agents have the same name', agentsNode);
  const stepsNode = all.get('steps');
  const steps = list(reader, stepsNode, 'steps', (child) => step(reader, child, names));
  if (steps !== undefined && stepsNode !== undefined && steps.length > MOST_STEPS)
    at(reader, 'value', `a scenario has at most ${MOST_STEPS} steps`, stepsNode);
  const watch = list(reader, all.get('watch'), 'watch', (child) => oneOf(reader, child, 'an invariant', INVARIANT_IDS));
  const expected = expectations(reader, all.get('expected'));
  for (const [key, value] of [
    ['machines', machines],
    ['steps', steps],
    ['watch', watch],
  ] as const) {
    const node = all.get(key);
    if (value !== undefined && node !== undefined && node.children?.length === 0)
      at(reader, 'value', `“${key}” is empty`, node);
  }
  if (
    id === undefined ||
    title === undefined ||
    shows === undefined ||
    machines === undefined ||
    agents === undefined ||
    steps === undefined ||
    watch === undefined
  )
    return undefined;
  return {
    id,
    title,
    shows,
    reference,
    rows,
    machines,
    unsafeInterrupts,
    ...(demonstration === undefined ? {} : { demonstration }),
    agents,
    steps,
    watch,
    expected,
  };
}

/** The tree of a text, or null when there is none; what is wrong with the text is written down in the reader. */
function treeOf(reader: Reader, source: string): { readonly root: Node; readonly broken: boolean } | null {
  if (source.length > LONGEST) {
    complain(reader, 'value', `a scenario file has at most ${LONGEST} characters, this one has ${source.length}`, 0, 1);
    return null;
  }
  const bare = source.charCodeAt(0) === 0xfeff ? ` ${source.slice(1)}` : source;
  if (deepest(bare) > 40) {
    complain(reader, 'syntax', 'brackets nest deeper than any scenario needs', 0, 1);
    return null;
  }
  const problems: ParseError[] = [];
  const root = parseTree(bare, problems, { allowTrailingComma: true });
  for (const problem of problems)
    complain(reader, 'syntax', sentence(printParseErrorCode(problem.error)), problem.offset, problem.length);
  if (root !== undefined) return { root, broken: problems.length > 0 };
  if (reader.errors.length === 0)
    complain(reader, 'syntax', 'the file is empty: a scenario is an object in braces', 0, 0);
  return null;
}

/** Reads a machine in a file of its own, as `machines` of a scenario has it. */
export function parseMachine(
  source: string,
):
  | { readonly kind: 'machine'; readonly machine: MachineSpec }
  | { readonly kind: 'errors'; readonly errors: readonly ScenarioError[] } {
  const reader: Reader = { text: source, errors: [] };
  const tree = treeOf(reader, source);
  const found = tree === null ? undefined : machine(reader, bind(reader, tree.root, {}));
  if (found !== undefined && (typeof found === 'string' || 'preset' in found) && tree !== null)
    at(reader, 'type', 'a machine in full must stand here', tree.root);
  if (found === undefined || typeof found === 'string' || 'preset' in found || reader.errors.length > 0)
    return { kind: 'errors', errors: reader.errors.length > 0 ? distinct(reader.errors) : [nothing()] };
  return { kind: 'machine', machine: found };
}

/** Reads one scenario file. Any text is allowed: what is wrong with it comes back as errors, each with its place; nothing is thrown. */
export function parseScenario(source: string): ParsedScenario {
  const reader: Reader = { text: source, errors: [] };
  const tree = treeOf(reader, source);
  if (tree === null) return { kind: 'errors', errors: reader.errors };
  const { root, broken } = tree;
  const parameters = readParameters(reader, root);
  // With a parameter missing every place that names it would be wrong too.
  if (reader.errors.length > 0 && !broken) return { kind: 'errors', errors: distinct(reader.errors) };
  const values = combinations(parameters);
  const variants = values.flatMap((one) => {
    const found = scenario(reader, bind(reader, root, one));
    if (found === undefined) return [];
    return [values.length === 1 ? found : { ...found, id: boundId(found.id, one), parameters: one }];
  });
  const [first] = variants;
  if (first === undefined || reader.errors.length > 0)
    return { kind: 'errors', errors: reader.errors.length > 0 ? distinct(reader.errors) : [nothing()] };
  if (variants.length === 1) return { kind: 'scenario', scenario: first };
  const id = first.id.slice(0, first.id.lastIndexOf('['));
  return { kind: 'scenario', scenario: { ...first, id, variants } };
}

/** Errors by their place, each once: a mistake in what is repeated is found in every copy. */
function distinct(errors: readonly ScenarioError[]): ScenarioError[] {
  const sorted = [...errors].sort((a, b) => a.line - b.line || a.column - b.column);
  return sorted.filter((error, i) => {
    const before = sorted[i - 1];
    return (
      before === undefined ||
      error.line !== before.line ||
      error.column !== before.column ||
      error.message !== before.message
    );
  });
}

const nothing = (): ScenarioError => ({
  code: 'syntax',
  message: 'this is no scenario',
  line: 1,
  column: 0,
  endLine: 1,
  endColumn: 0,
});

/** How deep brackets nest, strings counted in: an upper bound that spares the parser's recursion. */
function deepest(source: string): number {
  let depth = 0;
  let most = 0;
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) most = Math.max(most, ++depth);
    else if (c === 0x5d || c === 0x7d) depth--;
  }
  return most;
}

function sentence(code: string): string {
  const words: Readonly<Record<string, string>> = {
    InvalidSymbol: 'this is no JSON value',
    InvalidNumberFormat: 'this is no number',
    PropertyNameExpected: 'a key in double quotes must stand here',
    ValueExpected: 'a value must stand here',
    ColonExpected: 'a colon must stand here',
    CommaExpected: 'a comma must stand here',
    CloseBraceExpected: 'a closing brace is missing',
    CloseBracketExpected: 'a closing bracket is missing',
    EndOfFileExpected: 'the file must end here',
    UnexpectedEndOfComment: 'the comment is not closed',
    UnexpectedEndOfString: 'the text is not closed',
    InvalidCharacter: 'this character must not stand here',
  };
  return words[code] ?? code;
}
