/**
 * Cases that kvm-unit-tests and others publish for interrupt controllers and remapping hardware, written anew for this model: what they set
 * up, and what has to come of it.
 */
import { describe, expect, it } from 'vitest';
import { unpackInterrupt } from '../../../src/machine/apic';
import type { Redistributors } from '../../../src/machine/its';
import { createIts, ITS_DROP, pendingLpis, setPending, signalEvent } from '../../../src/machine/its';
import type { runCommand as RunCommand } from '../../../src/machine/its-commands';
import {
  eventCommand,
  invallCommand,
  mapcCommand,
  mapdCommand,
  maptiCommand,
  moviCommand,
  runCommand,
} from '../../../src/machine/its-commands';
import { GITS, itsWidths, readItsRegister } from '../../../src/machine/its-registers';
import { signalledLpis } from '../../../src/machine/lpi-config';
import { createMemory, write32, write64, writeBytes } from '../../../src/machine/memory';
import { createVtd } from '../../../src/machine/vtd';
import { remapInterrupt, remappableAddress } from '../../../src/machine/vtd-remap';

/** An ITS with two redistributors; device 2 has event 20 as LPI 8195 in collection 3, device 7 event 255 as LPI 8196 in collection 2. */
function its() {
  const memory = createMemory([{ name: 'ram', base: 0x4000_0000, size: 0x1000_0000 }]);
  const unit = Object.assign(createIts('its', 0x0808_0000, 8), {
    deviceTable: 0x4000_0000,
    deviceEntries: 256,
    collectionTable: 0x4001_0000,
    collectionEntries: 4,
    enabled: true,
  });
  const redistributors: Redistributors = {
    configTable: 0x4004_0000,
    intidBits: 14,
    pendingTables: [0x4005_0000, 0x4006_0000],
    enabled: [true, true],
  };
  const run = (words: Parameters<typeof RunCommand>[3]) => runCommand(unit, redistributors, memory, words);
  for (const words of [
    mapdCommand(2, 8, 0x4010_0000, true),
    mapdCommand(7, 8, 0x4011_0000, true),
    mapcCommand(3, 1, true),
    mapcCommand(2, 0, true),
    maptiCommand(2, 20, 8195, 3),
    maptiCommand(7, 255, 8196, 2),
  ])
    expect(run(words)).toBe(0);
  const pending = (cpu: number) => pendingLpis(redistributors, memory, cpu);
  const taken = (cpu: number) => {
    const all = pending(cpu);
    for (const lpi of all) setPending(redistributors, memory, cpu, lpi, false);
    return all;
  };
  const signal = (device: number, event: number) => signalEvent(unit, redistributors, memory, device, event);
  return { memory, redistributors, run, pending, taken, signal };
}

describe('ITS', () => {
  it('triggers: an INT hits the CPU of the collection, until the device is unmapped', () => {
    const { run, taken } = its();
    expect(run(eventCommand('int', 2, 20))).toBe(0);
    expect(run(eventCommand('int', 7, 255))).toBe(0);
    expect([taken(0), taken(1)]).toEqual([[8196], [8195]]);
    run(mapdCommand(2, 8, 0x4010_0000, false));
    expect(run(eventCommand('int', 2, 20))).toBe(0x01_0304);
    expect([taken(0), taken(1)]).toEqual([[], []]);
  });

  it('triggers: what is enabled or disabled in the table takes effect with INV or INVALL', () => {
    const { memory, redistributors, run } = its();
    redistributors.heldConfiguration = new Map();
    const configure = (lpi: number, byte: number) =>
      writeBytes(memory, redistributors.configTable + lpi - 8192, byte, 1);
    const received = () => {
      const all = signalledLpis(redistributors, memory, 1);
      for (const lpi of all) setPending(redistributors, memory, 1, lpi, false);
      return all;
    };
    configure(8195, 0xa1);
    expect(run(eventCommand('int', 2, 20))).toBe(0);
    expect(received()).toEqual([8195]);
    // Disabled, and the redistributor was told.
    configure(8195, 0xa0);
    run(eventCommand('inv', 2, 20));
    run(eventCommand('int', 2, 20));
    expect(received()).toEqual([]);
    expect(pendingLpis(redistributors, memory, 1)).toEqual([8195]);
    // Enabled in the table alone: held as disabled, one more message or not.
    configure(8195, 0xa1);
    run(eventCommand('int', 2, 20));
    expect(received()).toEqual([]);
    // INVALL of another collection, on another CPU, is not the one.
    expect(run(invallCommand(2))).toBe(0);
    expect(received()).toEqual([]);
    expect(run(invallCommand(3))).toBe(0);
    expect(received()).toEqual([8195]);
    // And back: disabled in the table alone it still comes.
    run(eventCommand('int', 2, 20));
    expect(received()).toEqual([8195]);
    configure(8195, 0xa0);
    run(eventCommand('int', 2, 20));
    expect(received()).toEqual([8195]);
  });

  it('triggers: a redistributor that holds nothing sees the table as it is', () => {
    const { memory, redistributors, run } = its();
    run(eventCommand('int', 2, 20));
    expect(signalledLpis(redistributors, memory, 1)).toEqual([]);
    write32(memory, redistributors.configTable, 0x01 << 24);
    expect(signalledLpis(redistributors, memory, 1)).toEqual([8195]);
    redistributors.enabled[1] = false;
    expect(signalledLpis(redistributors, memory, 1)).toEqual([]);
  });

  it('says what it is: widths and tables that are readable and agree', () => {
    const unit = Object.assign(createIts('its', 0x0808_0000, 12), {
      deviceTable: 0x2_4000_0000,
      deviceEntries: 4096,
      collectionTable: 0x4001_0000,
      collectionEntries: 512,
      commandBase: 0x4002_0000,
      commandSize: 0x1_0000,
      commandRead: 32,
      commandWrite: 64,
      enabled: true,
    });
    expect(itsWidths(unit)).toEqual({ deviceBits: 12, eventBits: 16, entryBytes: 8 });
    // Physical LPIs, and redistributors by number.
    expect(readItsRegister(unit, GITS.typer)!.lo & 0x8_0003).toBe(1);
    expect(readItsRegister(unit, GITS.pidr2)!.lo >>> 4).toBe(3);
    const tables = Array.from({ length: 8 }, (_, n) => readItsRegister(unit, GITS.baser + n * 8)!);
    expect(tables.map(({ hi }) => (hi >>> 24) & 7)).toEqual([1, 4, 0, 0, 0, 0, 0, 0]);
    expect(
      tables.slice(0, 2).map(({ lo, hi }) => [hi >>> 31, (hi & 0xffff) * 2 ** 32 + (lo & ~0xfff), (lo & 0xff) + 1]),
    ).toEqual([
      [1, 0x2_4000_0000, 8],
      [1, 0x4001_0000, 1],
    ]);
    expect(readItsRegister(unit, GITS.cbaser)).toEqual({ lo: 0x4002_000f, hi: 0x8000_0000 });
    expect([GITS.creadr, GITS.cwriter].map((at) => readItsRegister(unit, at)!.lo)).toEqual([32, 64]);
    // A command waits.
    expect(readItsRegister(unit, GITS.ctlr)!.lo).toBe(1);
    expect(readItsRegister(unit, 0x40)).toBeNull();
    expect(readItsRegister(unit, GITS.baser + 64)).toBeNull();
  });

  it('migrates what is pending: 256 LPIs interleaved over two CPUs are 128 for each', () => {
    const { run, taken } = its();
    for (let event = 0; event < 256; event++) {
      run(maptiCommand(7, event, 8192 + event, 2));
      run(eventCommand('int', 7, event));
    }
    for (let event = 1; event < 256; event += 2) run(moviCommand(7, event, 3));
    const [even, odd] = [taken(0), taken(1)];
    expect([even.length, odd.length]).toEqual([128, 128]);
    expect(even.every((lpi) => lpi % 2 === 0) && odd.every((lpi) => lpi % 2 === 1)).toBe(true);
  });

  it('delivers after a collection that was unmapped is mapped', () => {
    const { run, taken, signal } = its();
    run(mapcCommand(3, 1, false));
    expect(signal(2, 20)).toBe(ITS_DROP.collectionUnmapped);
    run(mapcCommand(3, 0, true));
    expect(signal(2, 20)).toBe(8195);
    expect([taken(0), taken(1)]).toEqual([[8195], []]);
  });

  it('says that a message was taken exactly if a translation exists', () => {
    const { signal } = its();
    for (let device = 0; device < 10; device++)
      for (const event of [0, 20, 255])
        expect(signal(device, event) >= 0).toBe((device === 2 && event === 20) || (device === 7 && event === 255));
  });
});

describe('VT-d', () => {
  const RID = 0x0010;
  /** An entry for the device with id 00:02.0: SVT 1, SQ 0, vector 0xee to APIC 0. */
  const made = (lo = 1 | (0xee << 16), source = (1 << 18) | RID, log2 = 8) => {
    const memory = createMemory([{ name: 'ram', base: 0, size: 0x1000_0000 }]);
    const vtd = Object.assign(createVtd('dmar', 39), { remapping: true, remapTable: 0x10_0000, remapLog2: log2 });
    write64(memory, 0x10_0000 + 5 * 16, lo, 0);
    write64(memory, 0x10_0000 + 5 * 16 + 8, source, 0);
    return { vtd, memory };
  };

  it('delivers through an entry for the device, of an MSI and of an I/O APIC', () => {
    const { vtd, memory } = made();
    const out = unpackInterrupt(remapInterrupt(vtd, memory, RID, remappableAddress(5), 0));
    expect(out).toMatchObject({ vector: 0xee, destination: 0, deliveryMode: 0, logical: false });
    // The pins of an I/O APIC use the same format, with the id that the firmware's tables give it.
    const pin = made(1 | (0x31 << 16), (1 << 18) | 0xf0f8);
    expect(unpackInterrupt(remapInterrupt(pin.vtd, pin.memory, 0xf0f8, remappableAddress(5), 0)).vector).toBe(0x31);
  });

  it.each([
    [0x20, 'reserved bits in the data', made(), RID, remappableAddress(5), 0x1_0000],
    [0x21, 'an index beyond the table', made(), RID, remappableAddress(256), 0],
    [0x22, 'an entry that is not present', made(), RID, remappableAddress(6), 0],
    [0x24, 'reserved bits in the entry', made(1 | (3 << 5)), RID, remappableAddress(5), 0],
    [0x25, 'compatibility format', made(), RID, 0xfee0_1000, 0x30],
    [0x26, 'another device', made(), RID ^ 8, remappableAddress(5), 0],
  ] as const)('faults with 0x%s: %s', (reason, _, { vtd, memory }, rid, address, data) => {
    expect(remapInterrupt(vtd, memory, rid, address, data)).toBe(-reason);
  });

  it('faults with 0x23 when the table cannot be read', () => {
    const { vtd, memory } = made();
    vtd.remapTable = 0x2000_0000;
    expect(remapInterrupt(vtd, memory, RID, remappableAddress(5), 0)).toBe(-0x23);
  });

  it('isolates nobody where entries ask for no source', () => {
    const { vtd, memory } = made(1 | (0xee << 16), 0);
    for (const rid of [RID, RID ^ 8, 0x8100])
      expect(unpackInterrupt(remapInterrupt(vtd, memory, rid, remappableAddress(5), 0)).vector).toBe(0xee);
  });
});
