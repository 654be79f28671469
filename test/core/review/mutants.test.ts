import { beforeAll, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import type { Program } from '../../../src/code/types';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { correctFunctions, type Mutant, mutantsOf } from './mutants';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

function said(text: string, before: Program | null): string[] {
  const unit = read(front, text);
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => before, unit)
      .filter((hit) => hit.rule.class === 'lifetime' || hit.rule.class === 'context')
      .map((hit) => hit.rule.id),
  );
}

it('says nothing of right functions, and finds most of what is wrong when one line is taken away', () => {
  const found = new Map<Mutant['kind'], { all: number; found: number }>();
  for (const text of correctFunctions(45)) {
    expect(said(text, null), text).toEqual([]);
    const [before] = read(front, text).programs.values();
    for (const mutant of mutantsOf(text)) {
      const row = found.get(mutant.kind) ?? { all: 0, found: 0 };
      found.set(mutant.kind, row);
      row.all++;
      if (said(mutant.text, before ?? null).length > 0) row.found++;
    }
  }
  const share = (kind: Mutant['kind']): number => {
    const row = found.get(kind);
    return row === undefined ? 0 : row.found / row.all;
  };
  expect(share('lock')).toBeGreaterThanOrEqual(0.9);
  expect(share('mapping')).toBeGreaterThanOrEqual(0.9);
  expect(share('irq')).toBeGreaterThanOrEqual(0.9);
  expect(share('reference')).toBeGreaterThanOrEqual(0.75);
  expect(share('memory')).toBeGreaterThanOrEqual(0.75);
  expect(share('check')).toBeGreaterThanOrEqual(0.95);
}, 60_000);
