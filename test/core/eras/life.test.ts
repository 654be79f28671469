import { describe, expect, it } from 'vitest';
import type { ObservedHost } from '../../../src/host/create';
import type { Chooser, StageInput } from '../../../src/host/host';
import { bench, setOf } from '../host/support';

const chooser: Chooser = {
  decide: (question) => {
    throw new Error(`left open: ${question}`);
  },
  fail: () => null,
};
const RAM = { iova: 0x40000000, size: 0x20000 };
const EPERM = -1;
const EINVAL = -22;

async function guest(design: string, machine: string, unsafe = true) {
  const b = bench(await setOf(design), machine, { unsafe, chooser });
  return {
    b,
    run: (stage: StageInput['stage'], more: Partial<StageInput> = {}) => {
      const { value, undecided } = b.run(stage, 'guest-a', 'nic-vf0', more);
      expect(undecided, `${stage} on ${design}`).toEqual([]);
      return value;
    },
  };
}

describe.each(['cookie', 'isolated-msi'])('a life on design %s', (design) => {
  it.each(['arm64-smmuv3-gicv2m', 'arm64-smmuv3-its', 'arm64-smmuv3-its-64k', 'x86-vtd', 'x86-vtd-noremap'])(
    'runs whole on %s and leaves nothing when the guest is gone',
    async (machine) => {
      const { b, run } = await guest(design, machine);
      expect(run('attach')).toBe(0);
      expect(run('map', RAM)).toBe(0);
      for (let round = 0; round < 2; round++) {
        expect(run('enable', { count: 2 })).toBe(0);
        expect(b.host.programmed.filter((v) => v.enabled && v.handler)).toHaveLength(2);
        if (machine.startsWith('arm64')) expect(b.host.programmed[0]?.address).toBe(0x8000040);
        expect(run('affinity', { cpu: 1 })).toBeGreaterThanOrEqual(0);
        expect(run('mask')).toBe(0);
        expect(run('unmask')).toBe(0);
        run('fire');
        expect(b.events.at(-1)!.text).toMatch(/raises/);
        expect(run('disable')).toBe(0);
        expect(b.host.programmed.filter((v) => v.enabled || v.handler)).toEqual([]);
      }
      expect(run('unmap', RAM)).toBe(0);
      expect(run('detach')).toBe(0);
      expect(b.host.domains).toEqual([]);
      expect(run('release')).toBe(0);
      expect(b.host.incidents).toEqual([]);
    },
  );

  it('asks for isolation, and is honest about it but for a remapping without source check', async () => {
    const claims = async (machine: string) => {
      const { b, run } = await guest(design, machine, false);
      const attached = run('attach');
      return [b.host.claimsIsolation(), attached];
    };
    expect(await claims('arm64-smmuv3-gicv2m')).toEqual([false, EPERM]);
    expect(await claims('arm64-smmuv3-its')).toEqual([true, 0]);
    expect(await claims('x86-vtd')).toEqual([true, 0]);
    expect(await claims('x86-vtd-noremap')).toEqual([false, EPERM]);
    expect(await claims('x86-vtd-nosid')).toEqual([true, 0]);
  });

  it('keeps users out of the window', async () => {
    const { run, b } = await guest(design, 'arm64-smmuv3-its');
    expect(run('map', { iova: 0x8000000, size: 0x1000 })).toBe(0);
    expect(run('attach')).toBe(EINVAL);
    expect(run('unmap', { iova: 0x8000000, size: 0x1000 })).toBe(0);
    expect(run('attach')).toBe(0);
    expect(run('map', { iova: 0x80ff000, size: 0x2000 })).toBe(EINVAL);
    expect(run('map', { iova: 0x8100000, size: 0x1000 })).toBe(0);
    expect((b.host as ObservedHost).observed.iovaRanges('guest-a')).toEqual([
      { start: 0, end: 0x7ffffff },
      { start: 0x8100000, end: 2 ** 48 - 1 },
    ]);
  });
});
