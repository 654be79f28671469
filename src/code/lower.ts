/**
 * Syntax of a function → `Program`: statements become nodes joined by edges. Built from the last statement to the first, so
 * that what follows is known when a statement is lowered; targets not known yet are jumps, resolved at the end.
 */
import type { Place } from '../place';
import {
  CLEANUP,
  type Cleanup,
  classVariable,
  declaredBy,
  enterGuard,
  handedOn,
  handOver,
  labelScopes,
  leave,
  noteHolding,
  outlives,
  scopedCall,
  sharedWith,
} from './cleanups';
import { declarator, parameters, typeText, variables } from './declarations';
import { commaItems, expression, name, number, type Reading, textOf } from './expressions';
import { Builder, NOWHERE, numbered } from './program-builder';
import { childOf, childOfType, type SyntaxNode } from './syntax';
import { assignment, decidedValue, step, test } from './tests';
import type { BodySource, Evidence, Expression, Program, ProgramNode } from './types';
import { withoutCasts } from './walk';

export { NOWHERE, successors } from './program-builder';

/** What surrounds a statement: where `break` and `continue` lead, −1 outside loops, and what is to be undone on the way. */
interface Around {
  readonly breakTo: number;
  readonly continueTo: number;
  /** In force here, where the loop or switch began, and where the loop began. */
  readonly cleanups: Cleanup | null;
  readonly breakCleanups: Cleanup | null;
  readonly continueCleanups: Cleanup | null;
}

const OUTERMOST: Around = {
  breakTo: NOWHERE,
  continueTo: NOWHERE,
  cleanups: null,
  breakCleanups: null,
  continueCleanups: null,
};

/** Inside a loop that goes on at `continueTo` and is left to `breakTo`. */
function inLoop({ cleanups }: Around, breakTo: number, continueTo: number): Around {
  return { breakTo, continueTo, cleanups, breakCleanups: cleanups, continueCleanups: cleanups };
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
  if (CLEANUP.test(reading.text.slice(body.start, body.end))) builder.scopes = labelScopes(builder, body);
  const entry = block(builder, body.children, falls, OUTERMOST);
  for (const [text, index] of builder.labels) {
    if (builder.placed.has(text)) continue;
    const target = builder.drafts[index];
    if (target?.kind === 'jump')
      target.next = builder.unknown(`goto ${text}: the label is not in sight`, NOWHERE, endOffset, endOffset + 1);
  }
  return numbered(builder, entry, endOffset, end);
}

function block(builder: Builder, children: readonly SyntaxNode[], next: number, around: Around): number {
  if (builder.scopes !== null) return scope(builder, children, next, around);
  let entry = next;
  for (let i = children.length - 1; i >= 0; i--) {
    const child = children[i];
    if (child?.named) entry = statement(builder, child, entry, around);
  }
  return entry;
}

/** A block whose statements may leave something to be undone at its end. */
function scope(builder: Builder, children: readonly SyntaxNode[], next: number, around: Around): number {
  const inForce: (Cleanup | null)[] = [];
  let cleanups = around.cleanups;
  for (const child of children) {
    inForce.push(cleanups);
    if (child.named) cleanups = declaredBy(builder, child, cleanups);
  }
  let entry = leave(builder, cleanups, around.cleanups, children.at(-1)?.end ?? 0, next);
  for (let i = children.length - 1; i >= 0; i--) {
    const child = children[i];
    if (child?.named) entry = statement(builder, child, entry, { ...around, cleanups: inForce[i] ?? null });
  }
  return entry;
}

function optional(builder: Builder, node: SyntaxNode | null, next: number, around: Around): number {
  return node === null ? next : statement(builder, node, next, around);
}

/** An expression as a statement: what it does, with what `guard(…)` and `no_free_ptr(…)` mean. */
function doNode(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  if (builder.scopes === null) return step(builder, node, next);
  const { reading } = builder;
  const lowered = expression(node, reading);
  const at = reading.place(node.start, node.end);
  const scoped = scopedCall(lowered);
  if (scoped?.macro === 'guard')
    return enterGuard(builder, scoped.words[0] ?? '', scoped.args, node.start, node.end, null).take(next);
  if (scoped !== null) {
    const { variable, init } = classVariable(scoped.words, scoped.args, at);
    return builder.add({ kind: 'declare', variable, init, next, at }, node.start);
  }
  if (lowered.kind === 'call' && lowered.target.kind === 'name' && lowered.target.name === 'return_ptr') {
    const value = lowered.args[0] ?? number(0);
    const kept = new Set(value.kind === 'name' ? [value.name] : []);
    return leave(
      builder,
      around.cleanups,
      null,
      node.start,
      builder.add({ kind: 'return', value, at }, node.start),
      kept,
    );
  }
  const { value, variables: moved } = handedOn(lowered);
  if (moved.size === 0) {
    if (lowered.kind !== 'assign' || lowered.target.kind !== 'name') return step(builder, node, next);
    return step(builder, node, noteHolding(builder, lowered.target.name, !isNull(lowered.value), node.start, at, next));
  }
  const entry = handOver(builder, moved, node.start, at, next);
  return builder.add({ kind: 'do', expression: value, next: entry, at }, node.start);
}

/** A return: the value, then what is to be undone, in this order. */
function returnStatement(builder: Builder, node: SyntaxNode, around: Around): number {
  const { reading } = builder;
  const written = node.children.find((child) => child.named && child.type !== 'ERROR') ?? null;
  const end = node.start + reading.text.slice(node.start, node.end).replace(/\s*;?$/, '').length;
  const at = reading.place(node.start, end);
  const give = (value: Expression | null, offset: number, place: Place): number =>
    builder.add({ kind: 'return', value, at: place }, offset);
  if (written === null) return leave(builder, around.cleanups, null, node.start, give(null, node.start, at));
  if (around.cleanups === null) {
    const decided = decidedValue(builder, written, node.start, (side) =>
      give(expression(side, reading), side.start, reading.place(side.start, side.end)),
    );
    return decided ?? give(expression(written, reading), node.start, at);
  }
  const { value, variables: kept } = handedOn(expression(written, reading));
  if (outlives(value)) return leave(builder, around.cleanups, null, node.start, give(value, node.start, at), kept);
  const back = give(name(RESULT), node.start, at);
  const undone = leave(builder, around.cleanups, null, node.start, back, kept);
  const first = assignment(RESULT, value, at);
  return builder.add({ kind: 'do', expression: first, next: undone, at }, node.start);
}

/** Holds what a function returns while its scopes are left. */
const RESULT = '__returned_value';

/** Calls from which none comes back. */
const ENDS = /^(?:BUG|panic|do_exit|make_task_dead|unreachable|kthread_exit|__builtin_unreachable)$/;

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
        entry =
          child.type === 'ERROR'
            ? broken(builder, child, entry, around)
            : doNode(builder, child, neverBack(child, reading) ? NOWHERE : entry, around);
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
      const asked = childOf(node, 'condition');
      const head = builder.jump();
      const start = asked?.start ?? node.end;
      const branch = test(builder, asked, start, asked?.end ?? node.end, {
        then: head.index,
        otherwise: next,
        loop: true,
      });
      head.lead(optional(builder, childOf(node, 'body'), branch, inLoop(around, next, branch)));
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
      const target = builder.label(textOf(label, reading));
      if (around.cleanups === null) return target;
      const until = sharedWith(around.cleanups, builder.scopes?.get(textOf(label, reading)));
      return leave(builder, around.cleanups, until, node.start, target);
    }
    case 'break_statement':
      return around.breakTo === NOWHERE
        ? builder.unknown('break: its loop is not in sight', NOWHERE, node.start, node.end)
        : leave(builder, around.cleanups, around.breakCleanups, node.start, around.breakTo);
    case 'continue_statement':
      return around.continueTo === NOWHERE
        ? builder.unknown('continue: its loop is not in sight', NOWHERE, node.start, node.end)
        : leave(builder, around.cleanups, around.continueCleanups, node.start, around.continueTo);
    case 'return_statement':
      return returnStatement(builder, node, around);
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

/** Is it a call after which nothing follows? */
function neverBack(node: SyntaxNode, reading: Reading): boolean {
  if (node.type !== 'call_expression') return false;
  const callee = childOf(node, 'function');
  return callee?.type === 'identifier' && ENDS.test(reading.text.slice(callee.start, callee.end));
}

function isNull(value: Expression): boolean {
  const inner = withoutCasts(value);
  return inner.kind === 'number' && inner.value === 0;
}

function declaration(builder: Builder, node: SyntaxNode, next: number): number {
  const { reading } = builder;
  let entry = next;
  for (const { variable, init, node: part } of variables(node, reading).reverse()) {
    const declared = (value: Expression | null, then: number): number =>
      builder.add({ kind: 'declare', variable, init: value, next: then, at: variable.at }, part.start);
    const after = entry;
    const decided =
      init === null
        ? null
        : decidedValue(builder, init, init.start, (side) => {
            const at = reading.place(side.start, side.end);
            const value = assignment(variable.name, expression(side, reading), at);
            return builder.add({ kind: 'do', expression: value, next: after, at }, side.start);
          });
    if (decided !== null) entry = declared(null, decided);
    else if (init === null)
      entry = declared(null, noteHolding(builder, variable.name, false, part.start, variable.at, entry));
    else if (builder.scopes === null) entry = declared(expression(init, reading), entry);
    else {
      const { value, variables: moved } = handedOn(expression(init, reading));
      const held = noteHolding(builder, variable.name, !isNull(value), part.start, variable.at, entry);
      entry = declared(value, handOver(builder, moved, part.start, variable.at, held));
    }
  }
  return entry;
}

function ifStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const asked = childOf(node, 'condition');
  const then = optional(builder, childOf(node, 'consequence'), next, around);
  const otherwise = optional(builder, childOf(node, 'alternative'), next, around);
  return test(builder, asked, node.start, asked?.end ?? node.end, { then, otherwise, loop: false });
}

function whileStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  const asked = childOf(node, 'condition');
  const at = reading.place(node.start, asked?.end ?? node.end);
  const macro = reading.loops.get(node.start);
  const inner = asked?.children.find((child) => child.named) ?? null;
  const bare = /^\w+\s*\(\s*\)/.test(reading.text.slice(node.start, node.start + 200));
  const args = (): Expression[] =>
    inner === null || bare ? [] : commaItems(inner).map((item) => expression(item, reading));
  if (macro === 'scoped_guard') {
    const [className, ...locks] = args();
    const end = asked?.end ?? node.end;
    const guard = enterGuard(
      builder,
      className?.kind === 'name' ? className.name : '',
      locks,
      node.start,
      end,
      around.cleanups,
    );
    const left = leave(builder, guard.cleanup, around.cleanups, node.end, next);
    // It is a loop of one turn: `break` leaves it.
    const within: Around = { ...around, cleanups: guard.cleanup, breakTo: next, breakCleanups: around.cleanups };
    return guard.take(optional(builder, childOf(node, 'body'), left, within));
  }
  const head = builder.jump();
  const body = optional(builder, childOf(node, 'body'), head.index, inLoop(around, next, head.index));
  head.lead(
    macro !== undefined
      ? builder.add({ kind: 'each', macro, args: args(), body, next, at }, node.start)
      : test(builder, asked, node.start, asked?.end ?? node.end, { then: body, otherwise: next, loop: true }),
  );
  return head.index;
}

function forStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  const asked = childOf(node, 'condition');
  const update = childOf(node, 'update');
  const head = builder.jump();
  const again = update === null ? head.index : step(builder, update, head.index);
  const bodyNode = childOf(node, 'body');
  const body = optional(builder, bodyNode, again, inLoop(around, next, again));
  const close = node.start + reading.text.slice(node.start, bodyNode?.start ?? node.end).trimEnd().length;
  const offset = asked?.start ?? node.start + 1;
  head.lead(test(builder, asked, node.start, close, { then: body, otherwise: next, loop: true, offset }));
  const first = childOf(node, 'initializer');
  if (first === null) return head.index;
  return first.type === 'declaration' ? declaration(builder, first, head.index) : step(builder, first, head.index);
}

function caseStatements(node: SyntaxNode): SyntaxNode[] {
  return node.children.filter((child) => child.named && child.field !== 'value');
}

function switchStatement(builder: Builder, node: SyntaxNode, next: number, around: Around): number {
  const { reading } = builder;
  const asked = childOf(node, 'condition');
  const body = childOf(node, 'body');
  const inside: Around = { ...around, breakTo: next, breakCleanups: around.cleanups };
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
      subject: condition(builder, asked),
      cases,
      otherwise,
      at: reading.place(node.start, asked?.end ?? node.end),
    },
    node.start,
  );
}
