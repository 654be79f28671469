/**
 * A design: the host's own behaviour as programs, and which program each stage enters.
 */
import type { Expression, Program, Structure, Table, Unit, Variable } from '../code/types';

/** Programs by name with their surroundings: a design, or a design amended by a prefix of a series. A value: amend by making a new one. */
export interface ProgramSet {
  /** `v4.5`, `fixup`, `v4.5+3`. */
  readonly name: string;
  readonly programs: ReadonlyMap<string, Program>;
  readonly tables: ReadonlyMap<string, Table>;
  readonly structures: ReadonlyMap<string, Structure>;
  readonly constants: ReadonlyMap<string, Expression>;
  /** File-scope variables that are not tables, with what they start as. */
  readonly globals?: ReadonlyMap<string, { readonly variable: Variable; readonly init: Expression | null }>;
}

export interface DesignSource {
  readonly name: string;
  readonly title: string;
  /** The design this one amends, or null. */
  readonly base: string | null;
  /** Path in the kernel tree → C text (`src/host/designs/NAME/…`), bundled at build time. */
  readonly files: Readonly<Record<string, string>>;
}

export type { Unit };
