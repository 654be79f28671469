import { designs } from '../host/designs/index';
import type { MachineSpec } from '../machine/types';
import type { Change } from '../patch/types';
import type { Scenario } from '../scenario/types';
import type { Series } from '../series/types';
import type { Choice } from './types';

/** What a series is tried on, and the evidence for it. */
export interface Selection {
  /** Design name; null when no built-in design is of this series' era. */
  readonly design: string | null;
  /** Preset ids. */
  readonly machines: ReadonlySet<string>;
  readonly choices: readonly Choice[];
}

/** Kernel 4.11, the first release with an MSI cookie, opened its merge window on this day: what is older starts from v4.5. */
const COOKIE_ERA = Date.UTC(2017, 1, 20);

/** Names that exist only since a later era than v4.5; one of them on a context or removed line shows that the base is newer. */
const LATER_NAMES =
  /\b(?:iommu_get_msi_cookie|iommu_dma_prepare_msi|iommu_dma_compose_msi_msg|iommu_dma_map_msi_msg|IOMMU_RESV_\w+|irq_domain_check_msi_remap|IRQ_DOMAIN_FLAG_MSI_REMAP|iommufd_\w+|iommu_group_has_isolated_msi|vfio_pci_core_\w+|iommu_paging_domain_alloc\w*|msi_device_has_isolated_msi)\b/;

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

function laterName(changes: readonly Change[]): string | null {
  for (const change of changes)
    for (const file of change.files)
      for (const hunk of file.hunks)
        for (const line of hunk.lines) {
          if (line.kind === 'add') continue;
          const match = LATER_NAMES.exec(line.text);
          if (match !== null) return match[0];
        }
  return null;
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

  const name = laterName(changes);
  const date = series.messages.map((m) => m.date).find((d) => d !== null) ?? null;
  let design: string | null = 'v4.5';
  let because = 'the mails carry no date and no name of a later era';
  if (name !== null) {
    design = null;
    because = `the code patched already uses ${name}, which came after v4.5; no built-in design is of that era`;
  } else if (date !== null && date >= COOKIE_ERA) {
    design = null;
    because = `the mail is of ${new Date(date).toISOString().slice(0, 10)}, after the MSI cookie came (v4.11); no built-in design is of that era`;
  } else if (date !== null)
    because = `the mail is of ${new Date(date).toISOString().slice(0, 10)}, before the MSI cookie came (v4.11)`;
  choices.push({ what: 'design', value: design ?? 'none', because });

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
  return { design, machines: new Set(wanted.map((m) => m.id)), choices };
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
