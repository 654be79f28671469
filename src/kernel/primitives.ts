/**
 * Kernel primitives as data: what a function of the kernel does to what it is given. In: a name. Out: what is known of it.
 * Knows nothing of programs, hosts or patches; interpreter and rules both read it. The facts were checked against the kernel's
 * v6.1 and v7.0 sources, the v4.x eras in part only; `~` before a version means approximately.
 */
import data from './primitives.json';

export type PrimitiveKind =
  | 'alloc'
  | 'free'
  | 'acquire'
  | 'release'
  | 'refcount'
  | 'lock'
  | 'unlock'
  | 'map'
  | 'unmap'
  | 'attach'
  | 'detach'
  | 'msi'
  | 'irq'
  | 'window'
  | 'query'
  | 'check'
  | 'flush'
  | 'notify'
  | 'copy_user'
  | 'other';

/** `err`: 0 or a negative errno. `ptr_null`: NULL on failure. `ptr_err`: an error pointer on failure. `count`: how many, or negative. */
export type ReturnShape = 'void' | 'err' | 'ptr_null' | 'ptr_err' | 'count' | 'bool' | 'value';

/** `arg0` … `arg6`: the argument, counted from 0. */
export type Argument = `arg${number}`;

export interface Ownership {
  /** What kind of thing: `iommu_domain`, `iova`, `mutex` … */
  readonly resource: string;
  /** Which value names it. `global`: there is but one. */
  readonly by: 'result' | 'global' | Argument;
}

export interface Primitive {
  readonly name: string;
  readonly kind: PrimitiveKind;
  readonly returns: ReturnShape;
  /** What comes back on failure: `-ENOMEM`, `NULL`, `0`, `false`, `positive`, `xa_err`, `DMA_MAPPING_ERROR`. Not complete. */
  readonly fails: readonly string[];
  readonly acquires: Ownership | null;
  readonly releases: Ownership | null;
  /** The argument whose ownership passes to the callee when it succeeds. */
  readonly transfers: Argument | null;
  /** `gfp`: as its allocation flags say. */
  readonly maySleep: boolean | 'gfp';
  readonly mustHold: readonly string[];
  readonly pairsWith: readonly string[];
  /** First kernel version that has it: `v4.11`, `~v6.5`, or `series-2016` for names of series that were never merged; null: older than v4.5. */
  readonly since: string | null;
  /** First kernel version without it; null: still there. */
  readonly until: string | null;
  readonly changed: readonly { readonly in: string; readonly what: string }[];
  readonly area: string;
  /** The trap that reviewers catch, in one sentence; '' when there is none. */
  readonly note: string;
}

type Written = Pick<Primitive, 'name' | 'kind' | 'returns' | 'maySleep' | 'area'> & Partial<Primitive>;

const table: ReadonlyMap<string, Primitive> = new Map(
  (data as readonly Written[]).map((written) => [
    written.name,
    {
      fails: [],
      acquires: null,
      releases: null,
      transfers: null,
      mustHold: [],
      pairsWith: [],
      since: null,
      until: null,
      changed: [],
      note: '',
      ...written,
    },
  ]),
);

/** All primitives by name. */
export function primitives(): ReadonlyMap<string, Primitive> {
  return table;
}

/** What a user knows better of a function than the table, or of a function it does not have. */
export interface Fact {
  readonly function: string;
  readonly sleeps?: boolean;
  /** The argument, counted from 0, whose ownership passes to it. */
  readonly takes?: number;
  /** The argument, counted from 0, that it gives up for its caller. */
  readonly releases?: number;
  readonly returns?: ReturnShape;
}

const UNKNOWN: Omit<Primitive, 'name'> = {
  kind: 'other',
  returns: 'value',
  fails: [],
  acquires: null,
  releases: null,
  transfers: null,
  maySleep: false,
  mustHold: [],
  pairsWith: [],
  since: null,
  until: null,
  changed: [],
  area: '',
  note: '',
};

let corrected: ReadonlyMap<string, Primitive> = new Map();

/** What is known of a function; null when nothing is. */
export function primitive(name: string): Primitive | null {
  return corrected.get(name) ?? table.get(name) ?? null;
}

/** Is what is known of it a user's word? Then it holds for one piece of work only, and must not be kept. */
export function isCorrected(name: string): boolean {
  return corrected.has(name);
}

/** Does the work, which must not be asynchronous, with the facts in force. */
export function withFacts<T>(facts: readonly Fact[], work: () => T): T {
  const before = corrected;
  const now = new Map(before);
  for (const fact of facts) {
    const known = now.get(fact.function) ?? table.get(fact.function) ?? { ...UNKNOWN, name: fact.function };
    now.set(fact.function, {
      ...known,
      ...(fact.sleeps === undefined ? {} : { maySleep: fact.sleeps }),
      ...(fact.takes === undefined ? {} : { transfers: `arg${fact.takes}` as const }),
      ...(fact.releases === undefined
        ? {}
        : { kind: 'free' as const, releases: { resource: 'object', by: `arg${fact.releases}` as const } }),
      ...(fact.returns === undefined ? {} : { returns: fact.returns }),
    });
  }
  corrected = now;
  try {
    return work();
  } finally {
    corrected = before;
  }
}

/** The position of an `argN`, or null for a result or a global. */
export function argumentIndex(by: Ownership['by'] | null): number | null {
  const match = /^arg(\d+)$/.exec(by ?? '');
  return match === null ? null : Number(match[1]);
}

/** Can a call of it fail: is there a value by which the caller would learn so? */
export function canFail(one: Primitive): boolean {
  return one.fails.length > 0 || one.returns === 'err' || one.returns === 'ptr_err' || one.returns === 'ptr_null';
}
