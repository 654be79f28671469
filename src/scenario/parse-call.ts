/**
 * The call of an `ioctl` step: file, command, structure. In: a step's members. Out: the call, or errors with their places.
 * Whether a design has the command is found out when it is run.
 */
import type { Node } from 'jsonc-parser';
import type { Reader } from './json-reader';
import { at, oneOf, required, text, whole } from './json-reader';
import type { UserCall } from './types';

/** Keys of a step that belong to its call. */
export const CALL_KEYS = ['file', 'command', 'type', 'fields', 'value', 'as', 'gives'] as const;

const WORDS = ['iommufd', 'space', 'memory'];

/** A text of up to 64 bits that a number holds exactly, such as the last page of all addresses. */
function wide(word: string): number | undefined {
  if (!/^0x[0-9a-f]{1,16}$/i.test(word)) return undefined;
  const number = Number(word);
  return BigInt(number) === BigInt(word) ? number : undefined;
}

/** An object of numbers, or of numbers and texts that stand for one. */
function fieldsOf(
  reader: Reader,
  node: Node | undefined,
  what: string,
  words: boolean,
): Record<string, number | string> | undefined {
  if (node === undefined) return undefined;
  if (node.type !== 'object') {
    at(reader, 'type', `${what} must be an object: field → number`, node);
    return undefined;
  }
  const found: Record<string, number | string> = {};
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    const word = value.type === 'string' ? String(value.value) : '';
    if (words && (WORDS.includes(word) || /^[^.\s]+\.\w+$/.test(word))) found[String(key.value)] = word;
    else {
      const number = wide(word) ?? whole(reader, value, `${what}.${String(key.value)}`);
      if (number !== undefined) found[String(key.value)] = number;
    }
  }
  return found;
}

/** The call of a step, which must be there when `wanted` and must not be otherwise. */
export function userCall(
  reader: Reader,
  node: Node,
  all: ReadonlyMap<string, Node>,
  wanted: boolean,
): UserCall | undefined {
  if (!wanted) {
    for (const key of CALL_KEYS) {
      const extra = all.get(key);
      if (extra !== undefined) at(reader, 'value', `“${key}” belongs to an ioctl step only`, extra);
    }
    return undefined;
  }
  required(reader, node, new Map(all), 'an ioctl step', ['file', 'command']);
  const file = oneOf(reader, all.get('file'), 'file', ['iommufd', 'device'] as const);
  const command = text(reader, all.get('command'), 'command');
  const type = text(reader, all.get('type'), 'type');
  const value = whole(reader, all.get('value'), 'value');
  if ((type === undefined) === (value === undefined))
    at(reader, 'value', 'an ioctl takes a structure (“type”) or a plain “value”', node);
  const fields = fieldsOf(reader, all.get('fields'), 'fields', true) ?? {};
  const as = text(reader, all.get('as'), 'as');
  const gives = fieldsOf(reader, all.get('gives'), 'gives', false) as Record<string, number> | undefined;
  if (file === undefined || command === undefined) return undefined;
  return {
    file,
    command,
    fields,
    ...(type === undefined ? {} : { type }),
    ...(value === undefined ? {} : { value }),
    ...(as === undefined ? {} : { as }),
    ...(gives === undefined ? {} : { gives }),
  };
}
