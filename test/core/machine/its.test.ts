import { describe, expect, it } from 'vitest';
import type { Redistributors } from '../../../src/machine/its';
import { createIts, ITS_DROP, lpiPending, pendingLpis, signalEvent } from '../../../src/machine/its';
import {
  eventCommand,
  mapcCommand,
  mapdCommand,
  maptiCommand,
  movallCommand,
  moviCommand,
  queueCommand,
  runCommand,
  runCommands,
} from '../../../src/machine/its-commands';
import { createMemory } from '../../../src/machine/memory';

function bench() {
  const memory = createMemory([{ name: 'ram', base: 0x4000_0000, size: 0x1000_0000 }]);
  const its = createIts('its', 0x0808_0000, 8);
  Object.assign(its, {
    deviceTable: 0x4000_0000,
    deviceEntries: 256,
    collectionTable: 0x4001_0000,
    collectionEntries: 4,
    commandBase: 0x4002_0000,
    commandSize: 4096,
    enabled: true,
  });
  const redistributors: Redistributors = {
    configTable: 0x4004_0000,
    intidBits: 14,
    pendingTables: [0x4005_0000, 0x4006_0000],
    enabled: [true, true],
  };
  const run = (words: Parameters<typeof runCommand>[3]) => runCommand(its, redistributors, memory, words);
  return {
    memory,
    its,
    redistributors,
    run,
    signal: (device: number, event: number) => signalEvent(its, redistributors, memory, device, event),
  };
}

const ITT = 0x4003_0000;

describe('commands', () => {
  it('gives the syndromes of the specification', () => {
    const { run } = bench();
    expect(run(eventCommand('int', 2, 20))).toBe(0x01_0304);
    expect(run(mapdCommand(256, 8, ITT, true))).toBe(0x01_0801);
    expect(run(mapcCommand(4, 0, true))).toBe(0x01_0903);
    expect(run(maptiCommand(2, 20, 8195, 3))).toBe(0x01_0a04);
    expect(run(mapdCommand(2, 8, ITT, true))).toBe(0);
    expect(run(eventCommand('int', 2, 20))).toBe(0x01_0307);
    expect(run(maptiCommand(2, 256, 8195, 3))).toBe(0x01_0a05);
    expect(run(maptiCommand(2, 20, 100, 3))).toBe(0x01_0a06);
    expect(run(eventCommand('discard', 2, 20))).toBe(0x01_0f07);
    expect(run([0x77, 0, 0, 0, 0, 0, 0, 0])).toBe(0x01_77ff);
  });

  it('moves pending LPIs with MOVI and MOVALL, drops them with CLEAR and DISCARD', () => {
    const { run, signal, memory, redistributors } = bench();
    run(mapcCommand(0, 0, true));
    run(mapcCommand(1, 1, true));
    run(mapdCommand(2, 4, ITT, true));
    for (let event = 0; event < 3; event++) {
      run(maptiCommand(2, event, 8192 + event, 0));
      expect(signal(2, event)).toBe(8192 + event);
    }
    run(moviCommand(2, 1, 1));
    expect(pendingLpis(redistributors, memory, 0)).toEqual([8192, 8194]);
    expect(pendingLpis(redistributors, memory, 1)).toEqual([8193]);
    run(eventCommand('clear', 2, 0));
    expect(lpiPending(redistributors, memory, 0, 8192)).toBe(false);
    run(movallCommand(0, 1));
    expect(pendingLpis(redistributors, memory, 1)).toEqual([8193, 8194]);
    run(eventCommand('discard', 2, 1));
    expect(pendingLpis(redistributors, memory, 1)).toEqual([8194]);
    expect(signal(2, 1)).toBe(ITS_DROP.eventUnmapped);
  });

  it('runs from the queue only while enabled', () => {
    const { its, memory, redistributors } = bench();
    its.enabled = false;
    queueCommand(its, memory, mapdCommand(2, 4, ITT, true));
    runCommands(its, redistributors, memory);
    expect(its.commandRead).toBe(0);
    its.enabled = true;
    runCommands(its, redistributors, memory);
    expect(its.commandRead).toBe(32);
    queueCommand(its, memory, eventCommand('int', 2, 0));
    runCommands(its, redistributors, memory);
    expect(its.commandError).toBe(0x01_0307);
  });

  it('refuses a command when the queue is full', () => {
    const { its, memory } = bench();
    its.enabled = false;
    let queued = 0;
    while (queueCommand(its, memory, eventCommand('inv', 0, 0))) queued++;
    expect(queued).toBe(127);
  });
});

describe('translation', () => {
  it('holds a device to its own events and an unmapped collection back', () => {
    const { run, signal, its } = bench();
    run(mapdCommand(2, 1, ITT, true));
    run(maptiCommand(2, 1, 8200, 3));
    expect(signal(2, 1)).toBe(ITS_DROP.collectionUnmapped);
    run(mapcCommand(3, 1, true));
    expect(signal(2, 1)).toBe(0x100_0000 + 8200);
    expect(signal(3, 1)).toBe(ITS_DROP.deviceUnmapped);
    expect(signal(2, 2)).toBe(ITS_DROP.eventOutOfRange);
    expect(signal(256, 0)).toBe(ITS_DROP.deviceOutOfRange);
    its.enabled = false;
    expect(signal(2, 1)).toBe(ITS_DROP.disabled);
  });
});
