/** Whatever software writes into tables, registers and queues, and whatever devices emit: no exception, no NaN, an end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPlatform } from '../../../src/host/platforms';
import { acknowledge, emitWrite } from '../../../src/machine/emit';
import { createIts, lookUpEvent, translateEvent } from '../../../src/machine/its';
import { runCommand } from '../../../src/machine/its-commands';
import type { Machine } from '../../../src/machine/machine';
import { cloneMachine, createMachine, hashMachine } from '../../../src/machine/machine';
import { createMemory, read32, write32 } from '../../../src/machine/memory';
import { machinePresets } from '../../../src/machine/presets';
import { replaySets } from '../../../src/machine/replay';
import type { MachineSpec, Outcome } from '../../../src/machine/types';
import { startLevelOf, walkLevels, walkTable } from '../../../src/machine/vmsa';
import { createVtd } from '../../../src/machine/vtd';
import { judgeRequest, remapInterrupt } from '../../../src/machine/vtd-remap';

const RAM = 0x4000_0000;
/** Ten thousand runs in all, over the properties of this file; `bench/machine-properties.mjs` asks for more. */
const SCALE = Number(process.env.DOORBELL_PROPERTY_RUNS ?? 10_000) / 10_000;

function runs(share: number): number {
  return Math.max(1, Math.round(share * SCALE));
}

/** Machines whose IOMMU maps any page anywhere. */
const PAGED = machinePresets.filter((preset) => preset.iommu.kind !== 'none' && preset.iommu.kind !== 'pamu');
const SPECS: readonly MachineSpec[] = machinePresets.map((preset) => ({
  ...preset,
  memory: [...preset.memory.filter((range) => range.kind === 'mmio'), { name: 'ram', base: RAM, size: 0x100_0000 }],
}));

/** Addresses that mean something, and any others. */
const address = fc.oneof(
  fc.integer({ min: RAM - 8, max: RAM + 0x100_0000 }),
  fc.constantFrom(
    0x0802_0040,
    0x0809_0040,
    0x0808_0000,
    0xfee0_0010,
    0xfee0_1004,
    0xffff_0010,
    0x2800_0000,
    0x2800_1000,
    0xf_fe04_4140,
    0,
    2 ** 48,
    2 ** 52,
    Number.MAX_SAFE_INTEGER,
  ),
  fc.integer({ min: 0xfee0_0000, max: 0xfeef_ffff }),
  fc.maxSafeNat(),
  fc.double(),
);
const word = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.integer({ min: RAM, max: RAM + 0xffff }).map((n) => (n | 3) >>> 0),
);
const requester = fc.oneof(fc.constantFrom(0x0100, 0x0180, 0x0308), fc.integer({ min: -1, max: 0x1_ffff }));
const size = fc.constantFrom(0, 1, 2, 3, 4, 8, 16);

function sound(outcome: Outcome): void {
  for (const value of [
    outcome.kind === 'fault' ? outcome.address : 0,
    'physical' in outcome ? (outcome.physical ?? 0) : 0,
  ]) {
    expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
  }
  if (outcome.kind === 'interrupt')
    expect(Number.isInteger(outcome.interrupt.number) && Number.isInteger(outcome.interrupt.target)).toBe(true);
}

/** Tables full of the given words, with all registers pointing into them. */
function scrambled(spec: MachineSpec, words: readonly number[], bits: number): Machine {
  const machine = createMachine(spec);
  for (let i = 0; i < 0x4000; i++) write32(machine.memory, RAM + i * 4, words[i % words.length] ?? 0);
  if (machine.smmu !== null) {
    Object.assign(machine.smmu, {
      enabled: true,
      streamBase: RAM,
      streamLog2: bits % 20,
      streamSplit: bits % 3 === 0 ? 8 : 0,
      eventBase: RAM + 0x1000,
      eventLog2: bits % 8,
      eventsEnabled: true,
    });
  }
  if (machine.vtd !== null) {
    Object.assign(machine.vtd, {
      translation: true,
      rootTable: RAM,
      remapping: bits % 2 === 0,
      remapTable: RAM + 0x1000,
      remapLog2: 1 + (bits % 16),
      eim: bits % 3 === 0,
      posting: bits % 5 < 2,
    });
  }
  if (machine.amd !== null)
    Object.assign(machine.amd, {
      enabled: bits % 7 !== 0,
      deviceTable: RAM,
      deviceEntries: 65536,
      wideEntries: bits % 2 === 0,
    });
  if (machine.pamu !== null)
    Object.assign(machine.pamu, {
      enabled: true,
      primary: RAM,
      primaryEntries: bits,
      secondary: RAM + 0x100,
      secondaryEntries: 64,
    });
  if (machine.riscv !== null) Object.assign(machine.riscv, { enabled: true, directory: RAM });
  if (machine.phb !== null) {
    Object.assign(machine.phb, { requesterTable: RAM, entries: RAM + 0x100 });
    machine.phb.tables.fill(RAM);
    machine.phb.levels.fill(bits % 8);
  }
  if (machine.smmuv2 !== null) {
    Object.assign(machine.smmuv2, { enabled: true, unmatchedFaults: bits % 2 === 0 });
    machine.smmuv2.matchValid.fill(1);
    words.forEach((value, i) => {
      if (i >= 32) return;
      machine.smmuv2!.match[i] = value;
      machine.smmuv2!.stream[i] = (words[words.length - 1 - i] ?? 0) ^ value;
    });
    machine.smmuv2.banks.forEach((bank, i) => {
      Object.assign(bank, {
        type: (bits + i) % 4,
        secondBank: (bits + i) % 9,
        enabled: (bits & (1 << i)) === 0,
        table: RAM,
        granuleBits: [12, 14, 16][bits % 3],
        inputBits: 36 + (bits % 13),
      });
    });
  }
  for (const its of machine.its) {
    Object.assign(its, {
      enabled: true,
      deviceTable: RAM,
      deviceEntries: 65536,
      collectionTable: RAM + 0x2000,
      collectionEntries: 512,
      commandBase: RAM + 0x3000,
      commandSize: 4096,
    });
    machine.redistributors.pendingTables = [RAM + 0x4000, RAM + 0x5000];
    machine.redistributors.enabled.push(true, bits % 2 === 0);
  }
  return machine;
}

describe('any tables, any write', () => {
  it.each(SPECS.map((spec) => [spec.id, spec] as const))('%s', (_, spec) => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 24 }),
        fc.nat(1000),
        fc.array(fc.tuple(requester, address, word, size), { maxLength: 12 }),
        (words, bits, writes) => {
          const machine = scrambled(spec, words, bits);
          for (const [rid, at, data, bytes] of writes) {
            const outcome = emitWrite(machine, rid, at, data, bytes);
            sound(outcome);
            if (outcome.kind === 'interrupt') acknowledge(machine, outcome.interrupt);
          }
          expect(Number.isSafeInteger(hashMachine(machine))).toBe(true);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

describe('any ITS command', () => {
  it('ends, with a syndrome or without', () => {
    const spec = SPECS.find((candidate) => candidate.id === 'arm64-smmuv3-its')!;
    const words8 = fc.tuple(
      fc.oneof(fc.constantFrom(1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15), word),
      word,
      word,
      word,
      word,
      word,
      word,
      word,
    );
    fc.assert(
      fc.property(
        fc.array(words8, { maxLength: 40 }),
        fc.array(word, { minLength: 1, maxLength: 8 }),
        (commands, words) => {
          const machine = scrambled(spec, words, 2);
          for (const command of commands) {
            const error = runCommand(machine.its[0]!, machine.redistributors, machine.memory, command);
            expect(error === 0 || (error & 0xff_0000) === 0x01_0000).toBe(true);
          }
        },
      ),
      { numRuns: runs(600) },
    );
  });
});

describe('the short way and the long way', () => {
  const tables = fc.array(word, { minLength: 1, maxLength: 40 });
  const memoryOf = (words: readonly number[]) => {
    const memory = createMemory([{ name: 'ram', base: RAM, size: 0x100_0000 }]);
    for (let i = 0; i < 0x1000; i++) write32(memory, RAM + i * 4, words[(i * 7) % words.length] ?? 0);
    return memory;
  };

  it('remap alike', () => {
    const low = fc.integer({ min: 0, max: 0xff }).map((vector) => (vector << 16) | 1);
    const entry = fc.tuple(
      fc.oneof(low, word),
      fc.oneof(
        fc.integer({ min: 0, max: 255 }).map((n) => n << 8),
        word,
      ),
      fc.oneof(fc.integer({ min: 0, max: 0xf_ffff }), word),
      fc.oneof(fc.constant(0), word),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 16 }),
        fc.boolean(),
        fc.nat(0xffff),
        fc.integer({ min: 0xfee0_0000, max: 0xfeef_ffff }),
        fc.nat(0x1_ffff),
        (entries, eim, rid, at, data) => {
          const memory = createMemory([{ name: 'ram', base: RAM, size: 0x100_0000 }]);
          entries.forEach((words, i) => {
            words.forEach((value, k) => {
              write32(memory, RAM + i * 16 + k * 4, value);
            });
          });
          const vtd = Object.assign(createVtd('dmar', 48), { remapping: true, remapTable: RAM, remapLog2: 4, eim });
          const where = at & ~0x1_fe00;
          expect(remapInterrupt(vtd, memory, rid, where, data)).toBe(judgeRequest(vtd, memory, rid, where, data));
        },
      ),
      { numRuns: runs(900) },
    );
  });

  it('find events alike, wherever DRAM lies', () => {
    const valid = word.map((value) => ((value % 20) | 0x8000_0000) >>> 0);
    fc.assert(
      fc.property(
        // Low, above 4 GiB, at the end of what the short way reaches, and beyond it.
        fc.constantFrom(RAM, 0x2_4000_0000, 0x3_ff00_0000, 0x4_0000_0000, 0x90_0000_0000),
        fc.array(fc.tuple(fc.nat(0x1f), fc.constantFrom(0, 0x10), fc.oneof(valid, word)), {
          minLength: 1,
          maxLength: 16,
        }),
        fc.array(fc.tuple(fc.oneof(word, fc.nat(0xffff)), fc.oneof(valid, word)), { minLength: 1, maxLength: 16 }),
        fc.array(fc.tuple(fc.integer({ min: -1, max: 18 }), fc.oneof(fc.nat(18), word)), { maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        (base, devices, entries, writes, count) => {
          const memory = createMemory([{ name: 'ram', base, size: 0x100_0000 }]);
          const its = createIts('its', 0x0808_0000, 4);
          Object.assign(its, {
            deviceTable: base,
            deviceEntries: count,
            collectionTable: base + 0x1000,
            collectionEntries: count,
          });
          devices.forEach(([bits, page, high], i) => {
            const itt = base + page * 0x100;
            write32(memory, base + i * 8, ((itt % 2 ** 32) | bits) >>> 0);
            write32(
              memory,
              base + i * 8 + 4,
              ((i % 3 === 2 ? high : high & 0xfff0_0000) | Math.floor(itt / 2 ** 32)) >>> 0,
            );
          });
          entries.forEach(([low, high], i) => {
            write32(memory, base + 0x1000 + i * 8, low);
            write32(memory, base + 0x1000 + i * 8 + 4, i % 2 === 0 ? (high & 0xffff_000f) >>> 0 : high);
          });
          for (const [device, event] of writes)
            expect(translateEvent(its, memory, device, event)).toBe(lookUpEvent(its, memory, device, event));
        },
      ),
      { numRuns: runs(900) },
    );
  });

  it('walk alike', () => {
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom(31, 36, 39, 42, 48),
        fc.constantFrom(32, 44, 48),
        fc.maxSafeNat(),
        fc.boolean(),
        (words, inputBits, outputBits, at, write) => {
          const format = {
            granuleBits: 12,
            inputBits,
            startLevel: startLevelOf(12, inputBits),
            outputBits,
            stage: 1 as const,
            accessFlag: true,
            flatPermissions: false,
          };
          const memory = memoryOf(
            words.map((value, i) =>
              i % 2 === 1 ? value & 0x6000_00ff : i % 3 === 0 ? ((RAM + (value & 0x3000)) | 0x443) >>> 0 : value,
            ),
          );
          const address = at % 2 ** (inputBits + 1);
          expect(walkTable(memory, RAM, format, address, write, null)).toBe(
            walkLevels(memory, RAM, format, address, write, null),
          );
        },
      ),
      { numRuns: runs(900) },
    );
  });
});

describe('copies and hashes', () => {
  it('a copy is equal until one side writes, and neither sees the other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0xffff), word), { maxLength: 30 }),
        fc.nat(0xffff),
        word,
        (writes, at, value) => {
          const machine = createMachine(SPECS[0]!);
          for (const [offset, data] of writes) write32(machine.memory, RAM + offset, data);
          const before = hashMachine(machine);
          const copy = cloneMachine(machine);
          expect(hashMachine(copy)).toBe(before);
          const old = read32(machine.memory, RAM + at);
          write32(copy.memory, RAM + at, value);
          expect(read32(machine.memory, RAM + at)).toBe(old);
          expect(hashMachine(machine)).toBe(before);
          write32(machine.memory, RAM + at, (value ^ 1) >>> 0);
          expect(read32(copy.memory, RAM + at)).toBe(value);
          write32(copy.memory, RAM + at, old);
          expect(hashMachine(copy)).toBe(before);
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('the hash does not depend on the order of writes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.nat(0x3fff), word), { selector: ([at]) => at, maxLength: 20 }),
        (writes) => {
          const forth = createMemory(SPECS[0]!.memory);
          const back = createMemory(SPECS[0]!.memory);
          for (const [at, value] of writes) write32(forth, RAM + at * 4, value);
          for (const [at, value] of writes.slice().reverse()) write32(back, RAM + at * 4, value);
          expect([forth.hashA, forth.hashB]).toEqual([back.hashA, back.hashB]);
        },
      ),
      { numRuns: runs(100) },
    );
  });
});

describe('any driver calls', () => {
  const call = fc.oneof(
    fc.record({
      kind: fc.constant('map' as const),
      domain: fc.nat(3),
      iova: fc.nat(300),
      physical: fc.nat(300),
      pages: fc.nat(40),
      writable: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('unmap' as const), domain: fc.nat(3), iova: fc.nat(300), pages: fc.nat(60) }),
    fc.record({ kind: fc.constant('domain' as const), free: fc.nat(3) }),
    fc.record({ kind: fc.constant('attach' as const), device: fc.nat(4), domain: fc.nat(3), detach: fc.boolean() }),
    fc.record({
      kind: fc.constant('vectors' as const),
      device: fc.nat(4),
      count: fc.integer({ min: -1, max: 20 }),
      free: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('affinity' as const),
      device: fc.nat(4),
      index: fc.nat(20),
      cpu: fc.integer({ min: -1, max: 5 }),
    }),
  );

  it.each(PAGED.map((preset) => [preset.id, preset] as const))(
    '%s: what is mapped is what a device reaches',
    (_, spec) => {
      fc.assert(
        fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
          const p = createPlatform(spec);
          const { granule } = p;
          const ram = spec.memory.find((range) => range.kind === 'ram')!.base;
          const pages = new Map<number, Map<number, { readonly physical: number; readonly writable: boolean }>>();
          for (const c of calls) {
            const rid = 'device' in c ? (spec.devices[c.device]?.requesterId ?? 0x7777) : 0;
            if (c.kind === 'domain') {
              if (c.free > 0) {
                p.freeDomain(c.free);
                pages.delete(c.free);
              } else pages.set(p.allocateDomain(), new Map());
            } else if (c.kind === 'map') {
              const physical = ram + c.physical * granule;
              const result = p.map(c.domain, c.iova * granule, physical, c.pages * granule, c.writable);
              const domain = pages.get(c.domain);
              const taken = Array.from({ length: c.pages }, (_, i) => domain?.has(c.iova + i)).some(Boolean);
              expect(result).toBe(domain === undefined || c.pages === 0 ? -22 : taken ? -17 : 0);
              if (result === 0)
                for (let i = 0; i < c.pages; i++)
                  domain?.set(c.iova + i, { physical: physical + i * granule, writable: c.writable });
            } else if (c.kind === 'unmap') {
              const domain = pages.get(c.domain);
              let expected = 0;
              for (let i = 0; i < c.pages; i++) if (domain?.delete(c.iova + i)) expected += granule;
              expect(p.unmap(c.domain, c.iova * granule, c.pages * granule)).toBe(expected);
            } else if (c.kind === 'attach') {
              if (c.detach) p.detach(rid, c.domain);
              else p.attach(rid, c.domain);
            } else if (c.kind === 'vectors') {
              if (c.free) p.freeVectors(rid);
              else p.allocateVectors(rid, c.count);
            } else p.setAffinity(rid, c.index, c.cpu);
          }
          for (const [id, domain] of pages) {
            expect(p.mappings(id).reduce((sum, m) => sum + m.size, 0)).toBe(domain.size * granule);
            const rid = spec.devices[0]!.requesterId;
            if (p.attach(rid, id) !== 0) continue;
            for (const [page, { physical, writable }] of domain) {
              // Anew each time: a POWER bridge freezes the endpoint at a fault.
              p.attach(rid, id);
              const outcome = p.emit(rid, page * granule + 4, 1, 4);
              if (writable) expect(outcome).toEqual({ kind: 'memory', physical: physical + 4 });
              else expect(outcome.kind).toBe('fault');
            }
          }
          for (const vector of p.vectors()) {
            p.freeDomain(1);
            expect(
              p.vectors().filter((other) => JSON.stringify(other.interrupt) === JSON.stringify(vector.interrupt)),
            ).toHaveLength(1);
          }
        }),
        { numRuns: runs(40) },
      );
    },
  );
});

describe('any replay row', () => {
  it.each(replaySets.map((set) => [set.name, set] as const))('%s reads or refuses', (_, set) => {
    // An object that cannot be made text, where a word is wanted.
    const odd = JSON.parse('{ "toString": {} }');
    for (const row of [[{}, '', [], odd], odd, [odd, odd, odd, odd, odd]])
      expect(set.replay(row).kind).toBe('unreadable');
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())), (row) => {
        expect(['agrees', 'quirk', 'disagrees', 'unreadable']).toContain(set.replay(row).kind);
      }),
      { numRuns: runs(144) },
    );
  });
});
