import { describe, expect, it } from 'vitest';
import { createPlatform } from '../../../src/host/platforms/index';
import { machinePreset } from '../../../src/machine/presets';
import { runIn } from '../../../src/scenario/explore';
import { builtInScenarios } from '../../../src/scenario/library';
import { narrate } from '../../../src/scenario/narrate';
import { provision } from '../../../src/scenario/provision';
import { fakeSet, fakeWorld } from './fake-host';

const machine = (id: string) => machinePreset(id)!;
const asked = (id: string, ...requests: [string, number][]) =>
  provision(
    machine(id),
    requests.map(([device, vectors]) => ({ device, vectors })),
    createPlatform,
  );

describe('provisioning', () => {
  it('needs one page for a frame, however many vectors and devices', () => {
    expect(asked('arm64-smmuv3-gicv2m', ['nic-vf0', 16], ['nic-vf1', 16], ['nvme', 8])).toMatchObject({
      granule: 4096,
      pages: 1,
      bytes: 4096,
      doorbells: [{ page: 0x8020000, controller: 'v2m0', devices: ['nic-vf0', 'nic-vf1', 'nvme'] }],
      short: [{ pages: 0, fails: 'nic-vf0' }],
      impossible: [],
    });
  });

  it('needs a second page once the first frame is full, and names the device that fails one page short', () => {
    const answer = asked('arm64-smmuv3-gicv2m-2frames', ['nic-vf0', 8], ['nic-vf1', 1]);
    expect(answer).toMatchObject({
      pages: 2,
      short: [
        { pages: 0, fails: 'nic-vf0' },
        { pages: 1, fails: 'nic-vf1' },
      ],
    });
    expect(answer.because).toBe(
      '2 pages of 4096 bytes: one for each distinct doorbell page (v2m0; v2m1), shared by all vectors that go there.',
    );
    expect(asked('arm64-smmuv3-gicv2m-2frames', ['nic-vf0', 4], ['nic-vf1', 4]).pages).toBe(1);
  });

  it('counts in the granule of the IOMMU', () => {
    expect(asked('arm64-smmuv3-its-64k', ['nic-vf0', 4])).toMatchObject({
      granule: 65536,
      pages: 1,
      bytes: 65536,
      doorbells: [{ page: 0x8090000, controller: 'its0' }],
    });
  });

  it('needs nothing on x86', () => {
    expect(asked('x86-vtd', ['nic-vf0', 16])).toMatchObject({ pages: 0, base: null, doorbells: [], short: [] });
  });

  it('says what cannot be had at any size', () => {
    expect(
      asked('arm64-smmuv3-gicv2m-2frames', ['nic-vf0', 16], ['nic-vf1', 1], ['tape', 1]).impossible.map(
        (one) => one.device,
      ),
    ).toEqual(['nic-vf1', 'tape']);
  });

  it('proposes a base that meets neither memory nor device registers', () => {
    const { base, bytes } = asked('arm64-smmuv3-its', ['nic-vf0', 1]);
    for (const range of machine('arm64-smmuv3-its').memory)
      expect(base! + bytes <= range.base || base! >= range.base + range.size).toBe(true);
  });
});

describe('narration', () => {
  it('tells what an event changed, before → after', () => {
    const scenario = builtInScenarios().find((one) => one.id === 'own-interrupt')!;
    const trace = runIn(fakeWorld(), { ...scenario, machines: ['arm64-smmuv3-gicv2m'] }, fakeSet, {})[0]!.traces[0]!;
    const at = (text: string) => trace.events.find((event) => event.text === text)!.index;
    expect(narrate(trace, at('take page 0x8000000'))).toBe('window Guest A 0/4 → 1/4');
    expect(narrate(trace, at('map 0x8000000 to the doorbell'))).toBe('IOVA 0x8000000 → v2m0');
    expect(narrate(trace, at('take page 0x8000000'), at('map 0x8000000 to the doorbell'))).toBe(
      'window Guest A 0/4 → 1/4 · IOVA 0x8000000 → v2m0',
    );
    expect(narrate(trace, at('program vector 0 with 0x8000040'))).toContain('01:10.0 vector 0 → 0x8000040');
    expect(narrate(trace, 9999)).toBeNull();
  });
});
