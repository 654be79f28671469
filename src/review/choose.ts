import { designs } from '../host/designs/index';
import type { MachineSpec } from '../machine/types';
import type { Change } from '../patch/types';
import type { Scenario } from '../scenario/types';
import type { Series } from '../series/types';
import { eraOf } from './era';
import type { Choice } from './types';

/** What a series is tried on, and the evidence for it. */
export interface Selection {
  /** Design name; null when no built-in design is of this series' era. */
  readonly design: string | null;
  /** Preset ids. */
  readonly machines: ReadonlySet<string>;
  readonly choices: readonly Choice[];
}

const FIELD =
  /^(?:drivers\/(?:vfio|iommu|pci\/msi|pci\/msi\.c|irqchip|base\/platform-msi)|kernel\/irq\/|virt\/|arch\/[^/]+\/kvm\/|include\/(?:linux\/(?:iommu|iova|msi|vfio|irq|dma-iommu|dma-reserved)|uapi\/linux\/(?:vfio|iommufd)))/;

const ARCHITECTURES: readonly {
  readonly architecture: MachineSpec['architecture'];
  readonly paths: RegExp;
  readonly name: string;
}[] = [
  { architecture: 'arm64', paths: /arm-smmu|io-pgtable-arm|irq-gic|arch\/arm/, name: 'SMMU or GIC' },
  { architecture: 'x86', paths: /intel[-_/]|dmar|amd_iommu|iommu\/amd\/|arch\/x86/, name: 'VT-d or AMD-Vi' },
  { architecture: 'powerpc', paths: /fsl_pamu|arch\/powerpc|vfio_iommu_spapr/, name: 'PAMU or PHB' },
  { architecture: 'riscv', paths: /iommu\/riscv|imsic|arch\/riscv/, name: 'RISC-V IOMMU or IMSIC' },
];

/** Does a series touch the field at all? Paths outside VFIO, IOMMU, MSI, irqchip and KVM leave nothing to try. */
export function inField(changes: readonly Change[]): boolean {
  return changes.some((change) => change.files.some((file) => FIELD.test(file.path)));
}

/**
 * Chooses design and machines by evidence: names in the diff's own context before the mail's date, files touched before
 * "all of them". Every choice says why.
 */
export function select(series: Series, changes: readonly Change[], machines: readonly MachineSpec[]): Selection {
  const choices: Choice[] = [];
  if (!inField(changes))
    return {
      design: null,
      machines: new Set(),
      choices: [
        {
          what: 'scenarios',
          value: 'none',
          because: 'no file of the series belongs to VFIO, IOMMU, MSI, irqchip or KVM',
        },
      ],
    };

  const era = eraOf(series, changes);
  choices.push({ what: 'design', value: era.design, because: era.because });

  const paths = changes.flatMap((change) => change.files.map((file) => file.path));
  const named = ARCHITECTURES.filter((a) => paths.some((path) => a.paths.test(path)));
  const generic = paths.some((path) => FIELD.test(path) && !ARCHITECTURES.some((a) => a.paths.test(path)));
  const wanted =
    generic || named.length === 0
      ? machines
      : machines.filter((m) => named.some((a) => a.architecture === m.architecture));
  choices.push({
    what: 'machines',
    value: wanted.map((m) => m.id).join(', '),
    because:
      generic || named.length === 0
        ? 'the series touches code that all machines share'
        : `the files touched are those of ${named.map((a) => a.name).join(' and ')}`,
  });
  return { design: era.design, machines: new Set(wanted.map((m) => m.id)), choices };
}

/**
 * The scenarios that a review tries by itself: those that ask a question of their own about what a patch may break. The others of
 * the library vary one of these (more guests, more vectors, other steps in between) or show what hardware is like; they are run by name.
 */
export const TRIED_BY_ITSELF: ReadonlySet<string> = new Set([
  'own-interrupt',
  'two-guests-its',
  'window-one-page-short',
  'teardown-door',
  'window-over-ram',
  'map-over-window',
  'window-beyond-aperture',
  'window-misaligned',
  'enable-without-window',
  'enable-fails-midway',
  'enable-again',
  'release-without-disable',
  'detach-while-enabled',
  'stale-door-after-disable',
  'programmed-before-mapped',
  'affinity-change',
  'mask-while-firing',
  'capability-audit',
  'guarded-attach',
  'window-given-up-while-used',
  'alias-behind-a-bridge',
]);

/**
 * Does some design of the same line pass the scenario on that machine, so that a patch could? What none of them passes shows a
 * limit of the era or of the hardware, and accuses no patch.
 */
function canHold(scenario: Scenario, machine: string, design: string): boolean {
  return designs
    .filter((one) => one.name === design || one.base === design)
    .some((one) => {
      const expected = scenario.expected[one.name];
      return (typeof expected === 'object' ? expected[machine] : expected) === 'holds';
    });
}

/** The machines of a scenario that the selection admits, by id. Machines that a scenario describes itself are always admitted. */
export function machinesOf(scenario: Scenario, selection: Selection, design: string): string[] {
  return scenario.machines
    .map((machine) => (typeof machine === 'string' ? machine : machine.id))
    .filter((id, i) => typeof scenario.machines[i] !== 'string' || selection.machines.has(id))
    .filter((id) => canHold(scenario, id, design));
}
