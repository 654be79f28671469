/**
 * Host designs on the platforms whose drivers came later or differ more: a guest's whole life on each, through the programs of the design
 * and the hardware's own tables.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { missingDriver } from '../../../src/host/designs/tables';
import type { Chooser, StageInput } from '../../../src/host/host';
import type { ProgramSet } from '../../../src/host/types';
import { machinePreset, machinePresets } from '../../../src/machine/presets';
import { bench, setOf } from '../host/support';

const chooser: Chooser = {
  decide: (question) => {
    throw new Error(`left open: ${question}`);
  },
  fail: () => null,
};

const DESIGNS = ['v4.5', 'fixup', 'transparent', 'cookie', 'isolated-msi', 'iommufd-6.12', 'iommufd'];
const sets = new Map<string, ProgramSet>();
beforeAll(async () => {
  for (const design of DESIGNS) sets.set(design, await setOf(design));
}, 60_000);

/** Designs of v4.11 and later, which have the distributor's own interrupts. */
const LATE = new Set(['cookie', 'isolated-msi', 'iommufd-6.12', 'iommufd']);

const MACHINES = machinePresets
  .filter((preset) => !['smmuv3', 'vtd', 'none'].includes(preset.iommu.kind) || preset.id.endsWith('-mbi'))
  .map((preset) => preset.id);

function guest(design: string, machine: string, unsafe = true) {
  const b = bench(sets.get(design)!, machine, { unsafe, chooser });
  return {
    b,
    run: (stage: StageInput['stage'], more: Partial<StageInput> = {}) => {
      const { value, undecided } = b.run(stage, 'guest-a', 'nic-vf0', more);
      expect(undecided, `${stage} of ${design} on ${machine}`).toEqual([]);
      return value;
    },
  };
}

const RAM = { iova: 0x40000000, size: 0x20000 };
const EINVAL = -22;
/** A PAMU maps at the start of a subwindow: 256 of them in 36 bits. */
const WINDOW = { iova: 0x10000000, size: 0x1000 };

/** Does a message need a mapping, and does the design make one there? */
function arrives(design: string, machine: string): boolean {
  if (machine.startsWith('powerpc-pamu')) return design === 'fixup' || design === 'transparent';
  return design !== 'v4.5' || !machine.startsWith('arm64');
}

describe.each(DESIGNS)('a life on design %s', (design) => {
  it.each(MACHINES)('runs on %s and leaves nothing when the guest is gone', (machine) => {
    const missing = missingDriver(sets.get(design)!, machinePreset(machine)!);
    if (missing !== null) {
      const later = machine.startsWith('riscv') ? design !== 'iommufd' : machine.endsWith('mbi') && !LATE.has(design);
      return expect([missing, later]).toEqual([expect.stringMatching(/have no driver of/), true]);
    }
    const { b, run } = guest(design, machine);
    expect(run('attach')).toBe(0);
    expect(run('map', RAM)).toBe(0);
    const window = run('register-window', WINDOW);
    expect(window).toBe(
      design === 'fixup' || design === 'transparent' ? (machine === 'powerpc-phb' ? EINVAL : 0) : null,
    );
    for (let round = 0; round < 2; round++) {
      expect(run('enable', { count: 2 })).toBe(0);
      expect(b.host.programmed.filter((v) => v.enabled && v.handler)).toHaveLength(2);
      run('fire');
      expect(b.events.at(-1)!.text).toMatch(arrives(design, machine) ? /raises/ : /faults/);
      const moved = run('affinity', { cpu: 1 });
      if (machine.startsWith('powerpc-pamu')) expect(moved, 'a bank is routed as a whole').toBe(EINVAL);
      else expect(moved).toBeGreaterThanOrEqual(0);
      run('fire');
      expect(b.events.at(-1)!.text).toMatch(arrives(design, machine) ? /raises/ : /faults/);
      expect(run('mask')).toBe(0);
      expect(run('unmask')).toBe(0);
      expect(run('disable')).toBe(0);
      expect(b.host.programmed.filter((v) => v.enabled || v.handler)).toEqual([]);
    }
    expect(run('unmap', RAM)).toBe(0);
    expect(run('detach')).toBe(0);
    expect(run('release')).toBe(0);
    expect(b.host.domains).toEqual([]);
    expect(b.host.incidents).toEqual([]);
  });
});

describe('isolation', () => {
  /** By design: is it claimed, and is the device given without unsafe interrupts? */
  const asked = (design: string, machine: string) => {
    const { b, run } = guest(design, machine, false);
    const attached = run('attach') === 0;
    return [b.host.claimsIsolation(), attached];
  };
  it.each([
    ['v4.5', 'arm64-smmuv2-gicv2m', true, true],
    ['transparent', 'arm64-smmuv2-gicv2m', false, false],
    ['cookie', 'arm64-smmuv2-gicv2m', false, false],
    ['cookie', 'arm64-smmuv3-mbi', false, false],
    ['v4.5', 'x86-amdvi', true, true],
    ['cookie', 'x86-amdvi', true, true],
    ['isolated-msi', 'x86-amdvi', true, true],
    ['iommufd', 'x86-amdvi', true, true],
    ['v4.5', 'x86-amdvi-noremap', false, false],
    ['isolated-msi', 'x86-amdvi-noremap', false, false],
    ['v4.5', 'powerpc-pamu', false, false],
    ['v4.5', 'powerpc-phb', false, true],
    ['iommufd', 'riscv-imsic', true, true],
    ['iommufd', 'riscv-imsic-shared', false, false],
  ] as const)('%s on %s: claimed %s, given %s', (design, machine, claimed, given) => {
    expect(asked(design, machine)).toEqual([claimed, given]);
  });
});
