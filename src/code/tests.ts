/**
 * Conditions → branches. What C evaluates only on one side of `&&`, `||` or `?:` stands behind a branch of its own where it does
 * something: then a path tells whether it was called. Conditions that only ask stay whole, as written.
 */
import { commaItems, expression, name, number } from './expressions';
import type { Builder } from './program-builder';
import { childOf, type SyntaxNode } from './syntax';
import type { Expression } from './types';
import { calleeOf, visit } from './walk';

/** Calls that only ask: in a condition they stay where they are written. */
const ASKS = new RegExp(
  `^(?:${[
    'IS_\\w+|PTR_ERR\\w*|ERR_(?:PTR|CAST)|(?:un)?likely|WARN\\w*|READ_ONCE|smp_load_acquire|rcu_(?:access_pointer|dereference\\w*)',
    '__builtin_\\w+|ARRAY_SIZE|ALIGN\\w*|PAGE_ALIGN\\w*|BIT\\w*|GENMASK\\w*|FIELD_GET|min\\w*|max\\w*|clamp\\w*|abs|ilog2|order_base_2|fls\\w*|ffs\\w*|__f[fl]s\\w*|hweight\\w*',
    '(?:upper|lower)_32_bits|(?:le|be)\\d+_to_cpu\\w*|cpu_to_(?:le|be)\\d+\\w*|offset_in_page|container_of\\w*|to_\\w+|\\w+_to_\\w+|rounddown\\w*|roundup\\w*|round_\\w+|DIV_ROUND\\w*|check_\\w+_overflow',
    '(?:\\w+_)?(?:is|has|can|are|needs?|supports?|was)_\\w+|\\w+_(?:empty|enabled|disabled|supported|valid|active|full|present|capable|pending|online|live|locked|held|overlaps?|equal|match(?:es)?)',
    '(?:test_bit|atomic\\w*_read|\\w+_read|refcount_read|kref_read|bitmap_\\w+|cpumask_\\w+|nodes?_\\w+|list_\\w+_empty|xa_load|str\\w+|mem(?:cmp|chr)|dev_name|pci_name|num_\\w+|nr_\\w+|signal_pending|capable|in_\\w+|lockdep_\\w+|static_branch_\\w+|cpu_feature\\w*|boot_cpu_\\w+|dev_get_drvdata|\\w+_get_drvdata)',
  ].join('|')})$`,
);

/** Does it call what may change something, or assign? */
function acts(e: Expression): boolean {
  let found = false;
  visit(e, (inner) => {
    if (inner.kind === 'assign' || inner.kind === 'update') found = true;
    else if (inner.kind === 'call') {
      const callee = calleeOf(inner);
      if (callee === null || !ASKS.test(callee)) found = true;
    }
  });
  return found;
}

interface Side {
  readonly then: number;
  readonly otherwise: number;
  readonly loop: boolean;
  /** Where the part evaluated first is numbered, when it is not where it is shown: a `for` shows its whole head. */
  readonly offset?: number;
}

/** `(…)`, taken off. */
function bare(node: SyntaxNode): SyntaxNode {
  let inner = node;
  while (inner.type === 'parenthesized_expression') {
    const next = inner.children.find((child) => child.named && child.type !== 'ERROR');
    if (next === undefined) return inner;
    inner = next;
  }
  return inner;
}

/** The node that `likely(…)`, `unlikely(…)` wrap; null for any other. */
function wrapped(node: SyntaxNode, text: string): SyntaxNode | null {
  if (node.type !== 'call_expression') return null;
  const callee = childOf(node, 'function');
  if (callee === null || !/^(?:un)?likely$/.test(text.slice(callee.start, callee.end))) return null;
  const args = childOf(node, 'arguments')?.children.filter((child) => child.named) ?? [];
  return args.length === 1 ? (args[0] ?? null) : null;
}

/**
 * The branches of a condition. `lead` is the offset at which what is tested begins in the text (the `if`), for the part evaluated
 * first. Gives the first node. A condition that is missing holds: `for (;;)`.
 */
export function test(builder: Builder, node: SyntaxNode | null, lead: number, end: number, sides: Side): number {
  const { reading } = builder;
  if (node === null || node.start === node.end) return leaf(builder, number(1), lead, end, sides);
  const whole = expression(node, reading);
  return acts(whole) ? split(builder, node, lead, end, sides) : leaf(builder, whole, lead, end, sides);
}

function split(builder: Builder, node: SyntaxNode, lead: number, end: number, sides: Side): number {
  const inner = bare(node);
  const { text } = builder.reading;
  if (inner.type === 'binary_expression') {
    const operator = childOf(inner, 'operator');
    const left = childOf(inner, 'left');
    const right = childOf(inner, 'right');
    const word = operator === null ? '' : text.slice(operator.start, operator.end);
    if (left !== null && right !== null && (word === '&&' || word === '||')) {
      const behind = test(builder, right, right.start, right.end, later(sides));
      const first = word === '&&' ? { ...sides, then: behind } : { ...sides, otherwise: behind };
      return test(builder, left, lead, left.end, first);
    }
  } else if (inner.type === 'conditional_expression') {
    const condition = childOf(inner, 'condition');
    const then = childOf(inner, 'consequence');
    const otherwise = childOf(inner, 'alternative');
    if (condition !== null && then !== null && otherwise !== null)
      return test(builder, condition, lead, condition.end, {
        ...sides,
        then: test(builder, then, then.start, then.end, later(sides)),
        otherwise: test(builder, otherwise, otherwise.start, otherwise.end, later(sides)),
      });
  } else if (inner.type === 'unary_expression') {
    const operand = childOf(inner, 'argument');
    const operator = childOf(inner, 'operator');
    const compound = operand === null ? null : bare(operand);
    if (operand !== null && operator?.type === '!' && compound !== null && isCompound(compound, text))
      return split(builder, operand, lead, end, { ...sides, then: sides.otherwise, otherwise: sides.then });
  } else {
    const hint = wrapped(inner, text);
    if (hint !== null && isCompound(bare(hint), text)) return split(builder, hint, lead, end, sides);
  }
  return leaf(builder, expression(inner, builder.reading), lead, end, sides);
}

/** The same for a part that is evaluated later. */
function later({ then, otherwise, loop }: Side): Side {
  return { then, otherwise, loop };
}

function isCompound(node: SyntaxNode, text: string): boolean {
  if (node.type === 'conditional_expression' || wrapped(node, text) !== null) return true;
  const operator = node.type === 'binary_expression' ? childOf(node, 'operator') : null;
  return operator?.type === '&&' || operator?.type === '||';
}

/** `(ret = f()) < 0` is `ret = f()`, then `ret < 0`. */
function leaf(builder: Builder, condition: Expression, lead: number, end: number, sides: Side): number {
  const apart = hoisted(condition);
  const offset = sides.offset ?? lead;
  const branch = builder.add(
    {
      kind: 'branch',
      condition: apart?.rest ?? condition,
      then: sides.then,
      otherwise: sides.otherwise,
      loop: sides.loop,
      at: builder.reading.place(lead, end),
    },
    offset,
  );
  if (apart === null) return branch;
  return builder.add({ kind: 'do', expression: apart.first, next: branch, at: apart.first.at }, offset);
}

type Assignment = Extract<Expression, { kind: 'assign' }>;

/** The assignment that a condition evaluates before all else, and the condition without it. */
function hoisted(e: Expression): { readonly first: Assignment; readonly rest: Expression } | null {
  switch (e.kind) {
    case 'assign':
      return e.operator === '=' && !acts(e.target) ? { first: e, rest: e.target } : null;
    case 'unary': {
      const inner = e.operator === '!' ? hoisted(e.operand) : null;
      return inner === null ? null : { first: inner.first, rest: { ...e, operand: inner.rest } };
    }
    case 'binary': {
      if (!/^(?:[=!]=|[<>]=?)$/.test(e.operator) || acts(e.right)) return null;
      const inner = hoisted(e.left);
      return inner === null ? null : { first: inner.first, rest: { ...e, left: inner.rest } };
    }
    case 'call': {
      const arg = e.args[0];
      if (arg === undefined || !/^(?:(?:un)?likely|WARN_ON(?:_ONCE)?|IS_ERR\w*)$/.test(calleeOf(e) ?? '')) return null;
      const inner = hoisted(arg);
      return inner === null ? null : { first: inner.first, rest: { ...e, args: [inner.rest, ...e.args.slice(1)] } };
    }
    default:
      return null;
  }
}

/** What is made of one value: a return, an assignment, or nothing. Gives the first node. */
type Use = (value: SyntaxNode) => number;

/** A value that one side of a `?:` decides by doing something: a branch, and the use on each side. Null: the value stays whole. */
export function decidedValue(builder: Builder, value: SyntaxNode, lead: number, use: Use): number | null {
  const inner = bare(value);
  if (inner.type !== 'conditional_expression') return null;
  const condition = childOf(inner, 'condition');
  const then = childOf(inner, 'consequence');
  const otherwise = childOf(inner, 'alternative');
  if (condition === null || then === null || otherwise === null) return null;
  if (![then, otherwise].some((side) => acts(expression(side, builder.reading)))) return null;
  const side = (node: SyntaxNode): number => decidedValue(builder, node, node.start, use) ?? use(node);
  return test(builder, condition, lead, condition.end, { then: side(then), otherwise: side(otherwise), loop: false });
}

/** An expression evaluated for what it does. `a = b, c = d;` is two steps, `a && f();` a branch and a step. */
export function step(builder: Builder, node: SyntaxNode, next: number): number {
  let entry = next;
  for (const item of commaItems(node).reverse()) entry = single(builder, item, entry);
  return entry;
}

function single(builder: Builder, node: SyntaxNode, next: number): number {
  const { reading } = builder;
  const inner = bare(node);
  if (inner.type === 'assignment_expression') {
    const value = childOf(inner, 'right');
    const whole = expression(inner, reading);
    if (value !== null && whole.kind === 'assign' && !acts(whole.target)) {
      const decided = decidedValue(builder, value, inner.start, (side) =>
        builder.add(
          {
            kind: 'do',
            expression: { ...whole, value: expression(side, reading), at: reading.place(side.start, side.end) },
            next,
            at: reading.place(side.start, side.end),
          },
          side.start,
        ),
      );
      if (decided !== null) return decided;
    }
  }
  const decided = decidedValue(builder, inner, inner.start, (side) => single(builder, side, next));
  if (decided !== null) return decided;
  const operator = inner.type === 'binary_expression' ? childOf(inner, 'operator')?.type : undefined;
  const left = childOf(inner, 'left');
  const right = childOf(inner, 'right');
  if ((operator === '&&' || operator === '||') && left !== null && right !== null) {
    const behind = single(builder, right, next);
    const sides = operator === '&&' ? { then: behind, otherwise: next } : { then: next, otherwise: behind };
    return test(builder, left, inner.start, left.end, { ...sides, loop: false });
  }
  const lowered = expression(node, reading);
  if (lowered.kind === 'name' && lowered.name === 'fallthrough') return next;
  if (lowered.kind === 'unknown') return builder.unknown(lowered.text, next, node.start, node.end);
  const at = reading.place(node.start, node.end);
  return builder.add({ kind: 'do', expression: lowered, next, at }, node.start);
}

/** `name = value`, as an expression of ours. */
export function assignment(target: string, value: Expression, at: Assignment['at']): Assignment {
  return { kind: 'assign', operator: '=', target: name(target), value, at };
}
