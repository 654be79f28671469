import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd } from '../../../src/code/front-end';
import { designs } from '../../../src/host/designs/index';
import { programSet } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { machinePresets } from '../../../src/machine/presets';
import { INVARIANT_IDS, STAGES } from '../../../src/scenario/parse';
import { runScenario } from '../../../src/scenario/run';
import type { Scenario, StepSpec } from '../../../src/scenario/types';

const require = createRequire(import.meta.url);
const sets: ProgramSet[] = [];

beforeAll(async () => {
  const frontEnd = await createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const design of designs) sets.push(programSet(design, frontEnd));
});

const agents = [
  { name: 'Host', kind: 'host', devices: ['nvme'] },
  { name: 'Guest A', kind: 'guest', devices: ['nic-vf0', 'nic-pf'] },
  { name: 'Guest B', kind: 'guest', devices: ['nic-vf1'] },
] as const;

const address = fc.constantFrom(
  0,
  0x1000,
  0x8000000,
  0x8000040,
  0x8001000,
  0x40000000,
  0xfee00000,
  2 ** 39,
  2 ** 48,
  2 ** 52,
);
const step: fc.Arbitrary<StepSpec> = fc.constantFrom(...agents).chain((agent) =>
  fc.record(
    {
      stage: fc.constantFrom(...STAGES),
      agent: fc.constant(agent.name),
      device: fc.constantFrom(...agent.devices),
      vector: fc.constantFrom(0, 1, 7, 2047),
      count: fc.constantFrom(1, 2, 8, 17, 2048),
      iova: address,
      size: fc.constantFrom(0, 1, 0x1000, 0x4000, 0x10000, 2 ** 40),
      cpu: fc.constantFrom(0, 3, 255),
      failEach: fc.boolean(),
    },
    { requiredKeys: ['stage', 'agent'] },
  ),
);

describe('any sequence of steps on any design and machine', () => {
  it('gives a verdict, a trace whose changes fit together, and causes that exist', () => {
    fc.assert(
      fc.property(
        fc.nat(designs.length - 1),
        fc.constantFrom(...machinePresets.filter((one) => one.devices.some((device) => device.name === 'nic-vf1'))),
        fc.boolean(),
        fc.array(step, { minLength: 1, maxLength: 8 }),
        (design, machine, unsafeInterrupts, steps) => {
          const scenario: Scenario = {
            id: 'any',
            title: 'any',
            shows: 'any',
            reference: '',
            rows: [],
            machines: [machine],
            unsafeInterrupts,
            agents,
            steps,
            watch: INVARIANT_IDS,
            expected: {},
          };
          const [result] = runScenario(scenario, sets[design]!, { runs: 8 });
          expect(['holds', 'violated', 'undecided', 'n/a']).toContain(result!.verdict);
          if (result!.verdict !== 'holds' && result!.verdict !== 'violated') expect(result!.reason).not.toBeNull();
          for (const trace of result!.traces) {
            const state = new Map<string, string | number>(Object.entries(trace.initial));
            for (const [i, event] of trace.events.entries()) {
              if (event.index !== i) throw new Error(`event ${i} says it is ${event.index}`);
              for (const { path, before, after } of event.changes) {
                if ((state.get(path) ?? null) !== before) throw new Error(`${event.text}: ${path} was not ${before}`);
                if (after === null) state.delete(path);
                else state.set(path, after);
              }
            }
            for (const violation of trace.violations)
              for (const event of [violation.event, ...violation.causes]) expect(trace.events[event]).toBeDefined();
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 180_000);
});
