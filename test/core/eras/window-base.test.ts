/**
 * Where a driver places the window for doorbells when firmware keeps ranges for itself: the first of its bases that meets none of them, as
 * proposed for the SMMU drivers. A first version of that looked at whether a range holds the whole window, and so let every other overlap through.
 */
import { describe, expect, it } from 'vitest';
import type { ProgramSet } from '../../../src/host/types';
import { parseMachine, parseScenario } from '../../../src/scenario/parse';
import { runScenario } from '../../../src/scenario/run';
import { setOf, withCode } from '../host/support';

const LENGTH = 0x10_0000;
const FIRST = 0x800_0000;
const SECOND = 0xa000_0000;

const driver = (meets: string): string => `
#define MSI_IOVA_SECOND_BASE 0xa0000000

static bool resv_meets_window(struct list_head *head, phys_addr_t base)
{
	struct iommu_resv_region *region;

	list_for_each_entry(region, head, list) {
		phys_addr_t last = region->start + region->length - 1;

		if (${meets})
			return true;
	}

	return false;
}

static void arm_smmu_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct iommu_resv_region *region;
	phys_addr_t base = MSI_IOVA_BASE;

	iommu_dma_get_resv_regions(dev, head);

	if (resv_meets_window(head, base))
		base = MSI_IOVA_SECOND_BASE;
	if (resv_meets_window(head, base))
		return;

	region = iommu_alloc_resv_region(base, MSI_IOVA_LENGTH, IOMMU_WRITE, IOMMU_RESV_SW_MSI);
	if (region)
		list_add_tail(&region->list, head);
}
`;
const OVERLAPS = 'region->start <= base + MSI_IOVA_LENGTH - 1 && base <= last';
const HOLDS_ALL = 'region->start <= base && base + MSI_IOVA_LENGTH - 1 <= last';

const amended = async (design: string, meets: string): Promise<ProgramSet> =>
  withCode(await setOf(design), driver(meets), 'drivers/iommu/arm-smmu-v3.c');

function play(set: ProgramSet, reserved: readonly number[], window: number) {
  const parsed = parseScenario(
    JSON.stringify({
      id: 'base',
      title: 'base',
      shows: 'base',
      machines: [
        {
          id: 'board',
          architecture: 'arm64',
          cpus: 2,
          memory: [{ name: 'ram', base: '0x40000000', size: '0x40000000' }],
          devices: [{ name: 'nic', requesterId: 0x180, vectors: 4 }],
          iommu: { kind: 'smmuv3', name: 'smmu0', granule: 4096, addressBits: 48 },
          controllers: [{ kind: 'its', name: 'its0', base: '0x08080000', deviceBits: 16 }],
          reserved: reserved.map((base) => ({ base, size: LENGTH })),
        },
      ],
      agents: [{ name: 'Guest', kind: 'guest', devices: ['nic'] }],
      steps: [
        { stage: 'attach', agent: 'Guest', expect: 'ok' },
        { stage: 'enable', agent: 'Guest', expect: 'ok' },
        // The door stands at the window's first page.
        { stage: 'forge', agent: 'Guest', address: window + 0x40, expect: 'interrupt' },
        { stage: 'fire', agent: 'Guest', expect: 'interrupt' },
      ],
      watch: ['I1', 'I3', 'I6'],
    }),
  );
  if (parsed.kind !== 'scenario') throw new Error(parsed.errors[0]?.message);
  const [result] = runScenario(parsed.scenario, set);
  return {
    verdict: result!.verdict,
    reason: result!.reason,
    broken: result!.traces.flatMap((trace) => trace.violations.map((one) => `${one.invariant} ${one.message}`)),
  };
}

it('takes no reserved range without a size', () => {
  const text = (size: number) =>
    JSON.stringify({
      id: 'base',
      architecture: 'arm64',
      memory: [{ name: 'ram', base: 0, size: 4096 }],
      devices: [],
      iommu: { kind: 'none' },
      controllers: [],
      reserved: [{ base: 0, size }],
    });
  expect(parseMachine(text(1)).kind).toBe('machine');
  expect(parseMachine(text(0))).toMatchObject({
    kind: 'errors',
    errors: [{ message: expect.stringContaining('size must be') }],
  });
});

/** Ranges of the window's length that meet the window at the first base in part. */
const IN_PART = [0x808_0000, 0x7f8_0000, 0x7ff_f000, 0x80f_f000];

describe.each(['isolated-msi', 'iommufd'])('the window of %s among two bases', (design) => {
  it('is at the first one where nothing is reserved, or nothing that it meets', async () => {
    const set = await amended(design, OVERLAPS);
    for (const reserved of [[], [0x7f0_0000], [0x810_0000], [SECOND]])
      expect(play(set, reserved, FIRST)).toMatchObject({ verdict: 'holds' });
  });

  it.each([FIRST, ...IN_PART])('is at the second where %d is reserved', async (base) => {
    expect(play(await amended(design, OVERLAPS), [base], SECOND)).toMatchObject({ verdict: 'holds' });
  });

  it.each(IN_PART)('stays at the first over %d, where only ranges that hold it all are looked at', async (base) => {
    const found = play(await amended(design, HOLDS_ALL), [base], FIRST);
    expect(found.verdict).toBe('violated');
    expect(found.broken.join()).toContain(
      `I6 the window 0x8000000–0x80fffff that the host chose for Guest overlaps the reserved region 0x${base.toString(16)}–`,
    );
  });

  it('is at the second where one range holds it all, either way of looking', async () => {
    expect(play(await amended(design, HOLDS_ALL), [FIRST], SECOND)).toMatchObject({ verdict: 'holds' });
  });

  it('is nowhere where both are reserved, and that is seen', async () => {
    const found = play(await amended(design, OVERLAPS), [FIRST, SECOND], FIRST);
    expect(found.verdict).toBe('violated');
    expect(found.broken).toEqual([expect.stringMatching(/^I3 .* does not arrive: it ends in a fault/)]);
  });
});
