/**
 * A program set that takes down what it is asked: which names, whether for the value or only for whether there is one. In: a set.
 * Out: the same set, watched. Knows nothing of runs.
 */
import type { ProgramSet } from './types';

export type Kind = 'programs' | 'tables' | 'structures' | 'constants' | 'globals';

/** A map that takes down what it is asked. */
export class WatchedMap<V> implements ReadonlyMap<string, V> {
  /** Names whose value was asked for, with the value; null: there is none. */
  readonly asked = new Map<string, V | null>();
  /** Names of which was asked whether there is one, with the answer. */
  readonly sought = new Map<string, boolean>();
  /** It was gone through as a whole. */
  whole = false;

  constructor(readonly of: ReadonlyMap<string, V>) {}

  forget(): void {
    this.asked.clear();
    this.sought.clear();
    this.whole = false;
  }

  get(name: string): V | undefined {
    const known = this.asked.get(name);
    if (known !== undefined) return known ?? undefined;
    const value = this.of.get(name);
    this.asked.set(name, value ?? null);
    return value;
  }

  has(name: string): boolean {
    let answer = this.sought.get(name);
    if (answer === undefined) {
      answer = this.of.has(name);
      this.sought.set(name, answer);
    }
    return answer;
  }

  private all(): ReadonlyMap<string, V> {
    this.whole = true;
    return this.of;
  }

  get size(): number {
    return this.all().size;
  }

  keys(): MapIterator<string> {
    return this.all().keys();
  }

  values(): MapIterator<V> {
    return this.all().values();
  }

  entries(): MapIterator<[string, V]> {
    return this.all().entries();
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.all().entries();
  }

  forEach(see: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    this.all().forEach(see);
  }
}

/** A question about a structure's field that all programs and tables of a set answer together. `struct` may be empty. */
export interface FieldQuestion {
  readonly ask: 'written' | 'initialised' | 'null from the start' | 'designed';
  readonly struct: string;
  readonly field: string;
}

type Watched<M> = M extends ReadonlyMap<string, infer V> ? WatchedMap<V> : never;

/** A set whose maps are watched. */
export type WatchedSet = { readonly name: string } & {
  readonly [K in Kind]: Watched<NonNullable<ProgramSet[K]>>;
} & {
  /** Questions about fields, by their words. */
  readonly questions: Map<string, FieldQuestion>;
  /** Names of which was asked whether more than one file defines them. */
  readonly shared: Set<string>;
};

const sets = new WeakMap<ProgramSet, WatchedSet>();
/** By watched set. */
const originals = new WeakMap<ProgramSet, ProgramSet>();

/** The watched set over a set: one for each, so that what is kept for a set is kept for it. */
export function watched(set: ProgramSet): WatchedSet {
  let found = sets.get(set);
  if (found === undefined) {
    found = {
      name: set.name,
      programs: new WatchedMap(set.programs),
      tables: new WatchedMap(set.tables),
      structures: new WatchedMap(set.structures),
      constants: new WatchedMap(set.constants),
      globals: new WatchedMap(set.globals ?? new Map()),
      questions: new Map(),
      shared: new Set(),
    };
    sets.set(set, found);
    originals.set(found, set);
  }
  return found;
}

/** The set below a watched one; any other set itself. */
export function unwatched(set: ProgramSet): ProgramSet {
  return originals.get(set) ?? set;
}

/** Where a watched set takes down which names it was asked to tell apart by file; null for any other set. */
export function namesAsked(set: ProgramSet): Set<string> | null {
  return 'shared' in set ? (set as WatchedSet).shared : null;
}

/** Takes down that a watched set was asked about a field; of any other set nothing is taken down. */
export function noteQuestion(set: ProgramSet, question: FieldQuestion): void {
  if (!('questions' in set)) return;
  (set as WatchedSet).questions.set(`${question.ask}|${question.struct}|${question.field}`, question);
}
