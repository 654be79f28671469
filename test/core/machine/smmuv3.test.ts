import { describe, expect, it } from 'vitest';
import type { Memory } from '../../../src/machine/memory';
import { createMemory, read32, write64 } from '../../../src/machine/memory';
import type { Smmuv3 } from '../../../src/machine/smmuv3';
import { createSmmuv3, recordEvent, smmuResult, translateStream } from '../../../src/machine/smmuv3';
import { highHalf, lowHalf } from '../../../src/machine/word';

const STREAMS = 0x4000_0000;
const CD = 0x4010_0000;
const S1 = 0x4020_0000;
const S2 = 0x4080_0000;

interface Bench {
  readonly smmu: Smmuv3;
  readonly memory: Memory;
}

function bench(): Bench {
  const memory = createMemory([{ name: 'ram', base: 0x4000_0000, size: 0x1000_0000 }]);
  const smmu = createSmmuv3('smmu', 48);
  smmu.enabled = true;
  smmu.streamBase = STREAMS;
  smmu.streamLog2 = 8;
  return { smmu, memory };
}

function put(memory: Memory, at: number, value: number, flags = 0, high = 0): void {
  write64(memory, at, (lowHalf(value) | flags) >>> 0, (highHalf(value) | high) >>> 0);
}

/** STE of stream 5 with stage 1, a CD with the given granule field and T0SZ. */
function stageOne({ memory }: Bench, granuleField: number, inputSize: number, config = 5): void {
  put(memory, STREAMS + 5 * 64, CD, 1 | (config << 1));
  put(memory, CD, inputSize | (granuleField << 6), 0xc000_0000, 5 | (1 << 9) | (1 << 13) | (1 << 14));
  put(memory, CD + 8, S1);
}

const run = ({ smmu, memory }: Bench, address: number, write = true, sid = 5) =>
  smmuResult(translateStream(smmu, memory, sid, address, write));

describe('stage 1', () => {
  it.each([
    [0, 12, [39, 30, 21, 12]],
    [2, 14, [47, 36, 25, 14]],
    [1, 16, [42, 29, 16]],
  ] as const)('walks a granule field of %i with 48 input bits', (field, bits, shifts) => {
    const b = bench();
    stageOne(b, field, 16);
    const iova = 0x8123_4567_8000;
    let table = S1;
    const entries = 2 ** (bits - 3);
    shifts.forEach((shift, i) => {
      const at = table + (Math.floor(iova / 2 ** shift) % entries) * 8;
      const last = i === shifts.length - 1;
      table += 0x1_0000;
      if (last) put(b.memory, at, 0x4500_0000, 0x743);
      else put(b.memory, at, table, 3);
    });
    const offset = iova % 2 ** bits;
    expect(run(b, iova)).toEqual({ kind: 'pass', physical: 0x4500_0000 + offset });
    expect(run(b, iova + 2 ** bits)).toEqual({ kind: 'event', type: 0x10, recorded: true });
    expect(run(b, 2 ** 48)).toEqual({ kind: 'event', type: 0x10, recorded: true });
  });

  it('maps blocks, and keeps the address inside', () => {
    const b = bench();
    stageOne(b, 0, 25);
    put(b.memory, S1 + 8, 0x8000_0000, 0x741);
    expect(run(b, 0x4000_0000 + 0x1234_5678)).toEqual({ kind: 'pass', physical: 0x8000_0000 + 0x1234_5678 });
  });

  it.each([
    ['read-only leaf', 0x7c1, 0x13],
    ['privileged leaf', 0x701, 0x13],
    ['clear access flag', 0x341, 0x12],
    ['clear access flag before permission', 0x3c1, 0x12],
    ['invalid leaf', 0x740, 0x10],
  ])('%s', (_, flags, type) => {
    const b = bench();
    stageOne(b, 0, 25);
    put(b.memory, S1 + 8, 0x8000_0000, flags);
    expect(run(b, 0x4000_0000)).toMatchObject({ kind: 'event', type });
  });

  it("an output beyond the context's size is F_ADDR_SIZE", () => {
    const b = bench();
    stageOne(b, 0, 25);
    put(b.memory, CD, 25, 0xc000_0000, 2 | (1 << 9) | (1 << 13) | (1 << 14));
    put(b.memory, S1 + 8, 0x100_0000_0000, 0x741);
    expect(run(b, 0x4000_0000)).toMatchObject({ kind: 'event', type: 0x11 });
  });
});

describe('stage 2 and nesting', () => {
  function stageTwo({ memory }: Bench): void {
    // S2T0SZ 24 (40 bits), S2SL0 1 (start level 1, two tables side by side), S2PS 5, AArch64, record.
    put(memory, STREAMS + 5 * 64 + 16, 0, 0, 24 | (1 << 6) | (5 << 16) | (1 << 19) | (1 << 26));
    put(memory, STREAMS + 5 * 64 + 24, S2);
  }

  it('translates by stage 2 alone, with its own permissions', () => {
    const b = bench();
    put(b.memory, STREAMS + 5 * 64, 0, 1 | (6 << 1));
    stageTwo(b);
    put(b.memory, S2 + 8, 0x8000_0000, 0x7c1);
    expect(run(b, 0x4000_1040)).toEqual({ kind: 'pass', physical: 0x8000_1040 });
    put(b.memory, S2 + 8, 0x8000_0000, 0x741);
    expect(run(b, 0x4000_1040)).toEqual({ kind: 'event', type: 0x13, recorded: true });
    expect(run(b, 0x4000_1040, false)).toEqual({ kind: 'pass', physical: 0x8000_1040 });
    expect(run(b, 600 * 2 ** 30)).toEqual({ kind: 'event', type: 0x10, recorded: true });
  });

  it('nests: context and stage 1 tables are reached through stage 2', () => {
    const b = bench();
    stageOne(b, 0, 25, 7);
    stageTwo(b);
    put(b.memory, S1 + 16, 0xc000_0000, 0x741);
    expect(run(b, 0x8000_0040)).toMatchObject({ kind: 'event', type: 0x10 });
    put(b.memory, S2 + 8, 0x4000_0000, 0x7c1);
    expect(run(b, 0x8000_0040)).toMatchObject({ kind: 'event', type: 0x10 });
    put(b.memory, S2 + 24, 0x1_0000_0000, 0x7c1);
    expect(run(b, 0x8000_0040)).toEqual({ kind: 'pass', physical: 0x1_0000_0040 });
  });

  it('takes an entry from stage 2 to stage 1 and back in three writes each, none of which a device notices', () => {
    const b = bench();
    const ste = STREAMS + 5 * 64;
    stageTwo(b);
    put(b.memory, ste, 0, 1 | (6 << 1));
    // The tables of both stages, and a context, stand before; each leads elsewhere.
    put(b.memory, CD, 25, 0xc000_0000, 5 | (1 << 9) | (1 << 13) | (1 << 14));
    put(b.memory, CD + 8, S1);
    put(b.memory, S1 + 8, 0x8000_0000, 0x741);
    put(b.memory, S2 + 8, 0xc000_0000, 0x7c1);
    const old = { kind: 'pass', physical: 0xc000_1040 };
    const now = { kind: 'pass', physical: 0x8000_1040 };
    const seen = (write: () => void) => {
      write();
      return run(b, 0x4000_1040);
    };
    /** What the other stage uses alone: cacheability of the context fetch; VMID and configuration of stage 2, and its table. */
    const contexts = (on: boolean) => put(b.memory, ste + 8, 0, on ? 0x54 : 0);
    const second = (on: boolean) => {
      if (on) return stageTwo(b);
      put(b.memory, ste + 16, 0);
      put(b.memory, ste + 24, 0);
    };
    expect(run(b, 0x4000_1040)).toEqual(old);
    expect([
      seen(() => contexts(true)),
      seen(() => put(b.memory, ste, CD, 1 | (5 << 1))),
      seen(() => second(false)),
    ]).toEqual([old, now, now]);
    expect([
      seen(() => second(true)),
      seen(() => put(b.memory, ste, 0, 1 | (6 << 1))),
      seen(() => contexts(false)),
    ]).toEqual([now, old, old]);
    // The other way about it is noticed.
    expect([seen(() => second(false)), seen(() => put(b.memory, ste, CD, 1 | (5 << 1)))]).toEqual([
      { kind: 'event', type: 0x04, recorded: true },
      now,
    ]);
  });

  it('refuses stage 2 where the unit has none', () => {
    const b = bench();
    b.smmu.stage2 = false;
    put(b.memory, STREAMS + 5 * 64, 0, 1 | (6 << 1));
    stageTwo(b);
    expect(run(b, 0)).toMatchObject({ kind: 'event', type: 4 });
  });
});

describe('stream table', () => {
  it('finds entries of a two-level table and refuses what lies outside', () => {
    const b = bench();
    b.smmu.streamLog2 = 16;
    b.smmu.streamSplit = 8;
    put(b.memory, STREAMS + 1 * 8, 0x4050_0000, 5);
    put(b.memory, 0x4050_0000 + 3 * 64, 0, 1 | (4 << 1));
    expect(run(b, 0x1234, true, 0x103)).toEqual({ kind: 'pass', physical: 0x1234 });
    expect(run(b, 0x1234, true, 0x110)).toEqual({ kind: 'event', type: 2, recorded: false });
    expect(run(b, 0x1234, true, 0x203)).toEqual({ kind: 'event', type: 2, recorded: false });
    b.smmu.recordBadStream = true;
    expect(run(b, 0x1234, true, 0x1_0000)).toEqual({ kind: 'event', type: 2, recorded: true });
  });

  it('writes event records, and notes the one a full queue loses', () => {
    const b = bench();
    b.smmu.eventsEnabled = true;
    b.smmu.eventBase = 0x4060_0000;
    b.smmu.eventLog2 = 1;
    for (let i = 0; i < 3; i++) recordEvent(b.smmu, b.memory, 0x10, 5, 0x12_3456_7000 + i, true);
    expect(read32(b.memory, 0x4060_0000) & 0xff).toBe(0x10);
    expect(read32(b.memory, 0x4060_0004)).toBe(5);
    expect([read32(b.memory, 0x4060_0030), read32(b.memory, 0x4060_0034)]).toEqual([0x3456_7001, 0x12]);
    expect(b.smmu.eventOverflow).toBe(true);
  });
});
