import { beforeAll, describe, expect, it } from 'vitest';
import { type Amended, begin, type Touched } from '../../../src/code/bodies';
import type { Program, ProgramTable } from '../../../src/code/types';
import { createReviewer, type Reviewer } from '../../../src/review/review';
import { plainly, secondLook } from '../../../src/review/second-look';
import type { Review } from '../../../src/review/types';
import type { ScenarioResult } from '../../../src/scenario/types';
import { readSeries } from '../../../src/series/read';
import { bareProgram } from './bare-program';
import { frontEnd } from './c';

let reviewer: Reviewer;
beforeAll(async () => {
  reviewer = createReviewer(await frontEnd());
}, 60_000);

const TYPE1 = 'drivers/vfio/vfio_iommu_type1.c';
const IOMMU = 'drivers/iommu/iommu.c';

/** Reviews one patch of 2019 that changes one file; each hunk its section text and its lines as in a diff. */
async function review(path: string, ...hunks: readonly (readonly [string, string])[]): Promise<Review> {
  let at = 100;
  const text = hunks.flatMap(([section, body]) => {
    const lines = body.replace(/^\n|\n$/g, '').split('\n');
    const count = (kind: string) => lines.filter((line) => line[0] !== kind).length;
    at += 200;
    return [`@@ -${at},${count('+')} +${at},${count('-')} @@ ${section}`, ...lines];
  });
  const mail = [
    'From: A Author <author@example.org>',
    'Date: Wed, 21 Aug 2019 10:00:00 +0000',
    'Subject: [PATCH] vfio: sample',
    'Message-ID: <sample@example.org>',
    '',
    'Changes a function.',
    '---',
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    ...text,
    '-- ',
    '2.39.5',
    '',
  ].join('\n');
  const [series] = await readSeries([{ name: 'a.eml', bytes: new TextEncoder().encode(mail) }]);
  if (series === undefined) throw new Error('no series');
  return reviewer.review(series, {
    machines: ['arm64-smmuv3-its'],
    scenarios: ['detach-while-enabled', 'own-interrupt'],
  });
}

const traced = (found: Review) => found.findings.filter((one) => one.trace !== null).map((one) => one.rule);
const verdict = (found: Review, scenario: string) =>
  found.matrix.find((cell) => cell.scenario === scenario && cell.prefix === 1);

const DETACH = 'static void vfio_iommu_type1_detach_group(void *iommu_data, struct iommu_group *iommu_group)';

describe('hunks laid over a condensed body', () => {
  it('count where the lines around them stand in it', async () => {
    const found = await review(TYPE1, [
      DETACH,
      `
 			if (list_is_singular(&iommu->domain_list))
 				vfio_iommu_unmap_unpin_all(iommu);
-			iommu_domain_free(domain->domain);
 			list_del(&domain->next);
 			kfree(domain);
`,
    ]);
    expect(traced(found)).toContain('stale-door');
  });
  it('do not accuse where the function takes other things in the tree of the patch than in the design', async () => {
    const found = await review(
      TYPE1,
      [
        'static struct vfio_group *find_iommu_group(struct vfio_domain *domain,',
        `
-static bool vfio_iommu_has_sw_msi(struct iommu_group *group, phys_addr_t *base)
+static bool vfio_iommu_has_sw_msi(struct iommu_group *group, phys_addr_t *base,
+				  size_t *size)
 {
 	struct list_head group_resv_regions;
 	struct iommu_resv_region *region, *next;
`,
      ],
      [
        'static bool vfio_iommu_has_sw_msi(struct iommu_group *group, phys_addr_t *base)',
        `
 		if (region->type == IOMMU_RESV_SW_MSI) {
 			*base = region->start;
+			*size = region->length;
 			ret = true;
 		}
`,
      ],
      [
        'static int vfio_iommu_type1_attach_group(void *iommu_data,',
        `
 	if (ret)
 		goto out_domain;
 
-	resv_msi = vfio_iommu_has_sw_msi(iommu_group, &resv_msi_base);
+	resv_msi = vfio_iommu_has_sw_msi(iommu_group, &resv_msi_base,
+					 &resv_msi_size);
 
 	INIT_LIST_HEAD(&domain->group_list);
 	list_add(&group->next, &domain->group_list);
`,
      ],
    );
    expect(traced(found)).toEqual([]);
  });

  it('do not accuse by where a line was put that has no neighbour there', async () => {
    const found = await review(TYPE1, [
      DETACH,
      `
 		iommu_detach_group(domain->domain, iommu_group);
 		group->audited = false;
 		group->quiet = false;
+		goto done;
 		iommu->audits = 0;
 		iommu->quiet = 0;
`,
    ]);
    expect(traced(found)).toEqual([]);
    expect(verdict(found, 'detach-while-enabled')?.verdict).not.toBe('violated');
  });
});

const INSERT = `
-int iommu_insert_resv_region(struct iommu_resv_region *new, struct list_head *regions)
+int iommu_insert_resv_region(struct iommu_resv_region *new,
+			     struct list_head *regions)
 {
 	struct iommu_resv_region *nr;
 
-	nr = iommu_alloc_resv_region(new->start, new->length, new->prot, new->type);
+	nr = iommu_alloc_resv_region(new->start, new->length,
+				     new->prot, new->type);
 	if (!nr)
 		return -ENOMEM;
-KEPT
+	LEFT
 	return 0;
 }
`;

describe('a function that the patch shows whole', () => {
  it('is accused of what its old body did not do', async () => {
    const found = await review(IOMMU, [
      '',
      INSERT.replace('-KEPT', '-	list_add_tail(&nr->list, regions);').replace('LEFT', 'kfree(nr);'),
    ]);
    expect(traced(found)).toContain('interrupt-lost');
  });
  it('is not accused of what its old body would do on this model as well', async () => {
    const found = await review(IOMMU, ['', INSERT.replace('-KEPT\n', '').replace('LEFT', '/* Nothing to list. */')]);
    expect(traced(found)).toEqual([]);
    expect(verdict(found, 'own-interrupt')?.verdict).toBe('undecided');
  });
});

it('plays every scenario with old bodies on one and the same set', () => {
  const after = (program: Program, touched: readonly Touched[]): Amended => ({
    ...begin({
      set: {
        name: 'v4.5',
        programs: new Map([['vfio_open', program]]),
        tables: new Map(),
        structures: new Map(),
        constants: new Map(),
      },
      texts: new Map(),
    }),
    touched,
  });
  const old = bareProgram('vfio_open', 2);
  const now = bareProgram('vfio_open', 3);
  const amended = [
    after(bareProgram('vfio_open', 1), []),
    after(now, [
      {
        file: now.file,
        name: now.name,
        evidence: 'full',
        source: 'patch',
        modelled: 'full',
        reason: null,
        removed: false,
        program: now,
        before: () => old,
        at: now.at,
      },
    ]),
  ];
  const broken = (scenario: string): ScenarioResult => ({
    scenario,
    machine: 'm',
    verdict: 'violated',
    reason: null,
    traces: [
      {
        id: scenario,
        scenario,
        machine: 'm',
        design: 'v4.5',
        prefix: 1,
        initial: {},
        events: [],
        violations: [{ invariant: 'I2', message: 'still mapped', event: 0, causes: [], why: [] }],
        windows: [],
        undecided: [],
        injected: null,
      },
    ],
    executed: new Set(['vfio_open']),
  });
  const holds = (scenario: string): ScenarioResult => ({ ...broken(scenario), verdict: 'holds', traces: [] });
  const played: ProgramTable[] = [];
  for (const scenario of ['one', 'two']) {
    const { result } = secondLook(broken(scenario), amended, 1, plainly(holds(scenario)), (set) => {
      played.push(set);
      return holds(scenario);
    });
    expect(result.verdict).toBe('violated');
  }
  expect(played).toHaveLength(2);
  expect(played[0]).toBe(played[1]);
  expect(played[0]?.programs.get('vfio_open')).toBe(old);
  expect(amended[0]?.set.programs.get('vfio_open')).not.toBe(old);
});
