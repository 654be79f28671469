import { describe, expect, it } from 'vitest';
import { createPlatform } from '../../../src/host/platforms';
import { cloneImsic, createImsic, enableIdentity, identityEnabled } from '../../../src/machine/imsic';
import { machinePreset } from '../../../src/machine/presets';

describe('IMSIC', () => {
  it('enables identities file by file, and copies apart', () => {
    const imsic = createImsic('imsic', 0x2800_0000, 2, 3, 255);
    enableIdentity(imsic, 5 * 2048 + 33, true);
    const copy = cloneImsic(imsic);
    enableIdentity(copy, 5 * 2048 + 33, false);
    expect([4, 5, 6].map((file) => identityEnabled(imsic, file * 2048 + 33))).toEqual([false, true, false]);
    expect(identityEnabled(copy, 5 * 2048 + 33)).toBe(false);
    // Neither a file nor an identity that is not there.
    enableIdentity(imsic, 8 * 2048 + 1, true);
    enableIdentity(imsic, 2047, true);
    expect(imsic.enabled.reduce((sum, word) => sum + word, 0)).toBe(2);
  });

  it.each(['riscv-imsic', 'riscv-imsic-shared'])(
    'makes an identity that was given up pending, and raises it no more: %s',
    (id) => {
      const platform = createPlatform(machinePreset(id)!);
      const requesterId = platform.spec.devices.find((device) => device.name === 'nic-vf0')!.requesterId;
      platform.attach(requesterId, platform.allocateDomain());
      const [vector] = platform.allocateVectors(requesterId, 1)!;
      if (vector!.translated) throw new Error('a doorbell to be mapped');
      const raised = () => platform.emit(requesterId, vector!.address, vector!.data, 4);
      expect(raised()).toMatchObject({ kind: 'interrupt', interrupt: vector!.interrupt });
      const moved = platform.setAffinity(requesterId, 0, 1)!;
      expect(raised().kind).toBe('ignored');
      expect(platform.emit(requesterId, moved.address, moved.data, 4)).toMatchObject({ interrupt: moved.interrupt });
      platform.freeVectors(requesterId);
      expect(platform.emit(requesterId, moved.address, moved.data, 4)).toMatchObject({
        kind: 'ignored',
        why: expect.stringContaining('pending and not enabled'),
      });
    },
  );
});
