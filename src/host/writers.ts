/**
 * Who sets a field: what a pointer holds that nothing in sight ever sets is not known to be NULL in the kernel that runs the
 * patch. In: a set of programs. Out: whether any of them writes a field, and whether a design speaks of it at all.
 */
import type { Expression, Program } from '../code/types';
import { expressionsOf, visit, withoutCasts } from '../code/walk';
import { typeOf } from './static-types';
import type { ProgramSet } from './types';
import type { Value } from './values';
import { isStruct } from './values';
import { type FieldQuestion, noteQuestion, unwatched } from './watched';
import type { Frame, World } from './world';

interface Mentions {
  /** Fields that are written, or whose address is taken: `field`, and `struct s|field` where the type is known. */
  readonly written: ReadonlySet<string>;
  /** Fields on lines that no patch brought: `field`, and `struct s|field` where the type is known. */
  readonly designed: ReadonlySet<string>;
}

const byProgram = new WeakMap<Program, Mentions>();

/** The structure's name in a type: `struct msi_domain_ops *` gives `msi_domain_ops`. */
function structName(type: string): string {
  return type
    .replace(/\b(?:const|volatile|struct|union)\b/g, '')
    .replace(/[*\s]/g, '')
    .replace(/\[.*$/, '');
}

function localTypes(program: Program): ReadonlyMap<string, string> {
  const types = new Map(program.parameters.map((one) => [one.name, one.type]));
  for (const node of program.nodes) if (node.kind === 'declare') types.set(node.variable.name, node.variable.type);
  return types;
}

function initializerFields(init: Expression, into: Set<string>): void {
  visit(init, (inner) => {
    if (inner.kind !== 'initializer') return;
    for (const item of inner.items) if (item.field !== null) into.add(item.field);
  });
}

function mentionsOf(set: ProgramSet, program: Program): Mentions {
  const known = byProgram.get(program);
  if (known) return known;
  const written = new Set<string>();
  const designed = new Set<string>();
  const types = localTypes(program);
  const keyOf = (of: Expression & { kind: 'field' }): string => {
    const struct = structName(typeOf(set, types, of.base));
    return struct === '' ? of.field : `${struct}|${of.field}`;
  };
  const write = (target: Expression): void => {
    const to = withoutCasts(target);
    if (to.kind === 'index') write(to.base);
    if (to.kind !== 'field') return;
    written.add(keyOf(to));
  };
  for (const node of program.nodes)
    for (const expression of expressionsOf(node))
      visit(expression, (inner) => {
        if (inner.kind === 'assign' || inner.kind === 'update') write(inner.target);
        if (inner.kind === 'unary' && inner.operator === '&') write(inner.operand);
        if (inner.kind === 'field' && node.at.kind !== 'message') designed.add(keyOf(inner));
        initializerFields(inner, written);
      });
  const mentions = { written, designed };
  byProgram.set(program, mentions);
  return mentions;
}

const bySet = new WeakMap<ProgramSet, Map<string, boolean>>();

/** The answer to a question about all programs and tables of a set, found once. A watched set takes down the question, not all that was looked at. */
function remembered(set: ProgramSet, question: FieldQuestion, compute: (all: ProgramSet) => boolean): boolean {
  noteQuestion(set, question);
  const all = unwatched(set);
  const answers = bySet.get(all) ?? new Map<string, boolean>();
  bySet.set(all, answers);
  const key = `${question.ask}|${question.struct}|${question.field}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = compute(all);
  answers.set(key, answer);
  return answer;
}

function writes(set: ProgramSet, program: Program, struct: string, field: string): boolean {
  const { written } = mentionsOf(set, program);
  if (written.has(field) || (struct !== '' && written.has(`${struct}|${field}`))) return true;
  return struct === '' && [...written].some((one) => one.endsWith(`|${field}`));
}

/** Does anything in the set give the field a value? A write whose structure is not known counts for all. `struct` may be empty. */
export function isWritten(set: ProgramSet, struct: string, field: string): boolean {
  return remembered(set, { ask: 'written', struct, field }, (all) => {
    for (const program of all.programs.values()) if (writes(all, program, struct, field)) return true;
    return isInitialised(all, struct, field);
  });
}

/** Do the tables and variables start with a value in the field? Of a known structure all its tables must: one says nothing of another. */
function isInitialised(set: ProgramSet, struct: string, field: string): boolean {
  return remembered(set, { ask: 'initialised', struct, field }, (all) => {
    const inits = [
      ...[...all.tables.values()].map(({ type, init }) => ({ type, init })),
      ...[...(all.globals?.values() ?? [])].map(({ variable, init }) => ({ type: variable.type, init })),
    ].filter(({ type, init }) => init !== null && (struct === '' || structName(type) === struct));
    const sets = (init: Expression | null): boolean => {
      const fields = new Set<string>();
      if (init !== null) initializerFields(init, fields);
      return fields.has(field);
    };
    return (
      inits.length > 0 && (struct === '' ? inits.some(({ init }) => sets(init)) : inits.every(({ init }) => sets(init)))
    );
  });
}

/** Does a table or variable set the field to NULL? What all of them set to something cannot be NULL because of them. */
function holdsNull(set: ProgramSet, struct: string, field: string): boolean {
  return remembered(set, { ask: 'null from the start', struct, field }, (all) =>
    [
      ...[...all.tables.values()].map(({ type, init }) => ({ type, init })),
      ...[...(all.globals?.values() ?? [])].map(({ variable, init }) => ({ type: variable.type, init })),
    ].some(
      ({ type, init }) => init !== null && (struct === '' || structName(type) === struct) && givesNull(init, field),
    ),
  );
}

function givesNull(init: Expression, field: string): boolean {
  let found = false;
  visit(init, (inner) => {
    if (inner.kind !== 'initializer') return;
    for (const item of inner.items) {
      const value = withoutCasts(item.value);
      if (item.field === field && value.kind === 'number' && value.value === 0) found = true;
    }
  });
  return found;
}

/** Does a line of the design itself speak of the field? What only patches speak of, the host cannot set by itself. A mention whose structure is not known counts for all. */
export function isDesigned(set: ProgramSet, struct: string, field: string): boolean {
  return remembered(set, { ask: 'designed', struct, field }, (all) => {
    for (const program of all.programs.values()) {
      const { designed } = mentionsOf(all, program);
      if (designed.has(field) || (struct !== '' && designed.has(`${struct}|${field}`))) return true;
      if (struct === '' && [...designed].some((one) => one.endsWith(`|${field}`))) return true;
    }
    return false;
  });
}

/** The answer of a set to a question that a run asked of another. */
export function answerAbout(set: ProgramSet, { ask, struct, field }: FieldQuestion): boolean {
  switch (ask) {
    case 'written':
      return isWritten(set, struct, field);
    case 'initialised':
      return isInitialised(set, struct, field);
    case 'null from the start':
      return holdsNull(set, struct, field);
    case 'designed':
      return isDesigned(set, struct, field);
  }
}

const DEPTH = 4;

/** The fields from which the value of an expression may have been read: through locals, conditionals and the results of known calls. */
function* sources(
  set: ProgramSet,
  program: Program,
  of: Expression,
  depth: number,
): Generator<{ readonly struct: string; readonly field: string }> {
  const bare = withoutCasts(of);
  if (depth > DEPTH) return;
  switch (bare.kind) {
    case 'field':
      // A structure on the stack is in sight as a whole.
      if (!bare.arrow && bare.base.kind === 'name') return;
      yield { struct: structName(typeOf(set, localTypes(program), bare.base)), field: bare.field };
      return;
    case 'conditional':
      yield* sources(set, program, bare.then, depth + 1);
      yield* sources(set, program, bare.otherwise, depth + 1);
      return;
    case 'name':
      for (const node of program.nodes) {
        if (node.kind === 'declare' && node.variable.name === bare.name && node.init !== null)
          yield* sources(set, program, node.init, depth + 1);
        if (node.kind === 'do' && node.expression.kind === 'assign' && node.expression.target.kind === 'name')
          if (node.expression.target.name === bare.name) yield* sources(set, program, node.expression.value, depth + 1);
      }
      return;
    case 'call': {
      const callee = bare.target.kind === 'name' ? set.programs.get(bare.target.name) : undefined;
      for (const node of callee?.nodes ?? [])
        if (callee && node.kind === 'return' && node.value !== null) yield* sources(set, callee, node.value, depth + 1);
      return;
    }
    default:
      return;
  }
}

/**
 * The field from which a NULL pointer may come although nothing that ran would set it: set at boot by code that no stage runs, or
 * by code out of sight. Null when what ran accounts for the pointer.
 */
export function unsetSource(world: World, frame: Frame | null, of: Expression): string | null {
  if (frame === null) return null;
  const { set, executed } = world;
  for (const { struct, field } of sources(set, frame.program, of, 0)) {
    const ran = [...executed].some((name) => {
      const program = set.programs.get(name);
      return program !== undefined && writes(set, program, struct, field);
    });
    if (!ran && !(isInitialised(set, struct, field) && holdsNull(set, struct, field)))
      return struct === '' ? field : `${struct}.${field}`;
  }
  return null;
}

/**
 * Is the callback asked of a table of another type than the code says? Then the host set the pointer as its own design does, and
 * the patch moved the callbacks to another table.
 */
export function isOtherTable(world: World, frame: Frame, of: Expression, table: Value): boolean {
  if (of.kind !== 'field' || !isStruct(table) || table.type === '') return false;
  const said = structName(typeOf(world.set, frame.types, of.base));
  return said !== '' && said !== structName(table.type);
}
