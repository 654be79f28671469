/**
 * Programs: what a C function does, as expressions between branches, each with its place.
 * The same representation serves the path rules, the interpreter, and the designs' own C models.
 */
import type { Place } from '../place';

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly base: Expression; readonly field: string; readonly arrow: boolean }
  | { readonly kind: 'index'; readonly base: Expression; readonly index: Expression }
  /** `target` is a name for a direct call, any expression for a call through a pointer. */
  | { readonly kind: 'call'; readonly target: Expression; readonly args: readonly Expression[]; readonly at: Place }
  /** `&` and `*` stand here too. */
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | { readonly kind: 'update'; readonly operator: '++' | '--'; readonly prefix: boolean; readonly target: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  /** `operator` is `=`, `+=`, `|=` … */
  | {
      readonly kind: 'assign';
      readonly operator: string;
      readonly target: Expression;
      readonly value: Expression;
      readonly at: Place;
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: 'cast'; readonly type: string; readonly operand: Expression }
  | { readonly kind: 'sizeof'; readonly type: string | null; readonly operand: Expression | null }
  | { readonly kind: 'comma'; readonly items: readonly Expression[] }
  /** `{ a, .b = c, [D] = e }`. */
  | {
      readonly kind: 'initializer';
      readonly items: readonly {
        readonly field: string | null;
        readonly index: Expression | null;
        readonly value: Expression;
      }[];
    }
  /** A type passed as an argument: `container_of(p, struct s, f)`. */
  | { readonly kind: 'type'; readonly type: string }
  /** What could not be understood; its value is unknown. */
  | { readonly kind: 'unknown'; readonly text: string };

export interface Variable {
  readonly name: string;
  /** The type as written without the name, blanks folded: `struct msi_msg`, `u64`, `struct vfio_dma *`. */
  readonly type: string;
  /** Array length expression, when declared as an array. */
  readonly array: Expression | null;
  readonly at: Place;
}

/** One step of a function. `next`, `then`, `otherwise` are indexes into `Program.nodes`. Loops are edges that lead back. */
export type ProgramNode =
  /** `implicit`: not written where it is done: what leaving a scope undoes (`guard()`, `__free()`); `at` is the declaration then. */
  | {
      readonly kind: 'do';
      readonly expression: Expression;
      readonly next: number;
      readonly at: Place;
      readonly implicit?: true;
    }
  | {
      readonly kind: 'declare';
      readonly variable: Variable;
      readonly init: Expression | null;
      readonly next: number;
      readonly at: Place;
    }
  | {
      readonly kind: 'branch';
      readonly condition: Expression;
      readonly then: number;
      readonly otherwise: number;
      readonly loop: boolean;
      readonly at: Place;
      readonly implicit?: true;
    }
  /** A `for_each…(args)` macro: the body is entered once for each item; `body` leads back here, `next` follows when there are no more. */
  | {
      readonly kind: 'each';
      readonly macro: string;
      readonly args: readonly Expression[];
      readonly body: number;
      readonly next: number;
      readonly at: Place;
    }
  | {
      readonly kind: 'switch';
      readonly subject: Expression;
      readonly cases: readonly { readonly value: Expression; readonly next: number }[];
      readonly otherwise: number;
      readonly at: Place;
    }
  | { readonly kind: 'return'; readonly value: Expression | null; readonly at: Place }
  /** Leads where nobody knows: a cut body, a macro or statement not understood, asm. `gap`: lines that nobody has seen stand here. */
  | {
      readonly kind: 'unknown';
      readonly text: string;
      readonly next: number;
      readonly at: Place;
      readonly gap?: true;
    };

/** How much of the function is known. */
export type Evidence = 'full' | 'spliced' | 'fragment';

/** Where a body came from, best first. */
export type BodySource = 'blob' | 'patch' | 'stitched' | 'design' | 'hunk';

export interface Program {
  readonly name: string;
  /** Path in the kernel tree, as the diff or the design names it. */
  readonly file: string;
  readonly parameters: readonly Variable[];
  /** Return type as written, without `static`, `inline` and annotations. */
  readonly returns: string;
  readonly static: boolean;
  readonly nodes: readonly ProgramNode[];
  /** Index of the first node; -1 for an empty body that returns at once. */
  readonly entry: number;
  readonly evidence: Evidence;
  readonly source: BodySource;
  /** Of a spliced body: some of its lines were put where nothing next to them surely stands in the design. */
  readonly loose?: true;
  /** The function's head. */
  readonly at: Place;
  /** The closing brace. */
  readonly end: Place;
}

/** A named table of callbacks or values: `static const struct iommu_ops arm_smmu_ops = { .capable = arm_smmu_capable, … }`. */
export interface Table {
  readonly name: string;
  readonly type: string;
  readonly init: Expression;
  readonly at: Place;
}

/** `struct NAME { … }`: field names with their types, in order. */
export interface Structure {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: string; readonly at: Place }[];
  readonly at: Place;
}

/** What one file, or the visible part of it, defines. */
export interface Unit {
  readonly file: string;
  readonly programs: readonly Program[];
  readonly tables: readonly Table[];
  readonly structures: readonly Structure[];
  /** `#define NAME value` and enumerators, as expressions. */
  readonly constants: readonly { readonly name: string; readonly value: Expression; readonly at: Place }[];
  /** File-scope variables that are not tables. */
  readonly globals: readonly { readonly variable: Variable; readonly init: Expression | null }[];
}

/** One line of C with its place; the front end reads arrays of these, so that text from a mail and text from a design can stand in one body. */
export interface SourceLine {
  readonly text: string;
  readonly at: Place;
}

/** Programs by name with their surroundings. `ProgramSet` of the host is one; amending a set by a patch gives another. */
export interface ProgramTable {
  readonly name: string;
  readonly programs: ReadonlyMap<string, Program>;
  readonly tables: ReadonlyMap<string, Table>;
  readonly structures: ReadonlyMap<string, Structure>;
  readonly constants: ReadonlyMap<string, Expression>;
  /** File-scope variables that are not tables, with what they start as. */
  readonly globals?: ReadonlyMap<string, { readonly variable: Variable; readonly init: Expression | null }>;
}
