import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importMachineFrom } from '../../../src/scenario/host-dump/machine';
import { parseMachine } from '../../../src/scenario/parse';

const GROUPS = `/sys/kernel/iommu_groups/1/devices/0000:01:00.0
/sys/kernel/iommu_groups/2/devices/0000:03:08.0
/sys/kernel/iommu_groups/2/devices/0000:03:09.0
/sys/kernel/iommu_groups/0/reserved_regions:0x00000000fee00000 0x00000000feefffff msi
`;
const LSPCI = `0000:00:1c.0 PCI bridge [0604]: Example Corp. Bridge [1234:0001] (rev 02)
	Bus: primary=00, secondary=03, subordinate=03, sec-latency=32
	Capabilities: [40] Express (v2) PCI-Express to PCI/PCI-X Bridge, MSI 00

0000:01:00.0 Ethernet controller [0200]: Example Corp. NIC [1234:0002]
	Capabilities: [50] MSI: Enable- Count=1/1 Maskable+ 64bit+
	Capabilities: [70] MSI-X: Enable+ Count=129 Masked-
		Vector table: BAR=3 offset=00000000

0000:03:08.0 Ethernet controller [0200]: Example Corp. Old NIC [1234:0003]
	Capabilities: [50] MSI-X: Enable+ Count=4 Masked-

0000:03:09.0 Serial controller [0700]: Example Corp. UART [1234:0004]
	Capabilities: [50] MSI: Enable+ Count=1/8 Maskable- 64bit+

0001:00:00.0 Non-Volatile memory controller [0108]: Example Corp. SSD [1234:0005]
	Capabilities: [50] MSI-X: Enable+ Count=33 Masked-
`;
const DMESG = `[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000007fffffff] usable
[    0.010000] DMAR: Host address width 39
[    0.020000] DMAR-IR: Enabled IRQ remapping in x2apic mode
[    0.030000] smp: Brought up 1 node, 8 CPUs
[    0.040000] pci_bus 0000:00: root bus resource [mem 0xc0000000-0xefffffff window]
`;
const ARM = `[    0.0] Early memory node ranges
[    0.0]   node   0: [mem 0x0000000040000000-0x00000000bfffffff]
[    0.0] ITS [mem 0x08080000-0x0809ffff]
[    0.1] arm-smmu-v3 arm-smmu-v3.0.auto: ias 44-bit, oas 44-bit (features 0x1)
`;

const files = (...texts: [string, string][]) => texts.map(([name, text]) => ({ name, text }));

function machineOf(...texts: [string, string][]) {
  const imported = importMachineFrom(files(...texts), 'mine');
  if (imported.kind === 'errors') throw new Error(JSON.stringify(imported.errors));
  return imported;
}
const errorsOf = (...texts: [string, string][]): string[] => {
  const imported = importMachineFrom(files(...texts), 'mine');
  return imported.kind === 'errors'
    ? imported.errors.map((one) => `${one.file}:${one.line} ${one.code} ${one.message}`)
    : [];
};

describe('machine import', () => {
  it('takes over what firmware keeps from all devices of an Arm machine, and says what it leaves out', () => {
    const regions = (...lines: [number, string][]) =>
      lines.map(([group, region]) => `/sys/kernel/iommu_groups/${group}/reserved_regions:${region}`).join('\n');
    const kept = '0x0000000080000000 0x0000000080ffffff reserved';
    const window = '0x0000000008000000 0x00000000080fffff msi';
    const all = regions([1, window], [1, kept], [2, window], [2, kept]);
    const imported = machineOf(['g', GROUPS], ['r', all], ['l', LSPCI], ['d', ARM]);
    // Group 0 of the links tells a region for interrupts alone.
    expect(imported.machine.reserved).toBeUndefined();
    expect(imported.notes.join()).toContain('Reserved ranges that only some groups have are left out');
    const links = GROUPS.replace(/.*reserved_regions.*\n/, '');
    const machine = machineOf(['g', links], ['r', all], ['l', LSPCI], ['d', ARM]).machine;
    expect(machine.reserved).toEqual([{ base: 0x8000_0000, size: 0x100_0000 }]);
    expect(parseMachine(JSON.stringify(machine))).toMatchObject({ kind: 'machine', machine });
    expect(
      machineOf(['g', links], ['r', regions([1, window])], ['l', LSPCI], ['d', ARM]).machine.reserved,
    ).toBeUndefined();
    expect(machineOf(['g', links], ['r', all], ['l', LSPCI], ['d', DMESG]).machine.reserved).toBeUndefined();
    expect(errorsOf(['g', links], ['r', regions([1, '0x9000 0x8000 reserved'])], ['l', LSPCI], ['d', ARM])).toEqual([
      'r:1 unreadable a line of reserved_regions is START END TYPE',
    ]);
  });

  it('makes an x86 machine with groups, aliases and table sizes', () => {
    const { machine, notes } = machineOf(['g', GROUPS], ['l', LSPCI], ['d', DMESG]);
    expect(machine).toEqual({
      id: 'mine',
      title: 'Imported x86 host',
      architecture: 'x86',
      cpus: 8,
      memory: [
        { name: 'ram0', base: 0x100000, size: 0x7ff00000, kind: 'ram' },
        { name: 'pcie-mmio0', base: 0xc0000000, size: 0x30000000, kind: 'mmio' },
      ],
      devices: [
        { name: '01:00.0', requesterId: 0x100, vectors: 129 },
        { name: '03:08.0', requesterId: 0x340, vectors: 4, alias: 0x300, group: 2 },
        { name: '03:09.0', requesterId: 0x348, vectors: 0, alias: 0x300, group: 2 },
      ],
      iommu: {
        kind: 'vtd',
        name: 'dmar0',
        remapping: true,
        compatibility: false,
        eim: true,
        addressBits: 39,
        sourceCheck: true,
      },
      controllers: [{ kind: 'apic', name: 'apic' }],
    });
    expect(notes).toEqual(['1 lines are of other PCI segments than 0000, which are left out.']);
  });

  it('makes an Arm machine, and says what it had to assume', () => {
    const { machine, notes } = machineOf(
      ['l', LSPCI],
      ['d', ARM],
      ['i', '           CPU0       CPU1       CPU2\n 30:  1 2 3 GICv3 27 Level timer\n'],
    );
    expect(machine.iommu).toEqual({ kind: 'smmuv3', name: 'smmu0', granule: 4096, addressBits: 44 });
    expect(machine.controllers).toEqual([{ kind: 'its', name: 'its0', base: 0x8080000, deviceBits: 16 }]);
    expect(machine.cpus).toBe(3);
    expect(machine.memory).toEqual([{ name: 'ram0', base: 0x40000000, size: 0x80000000, kind: 'ram' }]);
    expect(notes).toContain('No IOMMU groups are told: each device is taken to be alone in its group.');
  });

  it('notices remapping that is off, source checks that are off, and a GICv2m frame', () => {
    expect(machineOf(['l', LSPCI], ['d', 'DMAR: Host address width 46']).machine.iommu).toMatchObject({
      remapping: false,
      addressBits: 46,
    });
    expect(machineOf(['l', LSPCI], ['d', `${DMESG}Command line: intremap=nosid`]).machine.iommu).toMatchObject({
      sourceCheck: false,
    });
    expect(
      machineOf(['l', LSPCI], ['d', 'GICv2m: range[mem 0x08020000-0x08020fff], SPI[80:143]']).machine.controllers,
    ).toEqual([{ kind: 'gicv2m', name: 'v2m0', base: 0x8020000, spiBase: 80, spiCount: 64 }]);
  });

  it('prints what scenario files read', () => {
    const { machine } = machineOf(['g', GROUPS], ['l', LSPCI], ['d', DMESG]);
    expect(parseMachine(JSON.stringify(machine))).toEqual({ kind: 'machine', machine });
  });

  it('names file and line of what is wrong', () => {
    expect(errorsOf(['l', LSPCI], ['d', DMESG], ['g', 'x\n/sys/kernel/iommu_groups/one/devices/0000:01:00.0'])).toEqual(
      ['g:2 unreadable a link of /sys/kernel/iommu_groups is …/NUMBER/devices/ADDRESS'],
    );
    expect(
      errorsOf(['l', LSPCI], ['d', DMESG], ['g', `${GROUPS}/sys/kernel/iommu_groups/9/devices/0000:01:00.0`]),
    ).toEqual(['g:5 contradiction 0000:01:00.0 is in group 1 and in group 9']);
    expect(errorsOf(['l', `${LSPCI}\n${LSPCI}`], ['d', DMESG])).toContain(
      'l:19 contradiction 0000:00:1c.0 is described twice',
    );
    expect(errorsOf(['l', LSPCI.replace('Count=129', 'Count=9129')], ['d', DMESG])).toEqual([
      'l:7 unreadable an MSI-X table has 1 to 2048 entries, not 9129',
    ]);
    expect(errorsOf(['l', LSPCI])).toEqual([
      'l:0 missing neither an IOMMU nor an MSI controller is named: the output of dmesg is missing',
    ]);
    expect(errorsOf(['d', DMESG])[0]).toMatch(/^d:0 missing no device is described/);
    expect(errorsOf(['l', LSPCI], ['d', 'AMD-Vi: Interrupt remapping enabled'])[0]).toMatch(/^l:0 unsupported/);
    expect(errorsOf(['l', LSPCI], ['d', DMESG + ARM])[0]).toMatch(/^l:0 contradiction/);
    expect(errorsOf()).toEqual([':0 missing there is nothing to read']);
  });

  it('takes any text, and whatever it makes of it can be read again', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.constantFrom(...`${GROUPS}${LSPCI}${DMESG}${ARM}`.split('\n')),
      fc.constantFrom(
        'GICv2m: [mem 0x0-0x0], SPI[0:0]',
        'ITS [mem 0xffffffffffffffff-0xffffffffffffffff]',
        'ias 99-bit',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 30 }), { maxLength: 3 }), (texts) => {
        const imported = importMachineFrom(
          texts.map((lines, i) => ({ name: `f${i}`, text: lines.join('\n') })),
          'mine',
        );
        if (imported.kind === 'errors') expect(imported.errors.length).toBeGreaterThan(0);
        else expect(parseMachine(JSON.stringify(imported.machine)).kind).toBe('machine');
      }),
      { numRuns: 500 },
    );
  });
});
