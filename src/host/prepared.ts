/**
 * Program sets as plain data: the built-in designs are read once, when the product is built, and shipped so.
 * In: a program set. Out: the same as JSON holds it, and back. A set that was read from JSON equals the one it was made from.
 */
import type { ProgramSet } from './types';

type Entries<K extends 'programs' | 'tables' | 'structures' | 'constants'> = readonly (readonly [
  string,
  ProgramSet[K] extends ReadonlyMap<string, infer V> ? V : never,
])[];

export interface PreparedSet {
  readonly name: string;
  readonly programs: Entries<'programs'>;
  readonly tables: Entries<'tables'>;
  readonly structures: Entries<'structures'>;
  readonly constants: Entries<'constants'>;
  readonly globals: readonly (readonly [
    string,
    NonNullable<ProgramSet['globals']> extends ReadonlyMap<string, infer V> ? V : never,
  ])[];
}

export function prepare(set: ProgramSet): PreparedSet {
  return {
    name: set.name,
    programs: [...set.programs],
    tables: [...set.tables],
    structures: [...set.structures],
    constants: [...set.constants],
    globals: [...(set.globals ?? [])],
  };
}

export function fromPrepared(prepared: PreparedSet): ProgramSet {
  return {
    name: prepared.name,
    programs: new Map(prepared.programs),
    tables: new Map(prepared.tables),
    structures: new Map(prepared.structures),
    constants: new Map(prepared.constants),
    globals: new Map(prepared.globals),
  };
}
