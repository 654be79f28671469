import { describe, expect, it } from 'vitest';
import { argumentIndex, canFail, primitive, primitives } from '../../../src/kernel/primitives';
import { ERAS, stagePaths, stepsOf } from '../../../src/kernel/stages';

describe('primitives', () => {
  it('knows what a map call returns, may sleep, and pairs with', () => {
    const map = primitive('iommu_map');
    expect(map).toMatchObject({ kind: 'map', returns: 'err' });
    expect(map?.pairsWith).toContain('iommu_unmap');
    expect(map !== null && canFail(map)).toBe(true);
  });

  it('tells the NULL of the old domain allocation from the error pointer of the new one', () => {
    expect(primitive('iommu_domain_alloc')?.returns).toBe('ptr_null');
    expect(primitive('iommu_paging_domain_alloc')?.returns).toBe('ptr_err');
  });

  it('fills in what a row leaves out', () => {
    const free = primitive('iommu_domain_free');
    expect(free?.fails).toEqual([]);
    expect(free?.acquires).toBeNull();
    expect(argumentIndex(free?.releases?.by ?? null)).toBe(0);
    expect(primitive('no_such_function')).toBeNull();
  });

  it('holds only known shapes, and every partner of the core pairs', () => {
    const shapes = new Set(['void', 'err', 'ptr_null', 'ptr_err', 'count', 'bool', 'value']);
    const kinds = new Set<string>();
    for (const one of primitives().values()) {
      expect(shapes, one.name).toContain(one.returns);
      for (const owner of [one.acquires, one.releases]) {
        if (owner !== null) expect(owner.by, one.name).toMatch(/^(?:result|global|arg\d)$/);
      }
      expect([true, false, 'gfp'], one.name).toContain(one.maySleep);
      kinds.add(one.kind);
    }
    expect(primitives().size).toBeGreaterThan(630);
    expect(kinds.size).toBe(20);
    for (const name of ['alloc_iova', 'mutex_lock', 'iommu_attach_group', 'request_irq']) {
      expect(primitive(name)?.pairsWith.length, name).toBeGreaterThan(0);
    }
  });
});

describe('stages', () => {
  it('puts a function on its step of the path', () => {
    const [step] = stepsOf('vfio_msi_set_block', 'v4.5');
    expect(step).toMatchObject({ step: 6, steps: 6, path: { stage: 'enable' } });
  });

  it('splits attach from detach, and map from unmap', () => {
    for (const era of ERAS) {
      expect(stepsOf('iommu_attach_group', era).every((step) => step.path.stage === 'attach')).toBe(true);
      expect(stepsOf('iommu_detach_group', era).every((step) => step.path.stage === 'detach')).toBe(true);
      expect(stepsOf('iommu_unmap', era).map((step) => step.path.stage)).toEqual(['unmap']);
    }
  });

  it('asks the nearest era only when told to', () => {
    expect(stepsOf('pci_msix_alloc_irq_at', 'v4.5')).toEqual([]);
    expect(stepsOf('pci_msix_alloc_irq_at', 'v4.5', true)[0]?.path.era).toBe('newest');
  });

  it('says for every step what it does', () => {
    for (const path of stagePaths()) {
      expect(path.steps.length).toBeGreaterThan(0);
      for (const step of path.steps) expect(step.does.length, step.function).toBeGreaterThan(5);
    }
    expect(new Set(stagePaths('v6.1').map((path) => path.stage)).size).toBeGreaterThanOrEqual(11);
  });
});
