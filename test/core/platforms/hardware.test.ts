/** Every preset of the hardware: own interrupts arrive, forged and stale messages do what the hardware lets them. */
import { describe, expect, it } from 'vitest';
import type { HardwareVector } from '../../../src/host/platform';
import type { MachinePlatform } from '../../../src/host/platforms';
import { createPlatform } from '../../../src/host/platforms';
import { acknowledge } from '../../../src/machine/emit';
import { machinePreset, machinePresets } from '../../../src/machine/presets';
import type { Interrupt, Outcome } from '../../../src/machine/types';

type AnyPlatform = MachinePlatform;

const VF0 = 0x0180;
/** A subwindow of the PAMU presets, a multiple of every granule, below every aperture. */
const DOOR = 0x8000_0000;

/** Another device than VF0, and those that stay with the host. */
function otherDevices(p: AnyPlatform): { readonly other: number; readonly host: readonly number[] } {
  const [pf, other, ...rest] = p.spec.devices.map((device) => device.requesterId).filter((rid) => rid !== VF0);
  return { other: other!, host: [pf!, ...rest] };
}

function platform(id: string): AnyPlatform {
  const spec = machinePreset(id);
  if (spec === null) throw new Error(`no preset ${id}`);
  return createPlatform(spec);
}

/** A device in a domain of its own, with vectors, and its doorbell page mapped at `DOOR` where messages are translated. */
interface Guest {
  readonly domain: number;
  readonly vectors: readonly HardwareVector[];
  /** Where its messages go. */
  readonly door: (vector: HardwareVector) => number;
}

function guest(p: AnyPlatform, requesterId: number, count: number): Guest {
  const domain = p.allocateDomain();
  expect(domain).toBeGreaterThan(0);
  expect(p.attach(requesterId, domain)).toBe(0);
  const vectors = p.allocateVectors(requesterId, count)!;
  expect(vectors).toHaveLength(count);
  const pageOf = (vector: HardwareVector) => Math.floor(vector.address / p.granule) * p.granule;
  if (vectors[0]!.translated) expect(p.map(domain, DOOR, pageOf(vectors[0]!), p.granule, true)).toBe(0);
  return {
    domain,
    vectors,
    door: (vector) => (vector.translated ? DOOR + vector.address - pageOf(vector) : vector.address),
  };
}

const same = (a: Interrupt, b: Interrupt) => a.kind === b.kind && a.number === b.number && a.target === b.target;
const ring = (p: AnyPlatform, rid: number, address: number, data: number): Outcome => p.emit(rid, address, data, 4);

const ALL = machinePresets.map((preset) => preset.id);
const WITH_IOMMU = machinePresets.filter((preset) => preset.iommu.kind !== 'none').map((preset) => preset.id);

describe.each(ALL)('%s: the host', (id) => {
  it('gets each vector of each device, and each is one of its own', () => {
    const p = platform(id);
    for (const device of p.spec.devices) {
      for (const vector of p.allocateVectors(device.requesterId, 2)!)
        expect(ring(p, device.requesterId, vector.address, vector.data)).toMatchObject({
          kind: 'interrupt',
          interrupt: vector.interrupt,
        });
    }
    const keys = p.vectors().map((vector) => JSON.stringify(vector.interrupt));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is back where it was when interrupts are taken and vectors given back', () => {
    const p = platform(id);
    const before = p.hash();
    const vectors = p.allocateVectors(VF0, 3)!;
    for (const vector of vectors) {
      ring(p, VF0, vector.address, vector.data);
      acknowledge(p.state.machine, vector.interrupt);
    }
    p.freeVectors(VF0);
    expect(p.hash()).toBe(before);
  });
});

/** Outcome of an access that nothing allows: fault code of each kind of unit. */
const UNMAPPED: Readonly<Record<string, number>> = {
  smmuv3: 0x10,
  smmuv2: 0x02,
  vtd: 5,
  amdvi: 2,
  pamu: 0x380,
  phb: 3,
  riscv: 23,
};

describe.each(WITH_IOMMU)('%s: a guest', (id) => {
  it('gets its own interrupts, reaches its memory and nothing else', () => {
    const p = platform(id);
    const { domain, vectors, door } = guest(p, VF0, 2);
    for (const vector of vectors)
      expect(ring(p, VF0, door(vector), vector.data)).toMatchObject({ kind: 'interrupt', interrupt: vector.interrupt });
    const ram = p.spec.memory.find((range) => range.kind === 'ram')!.base;
    expect(p.map(domain, 0x4000_0000, ram, 0x1000_0000, true)).toBe(0);
    expect(ring(p, VF0, 0x4123_4568, 7)).toEqual({ kind: 'memory', physical: ram + 0x123_4568 });
    expect(p.translate(domain, 0x4123_4568)).toBe(ram + 0x123_4568);
    expect(ring(p, VF0, 0x1234_5000, 1)).toMatchObject({ kind: 'fault', code: UNMAPPED[p.spec.iommu.kind] });
  });

  it('does not write what is mapped for reading', () => {
    const p = platform(id);
    const { domain } = guest(p, VF0, 1);
    const ram = p.spec.memory.find((range) => range.kind === 'ram')!.base;
    expect(p.map(domain, 0x4000_0000, ram, p.granule, false)).toBe(0);
    expect(ring(p, VF0, 0x4000_0000, 1).kind).toBe('fault');
  });

  it('reaches no interrupt through a door that was unmapped, nor one that was given up', () => {
    const p = platform(id);
    const { domain, vectors, door } = guest(p, VF0, 2);
    const [vector] = vectors;
    const freed = p.clone();
    freed.freeVectors(VF0);
    const stale = ring(freed, VF0, door(vector!), vector!.data);
    // Where the door is shared and not told apart by requester, it is the mapping alone that closes it.
    if (p.isolatesMsi && !sharesPages(id)) expect(stale.kind).not.toBe('interrupt');
    if (!vector!.translated) return;
    expect(p.unmap(domain, DOOR, p.granule)).toBe(p.granule);
    expect(p.mappings(domain)).toEqual([]);
    expect(ring(p, VF0, door(vector!), vector!.data).kind).toBe('fault');
  });

  it('is blocked after detach, and everything returns', () => {
    const p = platform(id);
    const first = guest(p, VF0, 2);
    const giveBack = (of: Guest) => {
      p.freeVectors(VF0);
      p.unmap(of.domain, DOOR, p.granule);
      p.detach(VF0, of.domain);
      p.freeDomain(of.domain);
    };
    giveBack(first);
    const blocked = p.hash();
    const second = guest(p, VF0, 2);
    expect(p.hash()).not.toBe(blocked);
    giveBack(second);
    expect(p.hash()).toBe(blocked);
    expect(ring(p, VF0, 0x4000_0000, 1).kind).toMatch(/fault|dropped/);
  });

  it('copies without sharing', () => {
    const p = platform(id);
    guest(p, VF0, 1);
    const before = [p.hash(), p.vectors()];
    const copy = p.clone();
    guest(copy, otherDevices(p).other, 2);
    copy.freeVectors(VF0);
    expect([p.hash(), p.vectors()]).toEqual(before);
    expect(copy.hash()).not.toBe(before[0]);
  });
});

/** A bank or interrupt file of a domain: giving one vector back does not close the page to the others of the domain. */
function sharesPages(id: string): boolean {
  return id === 'powerpc-pamu-bank-per-domain' || id === 'riscv-imsic';
}

describe.each(ALL)('%s: isolation', (id) => {
  it('is what a search over forged messages finds', () => {
    const p = platform(id);
    const hasIommu = p.spec.iommu.kind !== 'none';
    const devices = otherDevices(p);
    const own = hasIommu
      ? guest(p, VF0, 2)
      : { vectors: p.allocateVectors(VF0, 2)!, door: (v: HardwareVector) => v.address };
    const other = hasIommu ? guest(p, devices.other, 2).vectors : p.allocateVectors(devices.other, 2)!;
    const host = devices.host.flatMap((rid) => [...p.allocateVectors(rid, 2)!]);
    const foreign = [...other, ...host].map((vector) => vector.interrupt);
    const vectors = p.vectors();
    const addresses = new Set([...vectors.map((vector) => vector.address), ...own.vectors.map(own.door)]);
    const raised = new Set<string>();
    for (const address of addresses) {
      for (const { data } of vectors) {
        // A copy for each try: a POWER bridge freezes the sender after the first.
        const outcome = ring(p.clone(), VF0, address, data);
        if (outcome.kind === 'interrupt' && foreign.some((one) => same(one, outcome.interrupt)))
          raised.add(JSON.stringify(outcome.interrupt));
      }
    }
    expect(raised.size === 0).toBe(p.isolatesMsi);
    // What still works for its owner after all that: its own.
    expect(ring(p, VF0, own.door(own.vectors[0]!), own.vectors[0]!.data).kind).toBe('interrupt');
  });

  it('ends at an alias: devices behind one bridge share what one of them has', () => {
    const spec = { ...machinePreset(id)!, devices: machinePreset('arm64-smmuv3-its-alias')!.devices };
    const p = createPlatform(spec);
    const hasIommu = spec.iommu.kind !== 'none';
    const domain = hasIommu ? p.allocateDomain() : 0;
    if (hasIommu) for (const rid of [0x0308, 0x0310]) expect(p.attach(rid, domain)).toBe(0);
    const [a] = p.allocateVectors(0x0308, 1)!;
    const [b] = p.allocateVectors(0x0310, 1)!;
    expect(same(a!.interrupt, b!.interrupt)).toBe(false);
    const page = Math.floor(b!.address / p.granule) * p.granule;
    if (hasIommu && b!.translated) expect(p.map(domain, DOOR, page, p.granule, true)).toBe(0);
    const address = hasIommu && b!.translated ? DOOR + b!.address - page : b!.address;
    expect(ring(p, 0x0308, address, b!.data)).toMatchObject({ kind: 'interrupt', interrupt: b!.interrupt });
  });
});

describe("what is each unit's own", () => {
  it("AMD-Vi: an index beyond the device's table and a lowest delivery mode fault; without a table IntCtl aborts", () => {
    const p = platform('x86-amdvi');
    expect(ring(p, VF0, 0xfee0_0000, 0)).toMatchObject({ kind: 'dropped', unit: 'ivhd0' });
    const [own] = p.allocateVectors(VF0, 1)!;
    expect(ring(p, VF0, 0xfee0_0000, 1)).toMatchObject({ kind: 'fault', code: 2, recorded: true });
    expect(ring(p, VF0, 0xfee0_0000, 0x3ff & ~0x300)).toMatchObject({ kind: 'fault', code: 2 });
    // The address below the range is not looked at, and a compatibility-format destination does not help.
    expect(ring(p, VF0, 0xfee0_f00c, own!.data)).toMatchObject({ kind: 'interrupt', interrupt: own!.interrupt });
    expect(p.emit(VF0, 0xfee0_0000, own!.data, 8)).toMatchObject({ kind: 'dropped', unit: 'ivhd0' });
    expect(ring(platform('x86-amdvi-noremap'), VF0, 0xfee0_1004, 0x66)).toMatchObject({
      kind: 'interrupt',
      interrupt: { kind: 'vector', number: 0x66, target: 0 },
    });
  });

  it('SMMUv2: an unknown stream and one set to fault tell so in sGFSR, and context banks run out', () => {
    const p = platform('arm64-smmuv2-gicv2m');
    expect(ring(p, 0x7777, 0x4000_0000, 1)).toMatchObject({
      kind: 'fault',
      code: 2,
      why: expect.stringMatching(/USF/),
    });
    const { domain } = guest(p, VF0, 1);
    p.detach(VF0, domain);
    expect(ring(p, VF0, DOOR, 1)).toMatchObject({ kind: 'fault', code: 1, why: expect.stringMatching(/ICF/) });
    for (let i = 1; i < 8; i++) expect(p.allocateDomain()).toBeGreaterThan(0);
    expect(p.allocateDomain()).toBe(0);
    p.freeDomain(domain);
    expect(p.allocateDomain()).toBeGreaterThan(0);
  });

  it('MBI: any SPI of the distributor can be raised, and one pending taken away', () => {
    const p = platform('arm64-smmuv3-mbi');
    const { vectors, door } = guest(p, VF0, 1);
    const at = door(vectors[0]!);
    expect(ring(p, VF0, at, 40)).toMatchObject({ kind: 'interrupt', interrupt: { kind: 'spi', number: 40 } });
    const pending = p.hash();
    expect(ring(p, VF0, at + 8, 40)).toMatchObject({ kind: 'ignored' });
    expect(p.hash()).not.toBe(pending);
    expect(ring(p, VF0, at, 31)).toMatchObject({ kind: 'ignored' });
  });

  it('PAMU: subwindows are whole, aligned, powers of two; a small one closes what lies behind it', () => {
    const p = platform('powerpc-pamu');
    const { domain } = guest(p, VF0, 1);
    const place = 2 ** 28;
    expect(p.map(domain, 0x1000, 0, 0x1000, true)).toBe(-22);
    expect(p.map(domain, place, 0, 0x3000, true)).toBe(-22);
    expect(p.map(domain, place, 0x1000, 0x2000, true)).toBe(-22);
    expect(p.map(domain, place, 0x2000, 0x2000, true)).toBe(0);
    expect(ring(p, VF0, place + 0x1ffc, 9)).toEqual({ kind: 'memory', physical: 0x3ffc });
    expect(ring(p, VF0, place + 0x2000, 9)).toMatchObject({ kind: 'fault', code: 0x380 });
    expect(p.map(domain, place + 0x2000, 0x2000, 0x1000, true)).toBe(-22);
    expect(p.unmap(domain, place, 0x1000)).toBe(0);
    expect(p.unmap(domain, place, 0x2000)).toBe(0x2000);
    // A second doorbell page needs a subwindow of its own.
    expect(p.map(domain, DOOR + 0x1000, 0xf_fe04_5000, 0x1000, true)).toBe(-22);
    expect(p.map(domain, DOOR + place, 0xf_fe04_5000, 0x1000, true)).toBe(0);
    expect(p.setAffinity(VF0, 0, 2)).toBeNull();
  });

  it('PAMU: three banks serve the host and two domains, the next domain gets no vector', () => {
    const p = platform('powerpc-pamu-bank-per-domain');
    expect(p.allocateVectors(0x0100, 1)![0]).toMatchObject({ controller: 'msi0' });
    expect(guest(p, VF0, 1).vectors[0]).toMatchObject({ controller: 'msi1' });
    expect(guest(p, 0x0181, 1).vectors[0]).toMatchObject({ controller: 'msi2' });
    const domain = p.allocateDomain();
    p.attach(0x0500, domain);
    expect(p.allocateVectors(0x0500, 1)).toBeNull();
    p.freeVectors(VF0);
    expect(p.allocateVectors(0x0500, 1)![0]).toMatchObject({ controller: 'msi1' });
  });

  it("POWER: a foreign entry freezes the sender's endpoint until it is handed over anew", () => {
    const p = platform('powerpc-phb');
    const [host] = p.allocateVectors(0x0100, 1)!;
    const { domain, vectors } = guest(p, VF0, 1);
    expect(ring(p, VF0, host!.address, 0)).toMatchObject({ kind: 'fault', unit: 'phb0', code: 4 });
    expect(ring(p, VF0, vectors[0]!.address, 0)).toMatchObject({
      kind: 'dropped',
      why: expect.stringMatching(/frozen/),
    });
    expect(ring(p, 0x0100, host!.address, 0)).toMatchObject({ kind: 'interrupt', interrupt: host!.interrupt });
    p.attach(VF0, domain);
    expect(ring(p, VF0, vectors[0]!.address, 0)).toMatchObject({ kind: 'interrupt', interrupt: vectors[0]!.interrupt });
    expect(p.hardwareRegions).toEqual([{ start: 0xffff_0000, length: 0x8000, type: 'msi' }]);
    // The data's low bits choose among neighbours, as multi-message MSI needs.
    const [next] = p.allocateVectors(VF0, 1)!;
    expect(ring(p, VF0, host!.address, 2)).toMatchObject({ kind: 'interrupt', interrupt: next!.interrupt });
  });

  it("RISC-V: a domain's messages go to its guest file, other pages of the region nowhere, a fourth domain has no file", () => {
    const p = platform('riscv-imsic');
    const { vectors } = guest(p, VF0, 1);
    expect(vectors[0]).toMatchObject({ address: 0x2800_0000, data: 1, interrupt: { number: 2048 + 1, target: 0 } });
    expect(ring(p, VF0, 0x2800_1000, 1)).toMatchObject({ kind: 'fault', code: 23 });
    const moved = p.setAffinity(VF0, 0, 2)!;
    expect(moved).toMatchObject({ address: 0x2800_8000, interrupt: { target: 2 } });
    expect(ring(p, VF0, moved.address, moved.data)).toMatchObject({ kind: 'interrupt', interrupt: moved.interrupt });
    guest(p, 0x0181, 1);
    guest(p, 0x0500, 1);
    const fourth = p.allocateDomain();
    p.attach(0x0100, fourth);
    expect(p.allocateVectors(0x0100, 1)).toBeNull();
    expect(ring(p, 0x0100, 0x2800_0000, 1)).toMatchObject({ kind: 'fault', code: 262 });
  });

  it("two ITSes: each serves its buses, and the other's door leads nowhere", () => {
    const p = platform('arm64-smmuv3-two-its');
    expect(p.allocateVectors(0x0500, 1)![0]).toMatchObject({ controller: 'its1', address: 0x080b_0040 });
    const { domain, vectors } = guest(p, VF0, 1);
    expect(vectors[0]).toMatchObject({ controller: 'its0', address: 0x0809_0040 });
    expect(p.map(domain, DOOR + 0x10_0000, 0x080b_0000, 0x1000, true)).toBe(0);
    expect(ring(p, VF0, DOOR + 0x10_0040, vectors[0]!.data)).toMatchObject({ kind: 'dropped', unit: 'its1' });
    expect(p.setAffinity(0x0500, 0, 3)?.interrupt.target).toBe(3);
    expect(p.doorbellAt(0x080b_0000)).toBe('its1');
  });

  it('VT-d posts to a guest: the descriptor has the vector, the entry still checks the source, and it can be taken back', () => {
    const p = platform('x86-vtd-posting');
    const { vectors } = guest(p, VF0, 2);
    const [vector] = vectors;
    const idle = p.hash();
    const posted = p.post(VF0, 0, { vcpu: 7, vector: 0x51, cpu: 2 })!;
    expect(posted).toMatchObject({ address: vector!.address, data: vector!.data, interrupt: { number: 0x51 } });
    for (let i = 0; i < 2; i++)
      expect(ring(p, VF0, posted.address, posted.data)).toMatchObject({
        kind: 'interrupt',
        interrupt: posted.interrupt,
      });
    expect(ring(p, 0x0181, posted.address, posted.data)).toMatchObject({ kind: 'fault', code: 0x26 });
    expect(p.setAffinity(VF0, 0, 1)).toBeNull();
    acknowledge(p.state.machine, posted.interrupt);
    acknowledge(p.state.machine, { kind: 'vector', number: 0xf2, target: 2 });
    expect(p.post(VF0, 0, null)).toEqual(vector);
    expect(p.hash()).toBe(idle);
    expect(ring(p, VF0, vector!.address, vector!.data)).toMatchObject({ interrupt: vector!.interrupt });
    expect(platform('x86-vtd').post(VF0, 0, { vcpu: 0, vector: 0x51, cpu: 0 })).toBeNull();
  });
});
