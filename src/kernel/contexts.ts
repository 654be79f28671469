/**
 * In which context the kernel calls what a driver hands it, as data: members of operation tables, functions given to a registering
 * call, functions that their parameters tell, and functions of the kernel's own that are known by name. Only contexts in which
 * nothing may sleep are listed. In: a name. Out: the context in words, with its source. Knows nothing of programs.
 */
import data from './contexts.json';

export interface CallContext {
  /** Reads on after `is called`: `with the raw lock of … held`, `as a hard interrupt handler`. */
  readonly context: string;
  readonly source: string;
  /** It holds for domains of the DMA API only: a driver that allocates none is never called so. */
  readonly dmaDomains?: boolean;
}

export interface Shape extends CallContext {
  readonly name: RegExp;
  /** Type names without stars, in order; null when the name alone tells. */
  readonly parameters: readonly string[] | null;
  readonly returns: string | null;
}

const MEMBERS: ReadonlyMap<string, CallContext> = new Map(
  data.members.flatMap((one) => one.members.map((member) => [`${one.structure}.${member}`, one] as const)),
);

const REGISTRATIONS: ReadonlyMap<string, CallContext & { readonly argument: number }> = new Map(
  data.registrations.map((one) => [one.call, one]),
);

const FUNCTIONS: ReadonlyMap<string, CallContext> = new Map(
  data.functions.flatMap((one) => one.names.map((name) => [name, one] as const)),
);

const SHAPES: readonly Shape[] = data.shapes.map((one) => ({
  context: one.context,
  source: one.source,
  dmaDomains: 'dmaDomains' in one && one.dmaDomains === true,
  name: new RegExp(one.name),
  parameters: one.parameters,
  returns: 'returns' in one ? (one.returns ?? null) : null,
}));

/** The context of a member of an operations structure (`irq_chip`, `irq_set_affinity`); null when it may sleep, or is not known. */
export function memberContext(structure: string, member: string): CallContext | null {
  return MEMBERS.get(`${structure}.${member}`) ?? null;
}

/** What a call hands over to be called in atomic context, and at which position (from 0); null for other calls. */
export function registration(call: string): (CallContext & { readonly argument: number }) | null {
  return REGISTRATIONS.get(call) ?? null;
}

/** A function of the kernel's own that runs in atomic context. */
export function functionContext(name: string): CallContext | null {
  return FUNCTIONS.get(name) ?? null;
}

/** The words of a type that tell it: `const struct cpumask *` and `struct cpumask const *` are `struct cpumask`. */
function bare(type: string): string {
  return type
    .replace(/\*|\b(?:const|volatile|int|__user|__iomem|__rcu)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * The context of a callback that its name and its types give away. `parameters` are types as written, in order; `returns` the type
 * as written; `cut`: the list goes on out of sight.
 */
export function shapeContext(
  name: string,
  parameters: readonly string[],
  returns: string,
  cut: boolean,
): CallContext | null {
  for (const shape of SHAPES) {
    if (!shape.name.test(name)) continue;
    if (shape.returns !== null && bare(shape.returns) !== bare(returns)) continue;
    if (shape.parameters !== null) {
      // What is in sight of a list has to tell the callback all the same: two types, or one with the name.
      if (cut ? parameters.length > shape.parameters.length : parameters.length !== shape.parameters.length) continue;
      if (cut && (parameters.length === 0 || (shape.name.source === '(?:)' && parameters.length < 2))) continue;
      if (!parameters.every((type, index) => bare(type) === bare(shape.parameters?.[index] ?? ''))) continue;
    }
    return shape;
  }
  return null;
}
