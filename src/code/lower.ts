/**
 * Syntax of a function → `Program`: statements become nodes joined by edges. Built from the last statement to the first, so
 * that what follows is known when a statement is lowered; targets not known yet are jumps, resolved at the end.
 */
import type { Place } from '../place';
import { declarator, parameters, typeText, variables } from './declarations';
import { commaItems, expression, fold, number, type Reading, textOf } from './expressions';
import { childOf, childOfType, type SyntaxNode } from './syntax';
import type { BodySource, Evidence, Expression, Program, ProgramNode } from './types';

type Draft = ProgramNode | { readonly kind: 'jump'; next: number };

/** What surrounds a statement: where `break` and `continue` lead, −1 outside loops. */
interface Around {
  readonly breakTo: number;
  readonly continueTo: number;
}

/** `next` of a node behind which nothing is known. */
export const NOWHERE = -1;

class Builder {
  readonly drafts: Draft[] = [];
  /** Offset in the text, for numbering the nodes in the order they are written. */
  readonly offsets: number[] = [];
  readonly labels = new Map<string, number>();
  readonly placed = new Set<string>();
  constructor(readonly reading: Reading) {}

  add(node: ProgramNode, offset: number): number {
    this.drafts.push(node);
    this.offsets.push(offset);
    return this.drafts.length - 1;
  }
  jump(): { readonly index: number; lead(next: number): void } {
    const draft = { kind: 'jump' as const, next: NOWHERE };
    this.drafts.push(draft);
    this.offsets.push(0);
    return {
      index: this.drafts.length - 1,
      lead: (next) => {
        draft.next = next;
      },
    };
  }
  unknown(text: string, next: number, start: number, end: number): number {
    const short = fold(text);
    return this.add(
      {
        kind: 'unknown',
        text: short.length > 120 ? `${short.slice(0, 117)}...` : short,
        next,
        at: this.reading.place(start, end),
      },
      start,
    );
  }
  label(text: string): number {
    const known = this.labels.get(text);
    if (known !== undefined) return known;
    const target = this.jump();
    this.labels.set(text, target.index);
    return target.index;
  }
  place(label: string, entry: number): number {
    const target = this.drafts[this.label(label)];
    if (target?.kind === 'jump' && !this.placed.has(label)) {
      target.next = entry;
      this.placed.add(label);
    }
    return entry;
  }
}

/** Lowers a `function_definition`. Null when it has no name or no body. */
export function lowerFunction(
  node: SyntaxNode,
  file: string,
  reading: Reading,
  evidence: Evidence,
  source: BodySource,
): Program | null {
  const head = childOf(node, 'declarator');
  const body = childOf(node, 'body');
  if (head === null || body === null) return null;
  const parts = declarator(head, reading);
  if (parts === null || parts.parameters === null) return null;
  const type = typeText(node, head.start, reading);
  const specifiers = reading.text.slice(node.start, head.start);
  const endOffset = Math.max(body.end - 1, body.start);
  const end = reading.place(endOffset, body.end);
  const built = lowerBody(body, reading, endOffset, end);
  return {
    name: parts.name,
    file,
    parameters: parameters(parts.parameters, reading),
    returns: parts.stars === '' ? type : `${type} ${parts.stars}`,
    static: /\bstatic\b/.test(specifiers),
    nodes: built.nodes,
    entry: built.entry,
    evidence,
    source,
    at: reading.place(node.start, head.end),
    end,
  };
}

function lowerBody(
  body: SyntaxNode,
  reading: Reading,
  endOffset: number,
  end: Place,
): { nodes: ProgramNode[]; entry: number } {
  if (!body.children.some((child) => child.named)) return { nodes: [], entry: -1 };
  const builder = new Builder(reading);
  const falls = builder.add({ kind: 'return', value: null, at: end }, endOffset);
  const entry = block(builder, body.children, falls, { breakTo: NOWHERE, continueTo: NOWHERE });
  for (const [text, index] of builder.labels) {
    if (builder.placed.has(text)) continue;
    const target = builder.drafts[index];
    if (target?.kind === 'jump')
      target.next = builder.unknown(`goto ${text}: the label is not in sight`, NOWHERE, endOffset, endOffset + 1);
  }
  return numbered(builder, entry, endOffset, end);
}

/** Drops jumps and what nothing leads to, and numbers the rest in the order of the text. */
function numbered(
  builder: Builder,
  entry: number,
  endOffset: number,
  end: Place,
): { nodes: ProgramNode[]; entry: number } {
  const { drafts, offsets } = builder;
  let endless = NOWHERE;
  const resolve = (index: number): number => {
    let at = index;
    for (let hops = 0; hops <= drafts.length; hops++) {
      const draft = drafts[at];
      if (draft === undefined) return NOWHERE;
      if (draft.kind !== 'jump') return at;
      at = draft.next;
    }
    if (endless === NOWHERE) {
      drafts.push({ kind: 'unknown', text: 'a loop without an end', next: NOWHERE, at: end });
      offsets.push(endOffset);
      endless = drafts.length - 1;
    }
    return endless;
  };
  const seen = new Set<number>();
  const work = [resolve(entry)];
  while (work.length > 0) {
    const index = work.pop() ?? NOWHERE;
    const draft = drafts[index];
    if (draft === undefined || draft.kind === 'jump' || seen.has(index)) continue;
    seen.add(index);
    for (const next of successors(draft)) work.push(resolve(next));
  }
  const order = [...seen].sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0) || b - a);
  const numbers = new Map(order.map((index, position) => [index, position]));
  const to = (index: number): number => numbers.get(resolve(index)) ?? NOWHERE;
  const nodes: ProgramNode[] = [];
  for (const index of order) {
    const draft = drafts[index];
    if (draft === undefined || draft.kind === 'jump') continue;
    nodes.push(renumber(draft, to));
  }
  return { nodes, entry: to(entry) };
}

function renumber(node: ProgramNode, to: (index: number) => number): ProgramNode {
  switch (node.kind) {
    case 'branch':
      return { ...node, then: to(node.then), otherwise: to(node.otherwise) };
    case 'each':
      return { ...node, body: to(node.body), next: to(node.next) };
    case 'switch':
      return {
        ...node,
        cases: node.cases.map((one) => ({ value: one.value, next: to(one.next) })),
        otherwise: to(node.otherwise),
      };
    case 'return':
      return node;
    default:
      return { ...node, next: to(node.next) };
  }
}

/** Where a node may lead, in the order: taken, not taken. Empty for a return. */
export function successors(node: ProgramNode): readonly number[] {
  switch (node.kind) {
    case 'branch':
      return [node.then, node.otherwise];
    case 'each':
      return [node.body, node.next];
    case 'switch':
      return [...node.cases.map((one) => one.next), node.otherwise];
    case 'return':
      return [];
    default:
      return [node.next];
  }
}

function block(builder: Builder, children: readonly SyntaxNode[], next: number, around: Around): number {
  let entry = next;
  for (let i = children.length - 1; i >= 0; i--) {
    const child = children[i];
    if (child?.named) entry = statement(builder, child, entry, around);
  }
  return entry;
}

function optional(builder: Builder, node: SyntaxNode | null, next: number, around: Around): number {
  return node === null ? next : statement(builder, node, next, around);
}

function doNode(builder: Builder, node: SyntaxNode, next: number): number {
  const { reading } = builder;
  let entry = next;
  // `a = b, c = d;` as a statement is two steps.
  for (const item of commaItems(node).reverse()) {
    const lowered = expression(item, reading);
    const at = reading.place(item.start, item.end);
    if (lowered.kind === 'name' && lowered.name === 'fallthrough') continue;
    if (lowered.kind === 'unknown') entry = builder.unknown(lowered.text, entry, item.start, item.end);
    else entry = builder.add({ kind: 'do', expression: lowered, next: entry, at }, item.start);
  }
  return entry;
}

function condition(builder: Builder, node: SyntaxNode | null): Expression {
  return node === null || node.start === node.end ? number(1) : expression(node, builder.reading);
}

function statement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  switch (node.type) {
    case 'compound_statement':
      return block(builder, node.children, next, around);
    case 'expression_statement': {
      const inner = node.children.filter((child) => child.named);
      let entry = next;
      for (const child of inner.reverse()) {
        entry = child.type === 'ERROR' ? broken(builder, child, entry, around) : doNode(builder, child, entry);
      }
      return entry;
    }
    case 'declaration':
      return declaration(builder, node, next);
    case 'if_statement':
      return ifStatement(builder, node, next, around);
    case 'else_clause':
      return block(builder, node.children, next, around);
    case 'while_statement':
      return whileStatement(builder, node, next, around);
    case 'do_statement': {
      const test = childOf(node, 'condition');
      const head = builder.jump();
      const start = test?.start ?? node.end;
      const branch = builder.add(
        {
          kind: 'branch',
          condition: condition(builder, test),
          then: head.index,
          otherwise: next,
          loop: true,
          at: reading.place(start, test?.end ?? node.end),
        },
        start,
      );
      head.lead(optional(builder, childOf(node, 'body'), branch, { breakTo: next, continueTo: branch }));
      return head.index;
    }
    case 'for_statement':
      return forStatement(builder, node, next, around);
    case 'switch_statement':
      return switchStatement(builder, node, next, around);
    case 'case_statement':
      // A case whose switch is out of sight: its statements stand here.
      return block(builder, caseStatements(node), next, around);
    case 'labeled_statement': {
      const label = childOf(node, 'label');
      const rest = node.children.filter((child) => child.named && child !== label);
      const entry = block(builder, rest, next, around);
      return label === null ? entry : builder.place(textOf(label, reading), entry);
    }
    case 'goto_statement': {
      const label = childOf(node, 'label');
      if (label === null) return builder.unknown(textOf(node, reading), NOWHERE, node.start, node.end);
      return builder.label(textOf(label, reading));
    }
    case 'break_statement':
      return around.breakTo === NOWHERE
        ? builder.unknown('break: its loop is not in sight', NOWHERE, node.start, node.end)
        : around.breakTo;
    case 'continue_statement':
      return around.continueTo === NOWHERE
        ? builder.unknown('continue: its loop is not in sight', NOWHERE, node.start, node.end)
        : around.continueTo;
    case 'return_statement': {
      const value = node.children.find((child) => child.named && child.type !== 'ERROR') ?? null;
      const end = node.start + reading.text.slice(node.start, node.end).replace(/\s*;?$/, '').length;
      return builder.add(
        {
          kind: 'return',
          value: value === null ? null : expression(value, reading),
          at: reading.place(node.start, end),
        },
        node.start,
      );
    }
    case 'ERROR':
      return broken(builder, node, next, around);
    case 'function_definition': {
      // A macro that opens a block: `scoped_guard(…) { … }` and its like.
      const body = childOf(node, 'body');
      const entry = optional(builder, body, next, around);
      return builder.unknown(
        reading.text.slice(node.start, body?.start ?? node.end),
        entry,
        node.start,
        body?.start ?? node.end,
      );
    }
    case 'attributed_statement':
      return block(
        builder,
        node.children.filter((child) => child.type.endsWith('_statement')),
        next,
        around,
      );
    case 'struct_specifier':
    case 'union_specifier':
    case 'enum_specifier':
    case 'type_definition':
      return next;
    default:
      if (node.type.startsWith('preproc')) return next;
      return builder.unknown(reading.text.slice(node.start, node.end), next, node.start, node.end);
  }
}

/** An error region: said as unknown, and what is readable in it is kept. */
function broken(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const readable = node.children.filter((child) => child.type.endsWith('_statement') || child.type === 'declaration');
  const entry = block(builder, readable, next, around);
  return builder.unknown(builder.reading.text.slice(node.start, node.end), entry, node.start, node.end);
}

function declaration(builder: Builder, node: SyntaxNode, next: number): number {
  const { reading } = builder;
  let entry = next;
  for (const { variable, init, node: part } of variables(node, reading).reverse()) {
    entry = builder.add(
      {
        kind: 'declare',
        variable,
        init: init === null ? null : expression(init, reading),
        next: entry,
        at: variable.at,
      },
      part.start,
    );
  }
  return entry;
}

function ifStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const test = childOf(node, 'condition');
  const then = optional(builder, childOf(node, 'consequence'), next, around);
  const otherwise = optional(builder, childOf(node, 'alternative'), next, around);
  return builder.add(
    {
      kind: 'branch',
      condition: condition(builder, test),
      then,
      otherwise,
      loop: false,
      at: builder.reading.place(node.start, test?.end ?? node.end),
    },
    node.start,
  );
}

function whileStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  const test = childOf(node, 'condition');
  const head = builder.jump();
  const body = optional(builder, childOf(node, 'body'), head.index, { breakTo: next, continueTo: head.index });
  void around;
  const at = reading.place(node.start, test?.end ?? node.end);
  const macro = reading.loops.get(node.start);
  if (macro !== undefined) {
    const inner = test?.children.find((child) => child.named) ?? null;
    const bare = /^\w+\s*\(\s*\)/.test(reading.text.slice(node.start, node.start + 200));
    const args = inner === null || bare ? [] : commaItems(inner).map((item) => expression(item, reading));
    head.lead(builder.add({ kind: 'each', macro, args, body, next, at }, node.start));
  } else {
    head.lead(
      builder.add(
        { kind: 'branch', condition: condition(builder, test), then: body, otherwise: next, loop: true, at },
        node.start,
      ),
    );
  }
  return head.index;
}

function forStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  void around;
  const test = childOf(node, 'condition');
  const update = childOf(node, 'update');
  const head = builder.jump();
  const again = update === null ? head.index : doNode(builder, update, head.index);
  const bodyNode = childOf(node, 'body');
  const body = optional(builder, bodyNode, again, { breakTo: next, continueTo: again });
  const close = node.start + reading.text.slice(node.start, bodyNode?.start ?? node.end).trimEnd().length;
  const offset = test?.start ?? node.start + 1;
  head.lead(
    builder.add(
      {
        kind: 'branch',
        condition: condition(builder, test),
        then: body,
        otherwise: next,
        loop: true,
        at: reading.place(node.start, close),
      },
      offset,
    ),
  );
  const first = childOf(node, 'initializer');
  if (first === null) return head.index;
  return first.type === 'declaration' ? declaration(builder, first, head.index) : doNode(builder, first, head.index);
}

function caseStatements(node: SyntaxNode): SyntaxNode[] {
  return node.children.filter((child) => child.named && child.field !== 'value');
}

function switchStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  const test = childOf(node, 'condition');
  const body = childOf(node, 'body');
  const inside: Around = { breakTo: next, continueTo: around.continueTo };
  const cases: { value: Expression; next: number }[] = [];
  let otherwise = next;
  let entry = next;
  const children = body?.type === 'compound_statement' ? body.children : body === null ? [] : [body];
  for (let i = children.length - 1; i >= 0; i--) {
    const child = children[i];
    if (child === undefined || !child.named) continue;
    if (child.type !== 'case_statement') {
      entry = statement(builder, child, entry, inside);
      continue;
    }
    entry = block(builder, caseStatements(child), entry, inside);
    const value = childOf(child, 'value');
    if (value !== null) cases.unshift({ value: expression(value, reading), next: entry });
    else if (childOfType(child, 'default') !== null) otherwise = entry;
    else
      cases.unshift({
        value: { kind: 'unknown', text: reading.text.slice(child.start, child.end).split(':')[0] ?? '' },
        next: entry,
      });
  }
  return builder.add(
    {
      kind: 'switch',
      subject: condition(builder, test),
      cases,
      otherwise,
      at: reading.place(node.start, test?.end ?? node.end),
    },
    node.start,
  );
}
