/**
 * Which tables of the designs belong to which hardware, and what the interpreter's objects carry.
 *
 * Interrupts. `dev_get_msi_domain(dev)` gives a domain whose `ops` is `msi_domain_ops`. `msi_domain_prepare_irqs(domain, dev, nvec, &arg)` asks the
 * platform for all vectors of the device at once (-ENOSPC when there are none); `__irq_domain_alloc_irqs(…)` hands out the next `nr_irqs` of them
 * as a Linux irq number; `irq_domain_free_irqs(virq, n)` gives them back, and with the last one the platform's. `irq_get_irq_data(virq)`:
 *   level 0: `irq`, `domain` (msi_domain_ops), `chip` (msiChip), `parent_data`
 *   level 1: `hwirq` (SPI, or EventID), `domain.ops` (domain), `chip`, `chip_data`, `parent_data`
 *   level 2: `chip` (root), no domain
 * `chip_data` is read with `irq_data_get_irq_chip_data()`: GICv2m `res.start` (frame base), ITS `its->phys_base`, VT-d `msi_entry` (a struct msi_msg),
 * `irq_2_iommu`, `irte_entry`. `irqd_cfg(data)`: `dest_apicid`, `vector`. `gic_set_affinity`, `apic_set_affinity`, `its_send_movi` move the
 * vector on the platform; the first two return IRQ_SET_MASK_OK.
 *
 * PCI. `msix_map_region(dev, n)` gives the address of the device's vector table, a number; `writel` into it is what the device will emit
 * (PCI_MSIX_ENTRY_* offsets, 16 bytes an entry). Plain MSI and both control words go through `pci_write_config_{word,dword}` at `msi_cap`/`msix_cap`.
 *
 * IOMMU. `iommu_domain_alloc(bus)`: `ops` is the driver's table, also at `bus->iommu_ops`; `pgsize_bitmap` has the granule as lowest bit.
 * `get_user_pages_fast(vaddr, 1, write, page)` and `page_to_pfn` give the RAM the step named.
 *
 * VFIO. An open `struct vfio_pci_device` has `pdev`, `irq_type` VFIO_PCI_NUM_IRQS and `refcnt` 1. `vfio_device_get_from_dev(dev)`, NULL for a device that
 * is in no container, has `group->iommu_group`, `group->container->iommu_data` (what `vfio_iommu_type1_open` returned) and
 * `group->container->iommu_driver->ops` (vfio_iommu_driver_ops_type1).
 */

import type { MachineSpec } from '../../machine/types';
import { keyFor } from '../names';
import type { IrqchipKind } from '../platforms/irqchip';
import { irqchipKindOf } from '../platforms/irqchip';
import type { ProgramSet } from '../types';

/** Names of the C tables that make up the hierarchy of one interrupt: the MSI chip, the controller's chip and domain, the root chip. */
export interface ControllerTables {
  readonly msiChip: string;
  readonly chip: string;
  readonly domain: string;
  readonly root: string;
}

/** What remaps interrupts on a machine. */
export type IrqRemapping = 'vtd' | 'amd' | 'riscv' | 'none';

/** The unit of a machine that remaps interrupts, when it is on. */
export function irqRemappingOf({ iommu }: MachineSpec): IrqRemapping {
  if (iommu.kind === 'vtd') return iommu.remapping ? 'vtd' : 'none';
  if (iommu.kind === 'amdvi') return iommu.remapping ? 'amd' : 'none';
  return iommu.kind === 'riscv' && iommu.filePerDomain ? 'riscv' : 'none';
}

export type ControllerKind = Exclude<IrqchipKind, 'none'>;

const NO_REMAPPING: ControllerTables = {
  msiChip: 'pci_msi_controller',
  chip: 'lapic_controller',
  domain: 'x86_vector_domain_ops',
  root: 'lapic_controller',
};

const APIC_TABLES: Readonly<Record<IrqRemapping, ControllerTables>> = {
  vtd: {
    msiChip: 'pci_msi_ir_controller',
    chip: 'intel_ir_chip',
    domain: 'intel_ir_domain_ops',
    root: 'lapic_controller',
  },
  amd: { msiChip: 'pci_msi_ir_controller', chip: 'amd_ir_chip', domain: 'amd_ir_domain_ops', root: 'lapic_controller' },
  riscv: NO_REMAPPING,
  none: NO_REMAPPING,
};

/** By kind of controller; `remapping` only matters to the APIC. */
export function controllerTables(kind: ControllerKind, remapping: IrqRemapping): ControllerTables {
  switch (kind) {
    case 'gicv2m':
      return { msiChip: 'gicv2m_msi_irq_chip', chip: 'gicv2m_irq_chip', domain: 'gicv2m_domain_ops', root: 'gic_chip' };
    case 'its':
      return { msiChip: 'its_msi_irq_chip', chip: 'its_irq_chip', domain: 'its_domain_ops', root: 'gic_chip' };
    case 'mbi':
      return { msiChip: 'mbi_msi_irq_chip', chip: 'mbi_irq_chip', domain: 'mbi_domain_ops', root: 'gic_chip' };
    case 'apic':
      return APIC_TABLES[remapping];
    case 'fsl-msi':
      return { msiChip: 'fsl_msi_chip', chip: 'fsl_msi_bank_chip', domain: 'fsl_msi_host_ops', root: 'mpic_chip' };
    case 'phb-msi':
      return {
        msiChip: 'pnv_pci_msi_irq_chip',
        chip: 'pnv_msi_irq_chip',
        domain: 'pnv_irq_domain_ops',
        root: 'xics_chip',
      };
    case 'imsic':
      return {
        msiChip: 'imsic_msi_irq_chip',
        chip: 'imsic_irq_base_chip',
        domain: 'imsic_base_domain_ops',
        root: 'imsic_root_chip',
      };
  }
}

const SETUP: Readonly<Record<Exclude<ControllerKind, 'apic'>, string>> = {
  gicv2m: 'gicv2m_allocate_domains',
  its: 'its_init_domain',
  mbi: 'mbi_allocate_domains',
  'fsl-msi': 'fsl_msi_probe',
  'phb-msi': 'pnv_msi_allocate_domains',
  imsic: 'imsic_irqdomain_init',
};

const REMAPPED_SETUP: Readonly<Record<Exclude<IrqRemapping, 'none'>, string>> = {
  vtd: 'intel_setup_irq_remapping',
  amd: 'amd_iommu_create_irq_domain',
  riscv: 'riscv_iommu_ir_irq_domain_create',
};

/** The callbacks of the domain that a controller's driver sets up, and the program in which that driver says what its domain does. */
export function domainSetup(
  kind: ControllerKind,
  remapping: IrqRemapping,
): { readonly ops: string; readonly program: string } {
  const ops = controllerTables(kind, remapping).domain;
  if (remapping !== 'none') return { ops, program: REMAPPED_SETUP[remapping] };
  return { ops, program: kind === 'apic' ? 'arch_early_irq_init' : SETUP[kind] };
}

/** What irqchip code finds in `chip_data`: the frame, the ITS device, the bank, or a structure that holds the message itself. */
export function chipDataType(kind: ControllerKind, remapping: IrqRemapping): string {
  switch (kind) {
    case 'gicv2m':
      return 'struct v2m_data';
    case 'its':
      return 'struct its_device';
    case 'fsl-msi':
      return 'struct fsl_msi';
    case 'phb-msi':
      return 'struct pnv_msi_entry';
    case 'imsic':
      return 'struct imsic_vector';
    case 'mbi':
      return 'struct mbi_range';
    case 'apic':
      return remapping === 'amd' ? 'struct amd_ir_data' : 'struct intel_ir_data';
  }
}

type DrivenIommu = Exclude<MachineSpec['iommu']['kind'], 'none' | 'phb'>;

const IOMMU_TABLES: Readonly<Record<DrivenIommu, { readonly file: string; readonly name: string }>> = {
  smmuv3: { file: 'drivers/iommu/arm-smmu-v3.c', name: 'arm_smmu_ops' },
  smmuv2: { file: 'drivers/iommu/arm-smmu.c', name: 'arm_smmu_ops' },
  vtd: { file: 'drivers/iommu/intel-iommu.c', name: 'intel_iommu_ops' },
  amdvi: { file: 'drivers/iommu/amd_iommu.c', name: 'amd_iommu_ops' },
  pamu: { file: 'drivers/iommu/fsl_pamu_domain.c', name: 'fsl_pamu_ops' },
  riscv: { file: 'drivers/iommu/riscv/iommu.c', name: 'riscv_iommu_ops' },
};

/**
 * Where an IOMMU driver keeps its table of callbacks: kernel path and name (two SMMU drivers use the same name). A POWER bridge has none:
 * its VFIO container speaks to it alone.
 */
export function iommuTable(kind: DrivenIommu): { readonly file: string; readonly name: string } {
  return IOMMU_TABLES[kind];
}

/** The entry points of the container that VFIO has for a machine: the one of POWER, or the one of all others. */
export interface ContainerPrograms {
  readonly open: string;
  readonly release: string;
  readonly attach: string;
  readonly detach: string;
  readonly ioctl: string;
  readonly ops: string;
  readonly type: string;
  /** What is passed to `open`. */
  readonly kind: number;
}

const TYPE1: ContainerPrograms = {
  open: 'vfio_iommu_type1_open',
  release: 'vfio_iommu_type1_release',
  attach: 'vfio_iommu_type1_attach_group',
  detach: 'vfio_iommu_type1_detach_group',
  ioctl: 'vfio_iommu_type1_ioctl',
  ops: 'vfio_iommu_driver_ops_type1',
  type: 'struct vfio_iommu',
  kind: 3,
};

const SPAPR: ContainerPrograms = {
  open: 'tce_iommu_open',
  release: 'tce_iommu_release',
  attach: 'tce_iommu_attach_group',
  detach: 'tce_iommu_detach_group',
  ioctl: 'tce_iommu_ioctl',
  ops: 'tce_iommu_driver_ops',
  type: 'struct tce_container',
  kind: 2,
};

export function containerPrograms(spec: MachineSpec): ContainerPrograms {
  return spec.iommu.kind === 'phb' ? SPAPR : TYPE1;
}

/**
 * What of a machine no driver of the programs knows: nothing can be said of the design there. Null when each part has one. A driver is
 * known by its table: callbacks of the IOMMU, chip of the controller.
 */
export function missingDriver(set: ProgramSet, spec: MachineSpec): string | null {
  const { iommu } = spec;
  if (iommu.kind === 'phb') {
    if (!set.programs.has(SPAPR.attach)) return `the programs have no container for the host bridge ${iommu.name}`;
  } else if (iommu.kind !== 'none') {
    const { file, name } = iommuTable(iommu.kind);
    if (!set.tables.has(keyFor(set, name, file))) return `the programs have no driver of ${iommu.name} (${iommu.kind})`;
  }
  const kind = irqchipKindOf(spec);
  if (kind === 'none' || set.tables.has(controllerTables(kind, irqRemappingOf(spec)).chip)) return null;
  const controller = spec.controllers.find((one) => one.kind === kind);
  return `the programs have no driver of ${controller?.name ?? 'the controller'} (${kind})`;
}
