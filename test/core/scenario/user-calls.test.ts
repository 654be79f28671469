/** Steps in which a scenario's user makes a call of its own, and what must become of a device's write. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd } from '../../../src/code/front-end';
import { designs } from '../../../src/host/designs/index';
import { programSet } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { parseScenario } from '../../../src/scenario/parse';
import { runScenario } from '../../../src/scenario/run';

const require = createRequire(import.meta.url);
const sets = new Map<string, ProgramSet>();

beforeAll(async () => {
  const frontEnd = await createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const name of ['isolated-msi', 'iommufd'])
    sets.set(name, programSet(designs.find((one) => one.name === name)!, frontEnd));
});

const text = (...steps: readonly object[]): string =>
  JSON.stringify(
    {
      id: 'calls',
      title: 'calls',
      shows: 'calls',
      machines: ['arm64-smmuv3-its'],
      agents: [{ name: 'Guest A', kind: 'guest', devices: ['nic-vf0'] }],
      steps: [
        { stage: 'attach', agent: 'Guest A' },
        ...steps.map((step) => ({ agent: 'Guest A', stage: 'ioctl', ...step })),
      ],
      watch: ['I1'],
    },
    null,
    1,
  );

function play(design: string, ...steps: readonly object[]) {
  const parsed = parseScenario(text(...steps));
  if (parsed.kind !== 'scenario') throw new Error(parsed.errors[0]?.message);
  const [result] = runScenario(parsed.scenario, sets.get(design)!);
  return { verdict: result!.verdict, reason: result!.reason };
}

const alloc = { file: 'iommufd', command: 'IOMMU_IOAS_ALLOC', type: 'struct iommu_ioas_alloc', fields: { size: 12 } };
const destroy = (id: number | string) => ({
  file: 'iommufd',
  command: 'IOMMU_DESTROY',
  type: 'struct iommu_destroy',
  fields: { size: 8, id },
});

describe('a call of the user', () => {
  it('is made with what an earlier call gave', () => {
    expect(
      play('iommufd', { ...alloc, as: 'mine', expect: 'ok' }, { ...destroy('mine.out_ioas_id'), expect: 'ok' }),
    ).toEqual({ verdict: 'holds', reason: null });
    // A name that no call has is the number of no object.
    expect(play('iommufd', { ...destroy('other.out_ioas_id'), expect: 'ENOENT' }).verdict).toBe('holds');
    expect(play('iommufd', { ...destroy('other.out_ioas_id'), expect: 'ok' })).toEqual({
      verdict: 'n/a',
      reason: 'step 2 (ioctl) gives -ENOENT, the scenario needs ok',
    });
  });

  it('knows the space of the other stages', () => {
    // It is in use.
    expect(play('iommufd', { ...destroy('space'), expect: 'EBUSY' }).verdict).toBe('holds');
  });

  it('must give what the scenario says', () => {
    const map = {
      file: 'iommufd',
      command: 'IOMMU_IOAS_MAP',
      type: 'struct iommu_ioas_map',
      fields: { size: 40, flags: 7, ioas_id: 'space', user_va: 'memory', iova: '0x10000000', length: 4096 },
    };
    expect(play('iommufd', { ...map, gives: { iova: 0x1000_0000 } }).verdict).toBe('holds');
    expect(play('iommufd', { ...map, gives: { iova: 0x2000_0000 } })).toEqual({
      verdict: 'n/a',
      reason: 'step 2 (ioctl) gives iova 0x10000000, the scenario needs 0x20000000',
    });
  });

  it('is none where the design has no such command, whatever is expected of it', () => {
    const reason = (needs: string) =>
      `step 2 (ioctl): the design has no program for it, and the scenario needs ${needs}`;
    expect(play('isolated-msi', { ...alloc, expect: 'ok' })).toEqual({ verdict: 'n/a', reason: reason('ok') });
    expect(play('isolated-msi', { ...alloc, expect: 'EPERM' })).toEqual({ verdict: 'n/a', reason: reason('EPERM') });
    expect(play('iommufd', { ...alloc, command: 'IOMMU_NONE' })).toEqual({ verdict: 'n/a', reason: reason('it') });
    expect(play('iommufd', { ...alloc, type: 'struct none' }).verdict).toBe('n/a');
  });

  it.each([
    [{ ...alloc, file: 'group' }, 'file must be one of iommufd, device'],
    [{ ...alloc, value: 1 }, 'an ioctl takes a structure (“type”) or a plain “value”'],
    [{ file: 'iommufd', command: 'VFIO_SET_IOMMU' }, 'an ioctl takes a structure (“type”) or a plain “value”'],
    [{ ...alloc, fields: { size: 'twelve' } }, 'fields.size must be a whole number'],
    [{ ...alloc, fields: { size: '0x10000000000000001' } }, 'fields.size must be a whole number'],
    // Not exact in a number.
    [{ ...alloc, fields: { size: '0xffffffffffffffff' } }, 'fields.size must be a whole number'],
    [{ ...alloc, gives: { out_ioas_id: 'space' } }, 'gives.out_ioas_id must be a whole number'],
    [{ ...alloc, gives: 3 }, 'gives must be an object'],
    [{ stage: 'map', command: 'IOMMU_IOAS_MAP' }, '“command” belongs to an ioctl step only'],
    [{ stage: 'forge', expect: 'ok' }, 'expect of a forge step must be one of interrupt'],
    [{ ...alloc, expect: 'memory' }, 'expect must be "ok", "error" or the name of an errno'],
  ])('%j is an error with its place', (step, message) => {
    const parsed = parseScenario(text(step));
    expect(parsed.kind).toBe('errors');
    if (parsed.kind !== 'errors') return;
    expect(parsed.errors.map((one) => one.message).join('\n')).toContain(message);
    expect(parsed.errors[0]!.line).toBeGreaterThan(10);
  });
});

describe('what becomes of a write', () => {
  const fire = (wanted: string) => ({ stage: 'fire', expect: wanted });

  it('must be what the scenario says', () => {
    expect(play('iommufd', fire('nothing'), { stage: 'enable' }, fire('interrupt')).verdict).toBe('holds');
    expect(play('iommufd', fire('interrupt'))).toEqual({
      verdict: 'n/a',
      reason: 'step 2 (fire): what becomes of the write is nothing, the scenario needs interrupt',
    });
    const beside = { stage: 'forge', address: 0x1000_0000, data: 1 };
    expect(play('iommufd', { ...beside, expect: 'fault' }).verdict).toBe('holds');
    expect(play('iommufd', { ...beside, expect: 'memory' }).verdict).toBe('n/a');
  });
});
