import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFrontEnd, type FrontEnd, type ParsedUnit } from '../../../src/code/front-end';
import type { Expression, Program } from '../../../src/code/types';
import { controllerTables, designs, iommuTable } from '../../../src/host/designs/index';
import type { DesignSource } from '../../../src/host/types';

const locate = createRequire(import.meta.url);
let frontEnd: FrontEnd;

beforeAll(async () => {
  frontEnd = await createFrontEnd({
    treeSitter: readFileSync(locate.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(locate.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  for (const design of designs) unitsOf(design);
}, 60_000);

function parse(file: string, text: string): ParsedUnit {
  const lines = text.split('\n').map((line, i) => ({ text: line, at: { kind: 'design' as const, file, line: i + 1 } }));
  return frontEnd.parse(file, lines, { evidence: 'full', source: 'design' });
}

const parsed = new Map<string, ParsedUnit[]>();

function unitsOf(design: DesignSource): ParsedUnit[] {
  const known = parsed.get(design.name);
  if (known !== undefined) return known;
  const units = Object.entries(design.files).map(([file, text]) => parse(file, text));
  parsed.set(design.name, units);
  return units;
}

/** A design and all it stands on, base first. */
function lineage(design: DesignSource): DesignSource[] {
  const base = designs.find((other) => other.name === design.base);
  return base === undefined ? [design] : [...lineage(base), design];
}

/** Every expression below a value of the representation, whatever its shape. */
function* expressions(value: unknown): Generator<Expression> {
  if (Array.isArray(value)) for (const item of value) yield* expressions(item);
  else if (typeof value === 'object' && value !== null) {
    if ('kind' in value) yield value as Expression;
    for (const item of Object.values(value)) yield* expressions(item);
  }
}

function calls(program: Program): string[] {
  const names: string[] = [];
  for (const e of expressions(program.nodes))
    if (e.kind === 'call' && e.target.kind === 'name') names.push(e.target.name);
  return names;
}

describe.each(designs.map((design) => [design.name, design] as const))('design %s', (_name, design) => {
  it('reads without an error and without anything unknown', () => {
    for (const unit of unitsOf(design)) {
      expect.soft(unit.damage, unit.file).toEqual([]);
      expect.soft(unit.clean, unit.file).toBe(true);
      for (const program of unit.programs) {
        const unknown = [...expressions(program.nodes)].filter((e) => e.kind === 'unknown');
        expect.soft(unknown, `${unit.file}: ${program.name}`).toEqual([]);
        expect.soft(program.evidence).toBe('full');
      }
    }
  });

  it('defines each name once per file', () => {
    for (const unit of unitsOf(design)) {
      const names = unit.programs.map((program) => program.name);
      expect(names.length).toBe(new Set(names).size);
    }
  });

  it('binds every callback of its tables to a program or to a primitive that the tables comment names', () => {
    const units = lineage(design).flatMap(unitsOf);
    const programs = new Set(units.flatMap((unit) => unit.programs.map((program) => program.name)));
    const primitives = new Set(['gic_set_affinity', 'apic_set_affinity', 'platform_set_affinity']);
    const constants = new Set(units.flatMap((unit) => unit.constants.map((one) => one.name)));
    const tables = units.flatMap((unit) => unit.tables);
    expect(tables.length).toBeGreaterThan(10);
    const known = new Set(tables.map((table) => table.name));
    for (const table of tables)
      for (const e of expressions(table.init))
        if (e.kind === 'name' && !constants.has(e.name))
          expect.soft(programs.has(e.name) || primitives.has(e.name) || known.has(e.name), e.name).toBe(true);
  });

  it('has the tables that the hardware asks for', () => {
    const units = lineage(design).flatMap(unitsOf);
    const names = new Set(units.flatMap((unit) => unit.tables.map((table) => table.name)));
    for (const kind of ['gicv2m', 'its', 'apic', 'fsl-msi', 'phb-msi'] as const)
      for (const remapping of ['vtd', 'amd', 'none'] as const)
        for (const table of Object.values(controllerTables(kind, remapping))) expect.soft(names).toContain(table);
    for (const kind of ['smmuv3', 'smmuv2', 'vtd', 'amdvi', 'pamu'] as const) {
      const { file, name } = iommuTable(kind);
      const unit = units.find((u) => u.file === file && u.tables.some((table) => table.name === name));
      expect.soft(unit, file).toBeDefined();
    }
  });
});

describe('the base', () => {
  const programOf = (name: string): Program => {
    const base = designs.find((design) => design.name === 'v4.5')!;
    const program = unitsOf(base)
      .flatMap((unit) => unit.programs)
      .find((p) => p.name === name);
    expect(program, name).toBeDefined();
    return program!;
  };

  it('has every entry function of the stages', () => {
    for (const name of [
      'vfio_iommu_type1_open',
      'vfio_iommu_type1_attach_group',
      'vfio_iommu_type1_detach_group',
      'vfio_iommu_type1_ioctl',
      'vfio_iommu_type1_release',
      'vfio_pci_set_irqs_ioctl',
      'vfio_pci_release',
      'msi_domain_set_affinity',
      'pci_msi_mask_irq',
      'pci_msi_unmask_irq',
    ])
      expect(programOf(name).entry).toBeGreaterThanOrEqual(0);
  });

  it('keeps the order of key calls that hunks are anchored on', () => {
    const inOrder = (name: string, expected: readonly string[]) => {
      const got = calls(programOf(name));
      let from = 0;
      for (const call of expected) {
        const at = got.indexOf(call, from);
        expect(
          at,
          `${name}: ${call} after ${expected[expected.indexOf(call) - 1] ?? 'the start'}`,
        ).toBeGreaterThanOrEqual(from);
        from = at + 1;
      }
    };
    inOrder('vfio_iommu_type1_attach_group', [
      'iommu_group_for_each_dev',
      'iommu_domain_alloc',
      'iommu_attach_group',
      'iommu_capable',
      'vfio_iommu_replay',
      'list_add',
    ]);
    inOrder('vfio_msi_set_vector_signal', [
      'free_irq',
      'eventfd_ctx_put',
      'kasprintf',
      'eventfd_ctx_fdget',
      'get_cached_msi_msg',
      'pci_write_msi_msg',
      'request_irq',
    ]);
    inOrder('vfio_msi_disable', ['vfio_virqfd_disable', 'vfio_msi_set_block', 'pci_disable_msix']);
    inOrder('vfio_pci_disable', ['pci_clear_master', 'vfio_pci_set_irqs_ioctl', 'pci_disable_device']);
  });
});
