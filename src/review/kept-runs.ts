/**
 * Runs that were made before, by what they executed. In: a program set. Out: the result of an earlier run that cannot come out differently:
 * every function it executed is the same by value, at the same lines, and so are tables, structures and constants. Knows nothing of prefixes.
 */
import type { Program, ProgramTable } from '../code/types';
import type { ScenarioResult } from '../scenario/types';

/** A run with what it rests on. */
interface KeptRun {
  readonly surroundings: string;
  /** Executed names with the value of each; '' for one that has no program. */
  readonly executed: ReadonlyMap<string, string>;
  readonly result: ScenarioResult;
}

/** Newest first, by scenario and machine. */
export type KeptRuns = Map<string, KeptRun[]>;

/** Kept for each scenario and machine: the prefixes of one long series, before and after an edit. */
const KEPT = 20;

let serial = 0;
const values = new WeakMap<object, string>();

/** Equal for equal values; what stands in a design is itself alone. */
function sameAs(of: object, own: () => boolean): string {
  let value = values.get(of);
  if (value === undefined) {
    value = own() ? JSON.stringify(of) : `#${++serial}`;
    values.set(of, value);
  }
  return value;
}

const programValue = (program: Program): string =>
  sameAs(program, () => program.source !== 'design' || program.evidence !== 'full');

interface View {
  readonly surroundings: string;
  /** All programs of a plain name: static ones of several files share it. */
  named(name: string): string;
}

const views = new WeakMap<ProgramTable, View>();

/** What the maps of a set hold beyond those of the base it came from, by value. */
function beyond<T>(base: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): string {
  if (base === now) return '';
  const parts: unknown[] = [];
  for (const [name, value] of now) if (base.get(name) !== value) parts.push([name, value]);
  for (const name of base.keys()) if (!now.has(name)) parts.push(name);
  return JSON.stringify(parts);
}

function viewOf(set: ProgramTable, base: ProgramTable): View {
  let view = views.get(set);
  if (view !== undefined) return view;
  const surroundings = [
    base.name,
    beyond(base.tables, set.tables),
    beyond(base.structures, set.structures),
    beyond(base.constants, set.constants),
    beyond<unknown>(base.globals ?? NONE, set.globals ?? NONE),
  ].join('\n');
  const more = new Map<string, Program[]>();
  for (const [key, program] of set.programs)
    if (key !== program.name) more.set(program.name, [...(more.get(program.name) ?? []), program]);
  view = {
    surroundings,
    named: (name) => {
      const plain = set.programs.get(name);
      const others = more.get(name);
      const first = plain === undefined ? '' : programValue(plain);
      return others === undefined ? first : [first, ...others.map(programValue)].join('|');
    },
  };
  views.set(set, view);
  return view;
}

const NONE: ReadonlyMap<string, unknown> = new Map();

/** Names that the stages look for before they enter anything. */
const ENTRIES = [
  'iommufd_fops_ioctl',
  'vfio_pci_ioctl_set_irqs',
  'iommu_group_has_isolated_msi',
  'irq_domain_check_msi_remap',
];

/** The result of a run on `set`, made by `run` unless one is kept that is the same. Its traces are named for the set and the prefix asked for. */
export function keptRun(
  kept: KeptRuns,
  key: string,
  set: ProgramTable,
  base: ProgramTable,
  prefix: number,
  run: () => ScenarioResult | undefined,
): ScenarioResult | undefined {
  const view = viewOf(set, base);
  const list = kept.get(key) ?? [];
  const at = list.findIndex(
    (one) =>
      one.surroundings === view.surroundings && [...one.executed].every(([name, value]) => view.named(name) === value),
  );
  const found = list[at];
  if (found !== undefined) {
    list.splice(at, 1);
    list.unshift(found);
    return renamed(found.result, set.name, prefix);
  }
  const result = run();
  if (result === undefined) return undefined;
  const executed = new Map<string, string>();
  for (const name of [...result.executed, ...ENTRIES]) executed.set(name, view.named(name));
  list.unshift({ surroundings: view.surroundings, executed, result });
  list.length = Math.min(list.length, KEPT);
  kept.set(key, list);
  return result;
}

function renamed(result: ScenarioResult, design: string, prefix: number): ScenarioResult {
  if (result.traces.every((trace) => trace.design === design && trace.prefix === prefix)) return result;
  return {
    ...result,
    traces: result.traces.map((trace) => ({
      ...trace,
      id: trace.id.replace(`/${trace.design}+${trace.prefix}`, `/${design}+${prefix}`),
      design,
      prefix,
    })),
  };
}
