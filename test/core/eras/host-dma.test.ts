/** Devices of the host's own drivers in domains of its DMA API: their doorbell stands among the addresses for DMA, and their messages arrive. */
import { describe, expect, it } from 'vitest';
import { createHost } from '../../../src/host/create';
import { createPlatform } from '../../../src/host/platforms';
import { machinePreset } from '../../../src/machine/presets';
import { setOf } from '../host/support';

const STEP = { vector: 0, count: 1, iova: 0, size: 0, physical: 0x6000_0000, cpu: 0 };

async function hostOn(design: string, machine: string, hostDma: boolean) {
  const platform = createPlatform(machinePreset(machine)!);
  const [first, second] = platform.spec.devices.map((device) => device.requesterId);
  const host = createHost(await setOf(design), platform, {
    unsafeInterrupts: true,
    hostDma,
    agents: [
      { name: 'host', kind: 'host', requesterIds: [first!] },
      { name: 'user', kind: 'guest', requesterIds: [second!] },
    ],
    recorder: { event: () => 0 },
    chooser: { decide: () => false, fail: () => null },
    budget: 100_000,
  });
  const run = (stage: 'attach' | 'enable' | 'disable', agent: string, requesterId: number) =>
    host.run({ ...STEP, stage, agent, requesterId });
  return { host, platform, first: first!, second: second!, run };
}

describe.each(['cookie', 'isolated-msi', 'iommufd'])('the DMA API of %s', (design) => {
  it('puts the doorbell at the top of what 32 bits reach, and the message arrives there alone', async () => {
    const { host, platform, first, run } = await hostOn(design, 'arm64-smmuv3-its', true);
    expect(run('enable', 'host', first)).toEqual({ value: 1, undecided: [] });
    const message = host.programmed.find((one) => one.requesterId === first)!;
    expect(message.address).toBe(0xffff_f040);
    expect(platform.emit(first, message.address, message.data, 4).kind).toBe('interrupt');
    // The physical address of the doorbell is no address of this device any more.
    expect(platform.emit(first, 0x0809_0040, message.data, 4).kind).toBe('fault');
    expect(platform.emit(first, 0xffff_e040, message.data, 4).kind).toBe('fault');
  });

  it('is none where it is not asked for: the device passes untranslated', async () => {
    const { host, first, run } = await hostOn(design, 'arm64-smmuv3-its', false);
    run('enable', 'host', first);
    expect(host.programmed.find((one) => one.requesterId === first)!.address).toBe(0x0809_0040);
  });

  it('leaves the devices of users and of machines whose messages are not translated as they are', async () => {
    const arm = await hostOn(design, 'arm64-smmuv3-its', true);
    const inDomains = arm.host.domains.flatMap((domain) => domain.requesterIds);
    expect(inDomains).toContain(arm.first);
    expect(inDomains).not.toContain(arm.second);
    const pc = await hostOn(design, 'x86-vtd', true);
    pc.run('enable', 'host', pc.first);
    const message = pc.host.programmed.find((one) => one.requesterId === pc.first)!;
    expect(message.address >= 0xfee0_0000 && message.address < 0xfef0_0000).toBe(true);
    expect(pc.platform.emit(pc.first, message.address, message.data, 4).kind).toBe('interrupt');
  });
});
