/**
 * Walking over expressions and nodes: what rules and the interpreter ask of a program besides running it.
 */
import { remembered } from './remembered';
import type { Expression, ProgramNode } from './types';

export type CallExpression = Extract<Expression, { kind: 'call' }>;

/** The parts of an expression, left to right as written; a call's target comes before its arguments. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'field':
      return [expression.base];
    case 'index':
      return [expression.base, expression.index];
    case 'call':
      return [expression.target, ...expression.args];
    case 'unary':
    case 'cast':
      return [expression.operand];
    case 'update':
      return [expression.target];
    case 'binary':
      return [expression.left, expression.right];
    case 'assign':
      return [expression.target, expression.value];
    case 'conditional':
      return [expression.condition, expression.then, expression.otherwise];
    case 'sizeof':
      return expression.operand === null ? [] : [expression.operand];
    case 'comma':
      return expression.items;
    case 'initializer':
      return expression.items.flatMap((item) => (item.index === null ? [item.value] : [item.index, item.value]));
    default:
      return [];
  }
}

/** Calls `see` for the expression and all in it, parts before the whole: the order in which C would come to know their values. */
export function visit(expression: Expression, see: (inner: Expression) => void): void {
  for (const part of partsOf(expression)) visit(part, see);
  see(expression);
}

/** The expressions a node holds, in the order they are evaluated. */
export function expressionsOf(node: ProgramNode): readonly Expression[] {
  switch (node.kind) {
    case 'do':
      return [node.expression];
    case 'declare':
      return node.init === null ? [] : [node.init];
    case 'branch':
      return [node.condition];
    case 'each':
      return node.args;
    case 'switch':
      return [node.subject];
    case 'return':
      return node.value === null ? [] : [node.value];
    default:
      return [];
  }
}

/** All calls of an expression, inner ones first. What stands in `sizeof` is not called. */
export const callsIn = remembered((expression: Expression): readonly CallExpression[] => {
  const found: CallExpression[] = [];
  collectCalls(expression, found);
  return found;
});

function collectCalls(expression: Expression, into: CallExpression[]): void {
  if (expression.kind === 'sizeof') return;
  for (const part of partsOf(expression)) collectCalls(part, into);
  if (expression.kind === 'call') into.push(expression);
}

/** All calls of a node, inner ones first. */
export function callsOf(node: ProgramNode): readonly CallExpression[] {
  const [first, ...more] = expressionsOf(node);
  if (first === undefined) return [];
  return more.length === 0 ? callsIn(first) : [first, ...more].flatMap(callsIn);
}

/** The name of the function called; for a call through a pointer the last field's name (`ops->map` gives `map`); null when there is neither. */
export function calleeOf(call: CallExpression): string | null {
  if (call.target.kind === 'name') return call.target.name;
  if (call.target.kind === 'field') return call.target.field;
  return null;
}

/** True for `foo(…)`, false for a call through a pointer. */
export function isDirect(call: CallExpression): boolean {
  return call.target.kind === 'name';
}

/** All plain names an expression reads or writes, called functions left out. */
export function namesIn(expression: Expression): ReadonlySet<string> {
  const names = new Set<string>();
  collectNames(expression, names);
  return names;
}

function collectNames(expression: Expression, names: Set<string>): void {
  if (expression.kind === 'name') names.add(expression.name);
  for (const part of partsOf(expression)) {
    if (expression.kind === 'call' && part === expression.target && part.kind === 'name') continue;
    collectNames(part, names);
  }
}

/** The same without casts and without the parentheses C does not need. */
export function withoutCasts(expression: Expression): Expression {
  let inner = expression;
  while (inner.kind === 'cast') inner = inner.operand;
  return inner;
}

const STRENGTH: Readonly<Record<string, number>> = {
  '*': 12,
  '/': 12,
  '%': 12,
  '+': 11,
  '-': 11,
  '<<': 10,
  '>>': 10,
  '<': 9,
  '<=': 9,
  '>': 9,
  '>=': 9,
  '==': 8,
  '!=': 8,
  '&': 7,
  '^': 6,
  '|': 5,
  '&&': 4,
  '||': 3,
};

function strengthOf(expression: Expression): number {
  switch (expression.kind) {
    case 'comma':
      return 0;
    case 'assign':
      return 1;
    case 'conditional':
      return 2;
    case 'binary':
      return STRENGTH[expression.operator] ?? 3;
    case 'unary':
    case 'cast':
    case 'sizeof':
      return 13;
    case 'update':
      return expression.prefix ? 13 : 14;
    default:
      return 15;
  }
}

/** The expression as C text on one line, with only the parentheses that are needed. Equal expressions print equal. */
export function print(expression: Expression): string {
  if (expression.kind === 'name') return expression.name;
  if (expression.kind === 'number') return expression.text;
  return spelled(expression);
}

const spelled = remembered(spell);

function spell(expression: Expression): string {
  const inner = (part: Expression, least: number): string =>
    strengthOf(part) < least ? `(${print(part)})` : print(part);
  switch (expression.kind) {
    case 'number':
      return expression.text;
    case 'string':
      return JSON.stringify(expression.value);
    case 'name':
      return expression.name;
    case 'field':
      return `${inner(expression.base, 14)}${expression.arrow ? '->' : '.'}${expression.field}`;
    case 'index':
      return `${inner(expression.base, 14)}[${print(expression.index)}]`;
    case 'call':
      return `${inner(expression.target, 14)}(${expression.args.map((part) => inner(part, 1)).join(', ')})`;
    case 'unary': {
      const operand = inner(expression.operand, 13);
      return `${expression.operator}${/^[a-z]/.test(expression.operator) || operand.startsWith(expression.operator) ? ' ' : ''}${operand}`;
    }
    case 'update':
      return expression.prefix
        ? `${expression.operator}${inner(expression.target, 13)}`
        : `${inner(expression.target, 14)}${expression.operator}`;
    case 'binary': {
      const own = strengthOf(expression);
      return `${inner(expression.left, own)} ${expression.operator} ${inner(expression.right, own + 1)}`;
    }
    case 'assign':
      return `${inner(expression.target, 13)} ${expression.operator} ${inner(expression.value, 1)}`;
    case 'conditional':
      return `${inner(expression.condition, 3)} ? ${print(expression.then)} : ${inner(expression.otherwise, 2)}`;
    case 'cast':
      return `(${expression.type})${inner(expression.operand, 13)}`;
    case 'sizeof':
      return `sizeof(${expression.type ?? (expression.operand === null ? '' : print(expression.operand))})`;
    case 'comma':
      return expression.items.map((part) => inner(part, 1)).join(', ');
    case 'initializer':
      return `{ ${expression.items
        .map(
          (item) =>
            `${item.field === null ? '' : `.${item.field} = `}${item.index === null ? '' : `[${print(item.index)}] = `}${inner(item.value, 1)}`,
        )
        .join(', ')} }`;
    case 'type':
      return expression.type;
    default:
      return expression.text;
  }
}

/** `print`, cut to `length` characters. */
export function printShort(expression: Expression, length = 60): string {
  const text = print(expression);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
