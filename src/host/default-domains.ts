/**
 * The domains of the host's own DMA API: one for each group of devices that the host drives, made when their drivers are bound. In: a world whose
 * devices are known. Out: the groups in their domains, without a trace. Which addresses are handed out there is the programs' business
 * (drivers/iommu/dma-iommu.c); a design whose programs know none, or a machine without an IOMMU, leaves the devices as they are.
 */
import { ask } from './ask';
import { globalNamed } from './globals';
import { isStruct } from './values';
import type { World } from './world';

export function setDefaultDomains(world: World): void {
  if (world.platform.spec.iommu.kind === 'none' || !world.set.programs.has('iommu_dma_init_domain')) return;
  const kept = new Set(world.live);
  for (const group of world.groups) {
    const first = group.devices[0];
    if (first === undefined || group.devices.some((device) => !device.host)) continue;
    const domain = ask(world, 'iommu_domain_alloc', [globalNamed(world, 'pci_bus_type')]);
    if (domain === null || !isStruct(domain)) continue;
    domain.fields.set('type', globalNamed(world, 'IOMMU_DOMAIN_DMA'));
    const dev = first.pdev.fields.get('dev') ?? 0;
    if (ask(world, 'iommu_get_dma_cookie', [domain]) !== 0 || ask(world, 'iommu_dma_init_domain', [domain, dev]) !== 0)
      continue;
    if (ask(world, 'iommu_attach_group', [domain, group.object]) !== 0) continue;
    group.fallback = group.domain;
  }
  // They live as long as the host does: nobody has to free them.
  for (const object of world.live) if (!kept.has(object)) world.live.delete(object);
}
