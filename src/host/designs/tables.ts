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

/** Names of the C tables that make up the hierarchy of one interrupt: the MSI chip, the controller's chip and domain, the root chip. */
export interface ControllerTables {
  readonly msiChip: string;
  readonly chip: string;
  readonly domain: string;
  readonly root: string;
}

/** By kind of controller; `remapping` only matters to the APIC. */
export function controllerTables(kind: 'gicv2m' | 'its' | 'apic', remapping: boolean): ControllerTables {
  switch (kind) {
    case 'gicv2m':
      return { msiChip: 'gicv2m_msi_irq_chip', chip: 'gicv2m_irq_chip', domain: 'gicv2m_domain_ops', root: 'gic_chip' };
    case 'its':
      return { msiChip: 'its_msi_irq_chip', chip: 'its_irq_chip', domain: 'its_domain_ops', root: 'gic_chip' };
    case 'apic':
      return remapping
        ? {
            msiChip: 'pci_msi_ir_controller',
            chip: 'intel_ir_chip',
            domain: 'intel_ir_domain_ops',
            root: 'lapic_controller',
          }
        : {
            msiChip: 'pci_msi_controller',
            chip: 'lapic_controller',
            domain: 'x86_vector_domain_ops',
            root: 'lapic_controller',
          };
  }
}

/** The callbacks of the domain that a controller's driver sets up, and the program in which that driver says what its domain does. */
export function domainSetup(
  kind: 'gicv2m' | 'its' | 'apic',
  remapping: boolean,
): { readonly ops: string; readonly program: string } {
  const ops = controllerTables(kind, remapping).domain;
  switch (kind) {
    case 'gicv2m':
      return { ops, program: 'gicv2m_allocate_domains' };
    case 'its':
      return { ops, program: 'its_init_domain' };
    case 'apic':
      return { ops, program: remapping ? 'intel_setup_irq_remapping' : 'arch_early_irq_init' };
  }
}

/** Where an IOMMU driver keeps its table of callbacks: kernel path and name (two SMMU drivers use the same name). */
export function iommuTable(kind: 'smmuv3' | 'vtd'): { readonly file: string; readonly name: string } {
  return kind === 'smmuv3'
    ? { file: 'drivers/iommu/arm-smmu-v3.c', name: 'arm_smmu_ops' }
    : { file: 'drivers/iommu/intel-iommu.c', name: 'intel_iommu_ops' };
}
