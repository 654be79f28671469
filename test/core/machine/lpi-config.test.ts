/** Configuration that a redistributor holds is state like all else: copied, hashed, gone back over. */
import { expect, it } from 'vitest';
import { createPlatform } from '../../../src/host/platforms';
import { emitWrite } from '../../../src/machine/emit';
import { signalledLpis } from '../../../src/machine/lpi-config';
import { cloneMachine, hashMachine } from '../../../src/machine/machine';
import { writeBytes } from '../../../src/machine/memory';
import { machinePreset } from '../../../src/machine/presets';
import { closeLog, markState, openLog, restoreSnapshot, takeSnapshot, undoTo } from '../../../src/machine/snapshot';

it('is copied, hashed, and gone back over', () => {
  const platform = createPlatform(machinePreset('arm64-smmuv3-its')!);
  const { machine } = platform.state;
  const requesterId = platform.spec.devices[0]!.requesterId;
  const [vector] = platform.allocateVectors(requesterId, 1)!;
  machine.redistributors.heldConfiguration = new Map();
  const { redistributors, memory } = machine;
  const log = openLog(machine);
  const start = markState(log);
  const before = hashMachine(machine);
  const raise = () => emitWrite(machine, requesterId, vector!.address, vector!.data, 4).kind;
  expect(raise()).toBe('interrupt');
  expect([...redistributors.heldConfiguration!.values()]).toEqual([true]);
  const held = hashMachine(machine);
  const there = takeSnapshot(log);
  expect(signalledLpis(redistributors, memory, 0)).toEqual([vector!.interrupt.number]);
  // Disabled in the table alone.
  writeBytes(memory, redistributors.configTable + vector!.interrupt.number - 8192, 0xa0, 1);
  expect(signalledLpis(redistributors, memory, 0)).toEqual([vector!.interrupt.number]);
  const copy = cloneMachine(machine);
  copy.redistributors.heldConfiguration!.clear();
  expect(signalledLpis(copy.redistributors, copy.memory, 0)).toEqual([]);
  expect(redistributors.heldConfiguration!.size).toBe(1);
  expect(hashMachine(copy)).not.toBe(hashMachine(machine));
  expect(undoTo(log, start)).toBe(true);
  expect(redistributors.heldConfiguration!.size).toBe(0);
  expect(hashMachine(machine)).toBe(before);
  restoreSnapshot(log, there);
  expect(redistributors.heldConfiguration!.size).toBe(1);
  expect(hashMachine(machine)).toBe(held);
  closeLog(log);
});
