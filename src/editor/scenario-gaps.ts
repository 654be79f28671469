/**
 * What the runs of a scenario file say about its text: expectations that are not met, and, where nothing was expected, steps in which an
 * invariant breaks. Knows no VS Code.
 */
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { DesignRun } from '../protocol';
import type { Scenario, Verdict } from '../scenario/types';

/** A place in the text: UTF-16 units from its start. */
export interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

export type Gap =
  | {
      readonly kind: 'unexpected';
      readonly at: TextPlace;
      readonly design: string;
      readonly machine: string;
      readonly expected: Verdict;
      readonly verdict: Verdict;
      /** What happened, one sentence, or ''. */
      readonly why: string;
    }
  | {
      readonly kind: 'violation';
      readonly at: TextPlace;
      readonly invariant: string;
      readonly message: string;
      /** The designs in which it happens. */
      readonly designs: readonly string[];
    };

function expectedOf({ expected }: Scenario, { design, machine }: DesignRun): Verdict | undefined {
  const given = expected[design];
  return typeof given === 'string' ? given : given?.[machine];
}

/** In order of the text. */
export function gapsOf(text: string, scenario: Scenario, runs: readonly DesignRun[]): readonly Gap[] {
  const root = parseTree(text);
  const at = (...path: readonly (string | number)[]): TextPlace | null => {
    const node = root === undefined ? undefined : findNodeAtLocation(root, [...path]);
    return node === undefined ? null : { offset: node.offset, length: node.length };
  };
  const gaps: Gap[] = [];
  const violations = new Map<string, { gap: Extract<Gap, { kind: 'violation' }>; designs: Set<string> }>();
  for (const run of runs) {
    const expected = expectedOf(scenario, run);
    const broken = run.traces.flatMap((trace) => trace.violations.map((violation) => ({ trace, violation })));
    if (expected !== undefined) {
      if (expected === run.verdict) continue;
      gaps.push({
        kind: 'unexpected',
        at: at('expected', run.design, run.machine) ?? at('expected', run.design) ?? { offset: 0, length: 1 },
        design: run.design,
        machine: run.machine,
        expected,
        verdict: run.verdict,
        why: broken[0]?.violation.message ?? run.reason ?? '',
      });
      continue;
    }
    for (const { trace, violation } of broken) {
      const step = trace.events[violation.event]?.step ?? 0;
      const key = `${step} ${violation.invariant}`;
      const known = violations.get(key);
      if (known !== undefined) known.designs.add(run.design);
      else
        violations.set(key, {
          designs: new Set([run.design]),
          gap: {
            kind: 'violation',
            at: at('steps', step) ?? { offset: 0, length: 1 },
            invariant: violation.invariant,
            message: violation.message,
            designs: [],
          },
        });
    }
  }
  for (const { gap, designs } of violations.values()) gaps.push({ ...gap, designs: [...designs] });
  return gaps.sort((a, b) => a.at.offset - b.at.offset);
}
