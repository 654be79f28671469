import { describe, expect, it } from 'vitest';
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
const EADDRINUSE = -98;
const ENOSPC = -28;

async function guest(design: string, machine: string, unsafe = true) {
  const b = bench(await setOf(design), machine, { unsafe, chooser });
  return {
    b,
    fired: () => b.events.at(-1)!.text,
    run: (stage: StageInput['stage'], more: Partial<StageInput> = {}) => {
      const { value, undecided } = b.run(stage, 'guest-a', 'nic-vf0', more);
      expect(undecided, `${stage} on ${design}`).toEqual([]);
      return value;
    },
  };
}

describe.each(['iommufd-6.12', 'iommufd'])('a life on design %s', (design) => {
  it.each(['arm64-smmuv3-gicv2m', 'arm64-smmuv3-its', 'x86-vtd', 'x86-vtd-noremap'])(
    'runs whole on %s and leaves nothing when the guest is gone',
    async (machine) => {
      const { b, run, fired } = await guest(design, machine);
      expect(run('attach')).toBe(0);
      expect(run('map', RAM)).toBe(0);
      for (let round = 0; round < 2; round++) {
        expect(run('enable', { count: 2 })).toBe(0);
        if (machine.startsWith('arm64')) expect(b.host.programmed[0]?.address).toBe(0x8000040);
        run('fire');
        expect(fired()).toMatch(/raises/);
        expect(run('disable')).toBe(0);
      }
      expect(run('unmap', RAM)).toBe(0);
      expect(run('detach')).toBe(0);
      expect(run('release')).toBe(0);
      expect(b.host.domains).toEqual([]);
      expect(b.host.windows).toEqual([]);
      expect(b.host.incidents).toEqual([]);
    },
  );

  it('refuses to bind a device whose interrupts are not isolated', async () => {
    const { b, run } = await guest(design, 'arm64-smmuv3-gicv2m', false);
    expect(run('attach')).toBe(EPERM);
    expect(b.host.domains).toEqual([]);
  });

  it('keeps users out of the window, before and after attach', async () => {
    const { run } = await guest(design, 'arm64-smmuv3-its');
    expect(run('map', { iova: 0x8000000, size: 0x1000 })).toBe(0);
    expect(run('attach')).toBe(EADDRINUSE);
    expect(run('unmap', { iova: 0x8000000, size: 0x1000 })).toBe(0);
    expect(run('attach')).toBe(0);
    expect(run('map', { iova: 0x80ff000, size: 0x2000 })).toBe(EINVAL);
    expect(run('map', { iova: 0x8100000, size: 0x1000 })).toBe(0);
  });
});

describe('a message while the device is moved', () => {
  it.each([
    ['iommufd-6.12', /faults/],
    ['iommufd', /raises/],
  ] as const)('on %s', async (design, after) => {
    const { run, fired, b } = await guest(design, 'arm64-smmuv3-its');
    expect(run('attach')).toBe(0);
    expect(run('enable')).toBe(0);
    run('fire');
    expect(fired()).toMatch(/raises/);
    expect(run('replace')).toBe(0);
    expect(b.host.programmed[0]?.address, 'the device keeps its address').toBe(0x8000040);
    run('fire');
    expect(fired()).toMatch(after);
  });

  it('cannot be enabled while nothing is attached since v6.15', async () => {
    for (const [design, result] of [
      ['iommufd-6.12', 0],
      ['iommufd', ENOSPC],
    ] as const) {
      const { run } = await guest(design, 'arm64-smmuv3-gicv2m');
      expect(run('attach')).toBe(0);
      expect(run('detach')).toBe(0);
      expect(run('enable')).toBe(result);
    }
  });
});
