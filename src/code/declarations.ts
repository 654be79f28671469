/**
 * Syntax of declarations → variables, structures, tables, constants, function heads.
 */

import { expression, fold, number, type Reading, textOf } from './expressions';
import { childOf, childOfType, type SyntaxNode } from './syntax';
import type { Expression, Structure, Variable } from './types';

export interface Declarator {
  readonly name: string;
  /** `*` for each pointer level, then what follows the name: `(…)` for functions. */
  readonly stars: string;
  readonly array: Expression | null;
  readonly isArray: boolean;
  readonly parameters: SyntaxNode | null;
  /** True for `(*name)(…)`. */
  readonly functionPointer: boolean;
}

/** Takes a declarator apart. Null when there is no name in it. */
export function declarator(node: SyntaxNode, reading: Reading): Declarator | null {
  let stars = '';
  let array: Expression | null = null;
  let isArray = false;
  let parameters: SyntaxNode | null = null;
  let functionPointer = false;
  let at: SyntaxNode | null = node;
  while (at !== null) {
    switch (at.type) {
      case 'identifier':
      case 'field_identifier':
      case 'type_identifier':
        return { name: reading.text.slice(at.start, at.end), stars, array, isArray, parameters, functionPointer };
      case 'init_declarator':
        at = childOf(at, 'declarator');
        break;
      case 'pointer_declarator':
      case 'abstract_pointer_declarator':
        if (parameters !== null) functionPointer = true;
        else stars += '*';
        at = childOf(at, 'declarator');
        break;
      case 'array_declarator': {
        const size = childOf(at, 'size');
        if (!isArray) array = size === null ? null : expression(size, reading);
        isArray = true;
        at = childOf(at, 'declarator');
        break;
      }
      case 'function_declarator':
        parameters = childOf(at, 'parameters');
        at = childOf(at, 'declarator');
        break;
      case 'parenthesized_declarator':
      case 'attributed_declarator':
        at = at.children.find((child) => child.named && child.type !== 'ms_call_modifier') ?? null;
        break;
      default:
        return null;
    }
  }
  return null;
}

const STORAGE = /\b(?:static|extern|register|inline|__inline|__inline__|__always_inline|typedef|auto|__extension__)\b/g;

/** The type in front of the declarators, with the bodies of structures cut out. */
export function typeText(node: SyntaxNode, until: number, reading: Reading): string {
  let text = '';
  for (const child of node.children) {
    if (child.start >= until && child !== node.children[0]) break;
    if (child.field === 'declarator') break;
    if (
      child.type === ';' ||
      child.type === 'storage_class_specifier' ||
      child.type === 'attribute_specifier' ||
      child.type === 'ERROR'
    )
      continue;
    const body = childOf(child, 'body');
    text += ` ${reading.text.slice(child.start, body === null ? child.end : body.start)}`;
  }
  return fold(text.replace(STORAGE, ' '));
}

function withStars(type: string, stars: string): string {
  return stars === '' ? type : `${type} ${stars}`;
}

/** Every variable a declaration names, with its initial value. Prototypes are left out. */
export function variables(
  node: SyntaxNode,
  reading: Reading,
): { variable: Variable; init: SyntaxNode | null; node: SyntaxNode }[] {
  const found: { variable: Variable; init: SyntaxNode | null; node: SyntaxNode }[] = [];
  const type = typeText(node, node.end, reading);
  for (const child of node.children) {
    if (child.field !== 'declarator') continue;
    const parts = declarator(child, reading);
    if (parts === null || (parts.parameters !== null && !parts.functionPointer)) continue;
    const init = child.type === 'init_declarator' ? childOf(child, 'value') : null;
    const cleanup = /__free\(\s*\w+\s*\)/.exec(reading.text.slice(child.start, init?.start ?? child.end));
    const written = parts.functionPointer ? `${withStars(type, parts.stars)} (*)()` : withStars(type, parts.stars);
    found.push({
      variable: {
        name: parts.name,
        type: cleanup === null ? written : `${written} ${cleanup[0]}`,
        array: parts.isArray ? (parts.array ?? { kind: 'unknown', text: '' }) : null,
        at: reading.place(child.start, child.end),
      },
      init,
      node: child,
    });
  }
  return found;
}

/** The parameters of a function; `(void)` gives none, unnamed ones have the name ''. */
export function parameters(list: SyntaxNode | null, reading: Reading): Variable[] {
  const found: Variable[] = [];
  for (const child of list?.children ?? []) {
    if (child.type !== 'parameter_declaration') continue;
    const inner = childOf(child, 'declarator');
    const type = typeText(child, inner?.start ?? child.end, reading);
    if (inner === null && type === 'void') continue;
    const parts = inner === null ? null : declarator(inner, reading);
    let stars = parts?.stars ?? '';
    if (parts === null && inner !== null) stars = reading.text.slice(inner.start, inner.end).replace(/[^*]/g, '');
    found.push({
      name: parts?.name ?? '',
      type: parts?.functionPointer ? `${withStars(type, stars)} (*)()` : withStars(type, stars),
      array: parts?.isArray ? (parts.array ?? { kind: 'unknown', text: '' }) : null,
      at: reading.place(child.start, child.end),
    });
  }
  return found;
}

type Field = Structure['fields'][number];

/** Fields of a structure's body. Unnamed members are hoisted; members of a named inner structure appear as `outer.inner` too. */
function fieldsOf(body: SyntaxNode, prefix: string, reading: Reading, into: Structure[]): Field[] {
  const fields: Field[] = [];
  for (const child of body.children) {
    if (child.type !== 'field_declaration') continue;
    const inner = childOf(child, 'type');
    const innerBody = inner === null ? null : childOf(inner, 'body');
    const type = typeText(child, child.end, reading);
    if (inner !== null && innerBody !== null) structures(inner, reading, into);
    let named = false;
    for (const part of child.children) {
      if (part.field !== 'declarator') continue;
      const parts = declarator(part, reading);
      if (parts === null) continue;
      named = true;
      const isFunction = parts.parameters !== null;
      const written = `${withStars(type, parts.stars)}${isFunction ? ' (*)()' : ''}${parts.isArray ? ' []' : ''}`;
      fields.push({ name: prefix + parts.name, type: written, at: reading.place(child.start, child.end) });
      if (innerBody !== null) fields.push(...fieldsOf(innerBody, `${prefix}${parts.name}.`, reading, []));
    }
    if (!named && innerBody !== null) fields.push(...fieldsOf(innerBody, prefix, reading, []));
  }
  return fields;
}

/** The structure or union a specifier defines, and those inside it. */
export function structures(
  node: SyntaxNode,
  reading: Reading,
  into: Structure[],
  typedefName: string | null = null,
): void {
  if (node.type !== 'struct_specifier' && node.type !== 'union_specifier') return;
  const body = childOf(node, 'body');
  if (body === null) return;
  const tag = childOf(node, 'name');
  const nameText = tag === null ? typedefName : textOf(tag, reading);
  const fields = fieldsOf(body, '', reading, into);
  if (nameText === null) return;
  into.push({ name: nameText, fields, at: reading.place(node.start, body.start) });
}

export interface Constant {
  readonly name: string;
  readonly value: Expression;
  readonly at: Variable['at'];
}

/** The enumerators of `enum { … }`; one without a value is its predecessor plus one. */
export function enumerators(node: SyntaxNode, reading: Reading): Constant[] {
  const list = childOf(node, 'body') ?? childOfType(node, 'enumerator_list');
  const found: Constant[] = [];
  let previous: Expression = number(-1);
  for (const child of list?.children ?? []) {
    if (child.type !== 'enumerator') continue;
    const title = childOf(child, 'name');
    if (title === null) continue;
    const written = childOf(child, 'value');
    const value: Expression =
      written !== null
        ? expression(written, reading)
        : previous.kind === 'number'
          ? number(previous.value + 1)
          : { kind: 'binary', operator: '+', left: previous, right: number(1) };
    found.push({ name: textOf(title, reading), value, at: reading.place(child.start, child.end) });
    previous = value;
  }
  return found;
}
