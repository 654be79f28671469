/**
 * The path of a vector through the layers: which functions belong to which stage in which era, step by step. In: a function's
 * name and an era. Out: the steps it is. Knows no programs and no scenarios; the stages' names are those scenarios use.
 */
import data from './paths.json';

export type Era = 'v4.5' | 'v4.11' | 'v6.1' | 'newest';

export const ERAS: readonly Era[] = ['v4.5', 'v4.11', 'v6.1', 'newest'];

export type StageName =
  | 'attach'
  | 'register-window'
  | 'map'
  | 'unmap'
  | 'enable'
  | 'affinity'
  | 'mask'
  | 'unmask'
  | 'disable'
  | 'detach'
  | 'release'
  | 'fire';

export interface PathStep {
  readonly function: string;
  readonly file: string;
  /** What it does, in one phrase. */
  readonly does: string;
  /** What must have happened before or must not happen yet; null when the order is free. */
  readonly order: string | null;
}

export interface StagePath {
  readonly stage: StageName;
  /** A stage may have several paths: `set a vector's signal` and `allocate, compose and write an MSI message` both enable. */
  readonly title: string;
  readonly era: Era;
  readonly context: 'process' | 'atomic';
  readonly locks: readonly string[];
  readonly steps: readonly PathStep[];
}

/** Where a function stands on a path. */
export interface StageStep extends PathStep {
  readonly path: StagePath;
  /** 1-based. */
  readonly step: number;
  readonly steps: number;
}

type Written = Omit<StagePath, 'steps'> & {
  readonly steps: readonly (Omit<PathStep, 'order'> & { readonly order?: string })[];
};

const paths: readonly StagePath[] = (data as readonly Written[]).map((written) => ({
  ...written,
  steps: written.steps.map((step) => ({ order: null, ...step })),
}));

const byFunction = new Map<string, StageStep[]>();
for (const path of paths) {
  path.steps.forEach((step, index) => {
    const entry: StageStep = { ...step, path, step: index + 1, steps: path.steps.length };
    const known = byFunction.get(step.function);
    if (known === undefined) byFunction.set(step.function, [entry]);
    else known.push(entry);
  });
}

/** All paths of an era; of all eras without one. */
export function stagePaths(era: Era | null = null): readonly StagePath[] {
  return era === null ? paths : paths.filter((path) => path.era === era);
}

/**
 * The steps a function is, in the era, in path order; empty when it is on no path. A function that a path names twice is there
 * twice. With `anyEra`, the nearest era that knows the function answers when the asked one does not.
 */
export function stepsOf(name: string, era: Era, anyEra = false): readonly StageStep[] {
  const all = byFunction.get(name) ?? [];
  const own = all.filter((entry) => entry.path.era === era);
  if (own.length > 0 || !anyEra) return own;
  const asked = ERAS.indexOf(era);
  const nearest = [...ERAS].sort((a, b) => Math.abs(ERAS.indexOf(a) - asked) - Math.abs(ERAS.indexOf(b) - asked));
  for (const other of nearest) {
    const there = all.filter((entry) => entry.path.era === other);
    if (there.length > 0) return there;
  }
  return [];
}
