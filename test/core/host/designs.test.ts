import { describe, expect, it } from 'vitest';
import { difference, stateAfter } from '../../../src/scenario/state';
import { bench, setOf } from './support';

const ARM = 'arm64-smmuv3-gicv2m';
const WINDOW = { iova: 0x8000000, size: 0x10000 };

describe('v4.5', () => {
  it('attaches, maps, enables and fires on x86', async () => {
    const b = bench(await setOf('v4.5'), 'x86-vtd');
    expect(b.run('attach', 'guest-a', 'nic-vf0')).toEqual({ value: 0, undecided: [] });
    expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0, size: 0x10000, physical: 0x10000000 })).toEqual({
      value: 0,
      undecided: [],
    });
    expect(b.run('enable', 'guest-a', 'nic-vf0', { count: 3 })).toEqual({ value: 0, undecided: [] });
    expect(b.host.programmed.filter((v) => v.enabled && v.handler && !v.masked)).toHaveLength(3);
    b.run('fire', 'guest-a', 'nic-vf0', { vector: 2 });
    expect(b.events.at(-1)?.text).toMatch(/raises vector \d+ via/);
    expect(b.host.claimsIsolation()).toBe(true);
    expect(b.host.claimPlace()).toMatchObject({ kind: 'design', file: 'v4.5/drivers/iommu/intel-iommu.c' });
  });

  it('enables on ARM but the message faults: nobody maps the doorbell', async () => {
    const b = bench(await setOf('v4.5'), ARM);
    expect(b.run('attach', 'guest-a', 'nic-vf0').value).toBe(0);
    expect(b.run('register-window', 'guest-a', 'nic-vf0', WINDOW)).toEqual({ value: null, undecided: [] });
    expect(b.run('enable', 'guest-a', 'nic-vf0').value).toBe(0);
    expect(b.host.programmed).toMatchObject([{ address: 0x8020040, data: 80, enabled: true, handler: true }]);
    b.run('fire', 'guest-a', 'nic-vf0');
    expect(b.events.at(-1)?.text).toContain('F_TRANSLATION');
  });

  it('refuses a guest where nothing claims remapping, unless the administrator allows it', async () => {
    const set = await setOf('v4.5');
    const refused = bench(set, 'x86-vtd-noremap');
    expect(refused.run('attach', 'guest-a', 'nic-vf0').value).toBe(-1);
    expect(refused.host.domains).toEqual([]);
    expect(refused.host.claimsIsolation()).toBe(false);
    expect(bench(set, 'x86-vtd-noremap', { unsafe: true }).run('attach', 'guest-a', 'nic-vf0').value).toBe(0);
  });

  it('rejects a second attach, an overlapping map, a cut through a map', async () => {
    const b = bench(await setOf('v4.5'), ARM);
    b.run('attach', 'guest-a', 'nic-vf0');
    expect(b.run('attach', 'guest-a', 'nic-vf0').value).toBe(-22);
    expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0x40000000, size: 0x4000 }).value).toBe(0);
    expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0x40003000, size: 0x1000 }).value).toBe(-17);
    expect(b.run('unmap', 'guest-a', 'nic-vf0', { iova: 0x40001000, size: 0x1000 }).value).toBe(-22);
    expect(b.run('unmap', 'guest-a', 'nic-vf0', { iova: 0x40000000, size: 0x4000 }).value).toBe(0);
    expect(b.host.platform.mappings(1)).toEqual([]);
  });

  it('host devices are enabled by the same programs', async () => {
    const b = bench(await setOf('v4.5'), ARM);
    expect(b.run('enable', 'host', 'nvme', { count: 2 })).toEqual({ value: 2, undecided: [] });
    b.run('fire', 'host', 'nvme', { vector: 1 });
    expect(b.events.at(-1)?.text).toContain('raises spi 81');
  });
});

for (const design of ['fixup', 'transparent'])
  describe(design, () => {
    for (const machine of [ARM, 'arm64-smmuv3-its', 'arm64-smmuv3-its-64k'])
      it(`own interrupts arrive and the door closes behind them (${machine})`, async () => {
        const b = bench(await setOf(design), machine, { unsafe: true });
        const initial = b.host.state();
        expect(b.run('attach', 'guest-a', 'nic-vf0').value).toBe(0);
        expect(b.run('register-window', 'guest-a', 'nic-vf0', { iova: 0x8000000, size: 0x100000 }).value).toBe(0);
        expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0x40000000, size: 0x100000 }).value).toBe(0);
        expect(b.run('enable', 'guest-a', 'nic-vf0', { count: 4 })).toEqual({ value: 0, undecided: [] });
        expect(b.host.windows).toHaveLength(1);
        expect(b.host.windows[0]?.allocated).toHaveLength(1);
        for (const vector of [0, 3]) {
          b.run('fire', 'guest-a', 'nic-vf0', { vector });
          expect(b.events.at(-1)?.text).toMatch(/raises (spi|lpi) \d+/);
        }
        expect(b.run('affinity', 'guest-a', 'nic-vf0', { cpu: 2 }).value).toBeGreaterThanOrEqual(0);
        b.run('fire', 'guest-a', 'nic-vf0');
        expect(b.events.at(-1)?.text).toMatch(/raises (spi|lpi) \d+/);
        expect(b.run('disable', 'guest-a', 'nic-vf0')).toEqual({ value: 0, undecided: [] });
        expect(b.host.windows[0]?.allocated).toEqual([]);
        expect(b.run('unregister-window', 'guest-a', 'nic-vf0', { iova: 0x8000000, size: 0x100000 }).value).toBe(0);
        expect(b.run('detach', 'guest-a', 'nic-vf0').value).toBe(0);
        b.run('release', 'guest-a', 'nic-vf0');
        expect(b.host.incidents).toEqual([]);
        expect(b.host.domains).toEqual([]);
        expect(b.host.windows).toEqual([]);
        // The deltas of the events balance, and the changes they tell lead to the state at the end.
        expect(b.events.reduce((sum, e) => sum + e.windowDelta, 0)).toBe(0);
        expect(difference(stateAfter(initial, b.events, b.events.length), b.host.state())).toEqual([]);
      });

    it('one page short: enable fails and nothing stays programmed', async () => {
      const b = bench(await setOf(design), 'arm64-smmuv3-gicv2m-2frames', { unsafe: true });
      b.run('attach', 'guest-a', 'nic-vf0');
      expect(b.run('register-window', 'guest-a', 'nic-vf0', { iova: 0x8000000, size: 0x1000 }).value).toBe(0);
      const result = b.run('enable', 'guest-a', 'nic-vf0', { count: 12 });
      expect(result.value === 0 || result.value === -28).toBe(true);
      if (result.value === -28) {
        expect(b.host.programmed.every((v) => !v.enabled)).toBe(true);
        expect(b.host.windows[0]?.allocated).toEqual([]);
      }
    });

    it('without a window there is no vector on ARM, and x86 needs none', async () => {
      const set = await setOf(design);
      const arm = bench(set, ARM, { unsafe: true });
      arm.run('attach', 'guest-a', 'nic-vf0');
      expect(arm.run('enable', 'guest-a', 'nic-vf0').value).toBe(-28);
      expect(arm.host.programmed.every((v) => !v.enabled && !v.handler)).toBe(true);
      const x86 = bench(set, 'x86-vtd');
      x86.run('attach', 'guest-a', 'nic-vf0');
      expect(x86.run('enable', 'guest-a', 'nic-vf0').value).toBe(0);
    });

    it('a map into the window is refused, and a window over a map', async () => {
      const b = bench(await setOf(design), ARM, { unsafe: true });
      b.run('attach', 'guest-a', 'nic-vf0');
      b.run('map', 'guest-a', 'nic-vf0', { iova: 0x8008000, size: 0x1000 });
      expect(b.run('register-window', 'guest-a', 'nic-vf0', WINDOW).value).toBe(-17);
      b.run('unmap', 'guest-a', 'nic-vf0', { iova: 0x8008000, size: 0x1000 });
      expect(b.run('register-window', 'guest-a', 'nic-vf0', WINDOW).value).toBe(0);
      expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0x8008000, size: 0x1000 }).value).toBe(-17);
    });

    it('every primitive that fails leaves no vector half made', async () => {
      const set = await setOf(design);
      for (let nth = 0; ; nth++) {
        let seen = -1;
        let armed = false;
        let failed = '';
        const chooser = {
          decide: () => false,
          fail: (name: string) => {
            if (!armed || ++seen !== nth) return null;
            failed = name;
            return name.startsWith('eventfd') || name.startsWith('request')
              ? -16
              : name === 'msi_domain_prepare_irqs' || name === '__irq_domain_alloc_irqs' || name === 'iommu_map'
                ? -12
                : 0;
          },
        };
        const b = bench(set, ARM, { unsafe: true, chooser });
        b.run('attach', 'guest-a', 'nic-vf0');
        b.run('register-window', 'guest-a', 'nic-vf0', WINDOW);
        armed = true;
        const result = b.run('enable', 'guest-a', 'nic-vf0', { count: 2 });
        armed = false;
        if (failed === '') {
          expect(nth).toBeGreaterThan(5);
          break;
        }
        expect(result.value, failed).toBeLessThan(0);
        expect(b.host.incidents, failed).toEqual([]);
        expect(
          b.host.programmed.filter((v) => v.enabled || v.handler),
          failed,
        ).toEqual([]);
        expect(b.host.windows[0]?.allocated, failed).toEqual([]);
      }
    });

    it('two guests share a frame: each maps the page for itself', async () => {
      const b = bench(await setOf(design), ARM, { unsafe: true });
      for (const [agent, device] of [
        ['guest-a', 'nic-vf0'],
        ['guest-b', 'nic-vf1'],
      ] as const) {
        expect(b.run('attach', agent, device).value).toBe(0);
        expect(b.run('register-window', agent, device, WINDOW).value).toBe(0);
        expect(b.run('enable', agent, device, { count: 2 }).value).toBe(0);
      }
      expect(b.host.windows.map((w) => [w.agent, w.domain, w.allocated.length])).toEqual([
        ['guest-a', 1, 1],
        ['guest-b', 2, 1],
      ]);
      expect(b.host.programmed.map((v) => v.data)).toEqual([80, 81, 82, 83]);
    });

    it('a release with everything enabled closes everything', async () => {
      const b = bench(await setOf(design), ARM, { unsafe: true });
      b.run('attach', 'guest-a', 'nic-vf0');
      b.run('register-window', 'guest-a', 'nic-vf0', WINDOW);
      b.run('enable', 'guest-a', 'nic-vf0', { count: 2 });
      expect(b.run('release', 'guest-a', 'nic-vf0').undecided).toEqual([]);
      expect(b.host.incidents).toEqual([]);
      expect(b.host.windows).toEqual([]);
      expect(b.host.domains).toEqual([]);
      expect(b.host.programmed.filter((v) => v.enabled)).toEqual([]);
      expect(b.run('attach', 'guest-a', 'nic-vf0').value).toBe(0);
    });
  });

describe('context', () => {
  it('an affinity change runs with the descriptor locked and interrupts off', async () => {
    const { withCode } = await import('./support');
    const set = await withCode(
      await setOf('v4.5'),
      'int msi_domain_set_affinity(struct irq_data *irq_data, const struct cpumask *mask, bool force)\n{\n\tvoid *p = kzalloc(8, GFP_KERNEL);\n\n\tkfree(p);\n\treturn 0;\n}',
      'kernel/irq/msi.c',
    );
    const b = bench(set, ARM);
    b.run('attach', 'guest-a', 'nic-vf0');
    b.run('enable', 'guest-a', 'nic-vf0');
    expect(b.host.incidents).toEqual([]);
    b.run('affinity', 'guest-a', 'nic-vf0', { cpu: 1 });
    expect(b.host.incidents).toMatchObject([
      { kind: 'sleep-in-atomic', message: expect.stringContaining('desc->lock') },
    ]);
  });

  it('a patch to the older SMMU driver does not change the newer one', async () => {
    const { withCode } = await import('./support');
    const base = await setOf('v4.5');
    const text = 'static bool arm_smmu_capable(enum iommu_cap cap)\n{\n\treturn false;\n}\n';
    const older = await withCode(base, text, 'drivers/iommu/arm-smmu.c');
    const newer = await withCode(base, text, 'drivers/iommu/arm-smmu-v3.c');
    expect(bench(older, ARM).host.claimsIsolation()).toBe(true);
    expect(bench(newer, ARM).host.claimsIsolation()).toBe(false);
  });
});

describe('a patch that brings the IOMMU core itself', () => {
  const CORE = `
static int __iommu_attach_device(struct iommu_domain *domain, struct device *dev)
{
	if (unlikely(domain->ops->attach_dev == NULL))
		return -ENODEV;

	return domain->ops->attach_dev(domain, dev);
}

int iommu_attach_group(struct iommu_domain *domain, struct iommu_group *group)
{
	struct group_device *device;
	int ret = 0;

	mutex_lock(&group->mutex);
	if (group->domain) {
		ret = -EBUSY;
		goto unlock;
	}
	list_for_each_entry(device, &group->devices, list) {
		ret = __iommu_attach_device(domain, device->dev);
		if (ret)
			goto unlock;
	}
	group->domain = domain;
unlock:
	mutex_unlock(&group->mutex);
	return ret;
}

int iommu_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr, size_t size, int prot)
{
	unsigned int min_pagesz = 1 << __ffs(domain->pgsize_bitmap);
	size_t left = size;
	int ret = 0;

	if (!IS_ALIGNED(iova | paddr | size, min_pagesz))
		return -EINVAL;

	while (left) {
		ret = domain->ops->map(domain, iova, paddr, min_pagesz, prot);
		if (ret)
			break;
		iova += min_pagesz;
		paddr += min_pagesz;
		left -= min_pagesz;
	}
	return ret;
}
`;

  it('runs on the callbacks the model plays for the driver', async () => {
    const { withCode } = await import('./support');
    const b = bench(await withCode(await setOf('fixup'), CORE, 'drivers/iommu/iommu.c'), ARM, { unsafe: true });
    expect(b.run('attach', 'guest-a', 'nic-vf0')).toEqual({ value: 0, undecided: [] });
    expect(b.run('register-window', 'guest-a', 'nic-vf0', WINDOW).value).toBe(0);
    expect(b.run('map', 'guest-a', 'nic-vf0', { iova: 0x40000000, size: 0x3000 })).toEqual({ value: 0, undecided: [] });
    expect(b.run('enable', 'guest-a', 'nic-vf0')).toEqual({ value: 0, undecided: [] });
    expect(b.host.platform.translate(1, 0x40002000)).toBe(0x80002000);
    b.run('fire', 'guest-a', 'nic-vf0');
    expect(b.events.at(-1)?.text).toContain('raises spi 80');
    expect(b.host.incidents).toEqual([]);
  });
});
