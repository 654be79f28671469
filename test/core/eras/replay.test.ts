import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EraVerdict, Row } from '../../../src/host/replay/index';
import { countEra, readEra, replayRow } from '../../../src/host/replay/index';
import type { ProgramSet } from '../../../src/host/types';
import { setOf } from '../host/support';

const PLATFORM = {
  id: 'board',
  arch: 'arm64',
  iommu: 'smmuv3',
  intremap: 'none',
  msiController: 'gicv2m',
  hypervisorOption: '',
  defaultDomain: 'identity',
  attach: { unsafe0: 'EPERM', unsafe1: 'OK' },
  reservedRegions: [{ start: '0x8000000', end: '0x80fffff', type: 'msi' }],
  iovaRanges: [
    ['0x0', '0x7ffffff'],
    ['0x8100000', '0xffffffffffff'],
  ],
  pageSizeMask: '0x40201000',
  programmed: { vfioUser: { addr: 'doorbell page + 0x40', page: '0x8000000' } },
};
const call = (flags: number, count: number, data: unknown) => ({ index: 1, flags, start: 0, count, data });
const IRQS = {
  profiles: [
    {
      profile: 'one',
      irqCounts: { intx: 1, msi: 1, msix: 0, err: 0, req: 1 },
      observedIn: ['board'],
      steps: [
        { case: 'on', call: call(36, 1, { eventfds: 1 }), result: 0, after: { msiEnable: 1, vfioIrqs: 1 } },
        { case: 'loopback', call: call(33, 1, null), result: 0, after: { vfioIrqs: 1 }, eventfdCount: 1 },
        { case: 'off', call: call(33, 0, null), result: 0, after: { msiEnable: 0, vfioIrqs: 0 } },
        { case: 'off again', call: call(33, 0, null), result: 'EINVAL', after: { msiEnable: 0 } },
      ],
    },
  ],
};

const verdicts = (set: ProgramSet, rows: readonly Row[]): (readonly [string, EraVerdict])[] =>
  rows.flatMap((row) => replayRow(set, row).map((verdict) => [row.table, verdict] as const));

describe('a replayed era', () => {
  it('agrees with what its kernel did', async () => {
    const counts = countEra(
      verdicts(await setOf('cookie'), readEra({ platforms: { platforms: [PLATFORM] }, 'set-irqs': IRQS })),
    );
    expect(Object.values(counts).flatMap((count) => count.examples)).toEqual([]);
    expect(counts.attach?.agrees).toBe(2);
    expect(counts['set-irqs']?.agrees).toBe(4);
    for (const table of ['reserved', 'ranges', 'page-sizes', 'programmed'])
      expect(counts[table]?.agrees, table).toBe(1);
  });

  it('disagrees with every fact that is another', async () => {
    const set = await setOf('cookie');
    const other = readEra({
      platforms: {
        platforms: [
          {
            ...PLATFORM,
            attach: { unsafe0: 'OK', unsafe1: 'EPERM' },
            reservedRegions: [],
            iovaRanges: [['0x0', '0xffffffffffff']],
            pageSizeMask: '0x1000',
            programmed: { vfioUser: { addr: 'doorbell page + 0x40', page: '0x8001000' } },
          },
        ],
      },
    });
    expect(verdicts(set, other).map(([, verdict]) => verdict.kind)).toEqual(other.map(() => 'disagrees'));
    const steps = IRQS.profiles[0]!.steps.map((step) => ({ ...step, result: 'ENODEV' }));
    const irqs = readEra({
      platforms: { platforms: [PLATFORM] },
      'set-irqs': { profiles: [{ ...IRQS.profiles[0]!, steps }] },
    }).filter((row) => row.table === 'set-irqs');
    expect(verdicts(set, irqs).map(([, verdict]) => verdict.kind)).toEqual(steps.map(() => 'disagrees'));
  });

  it('takes any JSON without an exception', async () => {
    const set = await setOf('iommufd');
    const table = fc.oneof(fc.jsonValue(), fc.constant({ platforms: [PLATFORM] }), fc.constant(IRQS));
    const step = fc.record({ call: fc.jsonValue(), state: fc.string(), result: fc.jsonValue(), out: fc.jsonValue() });
    fc.assert(
      fc.property(table, table, table, fc.array(step, { maxLength: 3 }), (a, b, c, steps) => {
        const files = {
          platforms: { platforms: [PLATFORM] },
          'map-dma': a,
          'set-irqs': b,
          isolation: c,
          iommufd: { platforms: ['board'], steps },
        };
        for (const [, verdict] of verdicts(set, readEra(files))) expect(verdict.kind).toBeTypeOf('string');
        expect(() => readEra({ platforms: a })).not.toThrow();
      }),
      {
        numRuns: 60,
        examples: [[[], null, null, [{ call: [], state: '', result: { toString: null }, out: false }]]],
      },
    );
  });
});
