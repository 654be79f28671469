import { describe, expect, it } from 'vitest';
import type { StageInput } from '../../../src/host/host';
import { type Bench, bench, setOf } from '../host/support';

const WINDOW = { iova: 0x8000000, size: 0x10000 };
const RAM = { iova: 0x40000000, size: 0x20000 };
const EPERM = -1;
const EINVAL = -22;
const EBUSY = -16;
const EEXIST = -17;
const ENOSPC = -28;

type Run = (stage: StageInput['stage'], more?: Partial<StageInput>) => number | null;

/** A guest with one device on a machine; what a stage returned, with nothing left undecided. */
async function guest(
  design: string,
  machine: string,
  unsafe = true,
): Promise<{ readonly b: Bench; readonly run: Run }> {
  const b = bench(await setOf(design), machine, { unsafe });
  return {
    b,
    run: (stage, more = {}) => {
      const { value, undecided } = b.run(stage, 'guest-a', 'nic-vf0', more);
      expect(undecided, `${stage} on ${design}`).toEqual([]);
      return value;
    },
  };
}

const doors = (b: Bench) => b.host.windows.flatMap((window) => window.allocated);
const mapped = (b: Bench) => b.host.domains.flatMap((domain) => b.host.platform.mappings(domain.id));
const fired = (b: Bench) => b.events.at(-1)!.text;

describe.each(['v4.5', 'fixup', 'transparent'])('a life on design %s', (design) => {
  it.each(['arm64-smmuv3-gicv2m', 'arm64-smmuv3-its', 'x86-vtd'])(
    'ends with nothing left behind on %s',
    async (machine) => {
      const { b, run } = await guest(design, machine);
      expect(run('attach')).toBe(0);
      if (design !== 'v4.5') expect(run('register-window', WINDOW)).toBe(0);
      expect(run('map', RAM)).toBe(0);
      for (let round = 0; round < 2; round++) {
        expect(run('enable', { count: 2 })).toBe(0);
        expect(b.host.programmed.filter((v) => v.enabled && v.handler)).toHaveLength(2);
        expect(run('affinity', { cpu: 1 })).toBeGreaterThanOrEqual(0);
        expect(run('mask')).toBe(0);
        expect(run('unmask')).toBe(0);
        run('fire');
        expect(fired(b)).toMatch(design === 'v4.5' && machine !== 'x86-vtd' ? /faults/ : /raises/);
        expect(run('disable')).toBe(0);
        expect(b.host.programmed.filter((v) => v.enabled || v.handler)).toEqual([]);
        expect(doors(b)).toEqual([]);
        expect(mapped(b)).toHaveLength(1);
      }
      expect(run('unmap', RAM)).toBe(0);
      expect(run('detach')).toBe(0);
      expect(b.host.domains).toEqual([]);
      expect(run('release')).toBe(0);
      expect(b.host.windows).toEqual([]);
      expect(b.host.incidents).toEqual([]);
    },
  );

  it('leaves nothing when a guest goes without disabling', async () => {
    const { b, run } = await guest(design, 'arm64-smmuv3-gicv2m');
    expect(run('attach')).toBe(0);
    if (design !== 'v4.5') expect(run('register-window', WINDOW)).toBe(0);
    expect(run('enable', { count: 3 })).toBe(0);
    expect(run('release')).toBe(0);
    expect(b.host.domains).toEqual([]);
    expect(b.host.windows).toEqual([]);
    expect(b.host.programmed.filter((v) => v.enabled || v.handler)).toEqual([]);
    expect(b.host.incidents).toEqual([]);
  });

  it('checks what is asked of the container', async () => {
    const { run } = await guest(design, 'arm64-smmuv3-gicv2m');
    expect(run('attach')).toBe(0);
    expect(run('attach')).toBe(EINVAL);
    expect(run('map', { iova: 0x40000800, size: 0x1000 })).toBe(EINVAL);
    expect(run('map', RAM)).toBe(0);
    expect(run('map', { ...RAM, size: 0x1000 })).toBe(EEXIST);
    expect(run('unmap', { iova: RAM.iova + 0x1000, size: 0x1000 }), 'a cut in two').toBe(EINVAL);
    expect(run('unmap', RAM)).toBe(0);
  });
});

describe('the claim', () => {
  it('is made on ARM by v4.5 only, and on x86 by all', async () => {
    for (const design of ['v4.5', 'fixup', 'transparent']) {
      const arm = await guest(design, 'arm64-smmuv3-gicv2m', false);
      expect(arm.b.host.claimsIsolation()).toBe(design === 'v4.5');
      expect(arm.run('attach')).toBe(design === 'v4.5' ? 0 : EPERM);
      if (design !== 'v4.5') expect(arm.b.host.domains).toEqual([]);
      const x86 = await guest(design, 'x86-vtd', false);
      expect(x86.b.host.claimsIsolation()).toBe(true);
      expect(x86.run('attach')).toBe(0);
    }
  });
});

describe.each(['fixup', 'transparent'])('the window of design %s', (design) => {
  it('keeps apart from RAM in either order, is one, and is aligned', async () => {
    const { run } = await guest(design, 'arm64-smmuv3-gicv2m');
    expect(run('attach')).toBe(0);
    expect(run('map', RAM)).toBe(0);
    expect(run('register-window', { iova: RAM.iova + 0x1000, size: 0x1000 })).toBe(EEXIST);
    expect(run('register-window', { iova: 0x8000800, size: 0x1000 })).toBe(EINVAL);
    expect(run('register-window', { iova: 0x8000000, size: 0 })).toBe(EINVAL);
    expect(run('register-window', WINDOW)).toBe(0);
    expect(run('register-window', { iova: 0x9000000, size: 0x1000 })).toBe(EBUSY);
    expect(run('map', { iova: WINDOW.iova + WINDOW.size - 0x1000, size: 0x2000 })).toBe(EEXIST);
    expect(run('map', { iova: WINDOW.iova + WINDOW.size, size: 0x1000 })).toBe(0);
  });

  it('can be given back when no doorbell is mapped from it', async () => {
    const { b, run } = await guest(design, 'arm64-smmuv3-gicv2m');
    expect(run('attach')).toBe(0);
    expect(run('register-window', WINDOW)).toBe(0);
    expect(run('enable')).toBe(0);
    expect(run('unregister-window', WINDOW)).toBe(EBUSY);
    expect(run('disable')).toBe(0);
    expect(run('unregister-window', WINDOW)).toBe(0);
    expect(b.host.windows).toEqual([]);
    expect(run('enable')).toBe(ENOSPC);
    expect(b.host.programmed.filter((v) => v.enabled)).toEqual([]);
  });

  it('gives one page to all vectors of a frame, inside its bounds', async () => {
    const { b, run } = await guest(design, 'arm64-smmuv3-gicv2m');
    expect(run('attach')).toBe(0);
    expect(run('register-window', { iova: 0x8000000, size: 0x1000 })).toBe(0);
    expect(run('enable', { count: 4 })).toBe(0);
    expect(doors(b)).toEqual([0x8000000]);
    expect(b.host.programmed.map((v) => v.address)).toEqual([0x8000040, 0x8000040, 0x8000040, 0x8000040]);
  });
});

describe('the physical address', () => {
  it('stands in the device for a while on fixup and never on transparent', async () => {
    for (const design of ['fixup', 'transparent']) {
      const { b, run } = await guest(design, 'arm64-smmuv3-gicv2m');
      run('attach');
      run('register-window', WINDOW);
      run('enable');
      const written = b.events.filter((e) => /vector 0: address/.test(e.text)).map((e) => e.text);
      expect(written.some((text) => text.includes('does not map'))).toBe(design === 'fixup');
      expect(written.at(-1)).not.toContain('does not map');
    }
  });
});
