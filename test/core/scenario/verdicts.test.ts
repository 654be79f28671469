import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd } from '../../../src/code/front-end';
import { designs } from '../../../src/host/designs/index';
import { programSet } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { builtInScenarios } from '../../../src/scenario/library';
import { runScenario } from '../../../src/scenario/run';
import { stateAfter } from '../../../src/scenario/state';
import type { ScenarioResult } from '../../../src/scenario/types';

const require = createRequire(import.meta.url);
const sets = new Map<string, ProgramSet>();

beforeAll(async () => {
  const frontEnd = await createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const design of designs) sets.set(design.name, programSet(design, frontEnd));
});

/** Why the verdict is what it is, for a reader of a failed test. */
const account = (result: ScenarioResult): string =>
  result.reason ??
  result.traces.flatMap((trace) => trace.violations.map((one) => `${one.invariant} ${one.message}`)).join('; ');

describe('verdicts of the library', () => {
  for (const design of designs.map((one) => one.name))
    for (const scenario of builtInScenarios())
      it(`${design}: ${scenario.title}`, () => {
        const expected = scenario.expected[design];
        const results = runScenario(scenario, sets.get(design)!);
        expect(results.map((one) => one.machine)).toEqual(
          (scenario.variants ?? [scenario]).flatMap((variant) =>
            variant.machines.map((one) => (typeof one === 'string' ? one : one.id)),
          ),
        );
        for (const result of results) {
          const wanted = typeof expected === 'string' ? expected : expected?.[result.machine];
          expect(result.verdict, `${result.machine}: ${account(result)}`).toBe(wanted);
          // Every violation points at a line, and every trace ends in the state it says it ends in.
          for (const trace of result.traces) {
            for (const violation of trace.violations)
              expect(
                violation.causes.some((cause) => trace.events[cause]?.at !== null),
                `${result.machine}: ${violation.message}`,
              ).toBe(true);
            expect(Object.keys(stateAfter(trace.initial, trace.events, trace.events.length)).length).toBeGreaterThan(0);
          }
        }
      });
});

describe('the two designs side by side', () => {
  it('fixup leaves a gap in which a plain MSI is lost, transparent leaves none', () => {
    const scenario = builtInScenarios().find((one) => one.id === 'fixup-gap')!;
    const [fixup] = runScenario(scenario, sets.get('fixup')!);
    const [transparent] = runScenario(scenario, sets.get('transparent')!);
    expect(fixup!.traces.flatMap((trace) => trace.violations.map((one) => one.invariant))).toEqual(['I10']);
    expect(account(fixup!)).toContain('until it is overwritten with');
    expect(account(transparent!)).toBe('');
  });
});
