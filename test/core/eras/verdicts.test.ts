import { beforeAll, describe, expect, it } from 'vitest';
import type { ProgramSet } from '../../../src/host/types';
import { builtInScenarios } from '../../../src/scenario/library';
import { runScenario } from '../../../src/scenario/run';
import { setOf } from '../host/support';

describe.each(['cookie', 'isolated-msi', 'iommufd-6.12', 'iommufd'])('verdicts of the library on %s', (design) => {
  let set: ProgramSet;
  beforeAll(async () => {
    set = await setOf(design);
  }, 60_000);

  it.each(builtInScenarios().map((scenario) => [scenario.id, scenario] as const))('%s', (_id, scenario) => {
    const expected = scenario.expected[design];
    expect(expected, 'the scenario says what this design does').toBeDefined();
    for (const result of runScenario(scenario, set)) {
      const why = result.traces.flatMap((trace) => trace.violations.map((one) => `${one.invariant} ${one.message}`));
      const wanted = typeof expected === 'string' ? expected : expected?.[result.machine];
      expect(result.verdict, `${result.machine}: ${result.reason ?? why.join('; ')}`).toBe(wanted);
      for (const trace of result.traces)
        for (const violation of trace.violations)
          expect(
            violation.causes.some((cause) => trace.events[cause]?.at !== null),
            violation.message,
          ).toBe(true);
    }
  });
});
