/**
 * Parameters of a scenario file: one file stands for a run over a range of values.
 * In: the syntax tree of a file. Out: trees in which every parameter has a value and every `repeat` is written out; nodes keep the place they
 * stood at, so that an error in the fifth copy points at the text it came from. Knows nothing of scenarios.
 *
 * - `"parameters": { "granule": [4096, 65536], "guests": { "from": 1, "to": 8 } }` names values to run over.
 * - A text that begins with `=` is a sum of products of whole numbers and names: `"=0x180 + 8 * i"`.
 * - `{guests}` inside another text is the value, in decimal.
 * - In a list, `{ "repeat": "=guests", "as": "i", "items": [ … ] }` stands for its items, written out with i = 0, 1, ….
 */
import type { Node } from 'jsonc-parser';
import type { Reader } from './json-reader';
import { at, members, required } from './json-reader';

export type Values = Readonly<Record<string, number>>;

export interface Parameter {
  readonly name: string;
  readonly values: readonly number[];
}

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const MOST_VALUES = 64;
/** Combinations of all parameters of a file. */
export const MOST_COMBINATIONS = 256;
/** Nodes of a tree in which all is written out. */
const MOST_NODES = 50_000;
const MOST_COPIES = 256;

function numberAt(reader: Reader, node: Node | undefined, what: string): number | null {
  if (node === undefined) return null;
  const value =
    node.type === 'number' || (node.type === 'string' && /^0x[0-9a-f]+$/i.test(String(node.value)))
      ? Number(node.value)
      : Number.NaN;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  at(reader, 'type', `${what} must be a whole number from 0 (or a text such as "0x1000")`, node);
  return null;
}

/** The values of one parameter: a list, or `from`, `to` (included) and perhaps `step`. */
function valuesOf(reader: Reader, node: Node, name: string): number[] {
  if (node.type === 'array') {
    const values = (node.children ?? []).flatMap((child) => numberAt(reader, child, `a value of ${name}`) ?? []);
    if (values.length === 0) at(reader, 'value', `the parameter “${name}” needs at least one value`, node);
    if (new Set(values).size < values.length) at(reader, 'value', `“${name}” has the same value twice`, node);
    if (values.length > MOST_VALUES) at(reader, 'value', `“${name}” has more than ${MOST_VALUES} values`, node);
    return values.slice(0, MOST_VALUES);
  }
  const all = members(reader, node, `the parameter “${name}”`, ['from', 'to', 'step']);
  if (all === null) return [];
  required(reader, node, all, `the parameter “${name}”`, ['from', 'to']);
  const from = numberAt(reader, all.get('from'), 'from');
  const to = numberAt(reader, all.get('to'), 'to');
  const step = all.has('step') ? numberAt(reader, all.get('step'), 'step') : 1;
  if (from === null || to === null || step === null) return [];
  if (step === 0 || to < from || (to - from) / step >= MOST_VALUES) {
    at(reader, 'value', `“${name}” must run upwards over 1 to ${MOST_VALUES} values`, node);
    return [];
  }
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}

/** The parameters a file names; empty when it names none or when what stands there is wrong (then it is written down). */
export function readParameters(reader: Reader, root: Node): Parameter[] {
  if (root.type !== 'object') return [];
  const node = root.children?.find((property) => property.children?.[0]?.value === 'parameters')?.children?.[1];
  if (node === undefined) return [];
  if (node.type !== 'object') {
    at(reader, 'type', 'parameters must be an object: name → values', node);
    return [];
  }
  const found: Parameter[] = [];
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    const name = String(key.value);
    if (!NAME.test(name)) at(reader, 'value', `“${name}” is no name for a parameter: letters, digits and _`, key);
    else if (found.some((one) => one.name === name)) at(reader, 'value', `“${name}” is given twice`, key);
    else found.push({ name, values: valuesOf(reader, value, name) });
  }
  if (found.reduce((product, one) => product * one.values.length, 1) > MOST_COMBINATIONS) {
    at(reader, 'value', `the parameters have more than ${MOST_COMBINATIONS} combinations`, node);
    return [];
  }
  return found.filter((one) => one.values.length > 0);
}

/** Every combination of values, the first parameter's values slowest. One empty combination without parameters. */
export function combinations(parameters: readonly Parameter[]): Values[] {
  return parameters.reduce<Values[]>(
    (before, { name, values }) => before.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

/** `base[granule=4096,guests=2]`; the id itself without parameters. */
export function boundId(id: string, values: Values): string {
  const list = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return list.length === 0 ? id : `${id}[${list.join(',')}]`;
}

/** A sum of products; a sentence that says what is wrong with it otherwise. */
export function evaluate(source: string, values: Values): number | string {
  let sum = 0;
  let sign = 1;
  const terms = source.split(/([+-])/);
  for (const [i, term] of terms.entries()) {
    if (i % 2 === 1) {
      sign = term === '-' ? -1 : 1;
      continue;
    }
    let product = sign;
    for (const factor of term.split('*')) {
      const word = factor.trim();
      const value = /^(?:\d+|0x[0-9a-f]+)$/i.test(word)
        ? Number(word)
        : Object.hasOwn(values, word)
          ? values[word]
          : undefined;
      if (value === undefined)
        return word === ''
          ? 'a number or a name is missing'
          : NAME.test(word)
            ? `there is no parameter “${word}”`
            : `“${word}” is neither a number nor a name`;
      product *= value;
    }
    sum += product;
  }
  return Number.isSafeInteger(sum) ? sum : 'the value is beyond 2^53';
}

interface Binding {
  readonly reader: Reader;
  nodes: number;
  full: boolean;
}

function bound(binding: Binding, node: Node, values: Values): Node {
  binding.nodes++;
  if (binding.nodes > MOST_NODES) {
    if (!binding.full) at(binding.reader, 'value', 'written out, the repeats are too long', node);
    binding.full = true;
    return { type: 'null', offset: node.offset, length: node.length };
  }
  if (node.type === 'string') return boundText(binding, node, values);
  if (node.children === undefined) return node;
  const children =
    node.type === 'array'
      ? node.children.flatMap((child) => items(binding, child, values))
      : node.type === 'property'
        ? node.children.map((child, i) => (i === 0 ? child : bound(binding, child, values)))
        : node.children.map((child) => bound(binding, child, values));
  return { ...node, children };
}

function boundText(binding: Binding, node: Node, values: Values): Node {
  const text = String(node.value);
  if (text.startsWith('=')) {
    const value = evaluate(text.slice(1), values);
    if (typeof value === 'number') return { type: 'number', offset: node.offset, length: node.length, value };
    at(binding.reader, 'reference', value, node);
    return { type: 'number', offset: node.offset, length: node.length, value: 0 };
  }
  if (!text.includes('{')) return node;
  return {
    ...node,
    value: text.replace(/\{([A-Za-z]\w*)\}/g, (all, name: string) =>
      Object.hasOwn(values, name) ? String(values[name]) : all,
    ),
  };
}

/** A list's item, or the items that a `repeat` stands for. */
function items(binding: Binding, node: Node, values: Values): Node[] {
  const repeats =
    node.type === 'object' && node.children?.some((one) => one.children?.[0]?.value === 'repeat') === true;
  if (!repeats) return [bound(binding, node, values)];
  const { reader } = binding;
  const all = members(reader, node, 'a repeat', ['repeat', 'as', 'items']);
  const body = all?.get('items');
  if (all === null) return [];
  required(reader, node, all, 'a repeat', ['repeat', 'items']);
  if (body !== undefined && body.type !== 'array') at(reader, 'type', 'items must be a list', body);
  const as = all.get('as');
  const counter = as === undefined ? 'i' : String(as.value);
  if (as !== undefined && (as.type !== 'string' || !NAME.test(counter)))
    at(reader, 'value', '“as” must be a name of letters, digits and _', as);
  const times = all.get('repeat');
  if (body?.type !== 'array' || times === undefined) return [];
  const copies = bound(binding, times, values);
  const count = copies.type === 'number' ? Number(copies.value) : Number.NaN;
  if (!Number.isInteger(count) || count < 0 || count > MOST_COPIES) {
    at(reader, 'value', `repeat must be a whole number from 0 to ${MOST_COPIES}`, times);
    return [];
  }
  return Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    binding.full ? [] : (body.children ?? []).flatMap((child) => items(binding, child, { ...values, [counter]: i })),
  );
}

/** The tree with all values put in. What cannot be is written down in the reader, once for each place. */
export function bind(reader: Reader, root: Node, values: Values): Node {
  return bound({ reader, nodes: 0, full: false }, root, values);
}
