import { describe, expect, it } from 'vitest';
import type { MachinePlatform } from '../../../src/host/platforms';
import { createPlatform } from '../../../src/host/platforms';
import { tableRegion } from '../../../src/host/platforms/table-memory';
import { machinePreset, machinePresets } from '../../../src/machine/presets';

function platform(id: string): MachinePlatform {
  const spec = machinePreset(id);
  if (spec === null) throw new Error(`no preset ${id}`);
  return createPlatform(spec);
}

const VF0 = 0x0180;
const VF1 = 0x0181;
const PF = 0x0100;

/** A domain with one device and, where messages are translated, its doorbell at an IOVA. Gives the address the device writes to. */
function attachWithDoorbell(p: MachinePlatform, rid: number, iova = 0x8000_0000): number {
  const vector = p.vectors().find((v) => v.requesterId === rid)!;
  const domain = p.allocateDomain();
  expect(domain).toBeGreaterThan(0);
  expect(p.attach(rid, domain)).toBe(0);
  if (!vector.translated) return vector.address;
  const page = Math.floor(vector.address / p.granule) * p.granule;
  expect(p.map(domain, iova, page, p.granule, true)).toBe(0);
  return iova + (vector.address - page);
}

/** SMMUv3 and VT-d in all their forms; the others have tests of their own beside this file. */
const PRESETS = machinePresets.filter(
  (preset) =>
    ['smmuv3', 'vtd', 'none'].includes(preset.iommu.kind) && preset.controllers.every((one) => one.kind !== 'mbi'),
);
const WITH_IOMMU = PRESETS.filter((preset) => preset.iommu.kind !== 'none').map((preset) => preset.id);

describe.each(WITH_IOMMU)('%s', (id) => {
  it('delivers each vector of each device untranslated to the host, and to its owner', () => {
    const p = platform(id);
    for (const device of p.spec.devices) {
      const vectors = p.allocateVectors(device.requesterId, 2)!;
      expect(vectors).toHaveLength(2);
      for (const vector of vectors)
        expect(p.emit(device.requesterId, vector.address, vector.data, 4)).toMatchObject({
          kind: 'interrupt',
          interrupt: vector.interrupt,
        });
    }
    const keys = p.vectors().map((v) => JSON.stringify(v.interrupt));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('delivers through a domain whose only mapping is the doorbell, and faults elsewhere', () => {
    const p = platform(id);
    const [vector] = p.allocateVectors(VF0, 1)!;
    const address = attachWithDoorbell(p, VF0);
    expect(p.emit(VF0, address, vector!.data, 4)).toMatchObject({ kind: 'interrupt', interrupt: vector!.interrupt });
    expect(p.emit(VF0, 0x1234_5000, 1, 4)).toMatchObject({
      kind: 'fault',
      code: p.spec.architecture === 'x86' ? 5 : 0x10,
    });
  });

  it('blocks a device after detach and maps RAM with blocks and splits', () => {
    const p = platform(id);
    const domain = p.allocateDomain();
    p.attach(VF0, domain);
    const ram = p.spec.architecture === 'x86' ? 0x1_0000_0000 : 0x8000_0000;
    expect(p.map(domain, 0x4000_0000, ram, 0x4000_0000, true)).toBe(0);
    expect(p.map(domain, 0x4000_0000 + p.granule, ram, p.granule, true)).toBe(-17);
    expect(p.map(domain, 0x1001, ram, p.granule, true)).toBe(-22);
    expect(p.map(domain, p.aperture, ram, p.granule, true)).toBe(-34);
    expect(p.emit(VF0, 0x4000_0000 + 0x123_4568, 7, 4)).toEqual({ kind: 'memory', physical: ram + 0x123_4568 });
    expect(p.unmap(domain, 0x4000_0000 + 16 * p.granule, p.granule)).toBe(p.granule);
    expect(p.translate(domain, 0x4000_0000 + 16 * p.granule)).toBeNull();
    expect(p.translate(domain, 0x4000_0000 + 17 * p.granule + 8)).toBe(ram + 17 * p.granule + 8);
    expect(p.mappings(domain)).toHaveLength(2);
    expect(p.unmap(domain, 0x4000_0000, 0x4000_0000)).toBe(0x4000_0000 - p.granule);
    expect(p.mappings(domain)).toEqual([]);
    p.detach(VF0, domain);
    expect(p.emit(VF0, 0x4000_0000, 7, 4).kind).toMatch(/fault|dropped/);
  });

  it('returns to the same hash when everything is given back', () => {
    const p = platform(id);
    p.attach(VF0, p.allocateDomain());
    const blocked = (() => {
      p.detach(VF0, 1);
      p.freeDomain(1);
      return p.hash();
    })();
    const domain = p.allocateDomain();
    const vectors = p.allocateVectors(VF0, 3)!;
    p.attach(VF0, domain);
    expect(p.map(domain, 0x10_0000, 0, 0x20_0000, true)).toBe(0);
    expect(p.hash()).not.toBe(blocked);
    p.unmap(domain, 0x10_0000, 0x20_0000);
    p.freeVectors(VF0);
    p.detach(VF0, domain);
    p.freeDomain(domain);
    expect(vectors).toHaveLength(3);
    expect(p.hash()).toBe(blocked);
  });

  it('copies without sharing', () => {
    const p = platform(id);
    const before = p.hash();
    const copy = p.clone();
    copy.allocateVectors(VF0, 2);
    copy.attach(VF0, copy.allocateDomain());
    expect(p.hash()).toBe(before);
    expect(p.vectors()).toEqual([]);
    expect(copy.hash()).not.toBe(before);
  });

  it('keeps its tables where they do not meet the devices', () => {
    const spec = machinePreset(id)!;
    const region = tableRegion(spec);
    expect(
      spec.memory.some(
        (range) =>
          range.kind === 'ram' && region.base >= range.base && region.base + region.size <= range.base + range.size,
      ),
    ).toBe(true);
  });
});

describe('isolation', () => {
  const forged = (id: string) => {
    const p = platform(id);
    const [own] = p.allocateVectors(VF0, 1)!;
    const [foreign] = p.allocateVectors(PF, 1)!;
    const door = attachWithDoorbell(p, VF0);
    const address = own!.translated ? door : foreign!.address;
    return { outcome: p.emit(VF0, address, foreign!.data, 4), own: own!, foreign: foreign! };
  };

  it.each(['arm64-smmuv3-gicv2m', 'x86-vtd-noremap', 'x86-vtd-nosid'])(
    "%s lets a forged message raise the host's interrupt",
    (id) => {
      const { outcome, foreign } = forged(id);
      expect(outcome).toMatchObject({ kind: 'interrupt', interrupt: foreign.interrupt });
      expect(platform(id).isolatesMsi).toBe(false);
    },
  );

  it("an ITS turns a forged event into the device's own or nothing; VT-d source checks fault", () => {
    const its = forged('arm64-smmuv3-its');
    expect(its.outcome).toMatchObject({ kind: 'interrupt', interrupt: its.own.interrupt });
    const vtd = forged('x86-vtd');
    expect(vtd.outcome).toMatchObject({ kind: 'fault', code: 0x26 });
    expect(platform('arm64-smmuv3-its').isolatesMsi).toBe(true);
    expect(platform('x86-vtd').isolatesMsi).toBe(true);
  });

  it('devices behind one bridge share a DeviceID and so their interrupts', () => {
    const p = platform('arm64-smmuv3-its-alias');
    const [a] = p.allocateVectors(0x0308, 1)!;
    const [b] = p.allocateVectors(0x0310, 1)!;
    expect(a!.data).not.toBe(b!.data);
    expect(p.emit(0x0308, b!.address, b!.data, 4)).toMatchObject({ kind: 'interrupt', interrupt: b!.interrupt });
    p.freeVectors(0x0310);
    expect(p.emit(0x0308, b!.address, b!.data, 4)).toMatchObject({ kind: 'dropped', unit: 'its0' });
    expect(p.emit(0x0308, a!.address, a!.data, 4)).toMatchObject({ kind: 'interrupt', interrupt: a!.interrupt });
  });

  it('blocks compatibility-format messages under remapping', () => {
    expect(platform('x86-vtd').emit(VF0, 0xfee0_1004, 0x30, 4)).toMatchObject({ kind: 'fault', code: 0x25 });
  });
});

describe('affinity and exhaustion', () => {
  it.each(PRESETS.map((preset) => preset.id))('%s moves a vector to another CPU', (id) => {
    const p = platform(id);
    p.allocateVectors(VF0, 2);
    const moved = p.setAffinity(VF0, 1, 3)!;
    expect(moved.interrupt.target).toBe(3);
    expect(p.emit(VF0, moved.address, moved.data, 4)).toMatchObject({ kind: 'interrupt', interrupt: moved.interrupt });
    expect(p.setAffinity(VF0, 1, 4)).toBeNull();
    expect(p.setAffinity(VF1, 0, 1)).toBeNull();
  });

  it('two frames of 8 SPIs: the ninth vector is on the second page, the seventeenth does not exist', () => {
    const p = platform('arm64-smmuv3-gicv2m-2frames');
    const vectors = p.allocateVectors(VF0, 9)!;
    expect(vectors.map((v) => v.data)).toEqual([80, 81, 82, 83, 84, 85, 86, 87, 88]);
    expect(vectors[8]).toMatchObject({ controller: 'v2m1', address: 0x0802_1040 });
    expect(p.allocateVectors(VF1, 8)).toBeNull();
    expect(p.allocateVectors(VF1, 7)).toHaveLength(7);
    expect(p.doorbellAt(0x0802_1000)).toBe('v2m1');
    expect(p.doorbellAt(0x0802_2000)).toBeNull();
  });

  it('spreads x86 vectors over CPUs when one is full', () => {
    const p = platform('x86-vtd');
    const vectors = p.allocateVectors(VF0, 250)!;
    expect(new Set(vectors.map((v) => v.interrupt.target))).toEqual(new Set([0, 1]));
  });
});

describe('without an IOMMU', () => {
  it('refuses domains and still delivers', () => {
    const p = createPlatform({ ...machinePreset('arm64-smmuv3-its')!, iommu: { kind: 'none' } });
    expect(p.allocateDomain()).toBe(0);
    expect(p.attach(VF0, 1)).toBe(-19);
    const [vector] = p.allocateVectors(VF0, 1)!;
    expect(vector).toMatchObject({
      address: 0x0809_0040,
      data: 0,
      interrupt: { kind: 'lpi', number: 8192, target: 0 },
    });
    expect(p.emit(VF0, vector!.address, vector!.data, 4).kind).toBe('interrupt');
  });
});

describe('values observed on Linux', () => {
  it.each([
    ['arm64-smmuv3-gicv2m', [0x0802_0040, 0x0802_0040], [80, 81], 2 ** 48],
    ['arm64-smmuv3-its', [0x0809_0040, 0x0809_0040], [0, 1], 2 ** 48],
    ['x86-vtd', [0xfee0_0238, 0xfee0_0258], [0, 0], 2 ** 39],
    ['x86-vtd-noremap', [0xfee0_1004, 0xfee0_1004], [0x22, 0x23], 2 ** 39],
  ] as const)('%s: message addresses, data, aperture', (id, addresses, data, aperture) => {
    const p = platform(id);
    const vectors = p.allocateVectors(VF0, 2)!;
    expect(vectors.map((v) => v.address)).toEqual(addresses);
    expect(vectors.map((v) => v.data)).toEqual(data);
    expect(p.aperture).toBe(aperture);
    const regions = p.spec.architecture === 'x86' ? [{ start: 0xfee0_0000, length: 0x10_0000, type: 'msi' }] : [];
    expect(p.hardwareRegions).toEqual(regions);
  });

  it.each([
    ['arm64-smmuv3-gicv2m', 'own + 1', (a: number, d: number) => [a, d + 1, 4], 'interrupt'],
    ['arm64-smmuv3-gicv2m', 'data 1023', (a: number) => [a, 1023, 4], 'ignored'],
    ['arm64-smmuv3-its', 'own + 1', (a: number, d: number) => [a, d + 1, 4], 'dropped'],
    ['arm64-smmuv3-its', 'data 1023', (a: number) => [a, 1023, 4], 'dropped'],
    ['arm64-smmuv3-its', 'mapped RAM', () => [0x1000_0000, 0x5a5a, 4], 'memory'],
    ['x86-vtd', 'next handle', (a: number) => [a + 0x20, 0, 4], 'fault'],
    ['x86-vtd', 'malformed size', (a: number) => [a, 0, 8], 'dropped'],
    ['x86-vtd-nosid', 'next handle', (a: number) => [a + 0x20, 0, 4], 'fault'],
    ['x86-vtd-noremap', 'compatibility format, unused vector', () => [0xfee0_1004, 0xe2, 4], 'interrupt'],
  ] as const)('%s: a forged message, %s', (id, _, forge, kind) => {
    const p = platform(id);
    const [own] = p.allocateVectors(VF0, 1)!;
    const door = attachWithDoorbell(p, VF0);
    p.map(1, 0x1000_0000, p.spec.memory.find((range) => range.kind === 'ram')!.base, p.granule, true);
    const [address, data, size] = forge(door, own!.data) as [number, number, number];
    expect(p.emit(VF0, address, data, size).kind).toBe(kind);
  });
});
