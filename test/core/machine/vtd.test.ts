import { describe, expect, it } from 'vitest';
import { unpackInterrupt } from '../../../src/machine/apic';
import type { Memory } from '../../../src/machine/memory';
import { createMemory, read32, write32, write64 } from '../../../src/machine/memory';
import type { Vtd } from '../../../src/machine/vtd';
import { createVtd, FAULT_RECORDS, recordFault, translateDma } from '../../../src/machine/vtd';
import { POSTED_SILENTLY, remapIndex, remapInterrupt, remappableAddress } from '../../../src/machine/vtd-remap';

const ROOT = 0x1000;
const CONTEXT = 0x2000;
const TABLE = 0x10_0000;
const RID = 0x0180;

function bench(): { readonly vtd: Vtd; readonly memory: Memory } {
  const memory = createMemory([{ name: 'ram', base: 0, size: 0x1000_0000 }]);
  const vtd = createVtd('dmar', 48);
  vtd.translation = true;
  vtd.rootTable = ROOT;
  vtd.remapping = true;
  vtd.remapTable = TABLE;
  vtd.remapLog2 = 8;
  return { vtd, memory };
}

describe('DMA remapping', () => {
  const context = (memory: Memory, low: number, width: number) => {
    write64(memory, ROOT + 16, CONTEXT | 1, 0);
    write64(memory, CONTEXT + 0x80 * 16, low, 0);
    write64(memory, CONTEXT + 0x80 * 16 + 8, width, 0);
  };

  it('walks three levels, with large pages and permissions', () => {
    const { vtd, memory } = bench();
    context(memory, 0x3000 | 1, 1);
    write64(memory, 0x3000, 0x4003, 0);
    write64(memory, 0x3008, 0x8000_0083, 0);
    write64(memory, 0x4000, 0x5003, 0);
    write64(memory, 0x5008, 0x0012_3003, 0);
    write64(memory, 0x5010, 0x0012_4001, 0);
    expect(translateDma(vtd, memory, RID, 0x1abc, true)).toBe(0x12_3abc);
    expect(translateDma(vtd, memory, RID, 0x4000_1234, true)).toBe(0x8000_1234);
    expect(translateDma(vtd, memory, RID, 0x2000, true)).toBe(-0x05);
    expect(translateDma(vtd, memory, RID, 0x2000, false)).toBe(0x12_4000);
    expect(translateDma(vtd, memory, RID, 0x3000, false)).toBe(-0x06);
    expect(translateDma(vtd, memory, RID, 2 ** 39, true)).toBe(-0x04);
  });

  it('names what is wrong with root and context', () => {
    const { vtd, memory } = bench();
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-0x01);
    context(memory, 0, 1);
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-0x02);
    context(memory, 0x3001, 7);
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-0x03);
    context(memory, 0x3001 | 0x10, 1);
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-0x0b);
    context(memory, 1 | 2 | (3 << 2), 1);
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-(0x03 | 0x100));
    context(memory, 1 | (2 << 2), 1);
    expect(translateDma(vtd, memory, RID, 0x1234_5678_9abc, true)).toBe(0x1234_5678_9abc);
    vtd.rootTable = 0x2000_0000;
    expect(translateDma(vtd, memory, RID, 0, true)).toBe(-0x08);
  });

  it('keeps as many fault records as there are registers', () => {
    const { vtd } = bench();
    for (let i = 0; i < FAULT_RECORDS; i++)
      expect(recordFault(vtd, { reason: 5, requesterId: RID, information: i, write: true })).toBe(true);
    expect(recordFault(vtd, { reason: 5, requesterId: RID, information: 99, write: true })).toBe(false);
    expect(vtd).toMatchObject({ faultOverflow: true });
    expect(vtd.faults).toHaveLength(FAULT_RECORDS);
  });
});

describe('interrupt remapping', () => {
  it('names the same index that it composes', () => {
    for (const index of [0, 1, 0x7fff, 0x8000, 0xffff]) expect(remapIndex(remappableAddress(index), 0)).toBe(index);
    expect(remapIndex(remappableAddress(0xffff), 0xffff)).toBe(0x1fffe);
  });

  it('gives 20h for reserved data bits and 23h for a table that cannot be read', () => {
    const { vtd, memory } = bench();
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(0), 0x1_0000)).toBe(-0x20);
    vtd.remapTable = 0x2000_0000;
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(0), 0)).toBe(-0x23);
  });

  it('posts: the bit is set, the notification goes once', () => {
    const { vtd, memory } = bench();
    vtd.posting = true;
    const descriptor = 0x20_0040;
    write64(memory, TABLE, 0x8001 | (0x41 << 16), descriptor);
    write64(memory, TABLE + 8, (1 << 18) | RID, 0);
    write32(memory, descriptor + 32, 0xf2 << 16);
    write32(memory, descriptor + 36, 3 << 8);
    const first = remapInterrupt(vtd, memory, RID, remappableAddress(0), 0);
    expect(unpackInterrupt(first)).toMatchObject({ vector: 0xf2, destination: 3, deliveryMode: 0 });
    expect(read32(memory, descriptor + 8)).toBe(1 << 1);
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(0), 0)).toBe(POSTED_SILENTLY);
    expect(remapInterrupt(vtd, memory, RID ^ 1, remappableAddress(0), 0)).toBe(-0x26);
    write64(memory, TABLE, 0x8001 | (0x41 << 16), 0x2000_0000);
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(0), 0)).toBe(-0x27);
    vtd.posting = false;
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(0), 0)).toBe(-0x24);
  });
});
