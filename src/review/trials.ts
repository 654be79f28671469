import type { Amended } from '../code/bodies';
import type { ProgramTable } from '../code/types';
import { addNumber, addText, createHash, hashValue } from '../machine/hash';
import type { Change } from '../patch/types';
import { runScenario } from '../scenario/run';
import type { Scenario, ScenarioResult } from '../scenario/types';
import type { Message } from '../series/types';
import { machinesOf, type Selection } from './choose';
import { type Judged, plainly, secondLook } from './second-look';

/** The runs of one scenario on one machine after k patches. */
export interface Trial {
  readonly prefix: number;
  readonly result: ScenarioResult;
}

interface Signal {
  readonly aborted: boolean;
}

/** Has something that was known before another value now, or is it gone? What is new is reached through code that changed. */
function changed<T>(before: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): boolean {
  if (before === now) return false;
  for (const [name, value] of before) if (now.get(name) !== value) return true;
  return false;
}

/** A new constant of the userspace interface is itself a way in: the stages call by what the interface defines. */
function opensWayIn(before: Amended, now: Amended): boolean {
  if (before.set.constants === now.set.constants) return false;
  return [...now.set.constants.keys()].some((name) => /^(?:VFIO|IOMMU)_/.test(name) && !before.set.constants.has(name));
}

/** Does a change bear on a run: does it touch what the run executed, or anything by which the run could take another way? */
function bears(now: Amended, before: Amended, last: ScenarioResult): boolean {
  return (
    now.touched.some((touched) => last.executed.has(touched.name)) ||
    changed(before.set.tables, now.set.tables) ||
    changed(before.set.constants, now.set.constants) ||
    opensWayIn(before, now)
  );
}

/** How many runs are kept of series that are reviewed again and again while they are edited. */
const KEPT = 2_000;

/** What is kept of earlier reviews: base runs for good, runs of prefixes for the series reviewed last. */
export interface TrialStore {
  readonly base: Map<string, Judged>;
  /** Oldest first; the key names the text of all patches up to the prefix. */
  readonly recent: Map<string, Judged>;
}

export function trialStore(): TrialStore {
  return { base: new Map(), recent: new Map() };
}

function keep(store: TrialStore, prefix: number, key: string, run: Judged): void {
  if (prefix === 0) store.base.set(key, run);
  else {
    store.recent.delete(key);
    store.recent.set(key, run);
    for (const oldest of store.recent.keys()) {
      if (store.recent.size <= KEPT) break;
      store.recent.delete(oldest);
    }
  }
}

/**
 * One key for each prefix: equal when the diffs of all patches up to it are equal, line by line at the same lines of the same
 * mails, so that the places in a kept run still hold.
 */
export function prefixKeys(design: string, changes: readonly Change[], messages: readonly Message[]): string[] {
  const hash = createHash();
  const keys = [design];
  for (const change of changes) {
    addNumber(hash, change.message);
    addNumber(hash, change.diffLine ?? 0);
    for (const file of change.files) {
      addText(hash, file.path);
      for (const line of messages[change.message]?.lines.slice(file.line - 1, file.endLine) ?? []) addText(hash, line);
    }
    keys.push(`${design}+${keys.length}:${hashValue(hash)}`);
  }
  return keys;
}

/**
 * Runs every scenario on every machine it was chosen for, after each prefix that bears on it. `results[k]` holds one result per
 * scenario and machine after k patches. Nothing is run on a prefix that cannot differ from the one before, nor what `store`
 * has of the same text (`keys`, one for each prefix).
 */
export function trials(
  amended: readonly Amended[],
  keys: readonly string[],
  scenarios: readonly Scenario[],
  selection: Selection,
  store: TrialStore,
  signal?: Signal,
): ScenarioResult[][] {
  const results: ScenarioResult[][] = amended.map(() => []);
  for (const scenario of scenarios) {
    for (const machine of machinesOf(scenario, selection, amended[0]?.set.name ?? '')) {
      let last: Judged | null = null;
      for (const [prefix, now] of amended.entries()) {
        if (signal?.aborted) return results;
        const before = amended[prefix - 1];
        if (last === null || before === undefined || bears(now, before, last.result)) {
          const key = `${keys[prefix] ?? ''}|${scenario.id}|${machine}`;
          const known: Judged | undefined = (prefix === 0 ? store.base : store.recent).get(key);
          const run = (set: ProgramTable): ScenarioResult | undefined =>
            runScenario(scenario, set, { machines: [machine], prefix })[0];
          const raw: ScenarioResult | undefined = known?.result ?? run(now.set);
          if (raw === undefined) break;
          const judged: Judged = known ?? (last === null ? plainly(raw) : secondLook(raw, amended, prefix, last, run));
          keep(store, prefix, key, judged);
          last = judged;
        }
        results[prefix]?.push(last.result);
      }
    }
  }
  return results;
}
