/**
 * Reading JSON with comments by its syntax tree: each question about a node answers with a value, or writes down what is wrong and where.
 * In: nodes of `jsonc-parser`. Out: values and `ScenarioError`s. Knows nothing of scenarios.
 */
import type { Node } from 'jsonc-parser';

/** Lines are 1-based, columns 0-based UTF-16 units, the end is exclusive. */
export interface ScenarioError {
  readonly code: 'syntax' | 'missing' | 'unknown-key' | 'type' | 'value' | 'reference';
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface Reader {
  readonly text: string;
  readonly errors: ScenarioError[];
}

function place(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: Math.max(0, offset - start) };
}

export function complain(
  reader: Reader,
  code: ScenarioError['code'],
  message: string,
  offset: number,
  length: number,
): void {
  const from = place(reader.text, offset);
  const to = place(reader.text, offset + length);
  reader.errors.push({ code, message, line: from.line, column: from.column, endLine: to.line, endColumn: to.column });
}

export const at = (reader: Reader, code: ScenarioError['code'], message: string, node: Node): void =>
  complain(reader, code, message, node.offset, node.length);

/** An object's members by key; complains of keys that are not in `known` and of keys given twice. */
export function members(reader: Reader, node: Node, what: string, known: readonly string[]): Map<string, Node> | null {
  if (node.type !== 'object') {
    at(reader, 'type', `${what} must be an object`, node);
    return null;
  }
  const found = new Map<string, Node>();
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    const name = String(key.value);
    if (!known.includes(name))
      at(reader, 'unknown-key', `${what} has no key “${name}”; known are ${known.join(', ')}`, key);
    else if (found.has(name)) at(reader, 'value', `“${name}” is given twice`, key);
    else found.set(name, value);
  }
  return found;
}

export function required(
  reader: Reader,
  node: Node,
  all: Map<string, Node>,
  what: string,
  keys: readonly string[],
): void {
  for (const key of keys) if (!all.has(key)) complain(reader, 'missing', `${what} needs “${key}”`, node.offset, 1);
}

export function text(reader: Reader, node: Node | undefined, what: string): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'string' && typeof node.value === 'string' && node.value.trim() !== '') return node.value;
  at(reader, 'type', `${what} must be a text that is not empty`, node);
  return undefined;
}

/** A name that stands in a path of the state: no slash. */
export function name(reader: Reader, node: Node | undefined, what: string): string | undefined {
  const value = text(reader, node, what);
  if (value === undefined || node === undefined) return undefined;
  if (!value.includes('/')) return value;
  at(reader, 'value', `${what} must not contain a slash`, node);
  return undefined;
}

/** A number, or a text such as "0x8000000"; whole, from 0 to 2^53 - 1. */
export function whole(
  reader: Reader,
  node: Node | undefined,
  what: string,
  most = Number.MAX_SAFE_INTEGER,
  least = 0,
): number | undefined {
  if (node === undefined) return undefined;
  const value =
    node.type === 'number'
      ? Number(node.value)
      : node.type === 'string' && /^0x[0-9a-f]+$/i.test(String(node.value))
        ? Number(node.value)
        : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  at(
    reader,
    Number.isNaN(value) ? 'type' : 'value',
    `${what} must be a whole number (or a text such as "0x8000000") from ${least} to ${most}`,
    node,
  );
  return undefined;
}

export function yesNo(reader: Reader, node: Node | undefined, what: string): boolean | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'boolean') return node.value === true;
  at(reader, 'type', `${what} must be true or false`, node);
  return undefined;
}

export function oneOf<T extends string | number>(
  reader: Reader,
  node: Node | undefined,
  what: string,
  values: readonly T[],
): T | undefined {
  if (node === undefined) return undefined;
  const found = values.find((value) => value === node.value);
  if (found === undefined) at(reader, 'value', `${what} must be one of ${values.join(', ')}`, node);
  return found;
}

export function list<T>(
  reader: Reader,
  node: Node | undefined,
  what: string,
  item: (node: Node, i: number) => T | undefined,
): T[] | undefined {
  if (node === undefined) return undefined;
  if (node.type !== 'array') {
    at(reader, 'type', `${what} must be a list`, node);
    return undefined;
  }
  return (node.children ?? []).flatMap((child, i) => {
    const value = item(child, i);
    return value === undefined ? [] : [value];
  });
}
