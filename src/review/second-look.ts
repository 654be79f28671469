/**
 * Second looks at a violation that a prefix brings. In: the result of its run, what is known after each prefix. Out: the result with
 * what does not stand left out. Two things can make a run of a real patch show what is not there:
 * - Hunks were laid over a condensed body where nothing next to them surely stands. Then the run is repeated with those functions as
 *   they were; what goes away with the guess rested on it.
 * - The design and the tree of the patch differ. Where the patch shows a function whole, its old body is known too: the run is repeated with
 *   the old bodies. What they show as well, or what cannot be held with them, is not the patch's.
 */
import type { Amended } from '../code/bodies';
import type { Program, ProgramTable } from '../code/types';
import { calleeOf, callsOf, isDirect } from '../code/walk';
import type { ScenarioResult, Trace, Violation } from '../scenario/types';

/** A result as it stands, and the violations that old bodies show as well: they are not raised again by later patches. */
export interface Judged {
  readonly result: ScenarioResult;
  readonly excused: ReadonlySet<string>;
}

/** A result taken as it is. */
export function plainly(result: ScenarioResult): Judged {
  return { result, excused: NOTHING };
}

const NOTHING: ReadonlySet<string> = new Set();

export type RunOn = (set: ProgramTable) => ScenarioResult | undefined;

/** Equal for the same violation in another run: all but the values. */
function keyOf(trace: Trace, violation: Violation): string {
  return `${trace.injected ?? ''}|${violation.invariant}|${violation.message.replace(/0x[0-9a-f]+|\d+/gi, '#')}`;
}

function keysOf(result: ScenarioResult | undefined): ReadonlySet<string> {
  return new Set(
    (result?.traces ?? []).flatMap((trace) => trace.violations.map((violation) => keyOf(trace, violation))),
  );
}

/** Sets with some other programs, by the set they are of. */
const laid = new WeakMap<
  ProgramTable,
  { readonly changed: ReadonlyMap<string, Program>; readonly set: ProgramTable }[]
>();

function sameEntries(a: ReadonlyMap<string, Program>, b: ReadonlyMap<string, Program>): boolean {
  return a.size === b.size && [...a].every(([name, program]) => b.get(name) === program);
}

/** The set with other programs under some names; one for the same programs, so that what is kept for a set is found again. */
function withPrograms(set: ProgramTable, changed: ReadonlyMap<string, Program>): ProgramTable {
  const known = laid.get(set) ?? [];
  laid.set(set, known);
  let found = known.find((one) => sameEntries(one.changed, changed))?.set;
  if (found === undefined) {
    const programs = new Map(set.programs);
    for (const [key, program] of changed) programs.set(key, program);
    found = { ...set, programs };
    known.push({ changed, set: found });
  }
  return found;
}

/** The last program of a name before the prefix that was not loosely laid, and satisfies `fits`. */
function lastSure(
  amended: readonly Amended[],
  prefix: number,
  name: string,
  fits: (program: Program) => boolean,
): Program | null {
  for (let earlier = prefix - 1; earlier >= 0; earlier--) {
    const program = amended[earlier]?.set.programs.get(name);
    if (program === undefined) return null;
    if (program.loose !== true && fits(program)) return program;
  }
  return null;
}

/** The executed functions that are loosely laid, and those whose patched text calls one of them, each as it last was when it was not. */
function asTheyWere(amended: readonly Amended[], prefix: number, executed: ReadonlySet<string>): Map<string, Program> {
  const found = new Map<string, Program>();
  const now = amended[prefix]?.set.programs;
  for (const name of executed) {
    if (now?.get(name)?.loose !== true) continue;
    const sure = lastSure(amended, prefix, name, () => true);
    if (sure !== null) found.set(name, sure);
  }
  if (found.size === 0) return found;
  // A call that a patch wrote is written for the patch's version of what it calls.
  const writtenFor = (program: Program): boolean =>
    program.nodes.some((node) =>
      callsOf(node).some((call) => call.at.kind === 'message' && found.has(calleeOf(call) ?? '')),
    );
  for (const name of executed) {
    const program = now?.get(name);
    if (program === undefined || found.has(name) || !writtenFor(program)) continue;
    const sure = lastSure(amended, prefix, name, (one) => !writtenFor(one));
    if (sure !== null) found.set(name, sure);
  }
  return found;
}

/** Do functions as they were call one that takes another number of arguments by now? Then they cannot be run beside it. */
function speaksOtherwise(old: ReadonlyMap<string, Program>, set: ProgramTable): boolean {
  return [...old.values()].some((program) =>
    program.nodes.some((node) =>
      callsOf(node).some((call) => {
        const callee = calleeOf(call) ?? '';
        const now = old.get(callee) ?? set.programs.get(callee);
        return now !== undefined && isDirect(call) && now.parameters.length !== call.args.length;
      }),
    ),
  );
}

/** The old bodies, as the patch itself shows them, of the executed functions that it changes. */
function oldBodies(now: Amended, before: Amended, executed: ReadonlySet<string>): Map<string, Program> {
  const found = new Map<string, Program>();
  for (const touched of now.touched) {
    if (!executed.has(touched.name) && !touched.removed) continue;
    const old = touched.before();
    if (old === null || old.evidence !== 'full' || old.source === 'design') continue;
    if (before.set.programs.get(touched.name) !== old) found.set(touched.name, old);
  }
  return found;
}

/** `earlier`: what stood after the prefix before. `run` plays the same scenario on the same machine with other programs. */
export function secondLook(
  raw: ScenarioResult,
  amended: readonly Amended[],
  prefix: number,
  earlier: Judged,
  run: RunOn,
): Judged {
  const now = amended[prefix];
  const before = amended[prefix - 1];
  const all = keysOf(raw);
  const stood = keysOf(earlier.result);
  const fresh = [...all].filter((key) => !stood.has(key) && !earlier.excused.has(key));
  if (raw.verdict !== 'violated' || now === undefined || before === undefined || all.size === 0)
    return { result: raw, excused: earlier.excused };
  const excused = new Set(earlier.excused);
  const left = new Set([...all].filter((key) => excused.has(key)));
  let reason = 'the functions as they were before a patch show it as well: the design and the tree of the patch differ';
  if (fresh.length > 0) {
    const loose = asTheyWere(amended, prefix, raw.executed);
    if (loose.size > 0) {
      const without = speaksOtherwise(loose, now.set) ? null : keysOf(run(withPrograms(now.set, loose)));
      for (const key of fresh)
        if (without === null || !without.has(key)) {
          left.add(key);
          reason = `it rests on where lines of the patch were put in the design's ${[...loose.keys()].map((name) => `${name}()`).join(', ')}`;
        }
    }
    const old = oldBodies(now, before, raw.executed);
    if (old.size > 0 && fresh.some((key) => !left.has(key))) {
      const held = run(withPrograms(before.set, old));
      const shown = keysOf(held);
      for (const key of fresh)
        if (
          !left.has(key) &&
          (held === undefined || shown.has(key) || !(held.verdict === 'holds' || held.verdict === 'violated'))
        ) {
          left.add(key);
          excused.add(key);
        }
    }
  }
  if (left.size === 0) return { result: raw, excused };
  const traces = raw.traces.map((trace) => ({
    ...trace,
    violations: trace.violations.filter((violation) => !left.has(keyOf(trace, violation))),
  }));
  const standing = traces.filter((trace) => trace.violations.length > 0);
  return {
    result:
      standing.length > 0
        ? { ...raw, traces: standing }
        : { ...raw, verdict: 'undecided', reason, traces: traces.slice(0, 1) },
    excused,
  };
}
