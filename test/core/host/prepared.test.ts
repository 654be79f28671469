import { describe, expect, it } from 'vitest';
import { designs } from '../../../src/host/designs';
import { fromPrepared, prepare } from '../../../src/host/prepared';
import { programSet } from '../../../src/host/programs';
import { frontEnd } from '../review/c';

describe('designs as data', () => {
  it.each(designs.map((design) => [design.name, design] as const))('%s comes back as it was', async (_name, design) => {
    const set = programSet(design, await frontEnd());
    const back = fromPrepared(JSON.parse(JSON.stringify(prepare(set))));
    expect(back.programs.size).toBeGreaterThan(50);
    expect(back).toEqual({ ...set, globals: set.globals ?? new Map() });
  });
});
