import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd, type FrontEnd } from '../../../src/code/front-end';
import { designs } from '../../../src/host/designs/index';
import { designLines, mergeUnits, programSet } from '../../../src/host/programs';
import type { ProgramSet } from '../../../src/host/types';
import { builtInScenarios } from '../../../src/scenario/library';
import { runScenario } from '../../../src/scenario/run';
import type { InvariantId, ScenarioResult } from '../../../src/scenario/types';

const require = createRequire(import.meta.url);
const sets = new Map<string, ProgramSet>();
let frontEnd: FrontEnd;

beforeAll(async () => {
  frontEnd = await createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const design of designs) sets.set(design.name, programSet(design, frontEnd));
});

/** One mistake in a good design's C: a stretch of text replaced, once. */
interface Mistake {
  readonly what: string;
  readonly design: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What must be broken where. */
  readonly scenario: string;
  readonly machine: string;
  readonly invariant: InvariantId;
  /** A word on the line that the first cause with a place stands on. */
  readonly blames: RegExp;
}

const TYPE1 = 'drivers/vfio/vfio_iommu_type1.c';
const INTRS = 'drivers/vfio/pci/vfio_pci_intrs.c';
const RESERVED = 'drivers/iommu/dma-reserved-iommu.c';
const MSI = 'kernel/irq/msi.c';
const SMMU = 'drivers/iommu/arm-smmu-v3.c';
const GIC = 'arm64-smmuv3-gicv2m';
const ITS = 'arm64-smmuv3-its';

const mistakes: readonly Mistake[] = [
  {
    what: 'the doorbell is not unmapped when its last vector goes',
    design: 'fixup',
    file: TYPE1,
    find: '\t\t\tiommu_unmap(d->domain, db->iova, db->size);\n\t}\n\n\tlist_del(&db->node);',
    replace: '\t\t\tcond_resched();\n\t}\n\n\tlist_del(&db->node);',
    scenario: 'teardown-door',
    machine: GIC,
    invariant: 'I2',
    blames: /iommu_map\(/,
  },
  {
    what: 'the window page is not given back',
    design: 'fixup',
    file: TYPE1,
    find: '\tlist_del(&db->node);\n\t__free_iova(iommu->msi_iovad, db->range);',
    replace: '\tlist_del(&db->node);',
    scenario: 'teardown-door',
    machine: ITS,
    invariant: 'I7',
    blames: /alloc_iova\(/,
  },
  {
    what: 'the window page is not given back, and the second enable finds none',
    design: 'fixup',
    file: TYPE1,
    find: '\tlist_del(&db->node);\n\t__free_iova(iommu->msi_iovad, db->range);',
    replace: '\tlist_del(&db->node);',
    scenario: 'enable-again',
    machine: GIC,
    invariant: 'I3',
    blames: /alloc_iova\(/,
  },
  {
    what: 'vector disable forgets the doorbells',
    design: 'fixup',
    file: INTRS,
    find: '\tvfio_msi_unmap_doorbells(vdev, vdev->num_ctx);\n\n',
    replace: '',
    scenario: 'teardown-door',
    machine: ITS,
    invariant: 'I2',
    blames: /iommu_map\(/,
  },
  {
    what: 'the error path of enable leaves the first doorbell mapped',
    design: 'fixup',
    file: INTRS,
    find: '\t\tvfio_msi_unmap_doorbells(vdev, nvec);\n',
    replace: '',
    scenario: 'window-one-page-short',
    machine: 'arm64-smmuv3-gicv2m-2frames',
    invariant: 'I7',
    blames: /iommu_map\(/,
  },
  {
    what: 'the error path of a failed map keeps the page',
    design: 'fixup',
    file: TYPE1,
    find: '\t__free_iova(iommu->msi_iovad, db->range);\n\tkfree(db);\n\n\treturn ret;',
    replace: '\tkfree(db);\n\n\treturn ret;',
    scenario: 'enable-fails-midway',
    machine: GIC,
    invariant: 'I7',
    blames: /alloc_iova\(/,
  },
  {
    what: 'a window over mapped memory is accepted',
    design: 'fixup',
    file: TYPE1,
    find: '\tif (vfio_find_dma(iommu, iova, size)) {\n\t\tret = -EEXIST;\n\t\tgoto unlock;\n\t}\n',
    replace: '',
    scenario: 'window-over-ram',
    machine: GIC,
    invariant: 'I6',
    blames: /init_iova_domain\(/,
  },
  {
    what: 'memory may be mapped over the window',
    design: 'fixup',
    file: TYPE1,
    find: ' || vfio_overlaps_window(iommu, iova, size)) {',
    replace: ') {',
    scenario: 'map-over-window',
    machine: ITS,
    invariant: 'I8',
    blames: /return|ioctl/,
  },
  {
    what: 'the SMMU claims interrupt remapping',
    design: 'fixup',
    file: SMMU,
    find: '\tcase IOMMU_CAP_NOEXEC:',
    replace: '\tcase IOMMU_CAP_INTR_REMAP:\n\tcase IOMMU_CAP_NOEXEC:',
    scenario: 'capability-audit',
    machine: GIC,
    invariant: 'I4',
    blames: /return true/,
  },
  {
    what: 'attach does not ask for isolation',
    design: 'transparent',
    file: TYPE1,
    find: '!allow_unsafe_interrupts && !iommu_capable(bus, IOMMU_CAP_INTR_REMAP)',
    replace: '!bus',
    scenario: 'capability-audit',
    machine: GIC,
    invariant: 'I5',
    blames: /return 0/,
  },
  {
    what: 'doorbells go before the vectors are disabled',
    design: 'fixup',
    file: INTRS,
    find: '\tvfio_msi_set_block(vdev, 0, vdev->num_ctx, NULL, msix);\n',
    replace:
      '\tvfio_msi_unmap_doorbells(vdev, vdev->num_ctx);\n\tvfio_msi_set_block(vdev, 0, vdev->num_ctx, NULL, msix);\n',
    scenario: 'programmed-before-mapped',
    machine: GIC,
    invariant: 'I10',
    blames: /iommu_unmap\(|pci_write_msi_msg|writel/,
  },
  {
    what: 'a lock is held at an error return',
    design: 'fixup',
    file: TYPE1,
    find: '\t\tret = -ENOSPC;\n\t\tgoto unlock;',
    replace: '\t\treturn -ENOSPC;',
    scenario: 'enable-without-window',
    machine: GIC,
    invariant: 'I11',
    blames: /mutex_lock\(/,
  },
  {
    what: 'the affinity change maps',
    design: 'transparent',
    file: MSI,
    find: '\t\tmsi_translate_msg(irq_data, &msg);\n\t\tirq_chip_write_msi_msg(irq_data, &msg);\n\t}\n\n\treturn ret;',
    replace:
      '\t\tiommu_get_reserved_iova(msi_translating_domain(irq_data_get_msi_desc(irq_data)->dev), msg.address_lo);\n\t\tmsi_translate_msg(irq_data, &msg);\n\t\tirq_chip_write_msi_msg(irq_data, &msg);\n\t}\n\n\treturn ret;',
    scenario: 'affinity-change',
    machine: GIC,
    invariant: 'I9',
    blames: /mutex_lock|kzalloc|iommu_map/,
  },
  {
    what: 'freeing a vector does not put its doorbell',
    design: 'transparent',
    file: MSI,
    find: '\t\t\tmsi_unmap_doorbell(desc);\n\t\t\tirq_domain_free_irqs',
    replace: '\t\t\tirq_domain_free_irqs',
    scenario: 'teardown-door',
    machine: ITS,
    invariant: 'I2',
    blames: /iommu_map\(/,
  },
  {
    what: 'a failed map keeps the page',
    design: 'transparent',
    file: RESERVED,
    find: '\tif (ret) {\n\t\t__free_iova(domain->reserved_iova, b->range);\n\t\tgoto free;',
    replace: '\tif (ret) {\n\t\tgoto free;',
    scenario: 'enable-fails-midway',
    machine: ITS,
    invariant: 'I7',
    blames: /alloc_iova\(/,
  },
  {
    what: 'the page goes back to the allocator and stays mapped',
    design: 'transparent',
    file: RESERVED,
    find: '\tiommu_unmap(domain, b->iova, b->size);\n\t__free_iova',
    replace: '\t__free_iova',
    scenario: 'stale-door-after-disable',
    machine: GIC,
    invariant: 'I2',
    blames: /iommu_map\(/,
  },
];

const told = (result: ScenarioResult): string =>
  `${result.verdict} ${result.reason ?? ''} ${result.traces.flatMap((t) => t.violations.map((v) => `${v.invariant} ${v.message}`)).join('; ')}`;

describe('a mistake in a good design is found by the scenario made for it', () => {
  for (const mistake of mistakes)
    it(`${mistake.design}: ${mistake.what}`, () => {
      const design = designs.find((one) => one.name === mistake.design)!;
      const original = design.files[mistake.file] ?? '';
      expect(original.split(mistake.find).length, 'the text to replace stands there once').toBe(2);
      const text = original.replace(mistake.find, () => mistake.replace);
      const unit = frontEnd.parse(mistake.file, designLines(mistake.design, mistake.file, text), {
        evidence: 'full',
        source: 'design',
      });
      const set = mergeUnits(sets.get(mistake.design)!, [unit], `${mistake.design}-mistaken`);
      const scenario = builtInScenarios().find((one) => one.id === mistake.scenario)!;
      const [result] = runScenario(scenario, set, { machines: [mistake.machine] });
      expect(result!.verdict, told(result!)).toBe('violated');
      const found = result!.traces.flatMap((trace) =>
        trace.violations
          .filter((one) => one.invariant === mistake.invariant)
          .map((violation) => ({ trace, violation })),
      );
      expect(found.length, told(result!)).toBeGreaterThan(0);
      const { trace, violation } = found[0]!;
      const place = violation.causes
        .map((cause) => trace.events[cause]!.at)
        .find((at) => at !== null && at.kind === 'design');
      if (place?.kind !== 'design') throw new Error(`no place: ${violation.message}`);
      const lines =
        place.file === `${mistake.design}/${mistake.file}`
          ? text
          : (designs
              .flatMap((one) => Object.entries(one.files).map(([file, body]) => [`${one.name}/${file}`, body] as const))
              .find(([name]) => name === place.file)?.[1] ?? '');
      expect(lines.split('\n')[place.line - 1], `${place.file}:${place.line} for ${violation.message}`).toMatch(
        mistake.blames,
      );
    });
});
