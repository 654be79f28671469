/**
 * What leaves scope by itself: `guard(…)`, `scoped_guard(…)`, `CLASS(…)` and variables with `__free(…)`, as the calls that
 * linux/cleanup.h makes of them at every way out. Knows the names of classes and of what they call, no more of the kernel.
 */

import type { Place } from '../place';
import { variables } from './declarations';
import { expression, name, number, textOf } from './expressions';
import type { Builder } from './program-builder';
import { childOf, type SyntaxNode } from './syntax';
import { assignment } from './tests';
import type { Expression, ProgramNode, Variable } from './types';

/** One thing that is undone when its scope is left; `outer` are those declared before it. */
export interface Cleanup {
  /** Offset of what declares it. */
  readonly id: number;
  readonly outer: Cleanup | null;
  /** The variable it belongs to; null for a guard. */
  readonly variable: string | null;
  /** Adds the nodes that undo it, to stand at an offset in front of `next`. Gives the first. */
  undo(builder: Builder, offset: number, next: number): number;
}

/** Worth looking for: most functions have none. */
export const CLEANUP = /\b(?:guard|scoped_guard|scoped_cond_guard|CLASS|__free)\s*\(/;

/** Classes of guards: what takes, what releases, and how many arguments of a guard's argument list both get. */
const GUARDS: Readonly<Record<string, readonly [take: string, release: string]>> = {
  mutex: ['mutex_lock', 'mutex_unlock'],
  mutex_intr: ['mutex_lock_interruptible', 'mutex_unlock'],
  mutex_kill: ['mutex_lock_killable', 'mutex_unlock'],
  mutex_try: ['mutex_trylock', 'mutex_unlock'],
  spinlock: ['spin_lock', 'spin_unlock'],
  spinlock_bh: ['spin_lock_bh', 'spin_unlock_bh'],
  spinlock_irq: ['spin_lock_irq', 'spin_unlock_irq'],
  spinlock_irqsave: ['spin_lock_irqsave', 'spin_unlock_irqrestore'],
  raw_spinlock: ['raw_spin_lock', 'raw_spin_unlock'],
  raw_spinlock_nested: ['raw_spin_lock_nested', 'raw_spin_unlock'],
  raw_spinlock_bh: ['raw_spin_lock_bh', 'raw_spin_unlock_bh'],
  raw_spinlock_irq: ['raw_spin_lock_irq', 'raw_spin_unlock_irq'],
  raw_spinlock_irqsave: ['raw_spin_lock_irqsave', 'raw_spin_unlock_irqrestore'],
  rwsem_read: ['down_read', 'up_read'],
  rwsem_read_intr: ['down_read_interruptible', 'up_read'],
  rwsem_read_try: ['down_read_trylock', 'up_read'],
  rwsem_write: ['down_write', 'up_write'],
  rwsem_write_kill: ['down_write_killable', 'up_write'],
  rwsem_write_try: ['down_write_trylock', 'up_write'],
  read_lock: ['read_lock', 'read_unlock'],
  read_lock_irq: ['read_lock_irq', 'read_unlock_irq'],
  read_lock_irqsave: ['read_lock_irqsave', 'read_unlock_irqrestore'],
  write_lock: ['write_lock', 'write_unlock'],
  write_lock_irq: ['write_lock_irq', 'write_unlock_irq'],
  write_lock_irqsave: ['write_lock_irqsave', 'write_unlock_irqrestore'],
  rcu: ['rcu_read_lock', 'rcu_read_unlock'],
  srcu: ['srcu_read_lock', 'srcu_read_unlock'],
  preempt: ['preempt_disable', 'preempt_enable'],
  irq: ['local_irq_disable', 'local_irq_enable'],
  irqsave: ['local_irq_save', 'local_irq_restore'],
  migrate: ['migrate_disable', 'migrate_enable'],
  device: ['device_lock', 'device_unlock'],
  cpus_read_lock: ['cpus_read_lock', 'cpus_read_unlock'],
  msi_descs_lock: ['msi_lock_descs', 'msi_unlock_descs'],
};
/** Classes with a variable: what makes it, what gives it back. */
const CLASSES: Readonly<Record<string, readonly [take: string, release: string]>> = {
  fd: ['fdget', 'fdput'],
  fd_raw: ['fdget_raw', 'fdput'],
  fd_pos: ['fdget_pos', 'fdput_pos'],
};
/** The flags of a class that saves them: a variable the class has in itself. */
const FLAGS = '__guard_flags';

function call(callee: string, args: readonly Expression[], at: Place): Expression {
  return { kind: 'call', target: name(callee), args, at };
}

function saves(callee: string): boolean {
  return /_irqsave$|_irq_save$|_irqrestore$|_irq_restore$/.test(callee);
}

interface Guard {
  readonly take: Expression;
  readonly release: Expression;
}

/** What a guard of a class takes and gives back. A class nobody knows calls what its definition would name. */
function guardOf(className: string, args: readonly Expression[], at: Place): Guard {
  const [take, release] = GUARDS[className] ?? [`class_${className}_constructor`, `class_${className}_destructor`];
  const flags = saves(take) ? [name(FLAGS)] : [];
  return { take: call(take, [...args, ...flags], at), release: call(release, [...args, ...flags], at) };
}

function implicit(node: Extract<ProgramNode, { kind: 'do' }>): ProgramNode {
  return { ...node, implicit: true };
}

/** `guard(mutex)(&x->lock)` or `CLASS(fd, f)(fd)`, taken apart; null for any other expression. */
export function scopedCall(e: Expression): {
  readonly macro: 'guard' | 'CLASS';
  readonly words: readonly string[];
  readonly args: readonly Expression[];
} | null {
  if (e.kind !== 'call' || e.target.kind !== 'call' || e.target.target.kind !== 'name') return null;
  const macro = e.target.target.name;
  if (macro !== 'guard' && macro !== 'CLASS') return null;
  const words = e.target.args.map((arg) => (arg.kind === 'name' ? arg.name : arg.kind === 'type' ? arg.type : ''));
  return words.length === (macro === 'guard' ? 1 : 2) ? { macro, words, args: e.args } : null;
}

/** A guard over a statement, and what undoes it. Gives the node that takes it, in front of `next`. */
export function enterGuard(
  builder: Builder,
  className: string,
  args: readonly Expression[],
  start: number,
  end: number,
  outer: Cleanup | null,
): { readonly cleanup: Cleanup; take(next: number): number } {
  const at = builder.reading.place(start, end);
  const { take, release } = guardOf(className, args, at);
  return {
    cleanup: {
      id: start,
      outer,
      variable: null,
      undo: (to, offset, next) => to.add(implicit({ kind: 'do', expression: release, next, at }), offset),
    },
    take: (next) => builder.add({ kind: 'do', expression: take, next, at }, start),
  };
}

/** The variable of `CLASS(fd, f)(fd)`. */
export function classVariable(
  words: readonly string[],
  args: readonly Expression[],
  at: Place,
): { readonly variable: Variable; readonly init: Expression; readonly release: string } {
  const className = words[0] ?? '';
  const [take, release] = CLASSES[className] ?? [`class_${className}_constructor`, `class_${className}_destructor`];
  const variable = { name: words[1] ?? '', type: `class_${className}_t`, array: null, at };
  return { variable, init: call(take, args, at), release };
}

/** What guards the giving back of a variable: a test of the variable, of a flag of ours, or none; and whether it may be an error pointer. */
interface Holding {
  readonly test: string | null;
  readonly mayBeError: boolean;
}

/**
 * A variable that the function tests with IS_ERR() holds something unless it was set to NULL or handed on; a flag remembers that, for
 * the pointer itself tells nothing a path could know.
 */
function holdingOf(builder: Builder, variable: string): Holding {
  const known = builder.holdings.get(variable);
  if (known !== undefined) return known;
  const { text } = builder.reading;
  const mayBeError = new RegExp(`\\bIS_ERR(?:_OR_NULL)?\\s*\\(\\s*${variable}\\s*\\)`).test(text);
  const cleared = new RegExp(
    `\\b${variable}\\b[^;]*=\\s*NULL\\b|\\b${variable}\\s*(?:__free\\s*\\(\\w+\\))?\\s*;|\\b(?:\\w+_ptr|take_fd)\\s*\\(\\s*${variable}\\s*\\)`,
  ).test(text);
  const holding = { mayBeError, test: !mayBeError ? variable : cleared ? `__${variable}_held` : null };
  builder.holdings.set(variable, holding);
  return holding;
}

/** Notes, where a flag does it, that the variable holds something now, or nothing. Gives the first node. */
export function noteHolding(
  builder: Builder,
  variable: string,
  holds: boolean,
  offset: number,
  at: Place,
  next: number,
): number {
  const flag = builder.holdings.get(variable)?.test;
  if (flag === undefined || flag === null || flag === variable) return next;
  const expression = assignment(flag, number(holds ? 1 : 0), at);
  return builder.add(implicit({ kind: 'do', expression, next, at }), offset);
}

/** Gives back what a variable holds, if it holds something. */
function variableCleanup(
  builder: Builder,
  id: number,
  variable: string,
  release: string,
  at: Place,
  outer: Cleanup | null,
): Cleanup {
  const { test, mayBeError } = holdingOf(builder, variable);
  const branch = (condition: Expression, then: number, otherwise: number): ProgramNode => ({
    kind: 'branch',
    condition,
    then,
    otherwise,
    loop: false,
    at,
    implicit: true,
  });
  return {
    id,
    outer,
    variable,
    undo(to, offset, next) {
      const give = to.add(implicit({ kind: 'do', expression: call(release, [name(variable)], at), next, at }), offset);
      const sound = mayBeError ? to.add(branch(call('IS_ERR', [name(variable)], at), next, give), offset) : give;
      return test === null ? sound : to.add(branch(name(test), sound, next), offset);
    },
  };
}

/** What a statement of a block leaves to be undone when the block is left, outermost first. */
export function declaredBy(builder: Builder, node: SyntaxNode, outer: Cleanup | null): Cleanup | null {
  const { reading } = builder;
  let found = outer;
  if (node.type === 'declaration') {
    for (const { variable, node: part } of variables(node, reading)) {
      const release = /__free\((\w+)\)/.exec(variable.type.replace(/\s+/g, ''))?.[1];
      if (release !== undefined)
        found = variableCleanup(builder, part.start, variable.name, release, variable.at, found);
    }
  } else if (node.type === 'expression_statement') {
    const inner = node.children.find((child) => child.named);
    const scoped = inner === undefined ? null : scopedCall(expression(inner, reading));
    if (inner === undefined || scoped === null) return found;
    if (scoped.macro === 'guard')
      return enterGuard(builder, scoped.words[0] ?? '', scoped.args, inner.start, inner.end, found).cleanup;
    const { variable, release } = classVariable(scoped.words, scoped.args, reading.place(inner.start, inner.end));
    return variableCleanup(builder, inner.start, variable.name, release, variable.at, found);
  }
  return found;
}

/** Undoes what was declared since `until`, last first, in front of `next`. `kept`: variables whose value is handed on. */
export function leave(
  builder: Builder,
  from: Cleanup | null,
  until: Cleanup | null,
  offset: number,
  next: number,
  kept: ReadonlySet<string> = NONE,
): number {
  const all: Cleanup[] = [];
  for (let at = from; at !== null && at !== until; at = at.outer)
    if (at.variable === null || !kept.has(at.variable)) all.push(at);
  let entry = next;
  for (const one of all.reverse()) entry = one.undo(builder, offset, entry);
  return entry;
}

const NONE: ReadonlySet<string> = new Set();

/** What of `from` is not in force at a label that has these in force. */
export function sharedWith(from: Cleanup | null, atLabel: ReadonlySet<number> | undefined): Cleanup | null {
  let at = from;
  while (at !== null && !(atLabel?.has(at.id) ?? false)) at = at.outer;
  return at;
}

/** For each label of a body, what is in force there. */
export function labelScopes(builder: Builder, body: SyntaxNode): Map<string, ReadonlySet<number>> {
  const scopes = new Map<string, ReadonlySet<number>>();
  const walk = (node: SyntaxNode, outer: Cleanup | null): void => {
    if (node.type === 'labeled_statement') {
      const label = childOf(node, 'label');
      const ids = new Set<number>();
      for (let at = outer; at !== null; at = at.outer) ids.add(at.id);
      if (label !== null) scopes.set(textOf(label, builder.reading), ids);
    }
    let active = outer;
    for (const child of node.children) {
      if (!child.named) continue;
      walk(child, active);
      if (node.type === 'compound_statement' || node.type === 'case_statement')
        active = declaredBy(builder, child, active);
    }
  };
  walk(body, null);
  return scopes;
}

const HANDS_ON = /^(?:no_free_ptr|retain_and_null_ptr|retain_ptr|take_fd)$/;

/** An expression with `no_free_ptr(p)` read as `p`, and the variables handed on so. */
export function handedOn(e: Expression): { readonly value: Expression; readonly variables: ReadonlySet<string> } {
  const found = new Set<string>();
  const value = without(e, found);
  return { value, variables: found };
}

function without(e: Expression, found: Set<string>): Expression {
  switch (e.kind) {
    case 'call': {
      const arg = e.args[0];
      if (e.target.kind === 'name' && HANDS_ON.test(e.target.name) && arg?.kind === 'name') {
        found.add(arg.name);
        return arg;
      }
      const args = e.args.map((one) => without(one, found));
      return found.size === 0 ? e : { ...e, args };
    }
    case 'cast': {
      const operand = without(e.operand, found);
      return found.size === 0 ? e : { ...e, operand };
    }
    case 'assign': {
      const value = without(e.value, found);
      return found.size === 0 ? e : { ...e, value };
    }
    default:
      return e;
  }
}

/** The variables hold nothing from here on. Gives the first node. */
export function handOver(
  builder: Builder,
  variables: ReadonlySet<string>,
  offset: number,
  at: Place,
  next: number,
): number {
  let entry = next;
  for (const one of variables) {
    entry = noteHolding(builder, one, false, offset, at, entry);
    const expression = assignment(one, number(0, 'NULL'), at);
    entry = builder.add(implicit({ kind: 'do', expression, next: entry, at }), offset);
  }
  return entry;
}

/** May the value be read after the cleanups ran as well as before? */
export function outlives(value: Expression): boolean {
  switch (value.kind) {
    case 'number':
    case 'string':
    case 'name':
    case 'sizeof':
      return true;
    case 'unary':
      return value.operator !== '*' && outlives(value.operand);
    case 'cast':
      return outlives(value.operand);
    case 'binary':
      return outlives(value.left) && outlives(value.right);
    case 'call':
      return (
        value.target.kind === 'name' &&
        /^(?:IS_ERR\w*|PTR_ERR\w*|ERR_PTR|ERR_CAST)$/.test(value.target.name) &&
        value.args.every(outlives)
      );
    default:
      return false;
  }
}
