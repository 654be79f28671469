/** Undo and snapshots: the machine is bit for bit where it was, on every preset. */
import { describe, expect, it } from 'vitest';
import { createPlatform } from '../../../src/host/platforms';
import { acknowledge, emitWrite } from '../../../src/machine/emit';
import { hashMachine } from '../../../src/machine/machine';
import { machinePresets } from '../../../src/machine/presets';
import { createRegisterFile, storeRegisters } from '../../../src/machine/registers';
import {
  closeLog,
  markState,
  openLog,
  restoreSnapshot,
  snapshotBytes,
  takeSnapshot,
  undoTo,
} from '../../../src/machine/snapshot';

/** Words without the pages at the end that were never written: how far the array has grown is no state. */
function written(words: Uint32Array): Uint32Array {
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return words.slice(0, end);
}

type Whole = readonly [hash: number, registers: readonly number[], words: Uint32Array];

/** Which part of two states differs; null when they are the same. Words are compared as bytes: there are hundreds of thousands. */
function difference(a: Whole, b: Whole): string | null {
  if (a[0] !== b[0]) return 'hash';
  if (a[1].length !== b[1].length || a[1].some((value, i) => !Object.is(value, b[1][i]))) return 'registers';
  const bytes = ({ buffer, byteOffset, byteLength }: Uint32Array) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a[2]).equals(bytes(b[2])) ? null : 'memory';
}

describe.each(machinePresets.map((preset) => [preset.id, preset] as const))('%s', (_, spec) => {
  it('goes back to any mark and any snapshot, in under 2 KiB', () => {
    const p = createPlatform(spec);
    const { machine } = p.state;
    const vectors = spec.devices.flatMap((device) => [...p.allocateVectors(device.requesterId, 2)!]);
    const ram = spec.memory.find((range) => range.kind === 'ram')!.base;
    const whole = () => {
      const file = createRegisterFile();
      storeRegisters(file, machine);
      return [hashMachine(machine), [...file.values.subarray(0, file.length)], written(machine.memory.words)] as const;
    };
    const log = openLog(machine);
    const states = [{ mark: 0, snapshot: takeSnapshot(log), state: whole() }];
    const write = (rid: number, at: number, data: number) => emitWrite(machine, rid, at, data, 4);
    for (const [i, vector] of vectors.entries()) {
      const outcome = write(vector.requesterId, vector.address, vector.data);
      expect(outcome.kind).toBe('interrupt');
      write(vector.requesterId, ram + 0x100 * i, i + 1);
      // A foreign message, and what no table allows: faults and frozen endpoints are state as well.
      write(0x7777, vectors[0]!.address, i);
      if (i % 3 === 2 && outcome.kind === 'interrupt') acknowledge(machine, outcome.interrupt);
      states.push({ mark: markState(log), snapshot: takeSnapshot(log), state: whole() });
    }
    expect(difference(whole(), states[0]!.state)).not.toBeNull();
    expect(new Set(states.map(({ state }) => state[0])).size).toBe(states.length);
    for (const { snapshot } of states) expect(snapshotBytes(snapshot)).toBeLessThan(2048);
    for (const { mark, state } of states.slice().reverse()) {
      expect(undoTo(log, mark)).toBe(true);
      expect(difference(whole(), state)).toBeNull();
    }
    for (const { snapshot, state } of [...states.slice().reverse(), ...states]) {
      restoreSnapshot(log, snapshot);
      expect(difference(whole(), state)).toBeNull();
    }
    expect(undoTo(log, 99)).toBe(false);
    closeLog(log);
    expect(machine.memory.journal).toBeNull();
  });
});
