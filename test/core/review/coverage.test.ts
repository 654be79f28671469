import { describe, expect, it } from 'vitest';
import type { Amended } from '../../../src/code/bodies';
import { coverageOf } from '../../../src/review/coverage';
import { pathHits } from '../../../src/review/rules';
import type { Series } from '../../../src/series/types';
import { frontEnd } from '../code/reading';
import { added, after, baseOf } from '../code/series';

const locks = (count: number): string => {
  const all = Array.from({ length: count }, (_, i) => i);
  return [
    'int f(struct x *x)',
    '{',
    ...all.map((i) => `\tif (a${i}(x))\n\t\tmutex_lock(&x->l${i});`),
    ...all.map((i) => `\tif (b${i}(x))\n\t\tmutex_unlock(&x->l${i});`),
    '\treturn 0;',
    '}',
  ].join('\n');
};

/** The reason that coverage gives for the function once the rules have read it. */
async function reason(text: string): Promise<string | null> {
  await frontEnd();
  const states: Amended[] = await after(await baseOf({}), added('drivers/vfio/n.c', text));
  const { program, before } = states[1]!.touched[0]!;
  pathHits(program!, before, states[1]!.tree);
  const series = { patches: [{ index: 1 }] } as unknown as Series;
  return coverageOf(series, states, [[], []])[0]!.reason;
}

describe('coverage', () => {
  it('says when the rules gave a function up', async () => {
    expect(await reason(locks(16))).toBe('more ways lead through it than the rules on paths follow');
    expect(await reason(locks(2))).toBe('no scenario was run on this series');
  });
});
