/**
 * Syntax of an expression → `Expression`. What it does not understand becomes `unknown`, with its text.
 */
import type { Place } from '../place';
import { childOf, type SyntaxNode } from './syntax';
import type { Expression } from './types';

/** Statement, or condition, that stands for lines nobody has seen. */
export const UNSEEN = '__unseen_lines__';
/** What an `unknown` expression says in its place. */
export const UNSEEN_TEXT = 'not in the mail';

/** The text a syntax tree belongs to, as written, and what the repairs hid from the parser. */
export interface Reading {
  /** Before the repairs; same length as what was parsed. */
  readonly text: string;
  place(start: number, end: number): Place;
  /** Offsets at which a `while` stands for a `for_each…` macro → the macro's name. */
  readonly loops: ReadonlyMap<number, string>;
  /** Offsets of the names whose `struct` was blanked: they are types. */
  readonly types: ReadonlyMap<number, string>;
  /** Offsets of the names that stand for a preprocessor condition → the condition. */
  readonly configs: ReadonlyMap<number, string>;
}

/** The text of a node with blanks folded. */
export function textOf(node: SyntaxNode, reading: Reading): string {
  return fold(reading.text.slice(node.start, node.end));
}

const ADDRESS_SPACES = /\b__(?:iomem|user|force|rcu|percpu|kernel|nocast|bitwise|private|safe)\b/g;

/** A type as written, without the address spaces that only sparse reads. */
function typeOf(node: SyntaxNode, reading: Reading): string {
  return fold(reading.text.slice(node.start, node.end).replace(ADDRESS_SPACES, ' '));
}

export function fold(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The value of a C integer literal, with the sign that the grammar takes into it; NaN when it is none. Values above 2^53 lose their low bits. */
export function numberValue(text: string): number {
  if (/^[+-]/.test(text)) return text.startsWith('-') ? -numberValue(text.slice(1)) : numberValue(text.slice(1));
  const plain = text.replace(/'/g, '').replace(/[uUlL]+$/, '');
  if (/^0[xX][0-9a-fA-F]+$/.test(plain) || /^0[bB][01]+$/.test(plain)) return Number(plain);
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  if (/^\d+$/.test(plain)) return Number(plain);
  const float = /^[\d.]+([eE][+-]?\d+)?[fF]?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  return float;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '0': 0, a: 7, b: 8, f: 12, v: 11, e: 27 };

function characterValue(text: string): number {
  const inner = text.replace(/^[LuU]*'/, '').replace(/'$/, '');
  if (!inner.startsWith('\\')) return inner.codePointAt(0) ?? Number.NaN;
  if (/^\\x[0-9a-fA-F]+$/.test(inner)) return Number.parseInt(inner.slice(2), 16);
  if (/^\\[0-7]{1,3}$/.test(inner)) return Number.parseInt(inner.slice(1), 8);
  const letter = inner.charAt(1);
  return ESCAPES[letter] ?? letter.charCodeAt(0);
}

export function number(value: number, text = String(value)): Expression {
  return { kind: 'number', value, text };
}

export function name(text: string): Expression {
  return { kind: 'name', name: text };
}

/** Lowers one expression. Never throws. */
export function expression(node: SyntaxNode | null, reading: Reading): Expression {
  if (node === null) return { kind: 'unknown', text: '' };
  const unknown = (): Expression => ({ kind: 'unknown', text: textOf(node, reading) });
  const child = (field: string): Expression => expression(childOf(node, field), reading);
  const text = (): string => textOf(node, reading);
  switch (node.type) {
    case 'identifier':
    case 'field_identifier':
    case 'type_identifier':
    case 'primitive_type':
    case 'statement_identifier': {
      const type = reading.types.get(node.start);
      if (type !== undefined) return { kind: 'type', type };
      const config = reading.configs.get(node.start);
      if (config !== undefined)
        return config.startsWith('!') ? { kind: 'unary', operator: '!', operand: name(config.slice(1)) } : name(config);
      const word = reading.text.slice(node.start, node.end);
      if (word === '') return unknown();
      if (word === 'NULL') return number(0, word);
      if (word === UNSEEN) return { kind: 'unknown', text: UNSEEN_TEXT };
      return name(word);
    }
    case 'true':
      return number(1, text());
    case 'false':
    case 'null':
      return number(0, text());
    case 'number_literal': {
      const value = numberValue(text());
      return Number.isNaN(value) ? unknown() : number(value, text());
    }
    case 'char_literal': {
      const value = characterValue(text());
      return Number.isNaN(value) ? unknown() : number(value, text());
    }
    case 'string_literal':
      return { kind: 'string', value: stringValue(reading.text.slice(node.start, node.end)) };
    case 'concatenated_string':
      return {
        kind: 'string',
        value: node.children
          .map((part) => (part.type === 'string_literal' ? stringValue(textOf(part, reading)) : textOf(part, reading)))
          .join(''),
      };
    case 'parenthesized_expression': {
      const inner = node.children.find((part) => part.named && part.type !== 'ERROR');
      return inner === undefined || inner.type === 'compound_statement' ? unknown() : expression(inner, reading);
    }
    case 'call_expression': {
      const args = childOf(node, 'arguments');
      const cast = castOf(childOf(node, 'function'), args, reading);
      if (cast !== null) return cast;
      return {
        kind: 'call',
        target: child('function'),
        args: args === null ? [] : args.children.filter((part) => part.named).map((part) => expression(part, reading)),
        at: reading.place(node.start, node.end),
      };
    }
    case 'field_expression': {
      const field = childOf(node, 'field');
      const operator = childOf(node, 'operator');
      return {
        kind: 'field',
        base: child('argument'),
        field: field === null ? '' : textOf(field, reading),
        arrow: operator?.type === '->' || node.children.some((part) => part.type === '->'),
      };
    }
    case 'subscript_expression':
      return { kind: 'index', base: child('argument'), index: child('index') };
    case 'unary_expression':
    case 'pointer_expression': {
      const operator = childOf(node, 'operator');
      return {
        kind: 'unary',
        operator: operator === null ? '' : textOf(operator, reading),
        operand: child('argument'),
      };
    }
    case 'update_expression': {
      const operator =
        childOf(node, 'operator') ?? node.children.find((part) => part.type === '++' || part.type === '--');
      return updateOf(
        operator?.type === '--' ? '--' : '++',
        node.children[0]?.type === '++' || node.children[0]?.type === '--',
        child('argument'),
      );
    }
    case 'binary_expression': {
      const operator = childOf(node, 'operator');
      return {
        kind: 'binary',
        operator: operator === null ? '' : binaryOperator(textOf(operator, reading)),
        left: child('left'),
        right: child('right'),
      };
    }
    case 'assignment_expression': {
      const operator = childOf(node, 'operator');
      return {
        kind: 'assign',
        operator: operator === null ? '=' : textOf(operator, reading),
        target: child('left'),
        value: child('right'),
        at: reading.place(node.start, node.end),
      };
    }
    case 'conditional_expression': {
      const condition = child('condition');
      const then = childOf(node, 'consequence');
      return {
        kind: 'conditional',
        condition,
        then: then === null ? condition : expression(then, reading),
        otherwise: child('alternative'),
      };
    }
    case 'cast_expression':
    case 'compound_literal_expression': {
      const type = childOf(node, 'type');
      return { kind: 'cast', type: type === null ? '' : typeOf(type, reading), operand: child('value') };
    }
    case 'type_descriptor':
      return { kind: 'type', type: typeOf(node, reading) };
    case 'sizeof_expression': {
      const type = childOf(node, 'type');
      if (type !== null) return { kind: 'sizeof', type: typeOf(type, reading), operand: null };
      return { kind: 'sizeof', type: null, operand: child('value') };
    }
    case 'offsetof_expression': {
      const type = childOf(node, 'type');
      return {
        kind: 'call',
        target: name('offsetof'),
        args: [{ kind: 'type', type: type === null ? '' : textOf(type, reading) }, child('member')],
        at: reading.place(node.start, node.end),
      };
    }
    case 'comma_expression':
      return { kind: 'comma', items: commaItems(node).map((item) => expression(item, reading)) };
    case 'initializer_list':
      return initializer(node, reading);
    case 'extension_expression': {
      const inner = node.children.find((part) => part.named);
      return inner === undefined ? unknown() : expression(inner, reading);
    }
    default:
      return unknown();
  }
}

/** `..` is what is left of a range's `...` where the parser saw `||`. */
function binaryOperator(text: string): string {
  return text === '..' ? '...' : text;
}

/** `a, b, c` as a flat list; any other node is a list of itself. */
export function commaItems(node: SyntaxNode): SyntaxNode[] {
  const items: SyntaxNode[] = [];
  let rest: SyntaxNode | null = node;
  while (rest !== null && rest.type === 'comma_expression') {
    const left = childOf(rest, 'left');
    const right: SyntaxNode | null = childOf(rest, 'right');
    if (left !== null) items.push(...(left.type === 'comma_expression' ? commaItems(left) : [left]));
    rest = right;
  }
  if (rest !== null) items.push(rest);
  return items;
}

function stringValue(text: string): string {
  const inner = text.replace(/^[LuU8]*"/, '').replace(/"$/, '');
  return inner.replace(/\\(x[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)/g, (_, sequence: string) => {
    if (sequence.startsWith('x') && sequence.length > 1)
      return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    if (/^[0-7]/.test(sequence)) return String.fromCharCode(Number.parseInt(sequence, 8));
    const code = ESCAPES[sequence];
    return code === undefined ? sequence : String.fromCharCode(code);
  });
}

function initializer(node: SyntaxNode, reading: Reading): Expression {
  const items: { field: string | null; index: Expression | null; value: Expression }[] = [];
  for (const part of node.children) {
    if (!part.named || part.type === 'ERROR') continue;
    if (part.type !== 'initializer_pair') {
      items.push({ field: null, index: null, value: expression(part, reading) });
      continue;
    }
    const fields: string[] = [];
    let index: Expression | null = null;
    for (const designator of part.children) {
      if (designator.field !== 'designator') continue;
      const inner = designator.children.find((token) => token.named) ?? null;
      if (designator.type === 'field_designator') fields.push(inner === null ? '' : textOf(inner, reading));
      else if (designator.type === 'subscript_designator') index = expression(inner, reading);
      else if (designator.type === 'field_identifier') fields.push(textOf(designator, reading));
      else index = { kind: 'unknown', text: textOf(designator, reading) };
    }
    items.push({
      field: fields.length === 0 ? null : fields.join('.'),
      index,
      value: expression(childOf(part, 'value'), reading),
    });
  }
  return { kind: 'initializer', items };
}

/** `(phys_addr_t)(x)` reads like a call through a parenthesized name to a grammar that knows no types; null for what is no cast. */
function castOf(callee: SyntaxNode | null, args: SyntaxNode | null, reading: Reading): Expression | null {
  if (callee?.type !== 'parenthesized_expression' || args === null) return null;
  const name = callee.children.find((part) => part.named);
  const given = args.children.filter((part) => part.named);
  const operand = given[0];
  if (name?.type !== 'identifier' || given.length !== 1 || operand === undefined) return null;
  const type = textOf(name, reading);
  return /^(?:\w+_t|_*[su](?:8|16|32|64)|__[bl]e(?:16|32|64))$/.test(type)
    ? { kind: 'cast', type, operand: expression(operand, reading) }
    : null;
}

/** `!x++`: the grammar reads `(!x)++`, which is no C. A postfix operator binds first, and nothing but a place can be stepped. */
function updateOf(operator: '++' | '--', prefix: boolean, target: Expression): Expression {
  return !prefix && target.kind === 'unary' && /^[!~+-]$/.test(target.operator)
    ? { ...target, operand: updateOf(operator, prefix, target.operand) }
    : { kind: 'update', operator, prefix, target };
}
